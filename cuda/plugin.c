/*
 * plugin.c - the entry point of liblacuna_cuda, and its table of operations.
 */
#include "plugin.h"

#include "host.h"

#define LAC_OP(name)                                                                               \
    lac_status lac_##name##__cuda(lac_context *ctx, const lac__##name##_args *args);
#include "core/ops.def"
#undef LAC_OP

extern const lac__device_maps lac__cuda_maps;
extern const struct lac__device_points lac__cuda_points;
lac_status lac__pack_weights__cuda(lac_context *ctx, const lac_tensor *plain,
                                   struct lac__packed *packed);

static const lac__backend backend = {
    .isa = "cuda",
    .panel = 8,
    .maps = &lac__cuda_maps,
    .points = &lac__cuda_points,
    .pack_weights = lac__pack_weights__cuda,
#define LAC_OP(name) .name = lac_##name##__cuda,
#include "core/ops.def"
#undef LAC_OP
};

static const lac__cuda table = {
    .version = LAC__CUDA_VERSION,
    .count = lac__cuda_count,
    .open = lac__cuda_open,
    .close = lac__cuda_close,
    .alloc = lac__cuda_alloc,
    .free = lac__cuda_free,
    .copy = lac__cuda_copy,
    .synchronize = lac__cuda_synchronize,
    .describe = lac__cuda_describe,
    .trim = lac__cuda_trim,
    .backend = &backend,
};

__attribute__((visibility("default"))) lac__cuda_entry lac_cuda_plugin;

const lac__cuda *lac_cuda_plugin(const lac__cuda_host *host) {
    if (host == NULL || host->version != LAC__CUDA_VERSION) return NULL;
    lac__host = host;
    return &table;
}
