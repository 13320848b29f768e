/*
 * dense_walk.h - one pass over the elements of up to four tensors of one shape and any strides.
 *
 * Neighbouring dimensions that all operands step through evenly become one, so that contiguous data
 * is one long row. A row function gets n elements of every operand and the distance between them;
 * it runs on several threads, each element once, so that results do not depend on the number of
 * threads.
 */
#ifndef LAC_CPU_DENSE_WALK_H
#define LAC_CPU_DENSE_WALK_H

#include "core/threads.h"
#include "core/backend.h"

enum { LAC__OPERANDS = 4 };

/**
 * @param n     elements
 * @param p     first element of every operand
 * @param step  bytes from one element to the next, 0 for a value that is shared
 * @param first position of the first element in the row-major order of the shape
 */
typedef void (*lac__row)(int64_t n, char *const *p, const int64_t *step, int64_t first,
                         const void *extra);

typedef struct lac__walk {
    int32_t ndim;
    int operands;
    int64_t shape[LAC__MAX_DIMS];
    int64_t step[LAC__OPERANDS][LAC__MAX_DIMS]; /* bytes */
    char *data[LAC__OPERANDS];
    lac_dtype dtype[LAC__OPERANDS];
} lac__walk;

/** An empty walk over the shape of `t`. */
lac__walk lac__walk_over(const lac_tensor *t);
/** The next operand, of that shape. */
void lac__walk_add(lac__walk *w, const lac_tensor *t);
/** The next operand: one value for all elements, of `dtype`; borrowed until the walk has run. */
void lac__walk_add_value(lac__walk *w, const void *value, lac_dtype dtype);
lac_status lac__walk_run(lac_context *ctx, const lac__walk *w, lac__row row, const void *extra);
/** Runs a row function of float32 over operands that may be float16 or bfloat16. */
lac_status lac__walk_run_halves(lac_context *ctx, const lac__walk *w, lac__row row,
                                const void *extra);

#endif
