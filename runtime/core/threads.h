/*
 * threads.h - how many threads a piece of work deserves. Waking a team costs tens of microseconds, and far
 * more on a machine whose cores are busy, so small work stays on the calling thread. No result depends on
 * the answer.
 */
#ifndef LAC_CORE_THREADS_H
#define LAC_CORE_THREADS_H

#include "core/context.h"

/** Elements below which threads cost more than they bring. */
enum { LAC__PARALLEL_FROM = 32768 };

/** Multiply-adds that take about as long as one element of other work. */
enum { LAC__MACS_PER_ELEMENT = 64 };

/** Threads for `work` elements. */
static inline int lac__team(const lac_context *ctx, int64_t work) {
    return work < LAC__PARALLEL_FROM ? 1 : ctx->threads;
}

#endif
