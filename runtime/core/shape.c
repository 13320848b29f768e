/*
 * shape.c - see shape.h.
 */
#include "core/shape.h"

#include "core/checked.h"

#include <string.h>

lac__shape lac__shape_of(const lac_tensor *t) {
    lac__shape s = {.ndim = t->ndim};
    memcpy(s.size, t->shape, sizeof s.size);
    return s;
}

lac_status lac__broadcast(const char *op, const lac_tensor *t, lac__shape *shape) {
    const int32_t ndim = t->ndim > shape->ndim ? t->ndim : shape->ndim;
    lac__shape wide = {.ndim = ndim};
    for (int32_t i = 1; i <= ndim; i++) {
        const int64_t a = i <= shape->ndim ? shape->size[shape->ndim - i] : 1;
        const int64_t b = i <= t->ndim ? t->shape[t->ndim - i] : 1;
        if (a != b && a != 1 && b != 1) {
            lac_tensor other = *t;
            other.ndim = shape->ndim;
            memcpy(other.shape, shape->size, sizeof other.shape);
            char left[LAC__SHAPE_TEXT], right[LAC__SHAPE_TEXT];
            return lac__fail(LAC_ERR_SHAPE, "%s: shapes %s and %s do not broadcast", op,
                             lac__shape_text(&other, left), lac__shape_text(t, right));
        }
        wide.size[ndim - i] = a == 1 ? b : a;
    }
    *shape = wide;
    return LAC_OK;
}

lac_tensor lac__expand(const lac_tensor *t, const lac__shape *shape) {
    lac_tensor v = *t;
    const int32_t extra = shape->ndim - t->ndim;
    v.ndim = shape->ndim;
    for (int32_t i = 0; i < shape->ndim; i++) {
        const bool own = i >= extra && t->shape[i - extra] == shape->size[i];
        v.shape[i] = shape->size[i];
        v.stride[i] = own ? t->stride[i - extra] : 0;
    }
    return v;
}

lac_dtype lac__promote(lac_dtype a, lac_dtype b) {
    if (a == b) return a;
    const bool fa = lac__is_floating(a), fb = lac__is_floating(b);
    if (fa != fb) return fa ? a : b;
    if (fa) return a == LAC_DTYPE_F64 || b == LAC_DTYPE_F64 ? LAC_DTYPE_F64 : LAC_DTYPE_F32;
    return a == LAC_DTYPE_I64 || b == LAC_DTYPE_I64 ? LAC_DTYPE_I64 : LAC_DTYPE_I32;
}

lac_dtype lac__result_dtype(const lac_tensor *a, const lac_tensor *b) {
    if ((a->ndim == 0) == (b->ndim == 0)) return lac__promote(a->dtype, b->dtype);
    const lac_tensor *large = a->ndim == 0 ? b : a, *scalar = a->ndim == 0 ? a : b;
    const bool other_kind = lac__is_floating(scalar->dtype) && !lac__is_floating(large->dtype);
    return other_kind ? scalar->dtype : large->dtype;
}

void lac__integer_range(lac_dtype dtype, int64_t *low, int64_t *high) {
    *low = dtype == LAC_DTYPE_I64 ? INT64_MIN : dtype == LAC_DTYPE_I32 ? INT32_MIN : 0;
    *high = dtype == LAC_DTYPE_I64 ? INT64_MAX : dtype == LAC_DTYPE_I32 ? INT32_MAX : UINT8_MAX;
}

bool lac__whole(double value, int64_t *out) {
    if (!(value >= (double)INT64_MIN && value < 0x1p63)) return false;
    const int64_t whole = (int64_t)value;
    if ((double)whole != value) return false;
    *out = whole;
    return true;
}

lac_status lac__as_dtype(lac_context *ctx, lac_tensor *t, lac_dtype dtype, lac_tensor **out) {
    if (t->dtype != dtype) return lac_convert(ctx, t, dtype, out);
    LAC_TRY(lac__read(ctx, t));
    lac_tensor_retain(t);
    *out = t;
    return LAC_OK;
}

lac_status lac__as_contiguous(lac_context *ctx, lac_tensor *t, lac_dtype dtype, lac_tensor **out) {
    if (t->dtype != dtype || !lac_tensor_is_contiguous(t)) return lac_convert(ctx, t, dtype, out);
    return lac__as_dtype(ctx, t, dtype, out);
}

lac_status lac__as_index(lac_context *ctx, const char *op, lac_tensor *index, lac_tensor **out) {
    if (index->dtype != LAC_DTYPE_I32 && index->dtype != LAC_DTYPE_I64)
        return lac__fail(LAC_ERR_DTYPE, "%s: index of dtype %s, expected int32 or int64", op,
                         lac_dtype_name(index->dtype));
    return lac__as_contiguous(ctx, index, LAC_DTYPE_I64, out);
}

lac_dtype lac__wide(lac_dtype dtype) {
    return dtype == LAC_DTYPE_F16 || dtype == LAC_DTYPE_BF16 ? LAC_DTYPE_F32 : dtype;
}

lac_status lac__narrow_result(lac_context *ctx, lac_dtype dtype, lac_tensor **t) {
    if ((*t)->dtype == dtype) return LAC_OK;
    lac_tensor *narrow = NULL;
    const lac_status status = lac_convert(ctx, *t, dtype, &narrow);
    lac_tensor_release(*t);
    *t = narrow;
    return status;
}

lac__lanes lac__lanes_of(const lac_tensor *t, int32_t dim) {
    lac__lanes lanes = {.outer = 1, .n = t->shape[dim], .inner = 1};
    for (int32_t i = 0; i < dim; i++) lanes.outer *= t->shape[i];
    for (int32_t i = dim + 1; i < t->ndim; i++) lanes.inner *= t->shape[i];
    return lanes;
}
