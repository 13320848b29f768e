/*
 * device_points.h - what a GPU's backend does for points: the computing cores of quantize.c,
 * voxelize.c and of ops/point_voxelize.c, devoxelize.c and point_hash.c, over memory of the device.
 *
 * The callers check arguments, convert to the dtypes named here and put the results together. All
 * tensors are computed, contiguous and on one device. Values are those of the CPU, to the bit. A
 * struct of results is all zeros before the call; its tensors are the caller's to release, also
 * after a failure.
 */
#ifndef LAC_SPARSE_DEVICE_POINTS_H
#define LAC_SPARSE_DEVICE_POINTS_H

#include "core/tensor.h"

typedef struct lac__quantized {
    lac_tensor *rows;    /* int32 [M,4], unique and sorted, batch 0 */
    lac_tensor *feats;   /* float32 [M,C] */
    lac_tensor *inverse; /* int64 [N] */
    lac_tensor *index;   /* int64 [M] */
    int64_t invalid, outside;
} lac__quantized;

typedef struct lac__voxelized {
    lac_tensor *rows;        /* int32 [V,4], columns turned round where the options say zyx */
    lac_tensor *feats;       /* float32 [V,columns] */
    lac_tensor *num_points;  /* int64 [V] */
    lac_tensor *point_voxel; /* int64 [N] */
    lac_tensor *raw; /* float32 [V,max_points,columns]; NULL unless the options ask for it */
    int64_t samples, outside, dropped;
} lac__voxelized;

typedef struct lac__point_voxels {
    lac_tensor *scaled; /* float32 [N,4] */
    lac_tensor *rows;   /* int32 [V,4], unique and sorted */
    lac_tensor *index;  /* int64 [N] */
} lac__point_voxels;

typedef struct lac__device_points {
    /** points float32 or float64 [N,3 or more], N < 2^31; feats float32 [N,C]. RANGE with the texts
     *  of quantize.c. Waits. */
    lac_status (*quantize)(lac_context *ctx, const lac_tensor *points, const lac_tensor *feats,
                           const lac_quantize_options *options, lac__quantized *out);
    /** points float32 [N,3 or more], N < 2^31; batch int64 [N] or NULL; `grid`: cells on x, y, z.
     *  RANGE with the text of voxelize.c. Waits. */
    lac_status (*voxelize)(lac_context *ctx, const lac_tensor *points, const lac_tensor *batch,
                           const lac_voxelize_options *options, const int32_t grid[3],
                           lac__voxelized *out);
    /** points float32 [N,4], scaled by `ratio` but for the batch, and the voxels of their floors.
     *  RANGE with the texts of point_voxelize.c. Waits. */
    lac_status (*point_voxelize)(lac_context *ctx, const lac_tensor *points, double ratio,
                                 lac__point_voxels *out);
    /** points float64 [N,3 or more], index int64 [N,8]; weights float32 [N,8]. */
    lac_status (*corner_weights)(lac_context *ctx, const lac_tensor *points,
                                 const lac_tensor *index, double scale, lac_tensor *weights);
    /** rows int32 [N,4], offsets int32 [K,3] or NULL; hash int64 [N] or [K,N]. */
    lac_status (*hash_rows)(lac_context *ctx, const lac_tensor *rows, const lac_tensor *offsets,
                            lac_tensor *hash);
    /** query [..] in reference [M], or [..,C] in [M,C], both int32 or both int64; M <= 2^30. found
     *  int64: as lac_find_rows. */
    lac_status (*find_rows)(lac_context *ctx, const lac_tensor *query, const lac_tensor *reference,
                            lac_tensor *found);
    /** index int64, at most 2^31 - 1 elements; count int32 [rows]. RANGE with the text of
     *  point_hash.c. Waits. */
    lac_status (*count_index)(lac_context *ctx, const lac_tensor *index, lac_tensor *count);
} lac__device_points;

#endif
