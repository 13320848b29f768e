/*
 * dense_reduce.c - sums, means, extremes and softmax along one dimension or over everything.
 */
#include "core/shape.h"

#include <string.h>

static const char *const names[] = {"sum", "mean", "max", "min", "argmax", "argmin"};

static bool needs_elements(lac_reduce_op op) {
    return op >= LAC_REDUCE_MAX;
}
static bool gives_index(lac_reduce_op op) {
    return op >= LAC_REDUCE_ARGMAX;
}

static lac_status check(lac_reduce_op op, lac_dtype dtype) {
    if ((int)op < 0 || (size_t)op >= sizeof names / sizeof *names)
        return lac__fail(LAC_ERR_ARGUMENT, "reduce: there is no operation %d", (int)op);
    if (op == LAC_REDUCE_MEAN && !lac__is_floating(dtype))
        return lac__fail(LAC_ERR_DTYPE,
                         "mean: dtype %s, expected a floating one: convert with float()",
                         lac_dtype_name(dtype));
    return LAC_OK;
}

static lac_dtype result_dtype(lac_reduce_op op, lac_dtype dtype) {
    if (gives_index(op)) return LAC_DTYPE_I64;
    return op == LAC_REDUCE_SUM && !lac__is_floating(dtype) ? LAC_DTYPE_I64 : dtype;
}

static lac_status reduce(lac_context *ctx, lac_reduce_op op, lac_tensor *x, lac__lanes lanes,
                         const lac__shape *shape, lac_tensor **out) {
    if (needs_elements(op) && lanes.n == 0) {
        char text[LAC__SHAPE_TEXT];
        return lac__fail(LAC_ERR_SHAPE,
                         "%s: no elements along the dimension of a tensor of shape %s", names[op],
                         lac__shape_text(x, text));
    }
    const lac_dtype work = lac__wide(x->dtype);
    lac_tensor *in = NULL, *r = NULL;
    lac_status status = lac__as_contiguous(ctx, x, work, &in);
    if (status != LAC_OK) return status;
    LAC_TRY_OUT(
        lac__tensor_new_beside(ctx, x, result_dtype(op, work), shape->ndim, shape->size, &r));
    const lac__reduce_args args = {.op = op, .x = in, .lanes = lanes, .out = r};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, r, reduce, &args));
    LAC_TRY_OUT(lac__narrow_result(ctx, result_dtype(op, x->dtype), &r));
    *out = r;
    r = NULL;
out:
    lac_tensor_release(in);
    lac_tensor_release(r);
    return status;
}

lac_status lac_reduce(lac_context *ctx, lac_reduce_op op, lac_tensor *x, int32_t dim,
                      int32_t keep_dim, lac_tensor **out) {
    LAC_NEED("reduce", ctx, x, out);
    LAC_TRY(check(op, x->dtype));
    int32_t d = 0;
    LAC_TRY(lac__dimension(names[op], x, dim, &d));
    lac__shape shape = lac__shape_of(x);
    shape.size[d] = 1;
    if (!keep_dim) {
        shape.ndim--;
        memmove(shape.size + d, shape.size + d + 1, (size_t)(shape.ndim - d) * sizeof *shape.size);
    }
    return reduce(ctx, op, x, lac__lanes_of(x, d), &shape, out);
}

lac_status lac_reduce_all(lac_context *ctx, lac_reduce_op op, lac_tensor *x, lac_tensor **out) {
    LAC_NEED("reduce_all", ctx, x, out);
    LAC_TRY(check(op, x->dtype));
    const lac__lanes all = {.outer = 1, .n = lac_tensor_numel(x), .inner = 1};
    return reduce(ctx, op, x, all, &(lac__shape){.ndim = 0}, out);
}

lac_status lac_softmax(lac_context *ctx, lac_tensor *x, int32_t dim, lac_tensor **out) {
    LAC_NEED("softmax", ctx, x, out);
    if (!lac__is_floating(x->dtype))
        return lac__fail(LAC_ERR_DTYPE, "softmax: dtype %s, expected a floating one",
                         lac_dtype_name(x->dtype));
    int32_t d = 0;
    LAC_TRY(lac__dimension("softmax", x, dim, &d));
    const lac_dtype work = lac__wide(x->dtype);
    lac_tensor *in = NULL, *r = NULL;
    lac_status status = lac__as_contiguous(ctx, x, work, &in);
    if (status != LAC_OK) return status;
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, work, x->ndim, x->shape, &r));
    const lac__softmax_args args = {.x = in, .lanes = lac__lanes_of(in, d), .out = r};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, r, softmax, &args));
    LAC_TRY_OUT(lac__narrow_result(ctx, x->dtype, &r));
    *out = r;
    r = NULL;
out:
    lac_tensor_release(in);
    lac_tensor_release(r);
    return status;
}
