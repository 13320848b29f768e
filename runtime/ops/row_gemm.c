/*
 * row_gemm.c - see row_gemm.h.
 */
#include "ops/row_gemm.h"

#include "ops/gemm_producer.h"

lac_status lac__row_gemm(lac_context *ctx, lac_tensor *x, lac_tensor *weight, lac_tensor **out) {
    const lac__gemm gemm = {.x = x,
                            .weight = weight,
                            .flow.tf32 = ctx->flags[LAC_FLAG_ALLOW_TF32] != 0,
                            .taps = 1,
                            .cin = weight->shape[0],
                            .cout = weight->shape[1],
                            .rows = x->shape[0]};
    lac_tensor *result = NULL;
    LAC_TRY(lac__gemm_defer(ctx, "matmul", &gemm, &result));
    const lac_status status = lac__read(ctx, result);
    if (status != LAC_OK) {
        lac_tensor_release(result);
        return status;
    }
    *out = result;
    return LAC_OK;
}
