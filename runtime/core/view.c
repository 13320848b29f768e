/*
 * view.c - other shapes over the same memory.
 */
#include "core/checked.h"
#include "core/tensor.h"

#include <string.h>

/* A view of `t`, computed first, so that its memory is known. */
static lac_status view_of(lac_context *ctx, lac_tensor *t, lac_tensor **out) {
    LAC_TRY(lac__read(ctx, t));
    return lac__tensor_view(t, out);
}

lac_status lac_tensor_narrow(lac_context *ctx, lac_tensor *t, int32_t dim, int64_t start,
                             int64_t length, lac_tensor **out) {
    LAC_NEED("tensor_narrow", ctx, t, out);
    int32_t d = 0;
    LAC_TRY(lac__dimension("narrow", t, dim, &d));
    if (start < 0 || length < 0 || start > t->shape[d] || length > t->shape[d] - start)
        return lac__fail(LAC_ERR_RANGE, "narrow: %lld elements from %lld of a dimension of %lld",
                         (long long)length, (long long)start, (long long)t->shape[d]);
    lac_tensor *v = NULL;
    LAC_TRY(view_of(ctx, t, &v));
    v->offset += start * v->stride[d];
    v->shape[d] = length;
    *out = v;
    return LAC_OK;
}

lac_status lac_tensor_select(lac_context *ctx, lac_tensor *t, int32_t dim, int64_t index,
                             lac_tensor **out) {
    LAC_NEED("tensor_select", ctx, t, out);
    int32_t d = 0;
    LAC_TRY(lac__dimension("select", t, dim, &d));
    if (index < 0 || index >= t->shape[d])
        return lac__fail(LAC_ERR_RANGE, "select: index %lld of a dimension of %lld",
                         (long long)index, (long long)t->shape[d]);
    lac_tensor *v = NULL;
    LAC_TRY(view_of(ctx, t, &v));
    v->offset += index * v->stride[d];
    const size_t tail = (size_t)(v->ndim - d - 1) * sizeof *v->shape;
    memmove(v->shape + d, v->shape + d + 1, tail);
    memmove(v->stride + d, v->stride + d + 1, tail);
    v->ndim--;
    *out = v;
    return LAC_OK;
}

/* Replaces one -1 by what is left, and checks the number of elements. */
static lac_status resolve_shape(const lac_tensor *t, int32_t ndim, const int64_t *wanted,
                                int64_t *shape) {
    if (ndim < 0 || ndim > LAC__MAX_DIMS)
        return lac__fail(LAC_ERR_SHAPE, "reshape: %d dimensions, expected 0 to %d", ndim,
                         LAC__MAX_DIMS);
    const int64_t total = lac_tensor_numel(t);
    int64_t known = 1;
    int32_t open = -1;
    for (int32_t i = 0; i < ndim; i++) {
        shape[i] = wanted[i];
        if (wanted[i] == -1 && open < 0)
            open = i;
        else if (!lac__mul_size(known, wanted[i], &known))
            return lac__fail(LAC_ERR_SHAPE, "reshape: size %lld of dimension %d",
                             (long long)wanted[i], i);
    }
    if (open >= 0 && known > 0 && total % known == 0) {
        shape[open] = total / known;
        known = total;
    }
    char text[LAC__SHAPE_TEXT];
    if (known != total || (open >= 0 && shape[open] < 0))
        return lac__fail(LAC_ERR_SHAPE,
                         "reshape: %lld elements of shape %s do not fill the new shape",
                         (long long)total, lac__shape_text(t, text));
    return LAC_OK;
}

lac_status lac_tensor_reshape(lac_context *ctx, lac_tensor *t, int32_t ndim, const int64_t *shape,
                              int32_t view_only, lac_tensor **out) {
    LAC_NEED("tensor_reshape", ctx, t, out);
    if (ndim > 0) LAC_NEED("tensor_reshape", shape);
    int64_t resolved[LAC__MAX_DIMS] = {0};
    LAC_TRY(resolve_shape(t, ndim, shape, resolved));
    if (view_only && !lac_tensor_is_contiguous(t))
        return lac__fail(LAC_ERR_SHAPE, "view: the tensor is not contiguous, use reshape");
    lac_tensor *v = NULL;
    if (lac_tensor_is_contiguous(t)) {
        LAC_TRY(view_of(ctx, t, &v));
    } else {
        LAC_TRY(lac_contiguous(ctx, t, &v));
    }
    v->ndim = ndim;
    int64_t step = 1;
    for (int32_t i = ndim - 1; i >= 0; i--) {
        v->shape[i] = resolved[i];
        v->stride[i] = step;
        step *= lac__max(resolved[i], 1);
    }
    *out = v;
    return LAC_OK;
}

lac_status lac_tensor_permute(lac_context *ctx, lac_tensor *t, const int32_t *order,
                              lac_tensor **out) {
    LAC_NEED("tensor_permute", ctx, t, out);
    if (t->ndim > 0) LAC_NEED("tensor_permute", order);
    int32_t from[LAC__MAX_DIMS] = {0};
    unsigned seen = 0;
    for (int32_t i = 0; i < t->ndim; i++) {
        LAC_TRY(lac__dimension("permute", t, order[i], &from[i]));
        if (seen & 1u << from[i])
            return lac__fail(LAC_ERR_ARGUMENT, "permute: dimension %d is named twice", order[i]);
        seen |= 1u << from[i];
    }
    lac_tensor *v = NULL;
    LAC_TRY(view_of(ctx, t, &v));
    for (int32_t i = 0; i < t->ndim; i++) {
        v->shape[i] = t->shape[from[i]];
        v->stride[i] = t->stride[from[i]];
    }
    *out = v;
    return LAC_OK;
}
