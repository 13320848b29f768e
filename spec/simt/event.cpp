/*
 * event.cpp - events: a position in a stream, and the time at which it was passed.
 */
#include "stream.h"

#include <chrono>

using namespace simt;

/* `time` belongs to one recording and outlives the event. */
struct CUevent_st {
    bool recorded, timed;
    Position position;
    std::shared_ptr<double> time;
    CUgraph_st *capture; /* recorded while its stream was captured */
};

static double now() {
    return std::chrono::duration<double, std::milli>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

extern "C" {

cudaError_t cudaEventCreate(cudaEvent_t *event) {
    return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags) {
    Locked locked;
    if (!event) return failed(cudaErrorInvalidValue);
    if (sticky_error) return failed(sticky_error);
    *event = new CUevent_st{false, !(flags & cudaEventDisableTiming), {}, nullptr, nullptr};
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    Locked locked;
    if (!event) return failed(cudaErrorInvalidResourceHandle);
    delete event;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
    Locked locked;
    CUstream_st *stream = find_stream(handle);
    if (!event || !stream) return failed(cudaErrorInvalidResourceHandle);
    event->capture = stream->capture;
    if (stream->capture) return cudaSuccess;
    auto time = std::make_shared<double>(0);
    const cudaError_t error = enqueue(handle, [time] { *time = now(); });
    if (error) return error;
    event->recorded = true;
    event->position = {stream->id, stream->queued};
    event->time = time;
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    Locked locked;
    if (!event) return failed(cudaErrorInvalidResourceHandle);
    if (event->capture) return failed(cudaErrorStreamCaptureUnsupported);
    if (event->recorded) drain(event->position);
    return failed(sticky_error);
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
    Locked locked;
    if (!event) return failed(cudaErrorInvalidResourceHandle);
    if (event->capture) return failed(cudaErrorStreamCaptureUnsupported);
    if (sticky_error) return failed(sticky_error);
    if (!event->recorded || is_done(event->position)) return cudaSuccess;
    drain(event->position);
    return cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t stop) {
    Locked locked;
    if (!milliseconds || !start || !stop) return failed(cudaErrorInvalidValue);
    if (!start->recorded || !stop->recorded || !start->timed || !stop->timed)
        return failed(cudaErrorInvalidResourceHandle);
    if (!is_done(start->position) || !is_done(stop->position)) return cudaErrorNotReady;
    *milliseconds = (float)(*stop->time - *start->time);
    return failed(sticky_error);
}

/* A stream that waits for an event of a capture joins the capture. */
cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned int) {
    Locked locked;
    CUstream_st *stream = find_stream(handle);
    if (!stream || !event) return failed(cudaErrorInvalidResourceHandle);
    if (event->capture) {
        if (stream->capture && stream->capture != event->capture)
            return failed(cudaErrorStreamCaptureUnsupported);
        stream->capture = event->capture;
        return cudaSuccess;
    }
    if (!event->recorded || stream->capture) return cudaSuccess;
    const Position position = event->position;
    return enqueue(handle, [position] { drain(position); });
}

} // extern "C"
