/*
 * dense_where.c - a choice between two tensors, element by element.
 */
#include "core/shape.h"

lac_status lac_where(lac_context *ctx, lac_tensor *condition, lac_tensor *a, lac_tensor *b,
                     lac_tensor **out) {
    LAC_NEED("where", ctx, condition, a, b, out);
    if (condition->dtype != LAC_DTYPE_U8)
        return lac__fail(
            LAC_ERR_DTYPE,
            "where: condition of dtype %s, expected uint8: compare with t:gt or the like",
            lac_dtype_name(condition->dtype));
    lac__shape shape = lac__shape_of(a);
    LAC_TRY(lac__broadcast("where", b, &shape));
    LAC_TRY(lac__broadcast("where", condition, &shape));
    LAC_TRY(lac__same_device("where: the second choice", a, b));
    LAC_TRY(lac__same_device("where: condition", a, condition));
    const lac_dtype dtype = lac__result_dtype(a, b);
    lac_tensor *left = NULL, *right = NULL, *r = NULL;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__read(ctx, condition));
    LAC_TRY_OUT(lac__as_dtype(ctx, a, dtype, &left));
    LAC_TRY_OUT(lac__as_dtype(ctx, b, dtype, &right));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, a, dtype, shape.ndim, shape.size, &r));
    const lac_tensor vc = lac__expand(condition, &shape), va = lac__expand(left, &shape),
                     vb = lac__expand(right, &shape);
    const lac__where_args args = {.condition = &vc, .a = &va, .b = &vb, .out = r};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, r, where, &args));
    *out = r;
    r = NULL;
out:
    lac_tensor_release(left);
    lac_tensor_release(right);
    lac_tensor_release(r);
    return status;
}
