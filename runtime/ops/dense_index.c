/*
 * dense_index.c - reading and adding at computed positions: index_select, gather, scatter_add.
 */
#include "core/shape.h"

lac_status lac_index_select(lac_context *ctx, lac_tensor *x, int32_t dim, lac_tensor *index,
                            lac_tensor **out) {
    LAC_NEED("index_select", ctx, x, index, out);
    int32_t d = 0;
    LAC_TRY(lac__dimension("index_select", x, dim, &d));
    LAC_TRY(lac__same_device("index_select: index", x, index));
    if (index->ndim != 1) {
        char text[LAC__SHAPE_TEXT];
        return lac__fail(LAC_ERR_SHAPE, "index_select: index of shape %s, expected one dimension",
                         lac__shape_text(index, text));
    }
    lac_tensor *in = NULL, *where = NULL, *r = NULL;
    lac_status status = LAC_OK;
    lac__shape shape = lac__shape_of(x);
    shape.size[d] = index->shape[0];
    LAC_TRY_OUT(lac__as_index(ctx, "index_select", index, &where));
    LAC_TRY_OUT(lac__as_contiguous(ctx, x, x->dtype, &in));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, x->dtype, shape.ndim, shape.size, &r));
    const lac__index_select_args args = {
        .x = in, .lanes = lac__lanes_of(in, d), .index = where, .out = r};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, r, index_select, &args));
    *out = r;
    r = NULL;
out:
    lac_tensor_release(in);
    lac_tensor_release(where);
    lac_tensor_release(r);
    return status;
}

/* True when `index` fits into `t` in every dimension but `except`. */
static bool fits(const lac_tensor *index, const lac_tensor *t, int32_t except) {
    if (index->ndim != t->ndim) return false;
    for (int32_t i = 0; i < t->ndim; i++)
        if (i != except && index->shape[i] > t->shape[i]) return false;
    return true;
}

lac_status lac_gather(lac_context *ctx, lac_tensor *x, int32_t dim, lac_tensor *index,
                      lac_tensor **out) {
    LAC_NEED("gather", ctx, x, index, out);
    int32_t d = 0;
    LAC_TRY(lac__dimension("gather", x, dim, &d));
    LAC_TRY(lac__same_device("gather: index", x, index));
    if (!fits(index, x, d)) {
        char a[LAC__SHAPE_TEXT], b[LAC__SHAPE_TEXT];
        return lac__fail(LAC_ERR_SHAPE,
                         "gather: index of shape %s does not fit a tensor of shape %s",
                         lac__shape_text(index, a), lac__shape_text(x, b));
    }
    lac_tensor *in = NULL, *where = NULL, *r = NULL;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__as_index(ctx, "gather", index, &where));
    LAC_TRY_OUT(lac__as_contiguous(ctx, x, x->dtype, &in));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, x->dtype, index->ndim, index->shape, &r));
    const lac__gather_args args = {.x = in, .dim = d, .index = where, .out = r};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, r, gather, &args));
    *out = r;
    r = NULL;
out:
    lac_tensor_release(in);
    lac_tensor_release(where);
    lac_tensor_release(r);
    return status;
}

static lac_status check_scatter(const lac_tensor *x, int32_t d, const lac_tensor *index,
                                const lac_tensor *src) {
    char a[LAC__SHAPE_TEXT], b[LAC__SHAPE_TEXT];
    if (src->dtype != x->dtype)
        return lac__fail(LAC_ERR_DTYPE, "scatter_add: source of dtype %s, expected %s",
                         lac_dtype_name(src->dtype), lac_dtype_name(x->dtype));
    if (!fits(index, x, d))
        return lac__fail(LAC_ERR_SHAPE,
                         "scatter_add: index of shape %s does not fit a tensor of shape %s",
                         lac__shape_text(index, a), lac__shape_text(x, b));
    if (!fits(index, src, -1))
        return lac__fail(LAC_ERR_SHAPE,
                         "scatter_add: index of shape %s does not fit a source of shape %s",
                         lac__shape_text(index, a), lac__shape_text(src, b));
    return LAC_OK;
}

lac_status lac_scatter_add(lac_context *ctx, lac_tensor *x, int32_t dim, lac_tensor *index,
                           lac_tensor *src, lac_tensor **out) {
    LAC_NEED("scatter_add", ctx, x, index, src, out);
    int32_t d = 0;
    LAC_TRY(lac__dimension("scatter_add", x, dim, &d));
    LAC_TRY(check_scatter(x, d, index, src));
    LAC_TRY(lac__same_device("scatter_add: index", x, index));
    LAC_TRY(lac__same_device("scatter_add: source", x, src));
    const lac_dtype work = lac__wide(x->dtype);
    lac_tensor *where = NULL, *from = NULL, *r = NULL;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__as_index(ctx, "scatter_add", index, &where));
    LAC_TRY_OUT(lac__as_contiguous(ctx, src, work, &from));
    LAC_TRY_OUT(lac_convert(ctx, x, work, &r));
    const lac__scatter_add_args args = {.dim = d, .index = where, .src = from, .out = r};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, r, scatter_add, &args));
    LAC_TRY_OUT(lac__narrow_result(ctx, x->dtype, &r));
    *out = r;
    r = NULL;
out:
    lac_tensor_release(where);
    lac_tensor_release(from);
    lac_tensor_release(r);
    return status;
}
