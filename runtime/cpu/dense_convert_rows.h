/*
 * dense_convert_rows.h - template: rows that convert S to each dtype. No include guard.
 */
#define D float
#define TO ROW(f32)
#define VALUE(v) ((float)(v))
#include "cpu/dense_convert_row.h"
#define D double
#define TO ROW(f64)
#define VALUE(v) ((double)(v))
#include "cpu/dense_convert_row.h"
#if FROM_REAL
#define INTEGER(v, low, high) real_to_integer((double)(v), low, high)
#else
#define INTEGER(v, low, high) saturate((int64_t)(v), low, high)
#endif
#define D int32_t
#define TO ROW(i32)
#define VALUE(v) ((int32_t)INTEGER(v, INT32_MIN, INT32_MAX))
#include "cpu/dense_convert_row.h"
#define D int64_t
#define TO ROW(i64)
#define VALUE(v) INTEGER(v, INT64_MIN, INT64_MAX)
#include "cpu/dense_convert_row.h"
#define D uint8_t
#define TO ROW(u8)
#define VALUE(v) ((uint8_t)INTEGER(v, 0, UINT8_MAX))
#include "cpu/dense_convert_row.h"
#undef INTEGER
#undef S
#undef ROW
