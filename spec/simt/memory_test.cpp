/*
 * memory_test.cpp - the arena: who may touch it, what it notices, when it is full; copies and their
 * checks.
 */
#include "check.h"

#include <cmath>

__global__ void store(int *p, long at, int v) {
    p[at] = v;
}
__global__ void read(const float *p, float *out) {
    *out = *p;
}

static void protection() {
    if (simt::config.open_memory) return;
    Device<int> p(std::vector<int>{5});
    RUN(store, 1, 1, 0, p.data, 0l, 6);
    CHECK(p.get()[0] == 6);
    volatile int *host_side = p.data;
    DIES("", if (host_side[0] == 6) printf("read it\n"));
    DIES("", host_side[0] = 7);
    CHECK(p.get()[0] == 6);
}

static void bounds() {
    Device<int> p(10);
    /* Under AddressSanitizer the access itself is the report. */
#ifdef __SANITIZE_ADDRESS__
    const char *past = "AddressSanitizer", *far = past;
#else
    const char *past = "byte 40 of a block of 40 bytes was written", *far = "fault at";
#endif
    DIES(past, RUN(store, 1, 1, 0, p.data, 10l, 1); cudaFree(p.data));
    DIES(far, RUN(store, 1, 1, 0, p.data, 1l << 32, 1));
#ifndef __SANITIZE_ADDRESS__
    DIES("kernel store, block (0,0,0), thread (0,0,0): fault at",
         RUN(store, 1, 1, 0, nullptr, 0l, 1));
#endif
    DIES(past, simt::configure("store", store, 1, 1, 0, nullptr)(p.data, 10l, 1); cudaFree(p.data));
}

static void contents() {
    Device<float> p(3), out(1);
    RUN(read, 1, 1, 0, p.data, out.data);
    CHECK(std::isnan(out.get()[0])); /* never written */
    OK(cudaMemset(p.data, 0, 12));
    RUN(read, 1, 1, 0, p.data, out.data);
    CHECK(out.get()[0] == 0.0f);
}

static void limit() {
    Modes modes;
    size_t before, after, total;
    OK(cudaMemGetInfo(&before, &total));
    const size_t used = total - before, mib = 1 << 20;
    simt::config.memory = used + 4 * mib;
    void *a = nullptr, *b = nullptr, *c = nullptr;
    OK(cudaMalloc(&a, 3 * mib));
    OK(cudaMemGetInfo(&after, &total));
    CHECK(total == used + 4 * mib && after == mib);
    FAILS(cudaErrorMemoryAllocation, cudaMalloc(&b, 2 * mib));
    CHECK(b == nullptr && cudaGetLastError() == cudaErrorMemoryAllocation);
    FAILS(cudaErrorMemoryAllocation, cudaMallocAsync(&b, ~(size_t)0, nullptr));
    cudaGetLastError();
    OK(cudaMallocAsync(&b, mib, nullptr));
    /* Memory whose free waits in a lazy stream comes back when it is needed. */
    simt::config.lazy_streams = true;
    cudaStream_t s;
    OK(cudaStreamCreate(&s));
    OK(cudaFreeAsync(a, s));
    OK(cudaMallocAsync(&c, 3 * mib, s));
    OK(cudaStreamSynchronize(s));
    OK(cudaFree(b));
    OK(cudaFree(c));
    OK(cudaStreamDestroy(s));
    OK(cudaMemGetInfo(&after, &total));
    CHECK(after == 4 * mib);
    void *none = (void *)1;
    OK(cudaMalloc(&none, 0));
    CHECK(none == nullptr);
    OK(cudaFree(nullptr));
}

/* Blocks of odd sizes come and go; none overlaps another and gaps are used again. */
static void churn() {
    std::vector<std::pair<char *, size_t>> blocks;
    size_t before, total, after;
    OK(cudaMemGetInfo(&before, &total));
    bool apart = true, aligned = true;
    unsigned state = 1;
    for (int i = 0; i < 400; ++i) {
        state = state * 1664525 + 1013904223;
        if (blocks.size() > 20 || (blocks.size() > 5 && state >> 31)) {
            const size_t at = (state >> 8) % blocks.size();
            OK(cudaFree(blocks[at].first));
            blocks.erase(blocks.begin() + (long)at);
            continue;
        }
        const size_t bytes = (state >> 8) % 5000 + 1;
        char *p = nullptr;
        OK(cudaMalloc(&p, bytes));
        aligned &= (uintptr_t)p % 256 == 0;
        for (auto &other : blocks)
            apart &= p + bytes <= other.first || other.first + other.second <= p;
        blocks.push_back({p, bytes});
    }
    CHECK(apart && aligned);
    for (auto &block : blocks) OK(cudaFree(block.first));
    OK(cudaMemGetInfo(&after, &total));
    CHECK(before == after);
}

static void copies() {
    Device<int> p(std::vector<int>{1, 2, 3, 4, 5, 6}), q(6);
    int host[6] = {};
    FAILS(cudaErrorInvalidValue, cudaMemcpy(host, p.data, 4, cudaMemcpyHostToDevice));
    FAILS(cudaErrorInvalidValue, cudaMemcpy(p.data, host, 4, cudaMemcpyDeviceToHost));
    FAILS(cudaErrorInvalidValue, cudaMemcpy(host, p.data, 25, cudaMemcpyDeviceToHost));
    FAILS(cudaErrorInvalidValue, cudaMemcpy(host, p.data + 5, 8, cudaMemcpyDeviceToHost));
    FAILS(cudaErrorInvalidValue, cudaMemcpy(nullptr, p.data, 4, cudaMemcpyDeviceToHost));
    FAILS(cudaErrorInvalidMemcpyDirection, cudaMemcpy(host, p.data, 4, (cudaMemcpyKind)9));
    FAILS(cudaErrorInvalidValue, cudaMemset(p.data, 0, 25));
    FAILS(cudaErrorInvalidValue, cudaMemset(host, 0, 4));
    FAILS(cudaErrorInvalidValue, cudaFree(host));
    FAILS(cudaErrorInvalidValue, cudaFree(p.data + 1));
    OK(cudaMemcpy(nullptr, nullptr, 0, cudaMemcpyDeviceToHost));
    OK(cudaMemcpy(q.data, p.data, 24, cudaMemcpyDefault));
    OK(cudaMemcpy(host, q.data, 24, cudaMemcpyDefault));
    CHECK(host[5] == 6);
    OK(cudaMemcpy2DAsync(host, 4, p.data, 12, 4, 2, cudaMemcpyDeviceToHost));
    OK(cudaDeviceSynchronize());
    CHECK(host[0] == 1 && host[1] == 4 && host[2] == 3);
    FAILS(cudaErrorInvalidPitchValue,
          cudaMemcpy2DAsync(host, 4, p.data, 12, 8, 2, cudaMemcpyDeviceToHost));
    cudaGetLastError();
}

__global__ void add_pinned(int *p) {
    atomicAdd(p, 1);
}

static void pinned() {
    int *p, plain[4], *seen;
    OK(cudaHostAlloc((void **)&p, 16, cudaHostAllocMapped));
    p[0] = 1;
    OK(cudaHostGetDevicePointer((void **)&seen, p, 0));
    RUN(add_pinned, 1, 3, 0, seen);
    CHECK(p[0] == 4);
    cudaPointerAttributes is;
    Device<int> d(4);
    OK(cudaPointerGetAttributes(&is, d.data + 2));
    CHECK(is.type == cudaMemoryTypeDevice);
    OK(cudaPointerGetAttributes(&is, p));
    CHECK(is.type == cudaMemoryTypeHost && is.hostPointer == p);
    OK(cudaPointerGetAttributes(&is, plain));
    CHECK(is.type == cudaMemoryTypeUnregistered);
    OK(cudaHostRegister(plain, sizeof plain, cudaHostRegisterDefault));
    OK(cudaPointerGetAttributes(&is, plain));
    CHECK(is.type == cudaMemoryTypeHost);
    FAILS(cudaErrorInvalidValue, cudaFreeHost(plain));
    OK(cudaHostUnregister(plain));
    OK(cudaFreeHost(p));
    FAILS(cudaErrorInvalidValue, cudaFreeHost(p));
    OK(cudaFreeHost(nullptr));
    cudaGetLastError();
}

static void pool() {
    cudaMemPool_t pool;
    unsigned long long value = ~0ull, used = 0;
    OK(cudaDeviceGetDefaultMemPool(&pool, 0));
    OK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &value));
    Device<char> p(1000);
    OK(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used));
    CHECK(used >= 1000);
    OK(cudaMemPoolTrimTo(pool, 0));
    FAILS(cudaErrorInvalidValue, cudaDeviceGetDefaultMemPool(&pool, 7));
    void *twice;
    OK(cudaMallocAsync(&twice, 8, nullptr));
    OK(cudaFreeAsync(twice, nullptr));
    OK(cudaDeviceSynchronize());
    FAILS(cudaErrorInvalidValue, cudaFreeAsync(twice, nullptr));
    cudaGetLastError();
}

int main() {
    protection();
    bounds();
    contents();
    limit();
    churn();
    copies();
    pinned();
    pool();
    return finish("memory");
}
