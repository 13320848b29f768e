/*
 * group_norm.c - group and instance normalisation, sample by sample.
 */
#include "core/shape.h"
#include "ops/samples.h"

static lac_status widen(lac_context *ctx, const char *op, const char *what, const lac_tensor *x,
                        lac_tensor *t, lac_tensor **out) {
    const int64_t channels = x->shape[1];
    if (t == NULL) return LAC_OK;
    char text[LAC__SHAPE_TEXT];
    if (t->ndim != 1 || t->shape[0] != channels || !lac__is_floating(t->dtype))
        return lac__fail(LAC_ERR_SHAPE,
                         "%s: %s of shape %s for %lld channels, expected floating [%lld]", op, what,
                         lac__shape_text(t, text), (long long)channels, (long long)channels);
    const lac_status status = lac__same_device(what, x, t);
    if (status != LAC_OK) return lac__prefix(status, op);
    return lac__as_contiguous(ctx, t, LAC_DTYPE_F64, out);
}

static lac_status check(const char *op, const lac_tensor *x, const lac_tensor *sample,
                        const lac_group_norm_options *o) {
    LAC_TRY(lac__check_sample_rows(op, x, sample));
    if (o->groups < 0 || (o->groups > 0 && x->shape[1] % o->groups != 0))
        return lac__fail(LAC_ERR_SHAPE, "%s: %d groups of %lld channels, expected a divisor", op,
                         o->groups, (long long)x->shape[1]);
    if (!(o->eps >= 0))
        return lac__fail(LAC_ERR_ARGUMENT, "%s: eps %g, expected a number from 0", op, o->eps);
    return LAC_OK;
}

lac_status lac_group_norm(lac_context *ctx, lac_tensor *x, lac_tensor *sample,
                          const lac_group_norm_options *o, lac_tensor **out) {
    LAC_NEED("group_norm", ctx, x, out);
    if (o == NULL || o->size != sizeof *o)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "group_norm: options.size is not sizeof(lac_group_norm_options)");
    const char *op = o->groups == 0 ? "instance_norm" : "group_norm";
    LAC_TRY(lac__check_interrupt(ctx));
    LAC_TRY(check(op, x, sample, o));
    const int64_t channels = x->shape[1];
    lac__group_norm_args args = {
        .samples = 1, .groups = o->groups == 0 ? channels : o->groups, .eps = o->eps};
    lac_tensor *from = NULL, *of = NULL, *weight = NULL, *bias = NULL, *result = NULL;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(widen(ctx, op, "weight", x, o->weight, &weight));
    LAC_TRY_OUT(widen(ctx, op, "bias", x, o->bias, &bias));
    LAC_TRY_OUT(lac__as_contiguous(ctx, x, LAC_DTYPE_F32, &from));
    if (sample != NULL) LAC_TRY_OUT(lac__number_samples(ctx, op, sample, &of, &args.samples));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, LAC_DTYPE_F32, 2, x->shape, &result));
    args.x = from;
    args.sample = of;
    args.weight = weight;
    args.bias = bias;
    args.out = result;
    LAC_TRY_OUT(LAC__DISPATCH(ctx, result, group_norm, &args));
    LAC_TRY_OUT(lac__narrow_result(ctx, x->dtype, &result));
    *out = result;
    result = NULL;
out:
    lac_tensor_release(from);
    lac_tensor_release(of);
    lac_tensor_release(weight);
    lac_tensor_release(bias);
    lac_tensor_release(result);
    return status;
}
