/*
 * conv3d.c - sparse convolution: arguments, plan, deferred result.
 */
#include "ops/dataflow.h"
#include "ops/gemm_producer.h"
#include "ops/tuning.h"
#include "sparse/conv_plan.h"

static lac_status check_dtypes(const lac_tensor *feats, const lac_tensor *weight) {
    if (!lac__is_floating(feats->dtype) || feats->dtype == LAC_DTYPE_F64)
        return lac__fail(LAC_ERR_DTYPE,
                         "conv3d: %s features, expected float32, float16 or bfloat16",
                         lac_dtype_name(feats->dtype));
    if (weight->dtype != feats->dtype)
        return lac__fail(LAC_ERR_DTYPE, "conv3d: %s weight for %s features, expected one dtype",
                         lac_dtype_name(weight->dtype), lac_dtype_name(feats->dtype));
    return LAC_OK;
}

static lac_status check_weight(const lac_tensor *feats, const lac_tensor *weight, int64_t taps) {
    char text[LAC__SHAPE_TEXT];
    const bool flat = weight->ndim == 2 && taps == 1;
    if (!flat && (weight->ndim != 3 || weight->shape[0] != taps))
        return lac__fail(LAC_ERR_SHAPE, "conv3d: weight of shape %s, expected [%lld, Cin, Cout]%s",
                         lac__shape_text(weight, text), (long long)taps,
                         taps == 1 ? " or [Cin, Cout]" : "");
    const int64_t cin = weight->shape[weight->ndim - 2];
    if (feats->shape[1] != cin)
        return lac__fail(LAC_ERR_SHAPE,
                         "conv3d: %lld input channels, the weight of shape %s expects %lld",
                         (long long)feats->shape[1], lac__shape_text(weight, text), (long long)cin);
    return LAC_OK;
}

lac_status lac_conv3d(lac_context *ctx, lac_sparse *x, lac_tensor *weight,
                      const lac_conv3d_options *options, lac_sparse **out) {
    LAC_NEED("conv3d", ctx, x, weight, out);
    LAC_TRY(check_dtypes(x->feats, weight));
    lac__conv_plan plan;
    LAC_TRY(lac__conv_plan_make(ctx, x, options, false, &plan));
    LAC_TRY(check_weight(x->feats, weight, plan.taps));
    lac__flow flow;
    LAC_TRY(lac__flow_make(ctx, options, &flow));
    lac__flow_tune(ctx, &plan, x->feats, weight->shape[weight->ndim - 1], &flow);
    const lac__gemm gemm = {.x = x->feats,
                            .weight = weight,
                            .map = plan.map,
                            .reversed = plan.reversed,
                            .flow = flow,
                            .taps = plan.taps,
                            .cin = weight->shape[weight->ndim - 2],
                            .cout = weight->shape[weight->ndim - 1],
                            .rows = lac_coords_count(plan.out_rows)};
    lac_tensor *feats = NULL;
    LAC_TRY(lac__gemm_defer(ctx, "conv3d", &gemm, &feats));
    lac_status status = lac__apply_bias(ctx, "conv3d", options->bias, gemm.cout, &feats);
    if (status == LAC_OK) status = lac__settle(ctx, &feats);
    if (status == LAC_OK) status = lac_sparse_create(ctx, feats, plan.out_rows, &plan.out, out);
    lac_tensor_release(feats);
    return status;
}
