/*
 * dense_unary.c - functions of one element, clamp and where.
 */
#include "cpu/dense_walk.h"

#include <math.h>
#include <string.h>

enum { SLOTS = LAC_UNARY_NOT + 1 };

#define FLOATING 1
#define T float
#define ROW(name) name##_f32
#define M(function) function##f
#include "cpu/dense_unary_rows.h"
#define T double
#define ROW(name) name##_f64
#define M(function) function
#include "cpu/dense_unary_rows.h"
#undef FLOATING
#define FLOATING 0
#define T int32_t
#define U uint32_t
#define ROW(name) name##_i32
#include "cpu/dense_unary_rows.h"
#define T int64_t
#define U uint64_t
#define ROW(name) name##_i64
#include "cpu/dense_unary_rows.h"
#define T uint8_t
#define U uint32_t
#define ROW(name) name##_u8
#include "cpu/dense_unary_rows.h"

static const lac__row *rows_of(lac_dtype dtype) {
    switch (dtype) {
    case LAC_DTYPE_F64: return rows_f64;
    case LAC_DTYPE_I32: return rows_i32;
    case LAC_DTYPE_I64: return rows_i64;
    case LAC_DTYPE_U8: return rows_u8;
    default: return rows_f32;
    }
}

static lac__row clamp_row(lac_dtype dtype) {
    switch (dtype) {
    case LAC_DTYPE_F64: return clamp_f64;
    case LAC_DTYPE_I32: return clamp_i32;
    case LAC_DTYPE_I64: return clamp_i64;
    case LAC_DTYPE_U8: return clamp_u8;
    default: return clamp_f32;
    }
}

static lac_status run(lac_context *ctx, const lac_tensor *x, lac_tensor *out, lac__row row,
                      const void *extra) {
    lac__walk w = lac__walk_over(out);
    lac__walk_add(&w, x);
    lac__walk_add(&w, out);
    const bool half = x->dtype == LAC_DTYPE_F16 || x->dtype == LAC_DTYPE_BF16;
    return half ? lac__walk_run_halves(ctx, &w, row, extra) : lac__walk_run(ctx, &w, row, extra);
}

lac_status lac_unary__cpu(lac_context *ctx, const lac__unary_args *args) {
    return run(ctx, args->x, args->out, rows_of(args->x->dtype)[args->op], NULL);
}

lac_status lac_clamp__cpu(lac_context *ctx, const lac__clamp_args *args) {
    return run(ctx, args->x, args->out, clamp_row(args->x->dtype), args);
}

#define T uint8_t
#define NAME where_1
#include "cpu/dense_where_row.h"
#define T uint16_t
#define NAME where_2
#include "cpu/dense_where_row.h"
#define T uint32_t
#define NAME where_4
#include "cpu/dense_where_row.h"
#define T uint64_t
#define NAME where_8
#include "cpu/dense_where_row.h"

lac_status lac_where__cpu(lac_context *ctx, const lac__where_args *args) {
    lac__walk w = lac__walk_over(args->out);
    lac__walk_add(&w, args->condition);
    lac__walk_add(&w, args->a);
    lac__walk_add(&w, args->b);
    lac__walk_add(&w, args->out);
    switch (lac_dtype_size(args->out->dtype)) {
    case 1: return lac__walk_run(ctx, &w, where_1, NULL);
    case 2: return lac__walk_run(ctx, &w, where_2, NULL);
    case 4: return lac__walk_run(ctx, &w, where_4, NULL);
    default: return lac__walk_run(ctx, &w, where_8, NULL);
    }
}
