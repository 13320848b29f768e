/*
 * memory.cpp - allocation, copies and fills as API calls.
 *
 * Copies are checked: device addresses lie in one live block, and the direction is right. From
 * pageable host memory the data is taken at once, as CUDA promises; pinned memory is read when the
 * stream gets there. Copies to the host always land late in lazy streams.
 */
#include "stream.h"

#include <cstdlib>
#include <cstring>
#include <map>

using namespace simt;

/* Pinned ranges by address; `owned`: ours to free. */
struct Pinned {
    size_t bytes;
    bool owned;
};
static std::map<const char *, Pinned> &pinned() {
    static auto *ranges = new std::map<const char *, Pinned>;
    return *ranges;
}

bool simt::is_pinned(const void *p, size_t bytes) {
    auto after = pinned().upper_bound((const char *)p);
    if (after == pinned().begin()) return false;
    --after;
    const size_t offset = (size_t)((const char *)p - after->first);
    return offset + bytes <= after->second.bytes;
}

/* Which requests for memory are refused: those from `first` on, counted from 1; 0: none is. */
static uint64_t refused_first, refused_count, requests;

static bool refused() {
    ++requests;
    return refused_first != 0 && requests >= refused_first &&
           requests - refused_first < refused_count;
}

/* For tests: of the requests that follow, on the device or pinned, `count` are refused from number
   `first` on; first = 0: none is. Returns how many requests there were since the last call. */
extern "C" __attribute__((visibility("default"))) uint64_t simt_refuse_memory(uint64_t first,
                                                                              uint64_t count) {
    Locked locked;
    const uint64_t seen = requests;
    refused_first = first;
    refused_count = count;
    requests = 0;
    return seen;
}

static cudaError_t allocate(void **p, size_t bytes) {
    if (!p) return failed(cudaErrorInvalidValue);
    *p = nullptr;
    if (sticky_error) return failed(sticky_error);
    if (bytes == 0) return cudaSuccess;
    if (refused()) return failed(cudaErrorMemoryAllocation);
    *p = arena_allocate(bytes);
    if (!*p && !any_capture()) {
        drain_all(); /* frees that wait in lazy streams */
        *p = arena_allocate(bytes);
    }
    return *p ? cudaSuccess : failed(cudaErrorMemoryAllocation);
}

static bool device_side(cudaMemcpyKind kind, bool to) {
    if (kind == cudaMemcpyDeviceToDevice) return true;
    return kind == (to ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost);
}

/* `device`: what the kind says of this side. */
static cudaError_t check_side(const void *p, size_t bytes, bool device) {
    if (!p) return cudaErrorInvalidValue;
    if (is_device_memory(p) != device) return cudaErrorInvalidValue;
    if (device && !arena_holds(p, bytes)) return cudaErrorInvalidValue;
    return cudaSuccess;
}

static cudaError_t check_copy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind) {
    if ((unsigned)kind > cudaMemcpyDefault) return cudaErrorInvalidMemcpyDirection;
    const bool guess = kind == cudaMemcpyDefault;
    const bool to_device = guess ? is_device_memory(to) : device_side(kind, true);
    const bool from_device = guess ? is_device_memory(from) : device_side(kind, false);
    const cudaError_t error = check_side(to, bytes, to_device);
    return error ? error : check_side(from, bytes, from_device);
}

extern "C" {

/* ---- allocation ------------------------------------------------------------------------------ */

cudaError_t cudaMalloc(void **p, size_t bytes) {
    Locked locked;
    if (any_capture()) return failed(cudaErrorStreamCaptureUnsupported);
    return allocate(p, bytes);
}

cudaError_t cudaFree(void *p) {
    Locked locked;
    if (any_capture()) return failed(cudaErrorStreamCaptureUnsupported);
    if (!p) return failed(sticky_error);
    drain_all();
    if (!arena_free(p)) return failed(cudaErrorInvalidValue);
    return failed(sticky_error);
}

cudaError_t cudaMallocAsync(void **p, size_t bytes, cudaStream_t handle) {
    Locked locked;
    const CUstream_st *stream = find_stream(handle);
    if (!stream) return failed(cudaErrorInvalidResourceHandle);
    if (stream->capture) return failed(cudaErrorStreamCaptureUnsupported);
    return allocate(p, bytes);
}

cudaError_t cudaFreeAsync(void *p, cudaStream_t handle) {
    Locked locked;
    const CUstream_st *stream = find_stream(handle);
    if (!stream) return failed(cudaErrorInvalidResourceHandle);
    if (stream->capture) return failed(cudaErrorStreamCaptureUnsupported);
    if (!p) return failed(sticky_error);
    if (!arena_is_live(p)) return failed(cudaErrorInvalidValue);
    if (sticky_error) {
        arena_free(p);
        return failed(sticky_error);
    }
    return enqueue(handle, [p] {
        if (!arena_free(p)) die("cudaFreeAsync of %p, which was freed before", p);
    });
}

cudaError_t cudaHostAlloc(void **p, size_t bytes, unsigned int) {
    Locked locked;
    if (!p) return failed(cudaErrorInvalidValue);
    *p = nullptr;
    if (sticky_error) return failed(sticky_error);
    if (bytes == 0) return cudaSuccess;
    if (refused()) return failed(cudaErrorMemoryAllocation);
    if (posix_memalign(p, 4096, bytes)) return failed(cudaErrorMemoryAllocation);
    memset(*p, 0xFF, bytes);
    pinned()[(const char *)*p] = {bytes, true};
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void **p, size_t bytes) {
    return cudaHostAlloc(p, bytes, cudaHostAllocDefault);
}

cudaError_t cudaFreeHost(void *p) {
    Locked locked;
    if (!p) return failed(sticky_error);
    auto found = pinned().find((const char *)p);
    if (found == pinned().end() || !found->second.owned) return failed(cudaErrorInvalidValue);
    drain_all();
    pinned().erase(found);
    free(p);
    return failed(sticky_error);
}

cudaError_t cudaHostRegister(void *p, size_t bytes, unsigned int) {
    Locked locked;
    if (!p || !bytes || is_pinned(p, 1)) return failed(cudaErrorInvalidValue);
    pinned()[(const char *)p] = {bytes, false};
    return cudaSuccess;
}

cudaError_t cudaHostUnregister(void *p) {
    Locked locked;
    auto found = pinned().find((const char *)p);
    if (found == pinned().end() || found->second.owned) return failed(cudaErrorInvalidValue);
    drain_all();
    pinned().erase(found);
    return cudaSuccess;
}

cudaError_t cudaHostGetDevicePointer(void **device, void *host, unsigned int) {
    Locked locked;
    if (!device || !is_pinned(host, 1)) return failed(cudaErrorInvalidValue);
    *device = host;
    return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes, const void *p) {
    Locked locked;
    if (!attributes) return failed(cudaErrorInvalidValue);
    *attributes = cudaPointerAttributes();
    if (arena_holds(p, 1)) {
        attributes->type = cudaMemoryTypeDevice;
        attributes->devicePointer = const_cast<void *>(p);
    } else if (is_pinned(p, 1)) {
        attributes->type = cudaMemoryTypeHost;
        attributes->devicePointer = attributes->hostPointer = const_cast<void *>(p);
    } else {
        attributes->device = -2;
        attributes->hostPointer = const_cast<void *>(p);
    }
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free, size_t *total) {
    Locked locked;
    if (!free || !total) return failed(cudaErrorInvalidValue);
    *total = config.memory;
    *free = config.memory - arena_used();
    return failed(sticky_error);
}

/* ---- copies and fills ------------------------------------------------------------------------ */

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
    Locked locked;
    if (bytes == 0) return failed(sticky_error);
    const cudaError_t error = check_copy(to, from, bytes, kind);
    if (error) return failed(error);
    const CUstream_st *queue = find_stream(stream);
    const bool snapshot = config.lazy_streams && queue && !queue->capture &&
                          !is_device_memory(from) && !is_pinned(from, bytes);
    if (!snapshot)
        return enqueue(stream, [=] {
            ArenaOpen open;
            memmove(to, from, bytes);
        });
    auto taken =
        std::make_shared<std::vector<char>>((const char *)from, (const char *)from + bytes);
    return enqueue(stream, [=] {
        ArenaOpen open;
        memcpy(to, taken->data(), bytes);
    });
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind) {
    Locked locked;
    const cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, nullptr);
    return error ? error : cudaStreamSynchronize(nullptr);
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                              size_t width, size_t height, cudaMemcpyKind kind,
                              cudaStream_t stream) {
    Locked locked;
    if (width > to_pitch || width > from_pitch) return failed(cudaErrorInvalidPitchValue);
    for (size_t row = 0; row < height; ++row) {
        const cudaError_t error =
            cudaMemcpyAsync((char *)to + row * to_pitch, (const char *)from + row * from_pitch,
                            width, kind, stream);
        if (error) return error;
    }
    return failed(sticky_error);
}

cudaError_t cudaMemsetAsync(void *p, int value, size_t bytes, cudaStream_t stream) {
    Locked locked;
    if (bytes == 0) return failed(sticky_error);
    if (!arena_holds(p, bytes)) return failed(cudaErrorInvalidValue);
    return enqueue(stream, [=] {
        ArenaOpen open;
        memset(p, value, bytes);
    });
}

cudaError_t cudaMemset(void *p, int value, size_t bytes) {
    return cudaMemsetAsync(p, value, bytes, nullptr);
}

/* ---- the pool: memory is never kept, so there is nothing to set or trim ---------------------- */

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t *pool, int device) {
    if (!pool || device < 0 || device >= config.devices) return failed(cudaErrorInvalidValue);
    *pool = (cudaMemPool_t)&config;
    return cudaSuccess;
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr, void *value) {
    return pool && value ? cudaSuccess : failed(cudaErrorInvalidValue);
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attr, void *value) {
    Locked locked;
    if (!pool || !value) return failed(cudaErrorInvalidValue);
    const bool bytes =
        attr == cudaMemPoolAttrReservedMemCurrent || attr == cudaMemPoolAttrUsedMemCurrent;
    if (!bytes) return failed(cudaErrorNotSupported);
    *(unsigned long long *)value = arena_used();
    return cudaSuccess;
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, size_t) {
    return pool ? cudaSuccess : failed(cudaErrorInvalidValue);
}

} // extern "C"
