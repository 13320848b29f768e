/*
 * copy.c - contiguous, convert, copy and fill: what every layer above needs to read and move elements.
 */
#include "core/checked.h"
#include "core/shape.h"

lac_status lac_contiguous(lac_context *ctx, lac_tensor *t, lac_tensor **out) {
    LAC_NEED("contiguous", ctx, t, out);
    if (!lac_tensor_is_contiguous(t)) return lac_convert(ctx, t, t->dtype, out);
    lac_tensor_retain(t);
    *out = t;
    return LAC_OK;
}

lac_status lac_convert(lac_context *ctx, lac_tensor *t, lac_dtype dtype, lac_tensor **out) {
    LAC_NEED("convert", ctx, t, out);
    LAC_TRY(lac__read(ctx, t));
    lac_tensor *r = NULL;
    LAC_TRY(lac__tensor_new_on(ctx, lac__device_of(t), dtype, t->ndim, t->shape, &r));
    const lac__copy_args args = {.src = t, .dst = r};
    const lac_status status = LAC__DISPATCH(ctx, r, copy, &args);
    if (status != LAC_OK) {
        lac_tensor_release(r);
        return status;
    }
    *out = r;
    return LAC_OK;
}

/* The bytes that a tensor's elements lie between. */
static void extent(const lac_tensor *t, const char **low, const char **high) {
    const int64_t size = (int64_t)lac_dtype_size(t->dtype);
    const char *data = lac__data(t);
    int64_t below = 0, above = 0;
    for (int32_t i = 0; i < t->ndim; i++) {
        const int64_t reach = (t->shape[i] - 1) * t->stride[i];
        if (reach < 0)
            below += reach;
        else
            above += reach;
    }
    *low = data + below * size;
    *high = data + (above + 1) * size;
}

static bool may_overlap(const lac_tensor *a, const lac_tensor *b) {
    const char *al, *ah, *bl, *bh;
    extent(a, &al, &ah);
    extent(b, &bl, &bh);
    return al < bh && bl < ah;
}

/* True when `src` stretches to the shape of `dst` without `dst` stretching. */
static bool stretches_to(const lac_tensor *src, const lac_tensor *dst) {
    if (src->ndim > dst->ndim) return false;
    for (int32_t i = 1; i <= src->ndim; i++) {
        const int64_t from = src->shape[src->ndim - i];
        if (from != 1 && from != dst->shape[dst->ndim - i]) return false;
    }
    return true;
}

lac_status lac_copy(lac_context *ctx, lac_tensor *dst, lac_tensor *src) {
    LAC_NEED("copy", ctx, dst, src);
    if (!stretches_to(src, dst)) {
        char a[LAC__SHAPE_TEXT], b[LAC__SHAPE_TEXT];
        return lac__fail(LAC_ERR_SHAPE, "copy: source of shape %s does not broadcast to %s",
                         lac__shape_text(src, a), lac__shape_text(dst, b));
    }
    const lac__shape shape = lac__shape_of(dst);
    LAC_TRY(lac__read(ctx, src));
    lac_tensor *apart = NULL;
    if (!lac__device_equal(lac__device_of(dst), lac__device_of(src)))
        LAC_TRY(
            lac_tensor_to(ctx, src, lac__device_of(dst)->kind, lac__device_of(dst)->index, &apart));
    else if (lac_tensor_numel(src) > 0 && dst->pending == NULL && may_overlap(dst, src))
        LAC_TRY(lac_convert(ctx, src, src->dtype, &apart));
    lac_status status = lac__write(ctx, dst);
    if (status == LAC_OK) {
        const lac_tensor view = lac__expand(apart == NULL ? src : apart, &shape);
        const lac__copy_args args = {.src = &view, .dst = dst};
        status = LAC__DISPATCH(ctx, dst, copy, &args);
    }
    lac_tensor_release(apart);
    return status;
}

lac_status lac_fill(lac_context *ctx, lac_tensor *dst, double real, int64_t integer) {
    LAC_NEED("fill", ctx, dst);
    if (!lac__is_floating(dst->dtype)) {
        int64_t low, high;
        lac__integer_range(dst->dtype, &low, &high);
        if (integer < low || integer > high)
            return lac__fail(LAC_ERR_RANGE, "fill: %lld does not fit %s", (long long)integer,
                             lac_dtype_name(dst->dtype));
    }
    LAC_TRY(lac__write(ctx, dst));
    const lac__fill_args args = {.real = real, .integer = integer, .dst = dst};
    return LAC__DISPATCH(ctx, dst, fill, &args);
}
