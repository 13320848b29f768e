/*
 * threads_test.cpp - several host threads, each with a stream and kernels of its own.
 */
#include "check.h"

#include <thread>

__global__ void count(int *p, int rounds) {
    __shared__ int sum;
    for (int i = 0; i < rounds; ++i) {
        if (threadIdx.x == 0) sum = *p;
        __syncthreads();
        if (threadIdx.x == blockDim.x - 1) *p = sum + 1;
        __syncthreads();
    }
}

static int work(int rounds) {
    cudaStream_t stream;
    int *p = nullptr, result = -1;
    if (cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking)) return -1;
    if (cudaMallocAsync((void **)&p, sizeof *p, stream)) return -1;
    if (cudaMemsetAsync(p, 0, sizeof *p, stream)) return -1;
    for (int i = 0; i < rounds; ++i)
        if (simt::configure("count", count, 2, 64, 0, stream)(p, 3)) return -1;
    if (cudaMemcpyAsync(&result, p, sizeof result, cudaMemcpyDeviceToHost, stream)) return -1;
    if (cudaStreamSynchronize(stream)) return -1;
    if (cudaFreeAsync(p, stream) || cudaStreamDestroy(stream)) return -1;
    return result;
}

int main() {
    int results[4] = {};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&results, i] { results[i] = work(50 + i); });
    for (auto &thread : threads) thread.join();
    for (int i = 0; i < 4; ++i) CHECK(results[i] == 6 * (50 + i));
    /* Errors and the device are a thread's own. */
    cudaError_t seen = cudaErrorUnknown;
    FAILS(cudaErrorInvalidValue, cudaMemset(nullptr, 0, 1));
    std::thread([&seen] { seen = cudaGetLastError(); }).join();
    CHECK(seen == cudaSuccess);
    CHECK(cudaGetLastError() == cudaErrorInvalidValue);
    return finish("threads");
}
