/*
 * launch_points.h - kernels between points and voxels.
 *
 * Points are numbered in memory order, rows of coordinates are int32 [n][4] as (b,x,y,z), n < 2^31.
 * A position that a check looks for is the smallest of all; the word that receives it starts with
 * all bits set, which says that there is none.
 */
#ifndef LAC_CUDA_LAUNCH_POINTS_H
#define LAC_CUDA_LAUNCH_POINTS_H

#include "launch.h"

#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- point_lists.cu */

/** Rows by the number that each has: those of number g stand at starts[g] to starts[g + 1] - 1 of
 *  `order`, ascending. `order` NULL: 0, 1, 2 .. */
typedef struct lac__row_lists {
    const int32_t *order;
    const int64_t *starts; /* [groups + 1] */
    int64_t groups;
} lac__row_lists;

/** Sorting keys: the numbers, and `groups` for those that are negative or too large. */
void lac__launch_list_keys_i64(lac__gpu *gpu, const int64_t *number, int64_t n, int64_t groups,
                               uint64_t *keys);
void lac__launch_list_keys_i32(lac__gpu *gpu, const int32_t *number, int64_t n, int64_t groups,
                               uint64_t *keys);
/** One list of all rows: starts = 0, n. */
void lac__launch_one_list(lac__gpu *gpu, int64_t n, int64_t *starts);
/** The first position whose index is not less than `limit`. */
void lac__launch_check_below(lac__gpu *gpu, const int64_t *index, int64_t n, int64_t limit,
                             uint64_t *bad);

/* ---- point_rows.cu */

/** Row v of the result is row first[v] of `rows`; zyx: with columns 1 to 3 turned round. */
void lac__launch_take_rows(lac__gpu *gpu, const int32_t *rows, const int32_t *first, int64_t n,
                           int32_t zyx, int32_t *out);
/** out[v] = positions[first[v]]. */
void lac__launch_take_positions(lac__gpu *gpu, const int64_t *positions, const int32_t *first,
                                int64_t n, int64_t *out);
/** out[positions[k]] = number[k]; positions NULL: k. */
void lac__launch_place_numbers(lac__gpu *gpu, const int32_t *number, const int64_t *positions,
                               int64_t n, int64_t *out);
/** scaled = points [n][4] with columns 1 to 3 times `ratio`, rounded from float64; rows = its
 *  floor. bad: the first element that is not finite or does not fit int32. */
void lac__launch_floor_points(lac__gpu *gpu, const float *points, int64_t n, double ratio,
                              float *scaled, int32_t *rows, uint64_t *bad);

/* ---- point_mean.cu; `wide`: float64 features, else float32 */

/** Means of the rows of each list, summed in float64 in their order; counts NULL: their number. */
void lac__launch_scatter_mean(lac__gpu *gpu, int32_t wide, const void *feats,
                              const lac__row_lists *lists, const int64_t *counts, int64_t channels,
                              void *out);

/* ---- point_devoxelize.cu */

/** out[i] = sum of weights[i][k] feats[index[i][k]], k ascending, negative indices skipped. */
void lac__launch_devoxelize(lac__gpu *gpu, int32_t wide, const void *feats, const int64_t *index,
                            const void *weights, int64_t n, int64_t terms, int64_t channels,
                            void *out);
/** Trilinear weights of the cells index [n][8] around points [n][columns] in units of `scale`. */
void lac__launch_corner_weights(lac__gpu *gpu, const double *points, int64_t columns,
                                const int64_t *index, int64_t n, double scale, float *weights);

/* ---- point_hash.cu */

/** hash [shifts][n]; offsets int32 [shifts][3], NULL: none, and one shift. */
void lac__launch_hash_rows(lac__gpu *gpu, const int32_t *rows, int64_t n, const int32_t *offsets,
                           int64_t shifts, int64_t *hash);
/** Rows of `words` 32-bit words in a table of row numbers, whose size is a power of two and at
 *  least twice their number, and which starts with all bits set. Equal rows: the first. */
typedef struct lac__row_table {
    const uint32_t *rows;
    int64_t words;
    int32_t *slots;
    uint64_t mask; /* slots - 1 */
} lac__row_table;
void lac__launch_fill_table(lac__gpu *gpu, const lac__row_table *table, int64_t n);
/** found[i]: the row that equals query i, -1: none. */
void lac__launch_look_up(lac__gpu *gpu, const lac__row_table *table, const uint32_t *query,
                         int64_t n, int64_t *found);
/** Adds to count[index[i]] 1 for each index in 0..rows-1. */
void lac__launch_count_index(lac__gpu *gpu, const int64_t *index, int64_t n, int64_t rows,
                             int32_t *count);

/* ---- point_quantize.cu */

/** What a pass over all points finds. The box of the cells is in bits that are in the order of the
 *  numbers: see lac__from_ordered. */
typedef struct lac__point_counts {
    uint64_t invalid, outside;
    uint64_t first_invalid;   /* starts with all bits set */
    uint64_t low[3], high[3]; /* of the points that stay; start with all bits set, and with 0 */
    int64_t kept;
} lac__point_counts;

typedef struct lac__quantizer {
    const void *points; /* [n][columns], float64 where wide, else float32 */
    int64_t n, columns;
    int32_t wide, nearest, has_range;
    double voxel_size[3], range[6];
    double *cells;    /* [n][3] */
    uint8_t *staying; /* [n] */
    lac__point_counts *counts;
} lac__quantizer;

/** Cells in float64, which points stay, and the counts but for `kept`. */
void lac__launch_find_cells(lac__gpu *gpu, const lac__quantizer *q);
/** rows [kept][4]: (0, cell - origin) of the points at `positions`. */
void lac__launch_cell_rows(lac__gpu *gpu, const double *cells, const int64_t *positions,
                           int64_t kept, const double origin[3], int32_t *rows);
/** The first of `positions` whose cell - origin does not fit int32. */
void lac__launch_first_misfit(lac__gpu *gpu, const double *cells, const int64_t *positions,
                              int64_t kept, const double origin[3], uint64_t *bad);
/** Features of voxels: of the first of their points, `first`, or the mean or maximum over their
 *  lists. Points are numbered by `positions`. */
typedef struct lac__voxel_feats {
    const float *feats; /* [n][channels] */
    int64_t channels, voxels;
    const int64_t *positions;
    const int32_t *first;
    lac__row_lists lists; /* not read where reduce is LAC_POINT_FIRST */
    int32_t reduce;       /* lac_point_reduce */
    float *out;           /* [voxels][channels] */
} lac__voxel_feats;
void lac__launch_voxel_feats(lac__gpu *gpu, const lac__voxel_feats *v);

/** A float64 as bits in its order. */
static inline double lac__from_ordered(uint64_t bits) {
    const uint64_t sign = UINT64_C(1) << 63, plain = (bits & sign) != 0 ? bits ^ sign : ~bits;
    double value;
    memcpy(&value, &plain, sizeof value);
    return value;
}

/* ---- voxelize.cu */

typedef struct lac__voxelizer {
    const float *points;  /* [n][columns] */
    const int64_t *batch; /* [n], NULL: all 0 */
    int64_t n, columns;
    float low[3], size[3];
    int32_t grid[3];
} lac__voxelizer;

/** inside[i]: whether point i lies in a cell. *bad: the first batch index that is negative or over
 *  2^31 - 2; *most: the largest batch index, at least what it was. */
void lac__launch_find_inside(lac__gpu *gpu, const lac__voxelizer *v, uint8_t *inside, uint64_t *bad,
                             uint64_t *most);
/** rows [count][4]: (b,x,y,z) of the points at `positions`, which lie in cells. */
void lac__launch_inside_rows(lac__gpu *gpu, const lac__voxelizer *v, const int64_t *positions,
                             int64_t count, int32_t *rows);
/** heads[k]: whether point k is the first of its group. */
void lac__launch_group_heads(lac__gpu *gpu, const int32_t *group, const int32_t *first, int64_t n,
                             uint8_t *heads);
/** keys[a]: the sample of the row at heads[a]. */
void lac__launch_sample_keys(lac__gpu *gpu, const int32_t *rows, const int64_t *heads,
                             int64_t groups, uint64_t *keys);
/** From sorted sample keys: within[order[p]] is 1 where position p is among the first `most` of its
 *  sample, else 0. */
void lac__launch_limit_samples(lac__gpu *gpu, const uint64_t *keys, const int32_t *order,
                               int64_t groups, int64_t most, int32_t *within);
/** Voxels in order of their heads: number[a] is that of head a, where within[a] (both NULL: a, and
 *  all are). label[g]: the voxel of group g, -1: none; first[v]: the first point of voxel v. */
void lac__launch_label_groups(lac__gpu *gpu, const int32_t *group, const int64_t *heads,
                              const int32_t *within, const int32_t *number, int64_t groups,
                              int32_t *label, int32_t *first);
/** group[k] = label[group[k]]. */
void lac__launch_relabel(lac__gpu *gpu, int32_t *group, const int32_t *label, int64_t n);
/** num_points [voxels]: of each list, at most `most`; adds all of them to *total. */
void lac__launch_limit_points(lac__gpu *gpu, const lac__row_lists *lists, int64_t most,
                              int64_t *num_points, uint64_t *total);
/** feats [voxels][columns]: means of the first num_points of each list, summed in float64. */
void lac__launch_voxel_means(lac__gpu *gpu, const lac__voxelizer *v, const int64_t *positions,
                             const lac__row_lists *lists, const int64_t *num_points, float *feats);
/** raw [voxels][most][columns]: those points, then zeros. */
void lac__launch_voxel_points(lac__gpu *gpu, const lac__voxelizer *v, const int64_t *positions,
                              const lac__row_lists *lists, const int64_t *num_points, int64_t most,
                              float *raw);

#ifdef __cplusplus
}
#endif

#endif
