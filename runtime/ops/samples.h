/*
 * samples.h - what the operations share that look at the rows of one sample at a time.
 */
#ifndef LAC_OPS_SAMPLES_H
#define LAC_OPS_SAMPLES_H

#include "core/tensor.h"

/** `x` is [N,C] of a dtype that layers take, `sample` NULL or [N] of integers; an error names `op`. */
lac_status lac__check_sample_rows(const char *op, const lac_tensor *x, const lac_tensor *sample);
/** Numbers the samples from 0: *numbers int64 [N], contiguous, and how many. Caller releases. */
lac_status lac__number_samples(lac_context *ctx, const char *op, lac_tensor *sample,
                               lac_tensor **numbers, int64_t *count);

/** Smallest and largest of int64 `t` [n], n > 0. */
lac_status lac__sample_bounds(lac_context *ctx, lac_tensor *t, int64_t *low, int64_t *high);

#endif
