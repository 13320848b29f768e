/*
 * dense_copy.c - copies between any two dtypes and strides, and fill.
 *
 * To an integer: toward zero, saturating, NaN gives 0. To a half: through float32.
 */
#include "cpu/dense_walk.h"

#include "core/checked.h"
#include "core/half.h"

#include <string.h>

/* One dtype: the bits travel unchanged. Operands: source, destination. */
#define MOVE move_1
#define T uint8_t
#include "cpu/dense_move_row.h"
#define MOVE move_2
#define T uint16_t
#include "cpu/dense_move_row.h"
#define MOVE move_4
#define T uint32_t
#include "cpu/dense_move_row.h"
#define MOVE move_8
#define T uint64_t
#include "cpu/dense_move_row.h"

static lac__row move_row(lac_dtype dtype) {
    switch (lac_dtype_size(dtype)) {
    case 1: return move_1;
    case 2: return move_2;
    case 4: return move_4;
    default: return move_8;
    }
}

/* Conversions of one value. Halves are float here. */
static int64_t real_to_integer(double v, int64_t low, int64_t high) {
    if (v != v) return 0;
    if (v <= (double)low) return low;
    if (v >= (double)high) return high;
    return (int64_t)v;
}
static int64_t saturate(int64_t v, int64_t low, int64_t high) {
    return v < low ? low : v > high ? high : v;
}

#define FROM_REAL 1
#define S float
#define ROW(to) f32_to_##to
#include "cpu/dense_convert_rows.h"
#define S double
#define ROW(to) f64_to_##to
#include "cpu/dense_convert_rows.h"
#undef FROM_REAL
#define FROM_REAL 0
#define S int32_t
#define ROW(to) i32_to_##to
#include "cpu/dense_convert_rows.h"
#define S int64_t
#define ROW(to) i64_to_##to
#include "cpu/dense_convert_rows.h"
#define S uint8_t
#define ROW(to) u8_to_##to
#include "cpu/dense_convert_rows.h"

/* [source][destination] in the order of lac_dtype, halves as float32. */
#define ROWS(from)                                                                                 \
    {                                                                                              \
        from##_to_f32, from##_to_f32, from##_to_f32, from##_to_f64, from##_to_i32, from##_to_i64,  \
            from##_to_u8                                                                           \
    }
static const lac__row convert_row[7][7] = {ROWS(f32), ROWS(f32), ROWS(f32), ROWS(f64),
                                           ROWS(i32), ROWS(i64), ROWS(u8)};

lac_status lac_copy__cpu(lac_context *ctx, const lac__copy_args *args) {
    lac__walk w = lac__walk_over(args->dst);
    lac__walk_add(&w, args->src);
    lac__walk_add(&w, args->dst);
    const lac_dtype from = args->src->dtype, to = args->dst->dtype;
    if (from == to) return lac__walk_run(ctx, &w, move_row(to), NULL);
    return lac__walk_run_halves(ctx, &w, convert_row[from][to], NULL);
}

lac_status lac_fill__cpu(lac_context *ctx, const lac__fill_args *args) {
    const lac_dtype dtype = args->dst->dtype;
    char value[8];
    int64_t zero = 0;
    const bool real = lac__is_floating(dtype);
    char *p[LAC__OPERANDS] = {
        real ? (char *)(uintptr_t)&args->real : (char *)(uintptr_t)&args->integer, value};
    float single = (float)args->real;
    const uint16_t half =
        dtype == LAC_DTYPE_F16 ? lac__float_to_f16(single) : lac__float_to_bf16(single);
    if (dtype == LAC_DTYPE_F16 || dtype == LAC_DTYPE_BF16)
        memcpy(value, &half, sizeof half);
    else
        convert_row[real ? LAC_DTYPE_F64 : LAC_DTYPE_I64][dtype](1, p, (int64_t[LAC__OPERANDS]){0},
                                                                 zero, NULL);
    lac__walk w = lac__walk_over(args->dst);
    lac__walk_add_value(&w, value, dtype);
    lac__walk_add(&w, args->dst);
    return lac__walk_run(ctx, &w, move_row(dtype), NULL);
}
