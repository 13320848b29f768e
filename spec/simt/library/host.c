/*
 * host.c - the host side in C11, as the backend has it.
 */
#include "launch.h"

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

void launch_reverse(lac__gpu *gpu, const int *x, int *y, int blocks, int n);

/* y[i] = 3 + x reversed within each block; 0 or the first error. */
__attribute__((visibility("default"))) int run_reverse(const int *x, int *y, int blocks, int n);

int run_reverse(const int *x, int *y, int blocks, int n) {
    const size_t bytes = (size_t)blocks * (size_t)n * sizeof *x;
    struct cudaDeviceProp prop;
    cudaStream_t stream = NULL;
    void *dx = NULL, *dy = NULL;
    cudaError_t error = cudaGetDeviceProperties(&prop, 0);
    if (!error) error = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    if (!error) error = cudaMallocAsync(&dx, bytes, stream);
    if (!error) error = cudaMallocAsync(&dy, bytes, stream);
    if (!error) error = cudaMemcpyAsync(dx, x, bytes, cudaMemcpyHostToDevice, stream);
    lac__gpu gpu = {.stream = stream, .sm_count = prop.multiProcessorCount};
    if (!error) launch_reverse(&gpu, dx, dy, blocks, n);
    if (!error) error = (cudaError_t)gpu.error;
    if (!error) error = cudaMemcpyAsync(y, dy, bytes, cudaMemcpyDeviceToHost, stream);
    if (dx) cudaFreeAsync(dx, stream);
    if (dy) cudaFreeAsync(dy, stream);
    if (!error) error = cudaStreamSynchronize(stream);
    if (stream) cudaStreamDestroy(stream);
    return (int)error;
}
