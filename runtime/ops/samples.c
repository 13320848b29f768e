/*
 * samples.c - see samples.h.
 */
#include "ops/samples.h"

#include "core/shape.h"

lac_status lac__check_sample_rows(const char *op, const lac_tensor *x, const lac_tensor *sample) {
    char text[LAC__SHAPE_TEXT];
    if (!lac__is_floating(x->dtype) || x->dtype == LAC_DTYPE_F64)
        return lac__fail(LAC_ERR_DTYPE, "%s: %s features, expected float32, float16 or bfloat16",
                         op, lac_dtype_name(x->dtype));
    if (x->ndim != 2)
        return lac__fail(LAC_ERR_SHAPE, "%s: features of shape %s, expected [N, C]", op,
                         lac__shape_text(x, text));
    if (sample == NULL) return LAC_OK;
    LAC_TRY(lac__same_device(op, x, sample));
    if (sample->dtype != LAC_DTYPE_I32 && sample->dtype != LAC_DTYPE_I64)
        return lac__fail(LAC_ERR_DTYPE, "%s: %s sample numbers, expected int32 or int64", op,
                         lac_dtype_name(sample->dtype));
    if (sample->ndim != 1 || sample->shape[0] != x->shape[0])
        return lac__fail(LAC_ERR_SHAPE, "%s: sample numbers of shape %s, expected [%lld]", op,
                         lac__shape_text(sample, text), (long long)x->shape[0]);
    return LAC_OK;
}

/* A number that is the smallest or largest of a tensor, wherever that is. */
static lac_status extreme(lac_context *ctx, lac_reduce_op op, lac_tensor *t, int64_t *out) {
    lac_tensor *value = NULL;
    LAC_TRY(lac_reduce_all(ctx, op, t, &value));
    const lac_status status = lac_tensor_download(ctx, value, out, sizeof *out);
    lac_tensor_release(value);
    return status;
}

lac_status lac__sample_bounds(lac_context *ctx, lac_tensor *t, int64_t *low, int64_t *high) {
    LAC_TRY(extreme(ctx, LAC_REDUCE_MIN, t, low));
    return extreme(ctx, LAC_REDUCE_MAX, t, high);
}

/* Numbers that lie close together only move to start at 0, by a float64 that must hold the smallest of them;
 * a number that no row has is a sample without rows, which costs a little memory. */
static bool close_together(int64_t low, int64_t high, int64_t rows, int64_t *count) {
    const int64_t exact = (int64_t)1 << 53;
    int64_t span;
    if (low < -exact || low > exact) return false;
    if (__builtin_sub_overflow(high, low, &span) || span > rows + 1024) return false;
    *count = span + 1;
    return true;
}

lac_status lac__number_samples(lac_context *ctx, const char *op, lac_tensor *sample,
                               lac_tensor **numbers, int64_t *count) {
    lac_tensor *given = NULL;
    LAC_TRY(lac__as_index(ctx, op, sample, &given));
    const int64_t n = given->shape[0];
    if (n == 0) {
        *count = 0;
        *numbers = given;
        return LAC_OK;
    }
    int64_t low = 0, high = 0;
    lac_status status = lac__sample_bounds(ctx, given, &low, &high);
    if (status != LAC_OK) {
        lac_tensor_release(given);
        return status;
    }
    if (close_together(low, high, n, count)) {
        if (low == 0) {
            *numbers = given;
            return LAC_OK;
        }
        status = lac_binary_scalar(ctx, LAC_BINARY_SUB, given, (double)low, 0, numbers);
    } else {
        lac_tensor *unique = NULL, *first = NULL;
        status = lac_unique(ctx, given, &unique, &first, numbers);
        if (status == LAC_OK) *count = unique->shape[0];
        lac_tensor_release(unique);
        lac_tensor_release(first);
    }
    lac_tensor_release(given);
    return status;
}
