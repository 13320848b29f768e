/*
 * device.c - GPUs: finding, opening, memory, copies, waiting.
 *
 * Memory comes from CUDA's stream-ordered pool, which keeps what is given back: a block that is freed while
 * kernels that read it are still queued is handed out again to work behind them on the same stream.
 */
#include "conv_tuning.h"
#include "host.h"
#include "plugin.h"

#include <cuda_runtime_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether the stream is this library's, beside the state that launchers see. */
typedef struct opened {
    lac__gpu gpu;
    bool own_stream;
} opened;

int32_t lac__cuda_count(char *why, size_t capacity) {
    int count = 0;
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaSuccess && count > 0) return count;
    (void)cudaGetLastError();
    (void)snprintf(why, capacity, "no usable GPU (%s)",
                   error == cudaSuccess ? "none is there" : cudaGetErrorString(error));
    return 0;
}

/* The calling thread may have made another device current, and gets it back. */
static int enter(int32_t device) {
    int before = device;
    (void)cudaGetDevice(&before);
    if (before != device) (void)cudaSetDevice(device);
    return before;
}

static void leave(int before, int32_t device) {
    if (before != device) (void)cudaSetDevice(before);
}

static cudaError_t attribute(int32_t device, enum cudaDeviceAttr which, int32_t *out) {
    int value = 0;
    const cudaError_t error = cudaDeviceGetAttribute(&value, which, device);
    *out = value;
    return error;
}

static cudaError_t fill(opened *o, void *stream) {
    lac__gpu *gpu = &o->gpu;
    int32_t major = 0, minor = 0;
    cudaError_t error = attribute(gpu->device, cudaDevAttrMultiProcessorCount, &gpu->sm_count);
    if (error == cudaSuccess)
        error = attribute(gpu->device, cudaDevAttrComputeCapabilityMajor, &major);
    if (error == cudaSuccess)
        error = attribute(gpu->device, cudaDevAttrComputeCapabilityMinor, &minor);
    if (error == cudaSuccess)
        error = attribute(gpu->device, cudaDevAttrMaxSharedMemoryPerBlockOptin, &gpu->shared_bytes);
    gpu->capability = 10 * major + minor;
    const char *sync = getenv("LACUNA_SYNC");
    gpu->sync = sync != NULL && sync[0] == '1';
    if (error == cudaSuccess) {
        cudaMemPool_t pool;
        uint64_t keep = UINT64_MAX;
        error = cudaDeviceGetDefaultMemPool(&pool, gpu->device);
        if (error == cudaSuccess)
            error = cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep);
    }
    if (error == cudaSuccess)
        error = cudaMallocHost((void **)&gpu->staging, LAC__STAGING * sizeof *gpu->staging);
    if (error != cudaSuccess) return error;
    gpu->stream = stream;
    o->own_stream = stream == NULL;
    return o->own_stream
               ? cudaStreamCreateWithFlags((cudaStream_t *)&gpu->stream, cudaStreamNonBlocking)
               : cudaSuccess;
}

lac_status lac__cuda_open(int32_t index, void *stream, struct lac__gpu **out) {
    opened *o = calloc(1, sizeof *o);
    if (o == NULL) return lac__fail(LAC_ERR_OOM, "cuda:%d: no memory", index);
    o->gpu.device = index;
    const int before = enter(index);
    const lac_status status = lac__gpu_status(&o->gpu, "open", fill(o, stream));
    if (status != LAC_OK) {
        (void)cudaFreeHost(o->gpu.staging);
        free(o);
    } else {
        *out = &o->gpu;
    }
    leave(before, index);
    return status;
}

void lac__cuda_close(void *state) {
    opened *o = state;
    const int before = enter(o->gpu.device);
    (void)cudaStreamSynchronize(o->gpu.stream);
    if (o->own_stream) (void)cudaStreamDestroy(o->gpu.stream);
    (void)cudaFreeHost(o->gpu.staging);
    leave(before, o->gpu.device);
    free(o);
}

void *lac__cuda_alloc(void *state, size_t bytes, size_t alignment) {
    (void)alignment; /* CUDA's is 256 */
    const lac__gpu *gpu = state;
    void *pointer = NULL;
    const int before = enter(gpu->device);
    const cudaError_t error = cudaMallocAsync(&pointer, bytes, gpu->stream);
    if (error != cudaSuccess) (void)cudaGetLastError();
    leave(before, gpu->device);
    return error == cudaSuccess ? pointer : NULL;
}

void lac__cuda_free(void *state, void *pointer, size_t bytes) {
    (void)bytes;
    const lac__gpu *gpu = state;
    const int before = enter(gpu->device);
    (void)cudaFreeAsync(pointer, gpu->stream);
    leave(before, gpu->device);
}

lac_status lac__cuda_copy(struct lac__gpu *gpu, void *target, const void *source, size_t bytes,
                          lac__transfer way) {
    if (way == LAC__TO_GPU) return lac__gpu_write(gpu, target, source, bytes);
    if (way == LAC__FROM_GPU) return lac__gpu_read(gpu, target, source, bytes);
    LAC_TRY(lac__gpu_check(gpu));
    return lac__gpu_status(gpu, "copy",
                           cudaMemcpyAsync(target, source, bytes, cudaMemcpyDefault, gpu->stream));
}

lac_status lac__cuda_synchronize(struct lac__gpu *gpu) {
    LAC_TRY(lac__gpu_check(gpu));
    return lac__gpu_status(gpu, "synchronize", cudaStreamSynchronize(gpu->stream));
}

/* The kernels of a convolution of 128 channels on a scan's rows. */
static void name_kernels(const lac__gpu *gpu, lac_device_info *out) {
    static const struct {
        lac_dtype dtype;
        bool tf32;
        const char *name;
    } kinds[] = {{LAC_DTYPE_F16, false, "float16"},
                 {LAC_DTYPE_BF16, false, "bfloat16"},
                 {LAC_DTYPE_F32, false, "float32"},
                 {LAC_DTYPE_F32, true, "TF32"}};
    size_t used = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const int32_t dtype = (int32_t)kinds[i].dtype;
        const lac__conv_choice choice = lac__conv_choose(gpu, dtype, kinds[i].tf32, 100000, 128, 1);
        const int n =
            snprintf(out->kernels + used, sizeof out->kernels - used, "%s%s %s", i > 0 ? ", " : "",
                     kinds[i].name, lac__conv_kernel_name(dtype, choice));
        if (n < 0 || (size_t)n >= sizeof out->kernels - used) return;
        used += (size_t)n;
    }
}

lac_status lac__cuda_describe(int32_t index, lac_device_info *out) {
    lac__gpu gpu = {.device = index};
    struct cudaDeviceProp properties;
    size_t available = 0, total = 0;
    int driver = 0, runtime = 0;
    LAC_TRY(lac__gpu_status(&gpu, "describe", cudaGetDeviceProperties(&properties, index)));
    (void)cudaDriverGetVersion(&driver);
    (void)cudaRuntimeGetVersion(&runtime);
    const int before = enter(index);
    const cudaError_t error = cudaMemGetInfo(&available, &total);
    leave(before, index);
    LAC_TRY(lac__gpu_status(&gpu, "describe", error));
    out->index = index;
    out->capability = 10 * properties.major + properties.minor;
    out->multiprocessors = properties.multiProcessorCount;
    out->driver = driver;
    out->runtime = runtime;
    out->memory = total;
    out->free_memory = available;
    gpu.sm_count = properties.multiProcessorCount;
    gpu.capability = out->capability;
    gpu.shared_bytes = (int32_t)properties.sharedMemPerBlockOptin;
    name_kernels(&gpu, out);
    (void)snprintf(out->name, sizeof out->name, "%.*s", (int)sizeof out->name - 1, properties.name);
    return LAC_OK;
}

void lac__cuda_trim(struct lac__gpu *gpu) {
    cudaMemPool_t pool;
    (void)cudaStreamSynchronize(gpu->stream);
    if (cudaDeviceGetDefaultMemPool(&pool, gpu->device) == cudaSuccess)
        (void)cudaMemPoolTrimTo(pool, 0);
}
