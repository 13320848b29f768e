/*
 * launch_dense.h - launchers of the dense tensor operations.
 *
 * Views of one call have one shape; broadcasting is a stride of 0. What is called contiguous is
 * given as a pointer. Every launcher takes sizes of 0.
 */
#ifndef LAC_CUDA_LAUNCH_DENSE_H
#define LAC_CUDA_LAUNCH_DENSE_H

#include "launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A number for floating dtypes and the same for integer dtypes. */
typedef struct lac__number {
    double real;
    int64_t integer;
} lac__number;

/** Any dtype to any: to an integer toward zero, saturating, NaN gives 0; halves round to nearest
 * even. */
void lac__launch_copy(lac__gpu *gpu, const lac__view *src, const lac__view *dst);
/** `bits`: those of the element, in the low bytes. */
void lac__launch_fill(lac__gpu *gpu, int64_t bits, const lac__view *dst);
void lac__launch_where(lac__gpu *gpu, const lac__view *condition, const lac__view *a,
                       const lac__view *b, const lac__view *out);
void lac__launch_unary(lac__gpu *gpu, int32_t op, const lac__view *x, const lac__view *out);
void lac__launch_clamp(lac__gpu *gpu, lac__number low, lac__number high, const lac__view *x,
                       const lac__view *out);
/** `a` or `b` is NULL: the number. *by_zero, in device memory, becomes 1 where an integer is
 * divided by 0; it is needed for FLOORDIV and MOD of integers alone. */
void lac__launch_binary(lac__gpu *gpu, int32_t op, const lac__view *a, const lac__view *b,
                        lac__number number, int32_t *by_zero, const lac__view *out);

void lac__launch_arange(lac__gpu *gpu, double start, double step, const lac__view *out);

typedef struct lac__random {
    int32_t distribution; /* lac_distribution */
    double a, b;
    uint64_t seed, draw;
} lac__random;

void lac__launch_rand(lac__gpu *gpu, const lac__random *random, const lac__view *dst);

/**
 * How lanes [outer, n, inner] are reduced along n. Ordered: one thread walks a lane from its
 * first element to its last, as the CPU does. Otherwise blocks fold chunks of `rows` elements in
 * a tree whose shape depends on the sizes alone, and a second pass folds the chunks.
 */
typedef struct lac__fold {
    int64_t outer, n, inner;
    int64_t chunks, rows;
    int32_t columns; /* lanes that lie side by side in a block: a power of two, at most 32 */
    int32_t ordered;
} lac__fold;

/** The plan; `exact`: take the tree only where one thread a lane would leave the device idle. */
lac__fold lac__fold_plan(int64_t outer, int64_t n, int64_t inner, int32_t exact);
/** Bytes of scratch memory that the plan needs; may be 0. */
size_t lac__fold_bytes(const lac__fold *fold);

/** x of `dtype` to out of `to`: dtype, or int64 for sums of integers and for positions. */
void lac__launch_reduce(lac__gpu *gpu, int32_t op, const lac__fold *fold, const void *x,
                        int32_t dtype, void *scratch, void *out, int32_t to);
/** float32 or float64. */
void lac__launch_softmax(lac__gpu *gpu, const void *x, int32_t dtype, int64_t outer, int64_t n,
                         int64_t inner, void *out);
/** [n,k] x [k,m] of float64, int32, int64 or uint8. */
void lac__launch_matmul(lac__gpu *gpu, int32_t dtype, const void *a, const void *b, int64_t n,
                        int64_t k, int64_t m, void *out);

/** x [n, channels], floating; mean and var float64; the plan: [1, n, channels], not exact. */
void lac__launch_column_stats(lac__gpu *gpu, const lac__fold *fold, const void *x, int32_t dtype,
                              void *scratch, double *mean, double *var);
/** A value of each channel, in any floating dtype; NULL where it is not given. */
typedef struct lac__per_channel {
    const void *data;
    int32_t dtype;
} lac__per_channel;
/** weight and bias may be NULL. */
void lac__launch_norm_affine(lac__gpu *gpu, int64_t channels, lac__per_channel mean,
                             lac__per_channel var, lac__per_channel weight, lac__per_channel bias,
                             double eps, float *scale, float *shift);
void lac__launch_norm_running(lac__gpu *gpu, int64_t channels, double *running, const double *batch,
                              double momentum, double correction);

/** *bad, which holds all ones, becomes the smallest i whose index[i] is not in [0, rows). */
void lac__launch_index_check(lac__gpu *gpu, const int64_t *index, int64_t n, int64_t rows,
                             uint64_t *bad);
/** Rows of `bytes` bytes: out [outer, m] from x [outer, n]; the index is in range. */
void lac__launch_index_select(lac__gpu *gpu, const void *x, int64_t outer, int64_t n, int64_t bytes,
                              const int64_t *index, int64_t m, void *out);
/** `x` seen in the shape of the index, its stride along the gathered dimension 0 and `along`
 * instead; index and out are contiguous. */
void lac__launch_gather(lac__gpu *gpu, const lac__view *x, int64_t along, const int64_t *index,
                        void *out);

#ifdef __cplusplus
}
#endif

#endif
