/*
 * stream_test.cpp - streams eager and lazy, the null stream, events, captures and graphs.
 */
#include "check.h"

__global__ void add(int *p, int v) {
    *p += v;
}

static cudaError_t queue_add(cudaStream_t stream, int *p, int v) {
    return simt::configure("add", add, 1, 1, 0, stream)(p, v);
}

static int value(const int *p) {
    int v = -1;
    OK(cudaMemcpy(&v, p, sizeof v, cudaMemcpyDeviceToHost));
    return v;
}

/* What a stream was given it does in order, and no later than something waits for it. */
static void order(bool lazy) {
    Modes modes;
    simt::config.lazy_streams = lazy;
    cudaStream_t s;
    OK(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking));
    int *p, *pinned;
    OK(cudaMalloc(&p, sizeof *p));
    OK(cudaMallocHost(&pinned, 2 * sizeof *pinned));
    pinned[0] = 40;
    pinned[1] = -1;
    OK(cudaMemcpyAsync(p, pinned, sizeof *p, cudaMemcpyHostToDevice, s));
    OK(queue_add(s, p, 2));
    OK(cudaMemcpyAsync(pinned + 1, p, sizeof *p, cudaMemcpyDeviceToHost, s));
    CHECK(pinned[1] == (lazy ? -1 : 42)); /* a forgotten synchronisation shows */
    OK(cudaStreamSynchronize(s));
    CHECK(pinned[1] == 42);

    /* Pinned memory is read late, pageable memory at once. */
    int pageable = 7;
    OK(cudaMemcpyAsync(p, &pageable, sizeof *p, cudaMemcpyHostToDevice, s));
    pageable = 8;
    OK(cudaStreamSynchronize(s));
    CHECK(value(p) == 7);
    pinned[0] = 7;
    OK(cudaMemcpyAsync(p, pinned, sizeof *p, cudaMemcpyHostToDevice, s));
    pinned[0] = 8;
    OK(cudaStreamSynchronize(s));
    CHECK(value(p) == (lazy ? 8 : 7));

    /* A non-blocking stream does not care for the null stream. */
    OK(queue_add(s, p, 100));
    CHECK(value(p) == (lazy ? 8 : 107));
    OK(cudaStreamSynchronize(s));
    OK(cudaFreeHost(pinned));
    OK(cudaFree(p));
    OK(cudaStreamDestroy(s));
}

/* Blocking streams and the null stream wait for each other. */
static void null_stream() {
    Modes modes;
    simt::config.lazy_streams = true;
    cudaStream_t a, b;
    OK(cudaStreamCreate(&a));
    OK(cudaStreamCreateWithPriority(&b, cudaStreamDefault, 0));
    Device<int> p(std::vector<int>{1});
    OK(queue_add(a, p.data, 2));
    CHECK(value(p.data) == 3);
    OK(cudaMemsetAsync(p.data, 0, sizeof(int), nullptr));
    OK(queue_add(b, p.data, 5));
    OK(cudaStreamSynchronize(b));
    CHECK(value(p.data) == 5);
    OK(queue_add(a, p.data, 1));
    OK(cudaStreamDestroy(a)); /* does what it has */
    CHECK(value(p.data) == 6);
    OK(cudaStreamDestroy(b));
    FAILS(cudaErrorInvalidResourceHandle, cudaStreamSynchronize(b));
    FAILS(cudaErrorInvalidResourceHandle, cudaStreamDestroy(nullptr));
    CHECK(cudaGetLastError() == cudaErrorInvalidResourceHandle);
    CHECK(cudaGetLastError() == cudaSuccess);
}

static void count_call(void *calls) {
    ++*(int *)calls;
}

static void queries() {
    Modes modes;
    simt::config.lazy_streams = true;
    cudaStream_t s;
    int calls = 0;
    OK(cudaStreamCreate(&s));
    OK(cudaLaunchHostFunc(s, count_call, &calls));
    OK(cudaLaunchHostFunc(s, count_call, &calls));
    CHECK(calls == 0);
    int asked = 0;
    while (cudaStreamQuery(s) == cudaErrorNotReady) ++asked;
    CHECK(asked == 2 && calls == 2);
    CHECK(cudaPeekAtLastError() == cudaSuccess);
    OK(cudaStreamDestroy(s));
}

static void events() {
    Modes modes;
    simt::config.lazy_streams = true;
    cudaStream_t a, b;
    cudaEvent_t first, second, untimed;
    OK(cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking));
    OK(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking));
    OK(cudaEventCreate(&first));
    OK(cudaEventCreate(&second));
    OK(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming));
    Device<int> p(std::vector<int>{1});
    float ms = -1;
    OK(cudaEventSynchronize(first)); /* never recorded */
    OK(cudaEventRecord(first, a));
    OK(queue_add(a, p.data, 2));
    OK(cudaEventRecord(second, a));
    OK(queue_add(a, p.data, 100));
    FAILS(cudaErrorNotReady, cudaEventElapsedTime(&ms, first, second));
    /* b goes on after a's event, not after all of a. */
    OK(cudaStreamWaitEvent(b, second));
    OK(queue_add(b, p.data, 10));
    OK(cudaStreamSynchronize(b));
    CHECK(value(p.data) == 13);
    OK(cudaEventQuery(second));
    OK(cudaEventElapsedTime(&ms, first, second));
    CHECK(ms >= 0);
    OK(cudaEventRecord(untimed, a));
    CHECK(cudaEventQuery(untimed) == cudaErrorNotReady);
    OK(cudaEventQuery(untimed));
    CHECK(value(p.data) == 113);
    FAILS(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&ms, first, untimed));
    /* An event outlives its stream, and a recording its event. */
    OK(cudaEventRecord(first, b));
    OK(cudaEventDestroy(first));
    OK(cudaEventRecord(second, a));
    OK(cudaStreamDestroy(a));
    OK(cudaEventSynchronize(second));
    OK(cudaStreamDestroy(b));
    OK(cudaEventDestroy(second));
    OK(cudaEventDestroy(untimed));
    cudaGetLastError();
}

static void graphs(bool lazy) {
    Modes modes;
    simt::config.lazy_streams = lazy;
    cudaStream_t s, side;
    cudaEvent_t fork, join;
    OK(cudaStreamCreate(&s));
    OK(cudaStreamCreate(&side));
    OK(cudaEventCreate(&fork));
    OK(cudaEventCreate(&join));
    Device<int> p(std::vector<int>{0}), q(std::vector<int>{0});
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    cudaStreamCaptureStatus status;
    FAILS(cudaErrorStreamCaptureUnsupported,
          cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal));
    OK(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal));
    OK(cudaStreamIsCapturing(s, &status));
    CHECK(status == cudaStreamCaptureStatusActive);
    OK(queue_add(s, p.data, 3));
    OK(cudaEventRecord(fork, s));
    OK(cudaStreamWaitEvent(side, fork));
    OK(queue_add(side, q.data, 4));
    OK(cudaEventRecord(join, side));
    OK(cudaStreamWaitEvent(s, join));
    OK(cudaMemcpyAsync(p.data, q.data, sizeof(int), cudaMemcpyDeviceToDevice, s));
    /* What a capture does not allow. */
    FAILS(cudaErrorStreamCaptureUnsupported, cudaStreamSynchronize(s));
    FAILS(cudaErrorStreamCaptureUnsupported, cudaDeviceSynchronize());
    FAILS(cudaErrorStreamCaptureUnsupported, cudaEventSynchronize(fork));
    void *none = nullptr;
    FAILS(cudaErrorStreamCaptureUnsupported, cudaMallocAsync(&none, 4, s));
    FAILS(cudaErrorStreamCaptureUnsupported, cudaMalloc(&none, 4));
    FAILS(cudaErrorStreamCaptureUnmatched, cudaStreamEndCapture(side, &graph));
    OK(cudaStreamEndCapture(s, &graph));
    OK(cudaStreamIsCapturing(side, &status));
    CHECK(status == cudaStreamCaptureStatusNone);
    CHECK(value(p.data) == 0 && value(q.data) == 0); /* nothing ran yet */
    size_t nodes = 0;
    OK(cudaGraphGetNodes(graph, nullptr, &nodes));
    CHECK(nodes == 3);
    OK(cudaGraphInstantiate(&exec, graph));
    OK(cudaGraphDestroy(graph));
    OK(cudaGraphUpload(exec, s));
    for (int i = 0; i < 3; ++i) OK(cudaGraphLaunch(exec, s));
    OK(cudaStreamSynchronize(s));
    CHECK(value(p.data) == 12 && value(q.data) == 12);
    OK(cudaGraphLaunch(exec, s));
    OK(cudaGraphExecDestroy(exec)); /* its last launch still runs */
    OK(cudaStreamSynchronize(s));
    CHECK(value(p.data) == 16);
    OK(cudaEventDestroy(fork));
    OK(cudaEventDestroy(join));
    OK(cudaStreamDestroy(side));
    OK(cudaStreamDestroy(s));
    cudaGetLastError();
}

int main() {
    for (bool lazy : {false, true}) {
        order(lazy);
        graphs(lazy);
    }
    null_stream();
    queries();
    events();
    return finish("stream");
}
