/*
 * dense_binary_rows.h - template: the row functions of one dtype T, and their table. No include
 * guard.
 */
#define D T
#if FLOATING
#define NAME ROW(add)
#define VALUE(a, b) ((T)((a) + (b)))
#include "cpu/dense_binary_row.h"
#define NAME ROW(sub)
#define VALUE(a, b) ((T)((a) - (b)))
#include "cpu/dense_binary_row.h"
#define NAME ROW(mul)
#define VALUE(a, b) ((T)((a) * (b)))
#include "cpu/dense_binary_row.h"
#define NAME ROW(div)
#define VALUE(a, b) ((T)((a) / (b)))
#include "cpu/dense_binary_row.h"
#define SCALAR
#define NAME ROW(floordiv)
#define VALUE(a, b) FLOORDIV(a, b)
#include "cpu/dense_binary_row.h"
#define SCALAR
#define NAME ROW(mod)
#define VALUE(a, b) MOD(a, b)
#include "cpu/dense_binary_row.h"
/* A NaN on either side is the result. */
#define NAME ROW(min)
#define VALUE(a, b) ((a) != (a) || (a) < (b) ? (a) : (b))
#include "cpu/dense_binary_row.h"
#define NAME ROW(max)
#define VALUE(a, b) ((a) != (a) || (a) > (b) ? (a) : (b))
#include "cpu/dense_binary_row.h"
#else
#define NAME ROW(add)
#define VALUE(a, b) ((T)((U)(a) + (U)(b)))
#include "cpu/dense_binary_row.h"
#define NAME ROW(sub)
#define VALUE(a, b) ((T)((U)(a) - (U)(b)))
#include "cpu/dense_binary_row.h"
#define NAME ROW(mul)
#define VALUE(a, b) ((T)((U)(a) * (U)(b)))
#include "cpu/dense_binary_row.h"
#define SCALAR
#define NAME ROW(floordiv)
#define VALUE(a, b) ((T)integer_floordiv((int64_t)(a), (int64_t)(b), r))
#include "cpu/dense_binary_row.h"
#define SCALAR
#define NAME ROW(mod)
#define VALUE(a, b) ((T)integer_mod((int64_t)(a), (int64_t)(b), r))
#include "cpu/dense_binary_row.h"
#define NAME ROW(bitand)
#define VALUE(a, b) ((T)((U)(a) & (U)(b)))
#include "cpu/dense_binary_row.h"
#define NAME ROW(min)
#define VALUE(a, b) ((a) < (b) ? (a) : (b))
#include "cpu/dense_binary_row.h"
#define NAME ROW(max)
#define VALUE(a, b) ((a) > (b) ? (a) : (b))
#include "cpu/dense_binary_row.h"
#endif
#undef D
#define D uint8_t
#define NAME ROW(eq)
#define VALUE(a, b) ((uint8_t)((a) == (b)))
#include "cpu/dense_binary_row.h"
#define NAME ROW(ne)
#define VALUE(a, b) ((uint8_t)((a) != (b)))
#include "cpu/dense_binary_row.h"
#define NAME ROW(lt)
#define VALUE(a, b) ((uint8_t)((a) < (b)))
#include "cpu/dense_binary_row.h"
#define NAME ROW(le)
#define VALUE(a, b) ((uint8_t)((a) <= (b)))
#include "cpu/dense_binary_row.h"
#define NAME ROW(gt)
#define VALUE(a, b) ((uint8_t)((a) > (b)))
#include "cpu/dense_binary_row.h"
#define NAME ROW(ge)
#define VALUE(a, b) ((uint8_t)((a) >= (b)))
#include "cpu/dense_binary_row.h"
#undef D

static const lac__row ROW(rows)[SLOTS] = {
    [LAC_BINARY_ADD] = ROW(add),
    [LAC_BINARY_SUB] = ROW(sub),
    [LAC_BINARY_MUL] = ROW(mul),
#if FLOATING
    [LAC_BINARY_DIV] = ROW(div),
#else
    [LAC_BINARY_BITAND] = ROW(bitand),
#endif
    [LAC_BINARY_FLOORDIV] = ROW(floordiv),
    [LAC_BINARY_MOD] = ROW(mod),
    [LAC_BINARY_MIN] = ROW(min),
    [LAC_BINARY_MAX] = ROW(max),
    [LAC_BINARY_EQ] = ROW(eq),
    [LAC_BINARY_NE] = ROW(ne),
    [LAC_BINARY_LT] = ROW(lt),
    [LAC_BINARY_LE] = ROW(le),
    [LAC_BINARY_GT] = ROW(gt),
    [LAC_BINARY_GE] = ROW(ge),
};
#undef T
#undef U
#undef ROW
#undef MOD
#undef FLOORDIV
