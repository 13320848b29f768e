/*
 * dense_sort.c - sort, the first k of it, and unique rows.
 */
#include "core/shape.h"

lac_status lac_sort(lac_context *ctx, lac_tensor *x, int32_t dim, int32_t descending, int64_t k,
                    lac_tensor **values, lac_tensor **indices) {
    LAC_NEED("sort", ctx, x);
    int32_t d = 0;
    LAC_TRY(lac__dimension("sort", x, dim, &d));
    if (k > x->shape[d])
        return lac__fail(LAC_ERR_RANGE, "topk: the first %lld of %lld elements", (long long)k,
                         (long long)x->shape[d]);
    if (k < 0) k = x->shape[d];
    lac__shape shape = lac__shape_of(x);
    shape.size[d] = k;
    lac_tensor *in = NULL, *v = NULL, *i = NULL;
    lac_status status = lac__as_contiguous(ctx, x, x->dtype, &in);
    if (status != LAC_OK) return status;
    if (values != NULL)
        LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, x->dtype, shape.ndim, shape.size, &v));
    if (indices != NULL)
        LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, LAC_DTYPE_I64, shape.ndim, shape.size, &i));
    const lac__sort_args args = {.x = in,
                                 .lanes = lac__lanes_of(in, d),
                                 .descending = descending != 0,
                                 .k = k,
                                 .values = v,
                                 .indices = i};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, in, sort, &args));
    if (values != NULL) *values = v;
    if (indices != NULL) *indices = i;
    v = i = NULL;
out:
    lac_tensor_release(in);
    lac_tensor_release(v);
    lac_tensor_release(i);
    return status;
}

static lac_status check_unique(const lac_tensor *x) {
    char text[LAC__SHAPE_TEXT];
    if (x->dtype != LAC_DTYPE_I32 && x->dtype != LAC_DTYPE_I64)
        return lac__fail(LAC_ERR_DTYPE, "unique: dtype %s, expected int32 or int64",
                         lac_dtype_name(x->dtype));
    if (x->ndim != 1 && x->ndim != 2)
        return lac__fail(LAC_ERR_SHAPE, "unique: shape %s, expected [n, c] or [n]",
                         lac__shape_text(x, text));
    return LAC_OK;
}

lac_status lac_unique(lac_context *ctx, lac_tensor *x, lac_tensor **rows, lac_tensor **index,
                      lac_tensor **inverse) {
    LAC_NEED("unique", ctx, x);
    LAC_TRY(check_unique(x));
    const int64_t n = x->shape[0];
    int64_t count = 0;
    lac_tensor *in = NULL, *first = NULL, *group = NULL, *head = NULL, *where = NULL, *r = NULL;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__as_contiguous(ctx, x, x->dtype, &in));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, LAC_DTYPE_I64, 1, &n, &first));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, LAC_DTYPE_I64, 1, &n, &group));
    const lac__unique_args args = {.x = in, .first = first, .inverse = group, .count = &count};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, in, unique, &args));
    LAC_TRY_OUT(lac_tensor_narrow(ctx, first, 0, 0, count, &head));
    LAC_TRY_OUT(lac_convert(ctx, head, LAC_DTYPE_I64,
                            &where)); /* its own memory: n may be far above count */
    LAC_TRY_OUT(lac_index_select(ctx, in, 0, where, &r));
    if (rows != NULL) *rows = r, r = NULL;
    if (index != NULL) *index = where, where = NULL;
    if (inverse != NULL) *inverse = group, group = NULL;
out:
    lac_tensor_release(in);
    lac_tensor_release(first);
    lac_tensor_release(group);
    lac_tensor_release(head);
    lac_tensor_release(where);
    lac_tensor_release(r);
    return status;
}
