/*
 * dense_binary.c - arithmetic and comparison of two tensors, or of a tensor and a number.
 */
#include "core/pending.h"
#include "core/shape.h"

static const char *op_name(lac_binary_op op) {
    switch (op) {
    case LAC_BINARY_ADD: return "add";
    case LAC_BINARY_SUB: return "sub";
    case LAC_BINARY_MUL: return "mul";
    case LAC_BINARY_DIV: return "div";
    case LAC_BINARY_FLOORDIV: return "floor division";
    case LAC_BINARY_MOD: return "mod";
    case LAC_BINARY_BITAND: return "bitand";
    case LAC_BINARY_MIN: return "minimum";
    case LAC_BINARY_MAX: return "maximum";
    case LAC_BINARY_EQ: return "eq";
    case LAC_BINARY_NE: return "ne";
    case LAC_BINARY_LT: return "lt";
    case LAC_BINARY_LE: return "le";
    case LAC_BINARY_GT: return "gt";
    case LAC_BINARY_GE: return "ge";
    }
    return NULL;
}

static bool compares(lac_binary_op op) {
    return op >= LAC_BINARY_EQ;
}

static lac_status check(lac_binary_op op, lac_dtype dtype) {
    if (op_name(op) == NULL)
        return lac__fail(LAC_ERR_ARGUMENT, "binary: there is no operation %d", (int)op);
    if (op == LAC_BINARY_BITAND && lac__is_floating(dtype))
        return lac__fail(LAC_ERR_DTYPE, "bitand: dtype %s, expected an integer one",
                         lac_dtype_name(dtype));
    return LAC_OK;
}

/* Adds `other` in the epilogue of `t`; *out stays NULL where that cannot be done. */
static lac_status add_residual(lac_context *ctx, lac_tensor *t, lac_tensor *other,
                               lac_tensor **out) {
    if (t->pending == NULL || !lac_tensor_is_contiguous(other)) return LAC_OK;
    const lac__stage stage = {.kind = LAC__RESIDUAL, .residual = other};
    return lac__append_stage(ctx, t, &stage, out);
}

/* The result lies beside `like`, one of the operands. */
static lac_status run(lac_context *ctx, lac__binary_args *args, const lac_tensor *like,
                      const lac__shape *shape, lac_dtype dtype, lac_tensor **out) {
    lac_tensor *r = NULL;
    LAC_TRY(lac__tensor_new_beside(ctx, like, compares(args->op) ? LAC_DTYPE_U8 : dtype,
                                   shape->ndim, shape->size, &r));
    args->out = r;
    const lac_status status = LAC__DISPATCH(ctx, r, binary, args);
    if (status != LAC_OK) {
        lac_tensor_release(r);
        return lac__prefix(status, op_name(args->op));
    }
    *out = r;
    return LAC_OK;
}

lac_status lac_binary(lac_context *ctx, lac_binary_op op, lac_tensor *a, lac_tensor *b,
                      lac_tensor **out) {
    LAC_NEED("binary", ctx, a, b, out);
    lac_dtype dtype = lac__result_dtype(a, b);
    LAC_TRY(check(op, dtype));
    LAC_TRY(lac__same_device(op_name(op), a, b));
    if (op == LAC_BINARY_ADD && lac__is_floating(dtype) && a->dtype == b->dtype &&
        lac__same_shape(a, b)) {
        lac_tensor *fused = NULL;
        LAC_TRY(add_residual(ctx, a, b, &fused));
        if (fused == NULL) LAC_TRY(add_residual(ctx, b, a, &fused));
        if (fused != NULL) {
            LAC_TRY(lac__settle(ctx, &fused));
            *out = fused;
            return LAC_OK;
        }
    }
    lac__shape shape = lac__shape_of(a);
    LAC_TRY(lac__broadcast(op_name(op), b, &shape));
    if (op == LAC_BINARY_DIV && !lac__is_floating(dtype)) dtype = LAC_DTYPE_F32;
    lac_tensor *left = NULL, *right = NULL;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__as_dtype(ctx, a, dtype, &left));
    LAC_TRY_OUT(lac__as_dtype(ctx, b, dtype, &right));
    const lac_tensor va = lac__expand(left, &shape), vb = lac__expand(right, &shape);
    lac__binary_args args = {.op = op, .a = &va, .b = &vb};
    status = run(ctx, &args, left, &shape, dtype, out);
out:
    lac_tensor_release(left);
    lac_tensor_release(right);
    return status;
}

/* The dtype in which a tensor and a number meet, and the number as an integer where that is one.
 * Comparisons have no result dtype to keep, so that they widen until the answer is exact. */
static lac_status scalar_dtype(lac_binary_op op, const lac_tensor *x, double number,
                               lac_dtype *dtype, int64_t *integer) {
    *dtype = x->dtype;
    if (lac__is_floating(x->dtype)) return LAC_OK;
    if (!lac__whole(number, integer)) {
        *dtype = compares(op) ? LAC_DTYPE_F64 : LAC_DTYPE_F32;
        return LAC_OK;
    }
    if (op == LAC_BINARY_DIV) {
        *dtype = LAC_DTYPE_F32;
        return LAC_OK;
    }
    int64_t low, high;
    lac__integer_range(x->dtype, &low, &high);
    if (*integer >= low && *integer <= high) return LAC_OK;
    *dtype = LAC_DTYPE_I64;
    if (compares(op)) return LAC_OK;
    return lac__fail(LAC_ERR_RANGE, "%s: %.17g does not fit %s, convert the tensor first",
                     op_name(op), number, lac_dtype_name(x->dtype));
}

lac_status lac_binary_scalar(lac_context *ctx, lac_binary_op op, lac_tensor *x, double number,
                             int32_t number_first, lac_tensor **out) {
    LAC_NEED("binary_scalar", ctx, x, out);
    LAC_TRY(check(op, x->dtype));
    lac__binary_args args = {.op = op, .real = number};
    lac_dtype dtype;
    LAC_TRY(scalar_dtype(op, x, number, &dtype, &args.integer));
    LAC_TRY(check(op, dtype));
    lac_tensor *in = NULL;
    LAC_TRY(lac__as_dtype(ctx, x, dtype, &in));
    *(number_first ? &args.b : &args.a) = in;
    const lac__shape shape = lac__shape_of(in);
    const lac_status status = run(ctx, &args, in, &shape, dtype, out);
    lac_tensor_release(in);
    return status;
}
