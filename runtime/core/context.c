/*
 * context.c - creation, flags and counters of a context.
 */
#include "core/context.h"

#include "core/backend.h"

#include <omp.h>
#include <stdlib.h>

static lac_status create_parts(lac_context *ctx, const lac_context_options *options) {
    ctx->log = lac__log_create(ctx->pool, options->log, options->log_user);
    if (ctx->log == NULL) return LAC_ERR_OOM;
    ctx->threads = omp_get_max_threads();
    if (options->threads != 0) LAC_TRY(lac_context_set_threads(ctx, options->threads));
    ctx->flags[LAC_FLAG_CONV_MODE] = 1;
    ctx->cuda_stream = options->cuda_stream;
    ctx->cpu = (lac__device){.kind = LAC_DEVICE_CPU, .pool = ctx->pool};
    LAC_TRY(lac__cpu_backend(&ctx->cpu.backend));
    const lac_status status = lac__device_need(ctx, (lac_device)options->device,
                                               options->device_index, &ctx->default_device);
    return status == LAC_OK ? LAC_OK : lac__prefix(status, "context");
}

lac_status lac_context_create(const lac_context_options *options, lac_context **out) {
    LAC_NEED("context_create", out);
    lac_context_options known = {0};
    if (options != NULL) {
        if (options->size != sizeof known)
            return lac__fail(LAC_ERR_ARGUMENT,
                             "context: options of %u bytes, expected %zu: set size", options->size,
                             sizeof known);
        known = *options;
    }
    lac__pool *pool = NULL;
    LAC_TRY(lac__pool_create(&known, &pool));
    lac_context *ctx = lac__object_alloc(pool, sizeof *ctx);
    if (ctx == NULL) {
        lac__pool_release(pool);
        return LAC_ERR_OOM;
    }
    atomic_init(&ctx->references, 1);
    ctx->pool = pool;
    const lac_status status = create_parts(ctx, &known);
    if (status != LAC_OK) {
        lac_context_release(ctx);
        return status;
    }
    *out = ctx;
    return LAC_OK;
}

void lac_context_retain(lac_context *ctx) {
    if (ctx == NULL) return;
    atomic_fetch_add(&ctx->references, 1);
}

void lac_context_release(lac_context *ctx) {
    if (ctx == NULL || atomic_fetch_sub(&ctx->references, 1) != 1) return;
    lac__pool *pool = ctx->pool;
    lac__devices_close(ctx);
    lac__tuning_free(pool, &ctx->tuning);
    lac__log_destroy(pool, ctx->log);
    lac__object_free(pool, ctx, sizeof *ctx);
    lac__pool_release(pool);
}

void lac_context_interrupt(lac_context *ctx) {
    if (ctx == NULL) return;
    atomic_store(&ctx->interrupted, 1);
}
void lac_context_clear_interrupt(lac_context *ctx) {
    if (ctx == NULL) return;
    atomic_store(&ctx->interrupted, 0);
}

lac_status lac__check_interrupt(lac_context *ctx) {
    return lac__interrupted(ctx) ? lac__fail(LAC_ERR_INTERRUPTED, "interrupted") : LAC_OK;
}

lac_status lac_context_set_threads(lac_context *ctx, int32_t threads) {
    LAC_NEED("context_set_threads", ctx);
    if (threads < 1 || threads > 1024)
        return lac__fail(LAC_ERR_ARGUMENT, "set_num_threads: %d threads, expected 1 to 1024",
                         threads);
    ctx->threads = threads;
    return LAC_OK;
}

int32_t lac_context_threads(const lac_context *ctx) {
    if (ctx == NULL) return 0;
    return ctx->threads;
}

void lac_context_default_device(const lac_context *ctx, lac_device *device, int32_t *index) {
    if (ctx == NULL || device == NULL || index == NULL) return;
    *device = ctx->default_device->kind;
    *index = ctx->default_device->index;
}

void lac_context_seed(lac_context *ctx, uint64_t seed) {
    if (ctx == NULL) return;
    ctx->seed = seed;
    ctx->draws = 0;
}

lac_status lac_context_set_flag(lac_context *ctx, lac_flag flag, int32_t value) {
    LAC_NEED("context_set_flag", ctx);
    static const int32_t highest[LAC__FLAGS] = {2, 1, 1, 1, 1, 1};
    if ((int)flag < 0 || (int)flag >= LAC__FLAGS)
        return lac__fail(LAC_ERR_ARGUMENT, "flag: there is no flag %d", (int)flag);
    if (value < 0 || value > highest[flag])
        return lac__fail(LAC_ERR_ARGUMENT, "flag: value %d, expected 0 to %d", value,
                         highest[flag]);
    ctx->flags[flag] = value;
    return LAC_OK;
}

int32_t lac_context_flag(const lac_context *ctx, lac_flag flag) {
    if (ctx == NULL) return -1;
    return (int)flag >= 0 && (int)flag < LAC__FLAGS ? ctx->flags[flag] : -1;
}

int32_t lac_log_poll(lac_context *ctx, lac_log_level *level, char *text, size_t capacity) {
    if (ctx == NULL) return 0;
    return lac__log_take(ctx->log, level, text, capacity);
}

const char *lac_context_isa(const lac_context *ctx) {
    if (ctx == NULL) return NULL;
    return ctx->cpu.backend->isa;
}
