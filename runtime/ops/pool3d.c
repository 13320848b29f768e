/*
 * pool3d.c - local pooling: the rows and windows of a convolution of the same geometry, reduced.
 */
#include "core/shape.h"
#include "sparse/conv_plan.h"

#include <string.h>

static const char *name_of(lac_pool_kind kind) {
    return kind == LAC_POOL_MAX ? "max_pool3d" : "avg_pool3d";
}

static lac_status check(const lac_sparse *x, lac_pool_kind kind, const lac_conv3d_options *o) {
    if (kind != LAC_POOL_MAX && kind != LAC_POOL_MEAN)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "pool3d: kind %d, expected LAC_POOL_MAX or LAC_POOL_MEAN", (int)kind);
    const char *name = name_of(kind);
    if (o == NULL || o->size != sizeof *o)
        return lac__fail(LAC_ERR_ARGUMENT, "%s: options.size is not sizeof(lac_conv3d_options)",
                         name);
    if (o->transposed || o->generative || o->require_forward || o->bias != NULL)
        return lac__fail(
            LAC_ERR_ARGUMENT,
            "%s: transposed, generative, require_forward or bias is set, expected none", name);
    if (!lac__is_floating(x->feats->dtype) || x->feats->dtype == LAC_DTYPE_F64)
        return lac__fail(LAC_ERR_DTYPE, "%s: %s features, expected float32, float16 or bfloat16",
                         name, lac_dtype_name(x->feats->dtype));
    return LAC_OK;
}

/* The plan speaks of conv3d, the caller of pooling. */
static lac_status say_pool(lac_status status, lac_pool_kind kind) {
    static const char conv[] = "conv3d: ";
    const char *text = lac_last_error();
    const bool own =
        status == LAC_ERR_ARGUMENT || status == LAC_ERR_SHAPE || status == LAC_ERR_RANGE;
    if (!own || strncmp(text, conv, sizeof conv - 1) != 0) return status;
    return lac__fail(status, "%s: %s", name_of(kind), text + sizeof conv - 1);
}

lac_status lac_pool3d(lac_context *ctx, lac_sparse *x, lac_pool_kind kind,
                      const lac_conv3d_options *options, lac_sparse **out) {
    LAC_NEED("pool3d", ctx, x, out);
    LAC_TRY(check(x, kind, options));
    lac_conv3d_options o = *options;
    for (int i = 0; i < 3; i++) {
        if (o.stride[i] == 0) o.stride[i] = o.kernel_size[i];
    }
    lac__conv_plan plan;
    const lac_status planned = lac__conv_plan_make(ctx, x, &o, false, &plan);
    if (planned != LAC_OK) return say_pool(planned, kind);
    if (plan.map == NULL) /* one tap, stride 1: every window is its own row */
        return lac_sparse_with_feats(ctx, x, x->feats, out);
    lac_tensor *from = NULL, *pooled = NULL;
    lac_status status = LAC_OK;
    const int64_t shape[2] = {lac_coords_count(plan.out_rows), x->feats->shape[1]};
    LAC_TRY_OUT(lac__as_contiguous(ctx, x->feats, LAC_DTYPE_F32, &from));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, from, LAC_DTYPE_F32, 2, shape, &pooled));
    const lac__pool3d_args args = {.kind = kind, .x = from, .map = plan.map, .out = pooled};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, pooled, pool3d, &args));
    LAC_TRY_OUT(lac__narrow_result(ctx, x->feats->dtype, &pooled));
    status = lac_sparse_create(ctx, pooled, plan.out_rows, &plan.out, out);
out:
    lac_tensor_release(from);
    lac_tensor_release(pooled);
    return status;
}
