/*
 * dense_matmul.c - product of two matrices: float32 and the halves on the convolution's kernel, the
 * other dtypes in plain loops.
 */
#include "core/shape.h"
#include "ops/row_gemm.h"

static lac_status check(const lac_tensor *a, const lac_tensor *b) {
    char left[LAC__SHAPE_TEXT], right[LAC__SHAPE_TEXT];
    if (a->ndim != 2 || b->ndim != 2 || a->shape[1] != b->shape[0])
        return lac__fail(LAC_ERR_SHAPE, "matmul: shapes %s and %s, expected [n, k] and [k, m]",
                         lac__shape_text(a, left), lac__shape_text(b, right));
    if (a->dtype != b->dtype)
        return lac__fail(LAC_ERR_DTYPE, "matmul: %s and %s, expected one dtype",
                         lac_dtype_name(a->dtype), lac_dtype_name(b->dtype));
    return lac__same_device("matmul: the second matrix", a, b);
}

static lac_status multiply(lac_context *ctx, lac_tensor *a, lac_tensor *b, lac_tensor **out) {
    if (lac__wide(a->dtype) == LAC_DTYPE_F32) return lac__row_gemm(ctx, a, b, out);
    const int64_t shape[2] = {a->shape[0], b->shape[1]};
    lac_tensor *r = NULL;
    LAC_TRY(lac__tensor_new_beside(ctx, a, a->dtype, 2, shape, &r));
    const lac__matmul_args args = {.a = a, .b = b, .out = r};
    const lac_status status = LAC__DISPATCH(ctx, r, matmul, &args);
    if (status != LAC_OK)
        lac_tensor_release(r);
    else
        *out = r;
    return status;
}

lac_status lac_matmul(lac_context *ctx, lac_tensor *a, lac_tensor *b, lac_tensor **out) {
    LAC_NEED("matmul", ctx, a, b, out);
    LAC_TRY(check(a, b));
    lac_tensor *left = NULL, *right = NULL;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__as_contiguous(ctx, a, a->dtype, &left));
    LAC_TRY_OUT(lac__as_contiguous(ctx, b, b->dtype, &right));
    status = multiply(ctx, left, right, out);
out:
    lac_tensor_release(left);
    lac_tensor_release(right);
    return status;
}
