/*
 * linear.c - x W^T + b on rows, by the convolution's kernel.
 */
#include "ops/gemm_producer.h"

lac_status lac_linear(lac_context *ctx, lac_tensor *x, lac_tensor *weight, lac_tensor *bias,
                      lac_tensor **out) {
    LAC_NEED("linear", ctx, x, weight, out);
    char a[LAC__SHAPE_TEXT], b[LAC__SHAPE_TEXT];
    LAC_TRY(lac__check_interrupt(ctx));
    if (x->ndim != 2 || weight->ndim != 2 || x->shape[1] != weight->shape[1])
        return lac__fail(
            LAC_ERR_SHAPE,
            "linear: features of shape %s, weight of shape %s, expected [N, Cin] and [Cout, Cin]",
            lac__shape_text(x, a), lac__shape_text(weight, b));
    if (!lac__is_floating(x->dtype) || x->dtype == LAC_DTYPE_F64 || x->dtype != weight->dtype)
        return lac__fail(
            LAC_ERR_DTYPE,
            "linear: %s weight for %s features, expected float32, float16 or bfloat16 for both",
            lac_dtype_name(weight->dtype), lac_dtype_name(x->dtype));
    const lac__gemm gemm = {.x = x,
                            .weight = weight,
                            .weight_transposed = true,
                            .flow.tf32 = ctx->flags[LAC_FLAG_ALLOW_TF32] != 0,
                            .taps = 1,
                            .cin = weight->shape[1],
                            .cout = weight->shape[0],
                            .rows = x->shape[0]};
    lac_tensor *result = NULL;
    LAC_TRY(lac__gemm_defer(ctx, "linear", &gemm, &result));
    lac_status status = lac__apply_bias(ctx, "linear", bias, gemm.cout, &result);
    if (status == LAC_OK) status = lac__settle(ctx, &result);
    if (status != LAC_OK) {
        lac_tensor_release(result);
        return status;
    }
    *out = result;
    return LAC_OK;
}
