/*
 * launch_pool.h - kernels that reduce over windows and samples, and that fill the cells of a grid.
 *
 * A sample is a list of rows (launch_points.h). Its rows are cut into chunks that count from its
 * own first row, and every sum is made in an order that the sample alone decides, so that no result
 * depends on the rest of the batch.
 */
#ifndef LAC_CUDA_LAUNCH_POOL_H
#define LAC_CUDA_LAUNCH_POOL_H

#include "launch_points.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- pool3d.cu */

/** Rows of `table` int32 [taps][rows] (-1: none) name inputs. */
typedef struct lac__windows {
    const float *x; /* [..][channels] */
    const int32_t *table;
    int64_t taps, rows, channels;
    int64_t centre; /* the tap that comes last; -1: none does */
    float *out;     /* [rows][channels] */
} lac__windows;

/** Maximum, or mean, of what is in each window; 0 where nothing is. */
void lac__launch_pool3d(lac__gpu *gpu, const lac__windows *windows, int32_t mean);

/* ---- pool_samples.cu */

enum { LAC__CHUNK_ROWS = 256 };

typedef struct lac__samples {
    const float *x; /* [rows][channels] */
    int64_t rows, channels;
    lac__row_lists lists;  /* one for each sample */
    int64_t *chunk_starts; /* [samples + 1]: chunks before each sample */
    double *partial;       /* [most chunks][channels] */
} lac__samples;

/** Chunks that so many rows of so many samples may have. */
static inline int64_t lac__most_chunks(int64_t rows, int64_t samples) {
    return rows / LAC__CHUNK_ROWS + samples;
}

/** counts[s]: chunks of sample s; counts[samples] = 0. Their exclusive sums: chunk_starts. */
void lac__launch_count_chunks(lac__gpu *gpu, const lac__row_lists *lists, int64_t *counts);
/** sum [samples][channels]: of the rows, or of their squared distances from mean, of that shape. */
void lac__launch_sum_samples(lac__gpu *gpu, const lac__samples *samples, const double *mean,
                             double *sum);
/** out [samples][channels]: maximum or mean, 0 for a sample without rows. */
void lac__launch_pool_samples(lac__gpu *gpu, const lac__samples *samples, int32_t mean, float *out);

/* ---- group_norm.cu */

/** to[s][c]: the average over the rows of s and the channels of the group of c, from the sums. */
void lac__launch_average_groups(lac__gpu *gpu, const lac__row_lists *lists, const double *sum,
                                int64_t channels, int64_t groups, double *to);
/** variance [samples][channels] becomes weight / sqrt(variance + eps); weight NULL: 1. */
void lac__launch_norm_scales(lac__gpu *gpu, double *variance, const double *weight, double eps,
                             int64_t samples, int64_t channels);
/** out = (x - mean) scale + bias, mean and scale those of the row's sample; sample NULL: all 0. */
void lac__launch_normalise(lac__gpu *gpu, const float *x, const int64_t *sample, int64_t rows,
                           int64_t channels, const double *mean, const double *scale,
                           const double *bias, float *out);

/* ---- to_dense.cu */

typedef struct lac__grid_cells {
    const void *feats;   /* [rows][channels] */
    const int32_t *cell; /* [rows][4] */
    void *out;
    int64_t rows, channels, element; /* bytes of an element: 1, 2, 4 or 8 */
    int64_t stride[5];               /* of b, x, y, z and channels, in elements */
} lac__grid_cells;

/** Every row into its cell; the other cells are left as they are. */
void lac__launch_to_dense(lac__gpu *gpu, const lac__grid_cells *cells);

#ifdef __cplusplus
}
#endif

#endif
