/*
 * launch_test.cpp - LAC_LAUNCH and what the device says of a launch: names, errors, faults that
 * come late, dynamic shared memory; and what the device says of itself.
 */
#include "check.h"
#include "gpu.cuh"

__global__ void set(int *p, int v) {
    if (threadIdx.x + threadIdx.y + threadIdx.z == 0) *p = v;
}
template <class T, int N> __global__ void scaled(const T *x, T *y) {
    y[threadIdx.x] = from_float<T>(to_float(x[threadIdx.x]) * N);
}
__global__ void nothing() {}
__global__ void fill_shared(size_t bytes, int *sum) {
    DYN_SMEM(unsigned char, mine);
    int seen = 0;
    for (size_t i = threadIdx.x; i < bytes; i += blockDim.x) {
#ifdef __SANITIZE_THREAD__
        ++seen; /* the race checker would object to the read */
#else
        seen += mine[i] == 0xFF;
#endif
        mine[i] = (unsigned char)threadIdx.x;
    }
    atomicAdd(sum, seen);
}
__global__ void places(uint3 *out) {
    const unsigned b = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    out[2 * b] = blockIdx;
    out[2 * b + 1] = threadIdx;
}

static lac__gpu gpu(int sync = 0) {
    lac__gpu g = {};
    g.sync = sync;
    return g;
}

static bool said(const lac__gpu &g, cudaError_t error, const char *kernel) {
    return g.error == (int)error && g.kernel && !strcmp(g.kernel, kernel);
}

static void macro() {
    Device<int> p(std::vector<int>{0});
    lac__gpu g = gpu();
    LAC_LAUNCH(&g, set, 1, 1, 0, p.data, 4);
    LAC_LAUNCH(&g, nothing, dim3(2, 2), dim3(4, 4), 0);
    LAC_LAUNCH(&g, set, 0, 1, 0, p.data, 9);
    LAC_LAUNCH(&g, set, dim3(1, 0), 1, 0, p.data, 9);
    CHECK(g.error == 0 && g.kernel == nullptr);
    OK(cudaDeviceSynchronize());
    CHECK(p.get()[0] == 4);

    Device<__half> x(std::vector<__half>{__float2half(1.5f)}), y(1);
    LAC_LAUNCH(&g, (scaled<__half, 4>), 1, 1, 0, x.data, y.data);
    OK(cudaDeviceSynchronize());
    CHECK(__half2float(y.get()[0]) == 6.0f);

    /* The first failure stays, and nothing runs after it. */
    LAC_LAUNCH(&g, (scaled<__half, 4>), 1, 1025, 0, x.data, y.data);
    CHECK(said(g, cudaErrorInvalidConfiguration, "scaled<__half, 4>"));
    LAC_LAUNCH(&g, set, 1, 1, 1 << 20, p.data, 5);
    CHECK(said(g, cudaErrorInvalidConfiguration, "scaled<__half, 4>"));
    LAC_LAUNCH(&g, set, 1, 1, 0, p.data, 5);
    OK(cudaDeviceSynchronize());
    CHECK(p.get()[0] == 4);
    cudaGetLastError();
}

static void configurations() {
    Device<int> p(1);
    auto with = [&](dim3 grid, dim3 block, size_t shared) {
        return simt::configure("set", set, grid, block, shared, nullptr)(p.data, 1);
    };
    OK(with(1, 1024, 0));
    OK(with(1, dim3(1, 1, 64), simt::shared_default));
    FAILS(cudaErrorInvalidConfiguration, with(1, dim3(1, 1, 65), 0));
    FAILS(cudaErrorInvalidConfiguration, with(1, dim3(33, 32), 0));
    FAILS(cudaErrorInvalidConfiguration, with(1, 0, 0));
    FAILS(cudaErrorInvalidConfiguration, with(0, 1, 0));
    FAILS(cudaErrorInvalidConfiguration, with(dim3(1, 65536), 1, 0));
    FAILS(cudaErrorInvalidValue, with(1, 1, simt::shared_default + 1));
    OK(cudaDeviceSynchronize());
    CHECK(cudaGetLastError() == cudaErrorInvalidValue);

    Device<uint3> at(2 * 24);
    RUN(places, dim3(4, 3, 2), 1, 0, at.data);
    auto got = at.get();
    bool right = true;
    for (unsigned b = 0; b < 24; ++b)
        right &= got[2 * b].x == b % 4 && got[2 * b].y == b / 4 % 3 && got[2 * b].z == b / 12;
    CHECK(right);
}

static void shared() {
    Device<int> sum(std::vector<int>{0});
    lac__gpu g = gpu();
    for (size_t bytes : {100, 48 << 10, 227 << 10}) {
        OK(cudaMemset(sum.data, 0, 4));
        LAC_LAUNCH(&g, fill_shared, 2, 64, bytes, bytes, sum.data);
        OK(cudaDeviceSynchronize());
        CHECK(sum.get()[0] == 2 * (int)bytes); /* fresh for every block */
    }
    CHECK(g.error == 0);
    LAC_LAUNCH(&g, fill_shared, 1, 64, (227 << 10) + 1, 0, sum.data);
    CHECK(said(g, cudaErrorInvalidValue, "fill_shared"));
    cudaGetLastError();
#ifdef __SANITIZE_ADDRESS__
    const char *report = "AddressSanitizer";
#else
    const char *report = "bytes past its 100 bytes of dynamic shared memory";
#endif
    DIES(report, RUN(fill_shared, 1, 64, 100, 104, sum.data));
    FAILS(cudaErrorInvalidValue,
          cudaFuncSetAttribute(set, cudaFuncAttributeMaxDynamicSharedMemorySize, 1 << 20));
    int blocks = 0;
    OK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, set, 256, 100 << 10));
    CHECK(blocks == 2);
    OK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, set, 256, 0));
    CHECK(blocks == 8);
    cudaGetLastError();
}

/* A launch that faults is queued without an error; everything after the fault fails. */
static void faults(bool lazy, bool sync) {
    Modes modes;
    simt::config.lazy_streams = lazy;
    Device<int> p(std::vector<int>{0});
    simt::config.fail_launch = simt::statistics.launches + 2;
    lac__gpu g = gpu(sync);
    LAC_LAUNCH(&g, set, 1, 1, 0, p.data, 1);
    LAC_LAUNCH(&g, (scaled<float, 1>), 1, 1, 0, (const float *)p.data, (float *)p.data);
    if (sync) {
        CHECK(said(g, cudaErrorLaunchFailure, "scaled<float, 1>"));
    } else {
        CHECK(g.error == 0);
        FAILS(cudaErrorLaunchFailure, cudaDeviceSynchronize());
        LAC_LAUNCH(&g, set, 1, 1, 0, p.data, 2);
        CHECK(said(g, cudaErrorLaunchFailure, "set"));
    }
    void *none;
    int host;
    FAILS(cudaErrorLaunchFailure, cudaMalloc(&none, 4));
    FAILS(cudaErrorLaunchFailure, cudaMemcpy(&host, p.data, 4, cudaMemcpyDeviceToHost));
    CHECK(cudaGetLastError() == cudaErrorLaunchFailure &&
          cudaGetLastError() == cudaErrorLaunchFailure);
    OK(cudaDeviceReset());
    CHECK(cudaGetLastError() == cudaSuccess);
    CHECK(p.get()[0] == 1);
}

static void device() {
    Modes modes;
    int n = 0;
    cudaDeviceProp prop;
    OK(cudaGetDeviceCount(&n));
    CHECK(n == simt::config.devices);
    OK(cudaGetDeviceProperties(&prop, 0));
    CHECK(!strcmp(prop.name, "SIMT emulator") && prop.major == 9 && prop.minor == 0);
    OK(cudaDeviceGetAttribute(&n, cudaDevAttrMultiProcessorCount, 0));
    CHECK(n == prop.multiProcessorCount && n == 4);
    OK(cudaDeviceGetAttribute(&n, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0));
    CHECK(n == 227 << 10);
    simt::config.devices = 2;
    OK(cudaSetDevice(1));
    OK(cudaGetDevice(&n));
    CHECK(n == 1);
    OK(cudaSetDevice(0));
    FAILS(cudaErrorInvalidDevice, cudaSetDevice(2));
    FAILS(cudaErrorInvalidDevice, cudaGetDeviceProperties(&prop, -1));
    simt::config.devices = 0;
    FAILS(cudaErrorNoDevice, cudaGetDeviceCount(&n));
    CHECK(n == 0);
    cudaGetLastError();
    OK(cudaDriverGetVersion(&n));
    CHECK(n == CUDART_VERSION);
    CHECK(!strcmp(cudaGetErrorName(cudaErrorNoDevice), "cudaErrorNoDevice"));
    CHECK(!strcmp(cudaGetErrorString(cudaErrorMemoryAllocation), "out of memory"));
    CHECK(cudaGetErrorString((cudaError_t)12345)[0] == 'u');
}

int main() {
    macro();
    configurations();
    shared();
    for (bool lazy : {false, true})
        for (bool sync : {false, true}) faults(lazy, sync);
    device();
    return finish("launch");
}
