/*
 * host.c - services of liblacuna under their own names, and what slots do with the GPU's state.
 */
#include "host.h"

#include "plugin.h"

#include <cuda_runtime_api.h>
#include <stdio.h>
#include <string.h>

const lac__cuda_host *lac__host;

lac_status lac__fail(lac_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)lac__host->vfail(status, format, args);
    va_end(args);
    return status;
}

lac_status lac__check_interrupt(lac_context *ctx) {
    return lac__host->check_interrupt(ctx);
}
lac_status lac__pool_alloc(lac__pool *pool, size_t bytes, lac__block *out) {
    return lac__host->pool_alloc(pool, bytes, out);
}
void lac__pool_free(lac__pool *pool, lac__block *block) {
    lac__host->pool_free(pool, block);
}
void *lac__object_alloc(lac__pool *pool, size_t bytes) {
    return lac__host->object_alloc(pool, bytes);
}
void lac__object_free(lac__pool *pool, void *object, size_t bytes) {
    lac__host->object_free(pool, object, bytes);
}
lac_status lac__tensor_new_on(lac_context *ctx, lac__device *device, lac_dtype dtype, int32_t ndim,
                              const int64_t *shape, lac_tensor **out) {
    return lac__host->tensor_new_on(ctx, device, dtype, ndim, shape, out);
}
void lac_tensor_retain(lac_tensor *t) {
    lac__host->tensor_retain(t);
}
void lac_tensor_release(lac_tensor *t) {
    lac__host->tensor_release(t);
}
int64_t lac_tensor_numel(const lac_tensor *t) {
    return lac__host->tensor_numel(t);
}
int32_t lac_tensor_is_contiguous(const lac_tensor *t) {
    return lac__host->tensor_is_contiguous(t);
}
size_t lac_dtype_size(lac_dtype dtype) {
    return lac__host->dtype_size(dtype);
}
const char *lac_dtype_name(lac_dtype dtype) {
    return lac__host->dtype_name(dtype);
}
int64_t lac_coords_count(const lac_coords *c) {
    return lac__host->coords_count(c);
}
lac_status lac__map_neighbours(lac_context *ctx, const lac_kernel_map *map, bool reversed,
                               const lac__neighbours **out) {
    return lac__host->map_neighbours(ctx, map, reversed, out);
}
lac_status lac__map_orders(lac_context *ctx, const lac_kernel_map *map, bool reversed, int splits,
                           const int32_t **out) {
    return lac__host->map_orders(ctx, map, reversed, splits, out);
}
lac_status lac__map_lists(lac_context *ctx, const lac_kernel_map *map, bool reversed,
                          const lac__pair_lists **out) {
    return lac__host->map_lists(ctx, map, reversed, out);
}
double lac_clock(void) {
    return lac__host->clock();
}

lac__gpu *lac__gpu_enter(lac__device *device) {
    lac__gpu *gpu = device->gpu;
    int current = gpu->device;
    if (cudaGetDevice(&current) == cudaSuccess && current != gpu->device)
        (void)cudaSetDevice(gpu->device);
    return gpu;
}

lac__gpu *lac__gpu_of(const lac_tensor *t) {
    return lac__gpu_enter(t->storage->device);
}

lac__view lac__view_of(const lac_tensor *t) {
    lac__view v = {.data = lac__data(t), .dtype = (int32_t)t->dtype, .ndim = t->ndim};
    memcpy(v.shape, t->shape, sizeof v.shape);
    memcpy(v.stride, t->stride, sizeof v.stride);
    return v;
}

lac_status lac__scratch(const lac_tensor *t, size_t bytes, lac__block *out) {
    return lac__pool_alloc(t->storage->device->pool, bytes, out);
}

lac_status lac__gpu_check(lac__gpu *gpu) {
    if (gpu->error == 0) return LAC_OK;
    const cudaError_t error = (cudaError_t)gpu->error;
    const char *kernel = gpu->kernel;
    gpu->error = 0;
    gpu->kernel = NULL;
    return lac__fail(LAC_ERR_DEVICE, "cuda:%d: kernel %s: %s", gpu->device,
                     kernel != NULL ? kernel : "unknown", cudaGetErrorString(error));
}

/* A failure of something that waits may be that of any kernel before it. */
lac_status lac__gpu_status(lac__gpu *gpu, const char *what, unsigned error) {
    if (error == 0) return LAC_OK;
    const char *text = cudaGetErrorString((cudaError_t)error);
    (void)cudaGetLastError();
    if (error == cudaErrorMemoryAllocation)
        return lac__fail(LAC_ERR_OOM, "cuda:%d: %s: %s", gpu->device, what, text);
    return lac__fail(LAC_ERR_DEVICE, "cuda:%d: %s: %s%s", gpu->device, what, text,
                     gpu->sync ? "" : " (of it or of an earlier kernel: LACUNA_SYNC=1 names it)");
}

lac_status lac__gpu_read(lac__gpu *gpu, void *host, const void *device, size_t bytes) {
    LAC_TRY(lac__gpu_check(gpu));
    if (bytes == 0) return LAC_OK;
    const cudaStream_t stream = gpu->stream;
    LAC_TRY(lac__gpu_status(gpu, "download",
                            cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream)));
    return lac__gpu_status(gpu, "download", cudaStreamSynchronize(stream));
}

lac_status lac__gpu_write(lac__gpu *gpu, void *device, const void *host, size_t bytes) {
    LAC_TRY(lac__gpu_check(gpu));
    if (bytes == 0) return LAC_OK;
    const cudaStream_t stream = gpu->stream;
    LAC_TRY(lac__gpu_status(gpu, "upload",
                            cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream)));
    /* Small copies from pageable memory are staged by the call; a large one is waited for. */
    return bytes <= LAC__STAGED_BYTES
               ? LAC_OK
               : lac__gpu_status(gpu, "upload", cudaStreamSynchronize(stream));
}

lac_status lac__gpu_set(lac__gpu *gpu, void *device, int value, size_t bytes) {
    if (bytes == 0) return LAC_OK;
    return lac__gpu_status(gpu, "memset", cudaMemsetAsync(device, value, bytes, gpu->stream));
}
