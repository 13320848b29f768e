/*
 * context.h - what a context owns. Everything that is not a tensor hangs off it; there are no globals
 * but the CPU feature table and the opened plugins.
 */
#ifndef LAC_CORE_CONTEXT_H
#define LAC_CORE_CONTEXT_H

#include "core/log.h"
#include "core/device.h"
#include "core/tuning.h"

#include <stdatomic.h>
#include <stdbool.h>

struct lac__backend;

enum { LAC__FLAGS = 6 };

struct lac_context {
    atomic_int references;
    lac__pool *pool; /* of the host's memory: objects, and the tensors of the CPU */
    lac__log *log;
    lac__device cpu;                 /* the kernels of the widest ISA */
    lac__device *gpu[LAC__MAX_GPUS]; /* NULL until a call names it */
    lac__device *default_device;     /* of the options */
    void *cuda_stream;               /* the host's, for GPU 0; NULL: the library's own */
    bool collector;                  /* of the pools of devices to come */
    lac_kernel_map *owing;           /* maps of GPUs whose pairs the counters lack */
    int threads;
    int32_t flags[LAC__FLAGS];
    atomic_int interrupted;
    uint64_t seed, draws; /* of the counter-based generator */
    lac_counters counters;
    lac__tuning tuning;           /* what AUTO takes */
    struct lac__pending *pending; /* all results of this context that are not computed yet */
};

/** LAC_ERR_INTERRUPTED after lac_context_interrupt. Operations ask on entry and between blocks. */
lac_status lac__check_interrupt(lac_context *ctx);
static inline bool lac__interrupted(lac_context *ctx) {
    return atomic_load_explicit(&ctx->interrupted, memory_order_relaxed) != 0;
}

#endif
