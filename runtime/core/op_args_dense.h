/*
 * op_args_dense.h - attributes of the dense tensor operations.
 *
 * Inputs are computed. Where a comment says "like out", an input has the shape of the output
 * already: broadcasting is a stride of 0. "Lanes" means contiguous, seen as [outer, n, inner]
 * around one dimension.
 */
#ifndef LAC_CORE_OP_ARGS_DENSE_H
#define LAC_CORE_OP_ARGS_DENSE_H

#include "core/tensor.h"

/** A contiguous tensor around one of its dimensions. */
typedef struct lac__lanes {
    int64_t outer, n, inner;
} lac__lanes;

typedef struct lac__copy_args {
    const lac_tensor *src; /* like dst, any dtype */
    lac_tensor *dst;       /* any strides, any dtype; shares no element with src */
} lac__copy_args;

typedef struct lac__fill_args {
    double real;     /* for floating dtypes */
    int64_t integer; /* for integer dtypes; fits */
    lac_tensor *dst; /* any strides */
} lac__fill_args;

typedef struct lac__arange_args {
    double start, step;
    lac_tensor *out; /* 1-D */
} lac__arange_args;

typedef struct lac__rand_args {
    lac_distribution distribution;
    double a, b;
    uint64_t seed, draw;
    lac_tensor *dst; /* floating, any strides: element i depends on (seed, draw, i) alone */
} lac__rand_args;

typedef struct lac__unary_args {
    lac_unary_op op;
    const lac_tensor *x; /* like out; floating for LOG, EXP and SQRT */
    lac_tensor *out;     /* dtype of x; uint8 for NOT */
} lac__unary_args;

typedef struct lac__binary_args {
    lac_binary_op op;
    const lac_tensor *a, *b; /* like out, one dtype; one of them NULL: the number */
    double real;             /* the number, for floating dtypes */
    int64_t integer;         /* the number, for integer dtypes */
    lac_tensor *out;         /* that dtype; uint8 for comparisons */
} lac__binary_args;

typedef struct lac__clamp_args {
    const lac_tensor *x;
    double low, high;    /* for floating dtypes */
    int64_t ilow, ihigh; /* for integer dtypes; fit */
    lac_tensor *out;     /* dtype and shape of x */
} lac__clamp_args;

typedef struct lac__where_args {
    const lac_tensor *condition; /* uint8, like out */
    const lac_tensor *a, *b;     /* like out, dtype of out */
    lac_tensor *out;
} lac__where_args;

typedef struct lac__reduce_args {
    lac_reduce_op op;
    const lac_tensor *x; /* lanes; float32, float64, int32, int64 or uint8 */
    lac__lanes lanes;    /* n > 0 but for SUM and MEAN */
    lac_tensor
        *out; /* outer * inner elements; dtype of x, int64 for sums of integers and for ARG */
} lac__reduce_args;

typedef struct lac__softmax_args {
    const lac_tensor *x; /* lanes; float32 or float64 */
    lac__lanes lanes;
    lac_tensor *out; /* like x */
} lac__softmax_args;

typedef struct lac__matmul_args {
    const lac_tensor *a, *b; /* [n,k], [k,m], contiguous; float64, int32, int64 or uint8 */
    lac_tensor *out;         /* [n,m], the same dtype */
} lac__matmul_args;

typedef struct lac__index_select_args {
    const lac_tensor *x; /* lanes, any dtype */
    lac__lanes lanes;
    const lac_tensor *index; /* int64 [m], contiguous; the kernel checks its values */
    lac_tensor *out;         /* [outer, m, inner] */
} lac__index_select_args;

typedef struct lac__gather_args {
    const lac_tensor *x; /* contiguous, any dtype */
    int32_t dim;
    const lac_tensor *index; /* int64, contiguous; the kernel checks its values */
    lac_tensor *out;         /* shape of index */
} lac__gather_args;

typedef struct lac__scatter_add_args {
    int32_t dim;
    const lac_tensor *index; /* int64, contiguous; the kernel checks its values first */
    const lac_tensor *src;   /* contiguous, at least as large as index everywhere, dtype of out */
    lac_tensor *out;         /* contiguous, holds x; float32, float64, int32, int64 or uint8 */
} lac__scatter_add_args;

typedef struct lac__masked_select_args {
    const lac_tensor *x;    /* contiguous, any dtype */
    const lac_tensor *mask; /* uint8, contiguous, shape of x */
    lac_tensor *out;        /* [as many as mask has] */
} lac__masked_select_args;

typedef struct lac__nonzero_args {
    const lac_tensor *x; /* contiguous, any dtype */
    int64_t *count;      /* gets the number of elements that are not 0 */
    lac_tensor *out;     /* int64 [count, ndim], or NULL: only count */
} lac__nonzero_args;

typedef struct lac__sort_args {
    const lac_tensor *x; /* lanes, any dtype */
    lac__lanes lanes;
    bool descending;
    int64_t k;                    /* <= n */
    lac_tensor *values, *indices; /* [outer, k, inner], each may be NULL; indices int64 */
} lac__sort_args;

typedef struct lac__unique_args {
    const lac_tensor *x; /* int32 or int64 [n,c], contiguous */
    lac_tensor
        *first; /* int64 [n]: the first `count` get the first row of each group, sorted by row */
    lac_tensor *inverse; /* int64 [n]: group of each row */
    int64_t *count;
} lac__unique_args;

#endif
