/*
 * dense_unary_rows.h - template: the functions of one element of dtype T, clamp, and the table. No
 * include guard.
 */
#define D T
#if FLOATING
#define NAME ROW(neg)
#define VALUE(v) (-(v))
#include "cpu/dense_unary_row.h"
#define NAME ROW(abs)
#define VALUE(v) M(fabs)(v)
#include "cpu/dense_unary_row.h"
#define SCALAR
#define NAME ROW(log)
#define VALUE(v) M(log)(v)
#include "cpu/dense_unary_row.h"
#define SCALAR
#define NAME ROW(exp)
#define VALUE(v) M(exp)(v)
#include "cpu/dense_unary_row.h"
#define SCALAR
#define NAME ROW(sqrt)
#define VALUE(v) M(sqrt)(v)
#include "cpu/dense_unary_row.h"
#define SCALAR
#define NAME ROW(floor)
#define VALUE(v) M(floor)(v)
#include "cpu/dense_unary_row.h"
#define SCALAR
#define NAME ROW(round)
#define VALUE(v) M(rint)(v) /* half to even: nobody changes the rounding mode */
#include "cpu/dense_unary_row.h"
#define LOW ((T)args->low)
#define HIGH ((T)args->high)
#else
#define NAME ROW(neg)
#define VALUE(v) ((T)(0 - (U)(v)))
#include "cpu/dense_unary_row.h"
#define NAME ROW(abs)
#define VALUE(v) ((v) < (T)1 ? (T)(0 - (U)(v)) : (v))
#include "cpu/dense_unary_row.h"
#define LOW ((T)args->ilow)
#define HIGH ((T)args->ihigh)
#endif
#define ARGS lac__clamp_args
#define NAME ROW(clamp)
/* Comparisons that leave a NaN alone. */
#define VALUE(v) ((v) < LOW ? (LOW < HIGH ? LOW : HIGH) : (v) > HIGH ? HIGH : (v))
#include "cpu/dense_unary_row.h"
#undef ARGS
#undef D
#define D uint8_t
#define NAME ROW(not )
#define VALUE(v) ((uint8_t)((v) == 0))
#include "cpu/dense_unary_row.h"
#undef D

static const lac__row ROW(rows)[SLOTS] = {
    [LAC_UNARY_NEG] = ROW(neg),     [LAC_UNARY_ABS] = ROW(abs),
#if FLOATING
    [LAC_UNARY_LOG] = ROW(log),     [LAC_UNARY_EXP] = ROW(exp),     [LAC_UNARY_SQRT] = ROW(sqrt),
    [LAC_UNARY_FLOOR] = ROW(floor), [LAC_UNARY_ROUND] = ROW(round),
#endif
    [LAC_UNARY_NOT] = ROW(not ),
};
#undef LOW
#undef HIGH
#undef T
#undef U
#undef ROW
#undef M
