/*
 * dense_select.c - results whose size depends on the data: nonzero and masked_select. They count
 * first and then fill a result of that size.
 */
#include "core/shape.h"

lac_status lac_nonzero(lac_context *ctx, lac_tensor *x, lac_tensor **out) {
    LAC_NEED("nonzero", ctx, x, out);
    lac_tensor *in = NULL, *r = NULL;
    int64_t count = 0;
    lac_status status = lac__as_contiguous(ctx, x, x->dtype, &in);
    if (status != LAC_OK) return status;
    lac__nonzero_args args = {.x = in, .count = &count};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, in, nonzero, &args));
    const int64_t shape[2] = {count, x->ndim};
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, LAC_DTYPE_I64, 2, shape, &r));
    args.out = r;
    LAC_TRY_OUT(LAC__DISPATCH(ctx, in, nonzero, &args));
    *out = r;
    r = NULL;
out:
    lac_tensor_release(in);
    lac_tensor_release(r);
    return status;
}

lac_status lac_masked_select(lac_context *ctx, lac_tensor *x, lac_tensor *mask, lac_tensor **out) {
    LAC_NEED("masked_select", ctx, x, mask, out);
    if (mask->dtype != LAC_DTYPE_U8)
        return lac__fail(
            LAC_ERR_DTYPE,
            "masked_select: mask of dtype %s, expected uint8: compare with t:gt or the like",
            lac_dtype_name(mask->dtype));
    if (!lac__same_shape(x, mask)) {
        char a[LAC__SHAPE_TEXT], b[LAC__SHAPE_TEXT];
        return lac__fail(LAC_ERR_SHAPE, "masked_select: mask of shape %s, expected %s",
                         lac__shape_text(mask, a), lac__shape_text(x, b));
    }
    LAC_TRY(lac__same_device("masked_select: mask", x, mask));
    lac_tensor *in = NULL, *where = NULL, *r = NULL;
    int64_t count = 0;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__as_contiguous(ctx, x, x->dtype, &in));
    LAC_TRY_OUT(lac__as_contiguous(ctx, mask, LAC_DTYPE_U8, &where));
    const lac__nonzero_args counting = {.x = where, .count = &count};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, where, nonzero, &counting));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, x->dtype, 1, &count, &r));
    const lac__masked_select_args args = {.x = in, .mask = where, .out = r};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, r, masked_select, &args));
    *out = r;
    r = NULL;
out:
    lac_tensor_release(in);
    lac_tensor_release(where);
    lac_tensor_release(r);
    return status;
}
