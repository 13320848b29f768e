/*
 * device.c - see device.h. The CUDA backend is a plugin: a build or a machine without it has the CPU.
 */
#include "core/device.h"

#include "core/plugin.h"
#include "core/plugin_cuda.h"

#include <stdio.h>
#include <string.h>

const char *lac__device_text(const lac__device *device, char text[LAC__DEVICE_TEXT]) {
    if (device->kind == LAC_DEVICE_CPU)
        (void)snprintf(text, LAC__DEVICE_TEXT, "cpu");
    else
        (void)snprintf(text, LAC__DEVICE_TEXT, "cuda:%d", device->index);
    return text;
}

/* The number of GPUs; a failure says why there is none. */
static lac_status count_gpus(const lac__cuda *cuda, int32_t *count) {
    char why[256] = "";
    *count = cuda->count(why, sizeof why);
    return *count > 0 ? LAC_OK : lac__fail(LAC_ERR_DEVICE, "%s", why);
}

/* The backend, where it is there and has a GPU of that index. */
static lac_status find_gpu(int32_t index, const lac__cuda **out) {
    const lac__cuda *cuda = NULL;
    int32_t count = 0;
    lac_status status = lac__plugin_cuda(&cuda);
    if (status == LAC_OK) status = count_gpus(cuda, &count);
    if (status != LAC_OK) return lac__prefix(status, "device cuda is not available");
    if (index < 0 || index >= count || index >= LAC__MAX_GPUS)
        return lac__fail(LAC_ERR_DEVICE, "device cuda:%d is not available: this machine has %d",
                         index, count);
    *out = cuda;
    return LAC_OK;
}

static lac_status open_gpu(lac_context *ctx, int32_t index, lac__device **out) {
    const lac__cuda *cuda = NULL;
    LAC_TRY(find_gpu(index, &cuda));
    lac_device_info info = {.size = sizeof info};
    LAC_TRY(cuda->describe(index, &info));
    lac__device *device = lac__object_alloc(ctx->pool, sizeof *device);
    if (device == NULL) return LAC_ERR_OOM;
    device->kind = LAC_DEVICE_CUDA;
    device->index = index;
    device->backend = cuda->backend;
    lac_status status = cuda->open(index, index == 0 ? ctx->cuda_stream : NULL, &device->gpu);
    if (status == LAC_OK) {
        const lac__pool_source source = {.user = device->gpu,
                                         .alloc = cuda->alloc,
                                         .free = cuda->free,
                                         .close = cuda->close,
                                         .budget = info.memory};
        status = lac__pool_create_device(ctx->pool, &source, &device->pool);
        if (status != LAC_OK) cuda->close(device->gpu);
    }
    if (status != LAC_OK) {
        lac__object_free(ctx->pool, device, sizeof *device);
        return status;
    }
    lac__pool_collector(device->pool, ctx->collector);
    *out = ctx->gpu[index] = device;
    return LAC_OK;
}

static lac_status check_gpu(lac_device kind) {
    if (kind == LAC_DEVICE_CUDA) return LAC_OK;
    return lac__fail(LAC_ERR_DEVICE, "device: there is no kind %d", (int)kind);
}

lac_status lac__device_need(lac_context *ctx, lac_device kind, int32_t index, lac__device **out) {
    if (kind == LAC_DEVICE_CPU) {
        if (index != 0)
            return lac__fail(LAC_ERR_DEVICE, "device cpu:%d is not available: there is one cpu",
                             index);
        *out = &ctx->cpu;
        return LAC_OK;
    }
    LAC_TRY(check_gpu(kind));
    if (index >= 0 && index < LAC__MAX_GPUS && ctx->gpu[index] != NULL) {
        *out = ctx->gpu[index];
        return LAC_OK;
    }
    return open_gpu(ctx, index, out);
}

void lac__devices_close(lac_context *ctx) {
    for (int i = 0; i < LAC__MAX_GPUS; i++) {
        if (ctx->gpu[i] == NULL) continue;
        lac__pool_release(ctx->gpu[i]->pool);
        lac__object_free(ctx->pool, ctx->gpu[i], sizeof *ctx->gpu[i]);
    }
}

void lac__devices_trim(lac_context *ctx) {
    const lac__cuda *cuda = NULL;
    for (int i = 0; i < LAC__MAX_GPUS; i++) {
        if (ctx->gpu[i] != NULL && lac__plugin_cuda(&cuda) == LAC_OK) cuda->trim(ctx->gpu[i]->gpu);
    }
}

lac_status lac__device_copy(const lac__device *to, void *target, const lac__device *from,
                            const void *source, size_t bytes) {
    if (bytes == 0) return LAC_OK;
    if (to->kind == LAC_DEVICE_CPU && from->kind == LAC_DEVICE_CPU) {
        memcpy(target, source, bytes);
        return LAC_OK;
    }
    const lac__cuda *cuda = NULL;
    LAC_TRY(lac__plugin_cuda(&cuda));
    if (to->kind == LAC_DEVICE_CPU)
        return cuda->copy(from->gpu, target, source, bytes, LAC__FROM_GPU);
    return cuda->copy(to->gpu, target, source, bytes,
                      from->kind == LAC_DEVICE_CPU ? LAC__TO_GPU : LAC__WITHIN_GPU);
}

lac_status lac_device_count(lac_device kind, int32_t *out) {
    LAC_NEED("device_count", out);
    const lac__cuda *cuda = NULL;
    if (kind == LAC_DEVICE_CPU) {
        *out = 1;
        return LAC_OK;
    }
    LAC_TRY(check_gpu(kind));
    LAC_TRY(lac__plugin_cuda(&cuda));
    return count_gpus(cuda, out);
}

lac_status lac_device_describe(lac_device kind, int32_t index, lac_device_info *out) {
    LAC_NEED("device_describe", out);
    if (out == NULL || out->size != sizeof *out)
        return lac__fail(LAC_ERR_ARGUMENT, "device: out.size is not sizeof(lac_device_info)");
    if (kind != LAC_DEVICE_CUDA)
        return lac__fail(LAC_ERR_ARGUMENT, "device: only GPUs are described");
    const lac__cuda *cuda = NULL;
    LAC_TRY(find_gpu(index, &cuda));
    return cuda->describe(index, out);
}

lac_status lac_synchronize(lac_context *ctx) {
    LAC_NEED("synchronize", ctx);
    const lac__cuda *cuda = NULL;
    for (int i = 0; i < LAC__MAX_GPUS; i++) {
        if (ctx->gpu[i] == NULL) continue;
        LAC_TRY(lac__plugin_cuda(&cuda));
        LAC_TRY(cuda->synchronize(ctx->gpu[i]->gpu));
    }
    return LAC_OK;
}
