/*
 * slots_dense.c - operations on single elements: copies, fills, numbers from nothing, functions
 * of one and two.
 */
#include "host.h"
#include "launch_dense.h"

#include "core/half.h"

#include <string.h>

lac_status lac_copy__cuda(lac_context *ctx, const lac__copy_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->dst);
    const lac__view src = lac__view_of(args->src), dst = lac__view_of(args->dst);
    lac__launch_copy(gpu, &src, &dst);
    return lac__gpu_check(gpu);
}

/* The element, in the low bytes. */
static int64_t element_bits(const lac__fill_args *args) {
    const float single = (float)args->real;
    int64_t bits = 0;
    switch (args->dst->dtype) {
    case LAC_DTYPE_F32: return (int64_t)lac__float_bits(single);
    case LAC_DTYPE_F16: return lac__float_to_f16(single);
    case LAC_DTYPE_BF16: return lac__float_to_bf16(single);
    case LAC_DTYPE_F64: memcpy(&bits, &args->real, sizeof bits); return bits;
    default: return args->integer;
    }
}

lac_status lac_fill__cuda(lac_context *ctx, const lac__fill_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->dst);
    const lac__view dst = lac__view_of(args->dst);
    lac__launch_fill(gpu, element_bits(args), &dst);
    return lac__gpu_check(gpu);
}

lac_status lac_arange__cuda(lac_context *ctx, const lac__arange_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->out);
    const lac__view out = lac__view_of(args->out);
    lac__launch_arange(gpu, args->start, args->step, &out);
    return lac__gpu_check(gpu);
}

lac_status lac_rand__cuda(lac_context *ctx, const lac__rand_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->dst);
    const lac__view dst = lac__view_of(args->dst);
    const lac__random random = {.distribution = (int32_t)args->distribution,
                                .a = args->a,
                                .b = args->b,
                                .seed = args->seed,
                                .draw = args->draw};
    lac__launch_rand(gpu, &random, &dst);
    return lac__gpu_check(gpu);
}

lac_status lac_unary__cuda(lac_context *ctx, const lac__unary_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->out);
    const lac__view x = lac__view_of(args->x), out = lac__view_of(args->out);
    lac__launch_unary(gpu, (int32_t)args->op, &x, &out);
    return lac__gpu_check(gpu);
}

lac_status lac_clamp__cuda(lac_context *ctx, const lac__clamp_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->out);
    const lac__view x = lac__view_of(args->x), out = lac__view_of(args->out);
    const lac__number low = {.real = args->low, .integer = args->ilow},
                      high = {.real = args->high, .integer = args->ihigh};
    lac__launch_clamp(gpu, low, high, &x, &out);
    return lac__gpu_check(gpu);
}

lac_status lac_where__cuda(lac_context *ctx, const lac__where_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->out);
    const lac__view condition = lac__view_of(args->condition), a = lac__view_of(args->a),
                    b = lac__view_of(args->b), out = lac__view_of(args->out);
    lac__launch_where(gpu, &condition, &a, &b, &out);
    return lac__gpu_check(gpu);
}

/* Queues the operation; *by_zero is read by nobody here. */
static void queue_binary(lac__gpu *gpu, const lac__binary_args *args, int32_t *by_zero) {
    const lac__number number = {.real = args->real, .integer = args->integer};
    lac__view a, b;
    if (args->a != NULL) a = lac__view_of(args->a);
    if (args->b != NULL) b = lac__view_of(args->b);
    const lac__view out = lac__view_of(args->out);
    lac__launch_binary(gpu, (int32_t)args->op, args->a != NULL ? &a : NULL,
                       args->b != NULL ? &b : NULL, number, by_zero, &out);
}

/* Division of integers by a tensor, which alone has to tell the host something. */
static lac_status divide_integers(lac__gpu *gpu, const lac__binary_args *args) {
    lac__block scratch = {0};
    int32_t by_zero = 0;
    LAC_TRY(lac__scratch(args->out, sizeof by_zero, &scratch));
    lac_status status = lac__gpu_set(gpu, scratch.data, 0, sizeof by_zero);
    if (status == LAC_OK) {
        queue_binary(gpu, args, scratch.data);
        status = lac__gpu_read(gpu, &by_zero, scratch.data, sizeof by_zero);
    }
    lac__pool_free(lac__device_of(args->out)->pool, &scratch);
    if (status == LAC_OK && by_zero != 0)
        return lac__fail(LAC_ERR_ARGUMENT, "integer division by zero");
    return status;
}

lac_status lac_binary__cuda(lac_context *ctx, const lac__binary_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->out);
    const bool division = args->op == LAC_BINARY_FLOORDIV || args->op == LAC_BINARY_MOD;
    const lac_dtype dtype = args->a != NULL ? args->a->dtype : args->b->dtype;
    if (division && !lac__is_floating(dtype) && lac_tensor_numel(args->out) > 0) {
        if (args->b != NULL) return divide_integers(gpu, args);
        if (args->integer == 0) return lac__fail(LAC_ERR_ARGUMENT, "integer division by zero");
    }
    queue_binary(gpu, args, NULL);
    return lac__gpu_check(gpu);
}
