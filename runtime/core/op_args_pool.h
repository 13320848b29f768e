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

/** Batch norm. Mean and biased variance of every column, in float64: rows in order, two passes. */
typedef struct lac__column_stats_args {
    const lac_tensor *x;    /* [N,C], contiguous, any floating dtype */
    lac_tensor *mean, *var; /* float64 [C]; 0 where there are no rows */
} lac__column_stats_args;

/** s = weight / sqrt(var + eps) and bias - mean * s, in float64, rounded once. */
typedef struct lac__norm_affine_args {
    /* [C], contiguous, any floating dtype; weight, bias: NULL for 1 and 0 */
    const lac_tensor *mean, *var, *weight, *bias;
    double eps;
    lac_tensor *scale, *shift; /* float32 [C] */
} lac__norm_affine_args;

/** running = (1 - momentum) * running + momentum * batch * correction. */
typedef struct lac__norm_running_args {
    lac_tensor *running;     /* float64 [C] */
    const lac_tensor *batch; /* float64 [C] */
    double momentum, correction;
} lac__norm_running_args;

typedef struct lac__to_dense_args {
    const lac_tensor *feats; /* [N,C], contiguous */
    const lac_tensor *rows;  /* int32 [N,4], contiguous, unique, inside of `cells` */
    lac_tensor *out;         /* contiguous memory, every element of it in `cells` */
    const lac_tensor *cells; /* [B,X,Y,Z,C]: the same memory, any order of dimensions */
} lac__to_dense_args;

#endif
