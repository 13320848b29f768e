/*
 * dense_create.c - arange and rand.
 */
#include "core/shape.h"

#include <math.h>

lac_status lac_arange(lac_context *ctx, lac_dtype dtype, double start, double step, int64_t length,
                      lac_tensor **out) {
    LAC_NEED("arange", ctx, out);
    if (!isfinite(start) || !isfinite(step))
        return lac__fail(LAC_ERR_ARGUMENT, "arange: start %g, step %g, expected finite numbers",
                         start, step);
    if (length < 0) return lac__fail(LAC_ERR_ARGUMENT, "arange: %lld values", (long long)length);
    lac_tensor *r = NULL;
    LAC_TRY(lac__tensor_new(ctx, dtype, 1, &length, &r));
    if (!lac__is_floating(dtype) && length > 0) {
        int64_t low, high, whole;
        lac__integer_range(dtype, &low, &high);
        const double last = start + (double)(length - 1) * step;
        if (!lac__whole(start, &whole) || !lac__whole(step, &whole) || !lac__whole(last, &whole) ||
            start < (double)low || start > (double)high || whole < low || whole > high) {
            lac_tensor_release(r);
            return lac__fail(LAC_ERR_RANGE,
                             "arange: from %g to %g by %g in %s, expected whole numbers that fit",
                             start, last, step, lac_dtype_name(dtype));
        }
    }
    const lac__arange_args args = {.start = start, .step = step, .out = r};
    const lac_status status = LAC__DISPATCH(ctx, r, arange, &args);
    if (status != LAC_OK) {
        lac_tensor_release(r);
        return status;
    }
    *out = r;
    return LAC_OK;
}

lac_status lac_rand(lac_context *ctx, lac_tensor *dst, lac_distribution distribution, double a,
                    double b) {
    LAC_NEED("rand", ctx, dst);
    if (!lac__is_floating(dst->dtype))
        return lac__fail(LAC_ERR_DTYPE, "rand: dtype %s, expected a floating one",
                         lac_dtype_name(dst->dtype));
    if (distribution != LAC_UNIFORM && distribution != LAC_NORMAL)
        return lac__fail(LAC_ERR_ARGUMENT, "rand: there is no distribution %d", (int)distribution);
    if (!isfinite(a) || !isfinite(b) || (distribution == LAC_UNIFORM ? b < a : b < 0))
        return lac__fail(LAC_ERR_ARGUMENT, "rand: parameters %g and %g, expected %s", a, b,
                         distribution == LAC_UNIFORM ? "a <= b" : "a mean and a deviation >= 0");
    LAC_TRY(lac__write(ctx, dst));
    const lac__rand_args args = {.distribution = distribution,
                                 .a = a,
                                 .b = b,
                                 .seed = ctx->seed,
                                 .draw = ctx->draws,
                                 .dst = dst};
    LAC_TRY(LAC__DISPATCH(ctx, dst, rand, &args));
    ctx->draws++;
    return LAC_OK;
}
