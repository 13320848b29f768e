/*
 * graph.cpp - stream capture and graphs: the list of captured tasks, replayed in its order.
 */
#include "stream.h"

using namespace simt;

struct CUgraphExec_st {
    std::vector<std::function<void()>> tasks;
};

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode) {
    Locked locked;
    CUstream_st *stream = find_stream(handle);
    if (!stream || stream->id == 0 || stream->capture)
        return failed(cudaErrorStreamCaptureUnsupported);
    stream->capture = new CUgraph_st{{}, stream};
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t *graph) {
    Locked locked;
    CUstream_st *stream = find_stream(handle);
    if (!stream || !graph) return failed(cudaErrorInvalidValue);
    if (!stream->capture || stream->capture->origin != stream)
        return failed(cudaErrorStreamCaptureUnmatched);
    *graph = stream->capture;
    end_capture(*graph);
    return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus *status) {
    Locked locked;
    CUstream_st *stream = find_stream(handle);
    if (!stream || !status) return failed(cudaErrorInvalidValue);
    *status = stream->capture ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
    return cudaSuccess;
}

/* Only the count: nodes have no handles. */
cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count) {
    Locked locked;
    if (!graph || !count) return failed(cudaErrorInvalidValue);
    if (nodes) return failed(cudaErrorNotSupported);
    *count = graph->tasks.size();
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long) {
    Locked locked;
    if (!exec || !graph) return failed(cudaErrorInvalidValue);
    *exec = new CUgraphExec_st{graph->tasks};
    return cudaSuccess;
}

cudaError_t cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t) {
    return exec ? cudaSuccess : failed(cudaErrorInvalidValue);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
    Locked locked;
    if (!exec) return failed(cudaErrorInvalidValue);
    for (auto &task : exec->tasks) {
        const cudaError_t error = enqueue(stream, task);
        if (error) return error;
    }
    return failed(sticky_error);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    Locked locked;
    delete graph;
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
    Locked locked;
    delete exec;
    return cudaSuccess;
}

} // extern "C"
