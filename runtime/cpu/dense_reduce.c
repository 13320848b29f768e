/*
 * dense_reduce.c - sums, means and extremes along one dimension of contiguous lanes.
 *
 * Every lane is reduced by one thread from its first element to its last, so that results do not
 * depend on the number of threads. Where lanes lie side by side (inner > 1) a block of them
 * advances together, a row of memory at a time.
 */
#include "cpu/dense_walk.h"

#include "core/checked.h"

enum { BLOCK = 64 };

typedef struct slice {
    int64_t n, inner, width; /* `width` <= BLOCK lanes, elements `inner` apart */
    bool arg, smallest, mean;
} slice;

typedef void (*slice_sum)(const void *x, slice s, void *out);

#define IS_NAN(v) ((v) != (v))
#define T float
#define A double
#define R float
#define NAME(x) x##_f32
#include "cpu/dense_reduce_slice.h"
#define T double
#define A double
#define R double
#define NAME(x) x##_f64
#include "cpu/dense_reduce_slice.h"
#undef IS_NAN
#define IS_NAN(v) false
#define T int32_t
#define A uint64_t
#define R int64_t
#define NAME(x) x##_i32
#include "cpu/dense_reduce_slice.h"
#define T int64_t
#define A uint64_t
#define R int64_t
#define NAME(x) x##_i64
#include "cpu/dense_reduce_slice.h"
#define T uint8_t
#define A uint64_t
#define R int64_t
#define NAME(x) x##_u8
#include "cpu/dense_reduce_slice.h"

static const slice_sum sums[] = {
    [LAC_DTYPE_F32] = sum_f32, [LAC_DTYPE_F64] = sum_f64, [LAC_DTYPE_I32] = sum_i32,
    [LAC_DTYPE_I64] = sum_i64, [LAC_DTYPE_U8] = sum_u8,
};
static const slice_sum extremes[] = {
    [LAC_DTYPE_F32] = extreme_f32, [LAC_DTYPE_F64] = extreme_f64, [LAC_DTYPE_I32] = extreme_i32,
    [LAC_DTYPE_I64] = extreme_i64, [LAC_DTYPE_U8] = extreme_u8,
};

lac_status lac_reduce__cpu(lac_context *ctx, const lac__reduce_args *args) {
    const lac__lanes lanes = args->lanes;
    const bool sum = args->op == LAC_REDUCE_SUM || args->op == LAC_REDUCE_MEAN;
    const slice_sum run = (sum ? sums : extremes)[args->x->dtype];
    const int64_t size = (int64_t)lac_dtype_size(args->x->dtype);
    const int64_t result = (int64_t)lac_dtype_size(args->out->dtype);
    const int64_t blocks = (lanes.inner + BLOCK - 1) / BLOCK;
    const int64_t tasks = lanes.outer * blocks;
    const char *x = lac__data(args->x);
    char *out = lac__data(args->out);
#pragma omp parallel for schedule(static)                                                          \
    num_threads(lac__team(ctx, lanes.outer *lanes.n *lanes.inner))
    for (int64_t i = 0; i < tasks; i++) {
        if (lac__interrupted(ctx)) continue;
        const int64_t o = i / blocks, from = i % blocks * BLOCK;
        const slice s = {.n = lanes.n,
                         .inner = lanes.inner,
                         .width = lac__min(BLOCK, lanes.inner - from),
                         .arg = args->op >= LAC_REDUCE_ARGMAX,
                         .mean = args->op == LAC_REDUCE_MEAN,
                         .smallest = args->op == LAC_REDUCE_MIN || args->op == LAC_REDUCE_ARGMIN};
        run(x + (o * lanes.n * lanes.inner + from) * size, s,
            out + (o * lanes.inner + from) * result);
    }
    return lac__check_interrupt(ctx);
}
