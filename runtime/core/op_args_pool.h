/*
 * op_args_pool.h - attributes of the operations that reduce over windows, samples and cells.
 *
 * A sample is the set of rows with one batch index. Sums over its rows run in row order, one chain a
 * channel, so that they depend neither on threads nor on the rest of the batch.
 */
#ifndef LAC_CORE_OP_ARGS_POOL_H
#define LAC_CORE_OP_ARGS_POOL_H

#include "core/tensor.h"

typedef struct lac__pool3d_args {
    lac_pool_kind kind;
    const lac_tensor *x;       /* float32 [N,C], contiguous */
    const lac_kernel_map *map; /* walked from its inputs to its outputs */
    lac_tensor *out;           /* float32 [M,C] */
} lac__pool3d_args;

typedef struct lac__global_pool_args {
    lac_pool_kind kind;
    const lac_tensor *x;      /* float32 [N,C], contiguous */
    const lac_tensor *sample; /* int64 [N], contiguous, in [0,B); NULL: all 0 */
    lac_tensor *out;          /* float32 [B,C] */
} lac__global_pool_args;

typedef struct lac__group_norm_args {
    const lac_tensor *x;             /* float32 [N,C], contiguous */
    const lac_tensor *sample;        /* int64 [N], contiguous, in [0,samples); NULL: all 0 */
    int64_t samples, groups;         /* groups divides C */
    const lac_tensor *weight, *bias; /* float64 [C], NULL for 1 and 0 */
    double eps;
    lac_tensor *out; /* float32 [N,C] */
} lac__group_norm_args;

typedef struct lac__to_dense_args {
    const lac_tensor *feats; /* [N,C], contiguous */
    const lac_tensor *rows;  /* int32 [N,4], contiguous, unique, inside of `cells` */
    lac_tensor *out;         /* contiguous memory, every element of it in `cells` */
    const lac_tensor *cells; /* [B,X,Y,Z,C]: the same memory, any order of dimensions */
} lac__to_dense_args;

#endif
