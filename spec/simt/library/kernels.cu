/*
 * kernels.cu - a kernel with everything that depends on how it is linked: static and dynamic shared
 * memory, thread coordinates, a template.
 */
#include "gpu.cuh"

template <int STEP> __global__ void reverse(const int *x, int *y, int n) {
    __shared__ int rest;
    DYN_SMEM(int, part);
    const int i = (int)threadIdx.x;
    part[i] = x[(int)blockIdx.x * n + i];
    if (i == 0) rest = STEP;
    __syncthreads();
    y[(int)blockIdx.x * n + i] = part[n - 1 - i] + rest;
}

extern "C" void launch_reverse(lac__gpu *gpu, const int *x, int *y, int blocks, int n) {
    LAC_LAUNCH(gpu, (reverse<3>), blocks, n, (size_t)n * sizeof(int), x, y, n);
}
