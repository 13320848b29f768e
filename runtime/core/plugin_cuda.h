/*
 * plugin_cuda.h - what liblacuna and liblacuna_cuda know of each other. Both include this; the version
 * changes with either table.
 */
#ifndef LAC_CORE_PLUGIN_CUDA_H
#define LAC_CORE_PLUGIN_CUDA_H

#include "core/backend.h"
#include "sparse/neighbours.h"
#include "sparse/pair_lists.h"

#include <stdarg.h>

enum { LAC__CUDA_VERSION = 1 };

/** Services of liblacuna for the plugin: the functions of the core that have the same names there. */
typedef struct lac__cuda_host {
    uint32_t version;
    lac_status (*vfail)(lac_status status, const char *format, va_list args);
    lac_status (*check_interrupt)(lac_context *ctx);
    lac_status (*pool_alloc)(lac__pool *pool, size_t bytes, lac__block *out);
    void (*pool_free)(lac__pool *pool, lac__block *block);
    void *(*object_alloc)(lac__pool *pool, size_t bytes);
    void (*object_free)(lac__pool *pool, void *object, size_t bytes);
    lac_status (*tensor_new_on)(lac_context *ctx, lac__device *device, lac_dtype dtype,
                                int32_t ndim, const int64_t *shape, lac_tensor **out);
    void (*tensor_retain)(lac_tensor *t);
    void (*tensor_release)(lac_tensor *t);
    int64_t (*tensor_numel)(const lac_tensor *t);
    int32_t (*tensor_is_contiguous)(const lac_tensor *t);
    size_t (*dtype_size)(lac_dtype dtype);
    const char *(*dtype_name)(lac_dtype dtype);
    int64_t (*coords_count)(const lac_coords *c);
    lac_status (*map_neighbours)(lac_context *ctx, const lac_kernel_map *map, bool reversed,
                                 const lac__neighbours **out);
    lac_status (*map_orders)(lac_context *ctx, const lac_kernel_map *map, bool reversed, int splits,
                             const int32_t **out);
    lac_status (*map_lists)(lac_context *ctx, const lac_kernel_map *map, bool reversed,
                            const lac__pair_lists **out);
    double (*clock)(void);
} lac__cuda_host;

/** Which way bytes go. */
typedef enum lac__transfer { LAC__TO_GPU, LAC__FROM_GPU, LAC__WITHIN_GPU } lac__transfer;

/** Functions of the plugin. */
typedef struct lac__cuda {
    uint32_t version;
    /** GPUs that can be used; 0 and a reason in `why` where there is no driver or none. */
    int32_t (*count)(char *why, size_t capacity);
    /** Opens GPU `index` on `stream` (a cudaStream_t), or on a stream of its own where that is NULL. */
    lac_status (*open)(int32_t index, void *stream, struct lac__gpu **out);
    void (*close)(void *gpu);
    void *(*alloc)(void *gpu, size_t bytes, size_t alignment);
    void (*free)(void *gpu, void *pointer, size_t bytes);
    lac_status (*copy)(struct lac__gpu *gpu, void *target, const void *source, size_t bytes,
                       lac__transfer way);
    /** Waits for all that was queued; a failure of it names the kernel under LACUNA_SYNC=1. */
    lac_status (*synchronize)(struct lac__gpu *gpu);
    lac_status (*describe)(int32_t index, lac_device_info *out);
    /** Gives memory that the driver caches back. */
    void (*trim)(struct lac__gpu *gpu);
    const lac__backend *backend;
} lac__cuda;

/** Entry point of liblacuna_cuda: NULL where the host's version is another one. `host` must stay. */
typedef const lac__cuda *lac__cuda_entry(const lac__cuda_host *host);
#define LAC__CUDA_ENTRY "lac_cuda_plugin"

/** The table of liblacuna_cuda, opened by the first call. Any thread. */
lac_status lac__plugin_cuda(const lac__cuda **out);

#endif
