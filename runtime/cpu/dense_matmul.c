/*
 * dense_matmul.c - products of float64 and integer matrices, in plain loops: each element is summed
 * in ascending order. (float32 runs on the convolution's kernel.) Integers wrap around.
 */
#include "cpu/dense_walk.h"

#include <string.h>

#define T double
#define U double
#define NAME row_f64
#include "cpu/dense_matmul_row.h"
#define T int32_t
#define U uint32_t
#define NAME row_i32
#include "cpu/dense_matmul_row.h"
#define T int64_t
#define U uint64_t
#define NAME row_i64
#include "cpu/dense_matmul_row.h"
#define T uint8_t
#define U uint32_t
#define NAME row_u8
#include "cpu/dense_matmul_row.h"

typedef void (*product_row)(const void *a, const void *b, int64_t k, int64_t m, void *out);

static product_row row_of(lac_dtype dtype) {
    switch (dtype) {
    case LAC_DTYPE_I32: return row_i32;
    case LAC_DTYPE_I64: return row_i64;
    case LAC_DTYPE_U8: return row_u8;
    default: return row_f64;
    }
}

lac_status lac_matmul__cpu(lac_context *ctx, const lac__matmul_args *args) {
    const int64_t n = args->a->shape[0], k = args->a->shape[1], m = args->b->shape[1];
    if (n == 0 || m == 0) return LAC_OK;
    const int64_t size = (int64_t)lac_dtype_size(args->out->dtype);
    const product_row row = row_of(args->out->dtype);
    const char *a = lac__data(args->a);
    const void *b = lac__data(args->b);
    char *out = lac__data(args->out);
    if (k == 0) {
        memset(out, 0, (size_t)(n * m * size));
        return LAC_OK;
    }
    /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): num_threads reads it */
    const double work = (double)n * (double)k * (double)m;
#pragma omp parallel for schedule(static)                                                          \
    num_threads(lac__team(ctx, work > 1e9 ? 1000000000 : (int64_t)work))
    for (int64_t i = 0; i < n; i++) {
        if (lac__interrupted(ctx)) continue;
        row(a + i * k * size, b, k, m, out + i * m * size);
    }
    return lac__check_interrupt(ctx);
}
