/*
 * conv_plan.h - what one convolution call comes to: a map, its direction, and the output's rows.
 */
#ifndef LAC_SPARSE_CONV_PLAN_H
#define LAC_SPARSE_CONV_PLAN_H

#include "sparse/sparse_tensor.h"

typedef struct lac__conv_plan {
    lac_kernel_map *map;  /* borrowed from the family; NULL: row i feeds row i through one tap */
    bool reversed;        /* transposed: from the map's outputs to its inputs */
    lac_coords *out_rows; /* borrowed from the family */
    lac_sparse_desc out;
    int64_t taps;
    bool pointwise; /* kernel and stride 1: the weight may be [Cin,Cout] */
} lac__conv_plan;

/** `need_map`: also for a pointwise convolution. */
lac_status lac__conv_plan_make(lac_context *ctx, lac_sparse *x, const lac_conv3d_options *options,
                               bool need_map, lac__conv_plan *out);

#endif
