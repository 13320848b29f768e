/*
 * op_args_point.h - attributes of the operations between points and voxels.
 */
#ifndef LAC_CORE_OP_ARGS_POINT_H
#define LAC_CORE_OP_ARGS_POINT_H

#include "core/tensor.h"

typedef struct lac__scatter_mean_args {
    const lac_tensor *feats;  /* float32 or float64 [N,C], contiguous */
    const lac_tensor *index;  /* int64 [N], contiguous; negative: skipped; the kernel checks < M */
    const lac_tensor *counts; /* int64 [M] divisors, 0: the row is 0; NULL: the points of the row */
    lac_tensor *out;          /* dtype of feats [M,C] */
} lac__scatter_mean_args;

typedef struct lac__devoxelize_args {
    const lac_tensor *feats; /* float32 or float64 [M,C], contiguous */
    const lac_tensor *index; /* int64 [N,K], contiguous; negative: skipped; the kernel checks < M */
    const lac_tensor *weights; /* dtype of feats [N,K], contiguous */
    lac_tensor *out;           /* dtype of feats [N,C] */
} lac__devoxelize_args;

#endif
