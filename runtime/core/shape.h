/*
 * shape.h - what the dense operations share: broadcasting, result dtypes, conversions of
 * inputs.
 */
#ifndef LAC_CORE_SHAPE_H
#define LAC_CORE_SHAPE_H

#include "core/backend.h"

typedef struct lac__shape {
    int32_t ndim;
    int64_t size[LAC__MAX_DIMS];
} lac__shape;

lac__shape lac__shape_of(const lac_tensor *t);
/** Widens *shape by the shape of `t`; an error names `op` and both shapes. */
lac_status lac__broadcast(const char *op, const lac_tensor *t, lac__shape *shape);
/** A borrowed view of `t`, which is computed, stretched to `shape`: valid as long as `t`. */
lac_tensor lac__expand(const lac_tensor *t, const lac__shape *shape);

/** The dtype that holds both. */
lac_dtype lac__promote(lac_dtype a, lac_dtype b);
/** As PyTorch's result_type: a scalar tensor does not widen a larger one of its own kind. */
lac_dtype lac__result_dtype(const lac_tensor *a, const lac_tensor *b);
/** Lowest and highest value of an integer dtype. */
void lac__integer_range(lac_dtype dtype, int64_t *low, int64_t *high);
/** True when `value` is a whole number that fits int64, which is then in *out. */
bool lac__whole(double value, int64_t *out);

/** `t` computed and in `dtype`: itself, retained, or a contiguous copy. Caller releases. */
lac_status lac__as_dtype(lac_context *ctx, lac_tensor *t, lac_dtype dtype, lac_tensor **out);
/** The same, and contiguous. */
lac_status lac__as_contiguous(lac_context *ctx, lac_tensor *t, lac_dtype dtype, lac_tensor **out);
/** `index` (int32 or int64) computed, contiguous, int64. Caller releases. */
lac_status lac__as_index(lac_context *ctx, const char *op, lac_tensor *index, lac_tensor **out);
/** float32 for float16 and bfloat16, else `dtype` itself. */
lac_dtype lac__wide(lac_dtype dtype);
/** Turns a result in another dtype into `dtype`; *t is replaced, and released on failure. */
lac_status lac__narrow_result(lac_context *ctx, lac_dtype dtype, lac_tensor **t);

lac__lanes lac__lanes_of(const lac_tensor *t, int32_t dim);

#endif
