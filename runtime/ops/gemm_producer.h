/*
 * gemm_producer.h - the deferred computation behind convolution and linear layers: features times packed
 * weights, along a kernel map or row by row.
 */
#ifndef LAC_OPS_GEMM_PRODUCER_H
#define LAC_OPS_GEMM_PRODUCER_H

#include "core/backend.h"

typedef struct lac__gemm {
    lac_tensor *x; /* [N,Cin], floating                  (retained) */
    /* Channels behind those of x, or NULL: lac__gemm_defer finds them. (retained) */
    lac_tensor *x2;
    lac_tensor *weight; /* [taps,Cin,Cout], or [Cout,Cin] when transposed (retained) */
    bool weight_transposed;
    lac_kernel_map *map; /* NULL: row by row                   (retained) */
    bool reversed;
    int64_t taps, cin, cout, rows; /* rows: of the result */
    lac__flow flow;                /* with a map */
} lac__gemm;

/** A pending [rows,cout] result in x's dtype, to be settled by the operation; `name` is a string constant
 *  for messages. */
lac_status lac__gemm_defer(lac_context *ctx, const char *name, const lac__gemm *gemm,
                           lac_tensor **out);

/** `x` with one stage more: appended where it is pending, else computed at once into a new tensor. */
lac_status lac__apply_stage(lac_context *ctx, const char *name, lac_tensor *x,
                            const lac__stage *stage, lac_tensor **out);
/** Adds `bias` [channels] in any floating dtype to *t, which is replaced; NULL: nothing. */
lac_status lac__apply_bias(lac_context *ctx, const char *name, lac_tensor *bias, int64_t channels,
                           lac_tensor **t);

#endif
