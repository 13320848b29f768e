/*
 * cat_producer.h - the concatenation of two matrices' columns, deferred: a convolution or linear layer
 * reads both where they lie, and nothing is copied unless somebody else asks for the result.
 */
#ifndef LAC_OPS_CAT_PRODUCER_H
#define LAC_OPS_CAT_PRODUCER_H

#include "core/pending.h"

/** A pending [N, Ca + Cb] of `a` [N,Ca] and `b` [N,Cb] in one dtype of float32, float16, bfloat16. */
lac_status lac__cat_defer(lac_context *ctx, lac_tensor *a, lac_tensor *b, lac_tensor **out);
/** The two sources of a tensor that is such a result and was not computed: borrowed. */
bool lac__cat_sources(const lac_tensor *t, lac_tensor **a, lac_tensor **b);
/** Copies tensors into parts of `out` along dimension d (dense_cat.c). */
lac_status lac__cat_copy(lac_context *ctx, lac_tensor *const *list, int32_t count, int32_t d,
                         lac_tensor *out);

#endif
