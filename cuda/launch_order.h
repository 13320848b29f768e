/*
 * launch_order.h - kernels of the operations that sort or select: sort, unique, nonzero,
 * masked_select and scatter_add. The slots join them with the blocks of launch_sort.h.
 */
#ifndef LAC_CUDA_LAUNCH_ORDER_H
#define LAC_CUDA_LAUNCH_ORDER_H

#include "launch.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A contiguous tensor seen as [outer, n, inner]: elements with the same outer and inner are a
 *  lane. */
typedef struct lac__lane_shape {
    int64_t outer, n, inner;
} lac__lane_shape;

/** Bits of a value's sort key. */
int32_t lac__sort_key_bits(int32_t dtype);

/* ---- sort_lanes.cu: element e is the e-th of the memory, n < 2^31 in all */

/** Keys that order as the values do: both zeros alike, NaN last in either direction. With `lanes`
 *  the number of the lane stands above the key's bits, which must fit 64 then. */
void lac__launch_value_keys(lac__gpu *gpu, const void *x, int32_t dtype, lac__lane_shape shape,
                            int32_t descending, int32_t lanes, uint64_t *keys);
/** keys[i]: lane of element order[i]. */
void lac__launch_lane_keys(lac__gpu *gpu, const int32_t *order, lac__lane_shape shape,
                           uint64_t *keys);
/** From elements sorted by lane and value: the first k of each lane, [outer, k, inner]; `indices`
 *  along the dimension. Either may be NULL. */
void lac__launch_sorted_lanes(lac__gpu *gpu, const void *x, int32_t dtype, const int32_t *order,
                              lac__lane_shape shape, int64_t k, void *values, int64_t *indices);

/* ---- sort_unique.cu: rows of int32 or int64 [n][columns] */

/** keys[i]: of column `column` of row order[i] (NULL: row i). */
void lac__launch_column_keys(lac__gpu *gpu, const void *x, int32_t dtype, int64_t n,
                             int64_t columns, int64_t column, const int32_t *order, uint64_t *keys);
/** heads[i]: whether row order[i] differs from row order[i-1]. */
void lac__launch_row_heads(lac__gpu *gpu, const void *x, int32_t dtype, int64_t n, int64_t columns,
                           const int32_t *order, int32_t *heads);
/** numbers[i]: heads before position i. The first row of each group, and the group of each row. */
void lac__launch_row_groups(lac__gpu *gpu, const int32_t *order, const int32_t *heads,
                            const int32_t *numbers, int64_t n, int64_t *first, int64_t *inverse);

/* ---- sort_select.cu */

/** flags[i]: whether element i is not 0. */
void lac__launch_nonzero_flags(lac__gpu *gpu, const void *x, int32_t dtype, int64_t n,
                               uint8_t *flags);
/** rows [count][ndim]: positions of a contiguous tensor as indices. */
void lac__launch_unravel(lac__gpu *gpu, const int64_t *positions, int64_t count, int32_t ndim,
                         const int64_t *shape, int64_t *rows);
/** out[i] = x[positions[i]], elements of `size` bytes (1, 2, 4 or 8). */
void lac__launch_take(lac__gpu *gpu, const void *x, int32_t size, const int64_t *positions,
                      int64_t count, void *out);

/* ---- sort_scatter.cu */

/** Where the elements at the positions of an index lie, and where their sums. */
typedef struct lac__scatter_shape {
    int32_t ndim, dim;
    int64_t n;                            /* elements of the index */
    int64_t shape[8];                     /* of the index */
    int64_t from_stride[8], to_stride[8]; /* of the source, and of the result */
} lac__scatter_shape;

/** *bad: the first position whose index is not in 0..rows-1, INT64_MAX where there is none. */
void lac__launch_first_bad(lac__gpu *gpu, const int64_t *index, int64_t n, int64_t rows,
                           int64_t *bad);
/** keys[i]: offset in the result of position i. */
void lac__launch_scatter_targets(lac__gpu *gpu, const int64_t *index,
                                 const lac__scatter_shape *shape, uint64_t *keys);
/** Adds to each target its elements, in the order of `order`; keys are sorted. */
void lac__launch_scatter_sums(lac__gpu *gpu, const uint64_t *keys, const int32_t *order,
                              const lac__scatter_shape *shape, int32_t dtype, const void *src,
                              void *out);

#ifdef __cplusplus
}
#endif

#endif
