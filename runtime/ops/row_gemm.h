/*
 * row_gemm.h - matrix product by the convolution's kernel: one chain of fused multiply-adds an element.
 */
#ifndef LAC_OPS_ROW_GEMM_H
#define LAC_OPS_ROW_GEMM_H

#include "core/tensor.h"

/** x [n,k] times weight [k,m], both float32, float16 or bfloat16 and of one dtype; computed at once. */
lac_status lac__row_gemm(lac_context *ctx, lac_tensor *x, lac_tensor *weight, lac_tensor **out);

#endif
