/*
 * dense_unary.c - functions of one element, and clamp.
 */
#include "core/shape.h"

#include <math.h>

/* `x` as the kernel takes it, and a result of `dtype` for it. */
static lac_status prepare(lac_context *ctx, lac_tensor *x, lac_dtype work, lac_dtype dtype,
                          lac_tensor **in, lac_tensor **out) {
    LAC_TRY(lac__as_dtype(ctx, x, work, in));
    const lac_status status = lac__tensor_new_beside(ctx, x, dtype, x->ndim, x->shape, out);
    if (status != LAC_OK) lac_tensor_release(*in);
    return status;
}

static lac_status finish(lac_status status, lac_tensor *in, lac_tensor *result, lac_tensor **out) {
    lac_tensor_release(in);
    if (status != LAC_OK)
        lac_tensor_release(result);
    else
        *out = result;
    return status;
}

lac_status lac_unary(lac_context *ctx, lac_unary_op op, lac_tensor *x, lac_tensor **out) {
    LAC_NEED("unary", ctx, x, out);
    if ((int)op < 0 || op > LAC_UNARY_NOT)
        return lac__fail(LAC_ERR_ARGUMENT, "unary: there is no operation %d", (int)op);
    const bool integer = !lac__is_floating(x->dtype);
    const bool transcendental = op == LAC_UNARY_LOG || op == LAC_UNARY_EXP || op == LAC_UNARY_SQRT;
    if (integer && (op == LAC_UNARY_FLOOR || op == LAC_UNARY_ROUND))
        return lac_convert(ctx, x, x->dtype, out);
    const lac_dtype work = integer && transcendental ? LAC_DTYPE_F32 : x->dtype;
    lac_tensor *in = NULL, *r = NULL;
    LAC_TRY(prepare(ctx, x, work, op == LAC_UNARY_NOT ? LAC_DTYPE_U8 : work, &in, &r));
    const lac__unary_args args = {.op = op, .x = in, .out = r};
    return finish(LAC__DISPATCH(ctx, r, unary, &args), in, r, out);
}

/* A bound of an integer tensor: one that lies beyond the dtype on the harmless side is no bound. */
static lac_status integer_bounds(lac_dtype dtype, double low, double high, lac__clamp_args *args) {
    lac__integer_range(dtype, &args->ilow, &args->ihigh);
    const double lowest = (double)args->ilow, highest = (double)args->ihigh;
    if (low > highest || high < lowest || low == 0x1p63)
        return lac__fail(LAC_ERR_RANGE, "clamp: bounds %g and %g of a %s tensor", low, high,
                         lac_dtype_name(dtype));
    if (low > lowest) args->ilow = (int64_t)low;
    if (high < highest) args->ihigh = (int64_t)high;
    return LAC_OK;
}

static bool fractional(double bound) {
    return isfinite(bound) && bound != floor(bound);
}

lac_status lac_clamp(lac_context *ctx, lac_tensor *x, double low, double high, lac_tensor **out) {
    LAC_NEED("clamp", ctx, x, out);
    if (isnan(low) || isnan(high)) return lac__fail(LAC_ERR_ARGUMENT, "clamp: a bound is NaN");
    const bool integer = !lac__is_floating(x->dtype);
    const bool widen = integer && (fractional(low) || fractional(high));
    lac__clamp_args args = {.low = low, .high = high};
    if (integer && !widen) LAC_TRY(integer_bounds(x->dtype, low, high, &args));
    lac_tensor *in = NULL, *r = NULL;
    const lac_dtype work = widen ? LAC_DTYPE_F32 : x->dtype;
    LAC_TRY(prepare(ctx, x, work, work, &in, &r));
    args.x = in;
    args.out = r;
    return finish(LAC__DISPATCH(ctx, r, clamp, &args), in, r, out);
}
