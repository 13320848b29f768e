/*
 * memory.c - what a context's pools tell and are told, the host's and those of its GPUs.
 */
#include "core/context.h"

void lac_memory_stats(const lac_context *ctx, lac_memory *out) {
    if (ctx == NULL || out == NULL) return;
    lac__pool_stats(ctx->pool, out);
}

lac_status lac_memory_stats_on(lac_context *ctx, lac_device device, int32_t index,
                               lac_memory *out) {
    LAC_NEED("memory_stats_on", ctx, out);
    lac__device *d = NULL;
    LAC_TRY(lac__device_need(ctx, device, index, &d));
    lac__pool_stats(d->pool, out);
    return LAC_OK;
}

void lac_memory_reset_peak(lac_context *ctx) {
    if (ctx == NULL) return;
    lac__pool_reset_peak(ctx->pool);
    for (int i = 0; i < LAC__MAX_GPUS; i++) {
        if (ctx->gpu[i] != NULL) lac__pool_reset_peak(ctx->gpu[i]->pool);
    }
}

void lac_memory_empty_cache(lac_context *ctx) {
    if (ctx == NULL) return;
    lac__pool_trim(ctx->pool);
    lac__devices_trim(ctx);
}

void lac_memory_collector(lac_context *ctx, int32_t enabled) {
    if (ctx == NULL) return;
    ctx->collector = enabled != 0;
    lac__pool_collector(ctx->pool, ctx->collector);
    for (int i = 0; i < LAC__MAX_GPUS; i++) {
        if (ctx->gpu[i] != NULL) lac__pool_collector(ctx->gpu[i]->pool, ctx->collector);
    }
}

void lac_memory_collected(lac_context *ctx, int32_t repeating) {
    if (ctx == NULL) return;
    (void)lac__pool_collected(ctx->pool, repeating != 0);
    for (int i = 0; i < LAC__MAX_GPUS; i++) {
        if (ctx->gpu[i] != NULL) (void)lac__pool_collected(ctx->gpu[i]->pool, repeating != 0);
    }
}
