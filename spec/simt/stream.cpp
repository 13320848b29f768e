/*
 * stream.cpp - streams.
 */
#include "stream.h"

#include <map>

namespace simt {

static std::map<uint64_t, CUstream_st *> &streams() {
    static auto *all =
        new std::map<uint64_t, CUstream_st *>{{0, new CUstream_st{0, true, {}, 0, 0, nullptr}}};
    return *all;
}

/* 1 and 2 are the handles of the legacy and the per-thread stream: the null stream is both. */
CUstream_st *find_stream(cudaStream_t stream) {
    if ((uintptr_t)stream <= 2) return streams()[0];
    for (auto &entry : streams())
        if (entry.second == stream) return stream;
    return nullptr;
}

static CUstream_st *by_id(uint64_t id) {
    auto found = streams().find(id);
    return found == streams().end() ? nullptr : found->second;
}

bool is_done(Position position) {
    const CUstream_st *stream = by_id(position.stream);
    return !stream || stream->done >= position.count;
}

static void run_first(CUstream_st *stream) {
    Task task = std::move(stream->queue.front());
    stream->queue.pop_front();
    for (Position before : task.after) drain(before);
    if (!sticky_error) task.run();
    ++stream->done;
}

void drain(Position position) {
    CUstream_st *stream = by_id(position.stream);
    while (stream && stream->done < position.count && !stream->queue.empty()) run_first(stream);
}

void drain_all() {
    for (auto &entry : streams()) drain({entry.first, entry.second->queued});
}

bool any_capture() {
    for (auto &entry : streams())
        if (entry.second->capture) return true;
    return false;
}

void end_capture(const CUgraph_st *graph) {
    for (auto &entry : streams())
        if (entry.second->capture == graph) entry.second->capture = nullptr;
}

/* What the null stream's rule makes a new task of `stream` wait for. */
static std::vector<Position> implied(const CUstream_st *stream) {
    std::vector<Position> after;
    if (!stream->blocking) return after;
    for (auto &entry : streams()) {
        const CUstream_st *other = entry.second;
        if (other == stream || !other->blocking || (stream->id != 0 && other->id != 0)) continue;
        after.push_back({other->id, other->queued});
    }
    return after;
}

cudaError_t enqueue(cudaStream_t handle, std::function<void()> run) {
    CUstream_st *stream = find_stream(handle);
    if (!stream) return failed(cudaErrorInvalidResourceHandle);
    if (sticky_error) return failed(sticky_error);
    if (stream->capture) {
        stream->capture->tasks.push_back(std::move(run));
        return cudaSuccess;
    }
    stream->queue.push_back({std::move(run), implied(stream)});
    ++stream->queued;
    if (!config.lazy_streams) drain({stream->id, stream->queued});
    return cudaSuccess;
}

static cudaError_t create(cudaStream_t *stream, unsigned flags) {
    static uint64_t last_id;
    if (!stream || flags & ~(unsigned)cudaStreamNonBlocking) return failed(cudaErrorInvalidValue);
    if (sticky_error) return failed(sticky_error);
    *stream = new CUstream_st{++last_id, !(flags & cudaStreamNonBlocking), {}, 0, 0, nullptr};
    streams()[last_id] = *stream;
    return cudaSuccess;
}

} // namespace simt

using namespace simt;

extern "C" {

cudaError_t cudaStreamCreate(cudaStream_t *stream) {
    Locked locked;
    return create(stream, cudaStreamDefault);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned int flags) {
    Locked locked;
    return create(stream, flags);
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned int flags, int) {
    Locked locked;
    return create(stream, flags);
}

cudaError_t cudaStreamDestroy(cudaStream_t handle) {
    Locked locked;
    CUstream_st *stream = find_stream(handle);
    if (!stream || stream->id == 0) return failed(cudaErrorInvalidResourceHandle);
    drain({stream->id, stream->queued});
    streams().erase(stream->id);
    delete stream;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
    Locked locked;
    CUstream_st *stream = find_stream(handle);
    if (!stream) return failed(cudaErrorInvalidResourceHandle);
    if (stream->capture) return failed(cudaErrorStreamCaptureUnsupported);
    drain({stream->id, stream->queued});
    return failed(sticky_error);
}

/* Asking makes progress: one task each time, so that polling ends. */
cudaError_t cudaStreamQuery(cudaStream_t handle) {
    Locked locked;
    CUstream_st *stream = find_stream(handle);
    if (!stream) return failed(cudaErrorInvalidResourceHandle);
    if (stream->capture) return failed(cudaErrorStreamCaptureUnsupported);
    if (sticky_error) return failed(sticky_error);
    if (stream->queue.empty()) return cudaSuccess;
    run_first(stream);
    return cudaErrorNotReady;
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *user) {
    Locked locked;
    if (!function) return failed(cudaErrorInvalidValue);
    return enqueue(stream, [=] { function(user); });
}

cudaError_t cudaDeviceSynchronize(void) {
    Locked locked;
    if (any_capture()) return failed(cudaErrorStreamCaptureUnsupported);
    drain_all();
    return failed(sticky_error);
}

/* Keeps streams and memory: enough to go on after a fault that a test asked for. */
cudaError_t cudaDeviceReset(void) {
    Locked locked;
    drain_all();
    sticky_error = cudaSuccess;
    cudaGetLastError();
    return cudaSuccess;
}

} // extern "C"
