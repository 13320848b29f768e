/*
 * dense_binary.c - arithmetic and comparisons, one row function per operation and dtype.
 *
 * Integers wrap around; floor division and modulo go toward minus infinity, as in Lua and Python.
 */
#include "cpu/dense_walk.h"

#include <math.h>
#include <string.h>

enum { SLOTS = LAC_BINARY_GE + 1 };

/* What the row functions of integer division report to. */
typedef struct report {
    atomic_bool *by_zero;
} report;

static double real_mod(double a, double b) {
    const double r = fmod(a, b);
    if (r == 0) return copysign(0.0, b);
    return (r < 0) != (b < 0) ? r + b : r;
}

/* floor(a / b), where a - mod is a multiple of b up to rounding. */
static double real_floordiv(double a, double b) {
    if (b == 0) return a / b;
    double r = fmod(a, b);
    double q = (a - r) / b;
    if (r != 0 && (r < 0) != (b < 0)) q -= 1;
    if (q == 0) return copysign(0.0, a / b);
    const double low = floor(q);
    return q - low > 0.5 ? low + 1 : low;
}

/* float32 in its own precision: a quotient of doubles would round to another float. */
static float real_mod_f(float a, float b) {
    const float r = fmodf(a, b);
    if (r == 0) return copysignf(0.0f, b);
    return (r < 0) != (b < 0) ? r + b : r;
}

static float real_floordiv_f(float a, float b) {
    if (b == 0) return a / b;
    float r = fmodf(a, b);
    float q = (a - r) / b;
    if (r != 0 && (r < 0) != (b < 0)) q -= 1;
    if (q == 0) return copysignf(0.0f, a / b);
    const float low = floorf(q);
    return q - low > 0.5f ? low + 1 : low;
}

static int64_t integer_floordiv(int64_t a, int64_t b, const report *r) {
    if (b == 0) {
        atomic_store_explicit(r->by_zero, true, memory_order_relaxed);
        return 0;
    }
    if (b == -1) return (int64_t)(0 - (uint64_t)a); /* INT64_MIN / -1 traps */
    return a / b - ((a % b != 0) & ((a < 0) != (b < 0)));
}

static int64_t integer_mod(int64_t a, int64_t b, const report *r) {
    if (b == 0) {
        atomic_store_explicit(r->by_zero, true, memory_order_relaxed);
        return 0;
    }
    if (b == -1) return 0;
    const int64_t m = a % b;
    return m != 0 && (m < 0) != (b < 0) ? m + b : m;
}

#define FLOATING 1
#define T float
#define ROW(name) name##_f32
#define MOD real_mod_f
#define FLOORDIV real_floordiv_f
#include "cpu/dense_binary_rows.h"
#define T double
#define ROW(name) name##_f64
#define MOD real_mod
#define FLOORDIV real_floordiv
#include "cpu/dense_binary_rows.h"
#undef FLOATING
#define FLOATING 0
#define T int32_t
#define U uint32_t
#define ROW(name) name##_i32
#include "cpu/dense_binary_rows.h"
#define T int64_t
#define U uint64_t
#define ROW(name) name##_i64
#include "cpu/dense_binary_rows.h"
#define T uint8_t
#define U uint32_t
#define ROW(name) name##_u8
#include "cpu/dense_binary_rows.h"

static const lac__row *rows_of(lac_dtype dtype) {
    switch (dtype) {
    case LAC_DTYPE_F64: return rows_f64;
    case LAC_DTYPE_I32: return rows_i32;
    case LAC_DTYPE_I64: return rows_i64;
    case LAC_DTYPE_U8: return rows_u8;
    default: return rows_f32;
    }
}

/* The number as an element of the dtype in which the rows compute. */
static lac_dtype scalar(const lac__binary_args *args, lac_dtype dtype, char value[8]) {
    const float single = (float)args->real;
    const int32_t word = (int32_t)args->integer;
    const uint8_t byte = (uint8_t)args->integer;
    switch (dtype) {
    case LAC_DTYPE_F64: memcpy(value, &args->real, 8); return dtype;
    case LAC_DTYPE_I32: memcpy(value, &word, 4); return dtype;
    case LAC_DTYPE_I64: memcpy(value, &args->integer, 8); return dtype;
    case LAC_DTYPE_U8: memcpy(value, &byte, 1); return dtype;
    default: memcpy(value, &single, 4); return LAC_DTYPE_F32;
    }
}

lac_status lac_binary__cpu(lac_context *ctx, const lac__binary_args *args) {
    const lac_dtype dtype = args->a != NULL ? args->a->dtype : args->b->dtype;
    char value[8] = {0};
    lac__walk w = lac__walk_over(args->out);
    for (int i = 0; i < 2; i++) {
        const lac_tensor *t = i == 0 ? args->a : args->b;
        if (t != NULL) {
            lac__walk_add(&w, t);
        } else {
            const lac_dtype held = scalar(args, dtype, value);
            lac__walk_add_value(&w, value, held);
        }
    }
    lac__walk_add(&w, args->out);
    atomic_bool by_zero = false;
    const report r = {&by_zero};
    const lac__row row = rows_of(dtype)[args->op];
    if (dtype == LAC_DTYPE_F16 || dtype == LAC_DTYPE_BF16)
        return lac__walk_run_halves(ctx, &w, row, &r);
    LAC_TRY(lac__walk_run(ctx, &w, row, &r));
    if (atomic_load(&by_zero)) return lac__fail(LAC_ERR_ARGUMENT, "integer division by zero");
    return LAC_OK;
}
