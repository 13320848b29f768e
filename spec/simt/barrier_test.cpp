/*
 * barrier_test.cpp - barriers, orders of threads, deadlocks and endless loops.
 */
#include "check.h"

/* Every thread reads what the last one of the other half wrote, many times over. */
__global__ void ping_pong(unsigned *out, int rounds) {
    __shared__ unsigned cell[1024];
    const unsigned t = threadIdx.x, n = blockDim.x;
    cell[t] = t;
    __syncthreads();
    for (int r = 0; r < rounds; ++r) {
        const unsigned other = cell[n - 1 - t];
        __syncthreads();
        cell[t] = other + 1;
        __syncthreads();
    }
    out[blockIdx.x * n + t] = cell[t];
}

static void meets(unsigned blocks, unsigned threads) {
    Device<unsigned> out(blocks * threads);
    RUN(ping_pong, blocks, threads, 0, out.data, 5);
    bool right = true;
    auto got = out.get();
    for (unsigned i = 0; i < got.size(); ++i) right &= got[i] == threads - 1 - i % threads + 5;
    CHECK(right);
}

__global__ void counts(int *out) {
    const int t = (int)threadIdx.x;
    const int a = __syncthreads_count(t % 3 == 0);
    const int b = __syncthreads_or(t == 40);
    const int c = __syncthreads_or(0);
    const int d = __syncthreads_and(t < 100);
    const int e = __syncthreads_and(t != 7);
    out[t] = a * 10000 + b * 1000 + c * 100 + d * 10 + e;
}

/* Threads that have left are not waited for, whether they leave before or after the others came. */
__global__ void some_leave(int *out, unsigned first, bool early) {
    if (early && threadIdx.x < first) return;
    if (!early && threadIdx.x >= first) return;
    __syncthreads();
    out[threadIdx.x] = 1;
}

__global__ void order(unsigned *out, unsigned *next) {
    out[atomicAdd(next, 1u)] = threadIdx.x;
    __syncthreads();
}

static std::vector<unsigned> order_of(simt::Order mode, uint64_t seed) {
    Modes modes;
    simt::config.order = mode;
    simt::config.seed = seed;
    Device<unsigned> out(64), next(std::vector<unsigned>{0});
    RUN(order, 1, 64, 0, out.data, next.data);
    return out.get();
}

static void orders() {
    auto fifo = order_of(simt::Order::fifo, 1), lifo = order_of(simt::Order::lifo, 1);
    auto a = order_of(simt::Order::random, 1), b = order_of(simt::Order::random, 2);
    bool up = true, down = true;
    for (unsigned i = 0; i < 64; ++i) {
        up &= fifo[i] == i;
        down &= lifo[i] == 63 - i;
    }
    CHECK(up);
    CHECK(down);
    CHECK(a != b);
    CHECK(a != fifo);
    CHECK(a == order_of(simt::Order::random, 1) || simt::config.order == simt::Order::random);
}

__global__ void two_barriers() {
    if (threadIdx.x < 16)
        __syncthreads();
    else
        __syncthreads();
}
__global__ void barrier_and_warp() {
    if (threadIdx.x == 3)
        __syncthreads();
    else
        __syncwarp();
}
__global__ void warps_that_miss() {
    if (threadIdx.x < 40) __syncwarp(threadIdx.x < 32 ? 0x0000ffffu : 0xffu);
    __syncthreads();
}
__global__ void spins_for_nobody(int *flag) {
    while (atomicAdd(flag, 0) == 0) {
    }
}
__global__ void trap() {
    __trap();
}
__global__ void recursion(int *out) {
    volatile char frame[256 << 10];
    for (size_t i = sizeof frame; i-- > 0;) frame[i] = 1;
    *out = frame[7];
}

static void faults() {
    Device<int> flag(std::vector<int>{0});
    DIES("wait at different barriers", RUN(two_barriers, 1, 32, 0));
    DIES("deadlock in kernel barrier_and_warp", RUN(barrier_and_warp, 1, 32, 0));
    DIES("31 threads, the first is 0, wait in __syncwarp for lanes ffffffff",
         RUN(barrier_and_warp, 1, 32, 0));
    DIES("__syncwarp: the calling lane is not in mask", RUN(warps_that_miss, 1, 64, 0));
    DIES("makes no progress", RUN(spins_for_nobody, 1, 1, 0, flag.data));
    DIES("kernel trap, block (0,0,0), thread (0,0,0): __trap", RUN(trap, 1, 1, 0));
#ifndef __SANITIZE_ADDRESS__
    DIES("stack overflowed", RUN(recursion, 1, 1, 0, flag.data));
#endif
}

/* A thread that waits for a later thread of its block gets there in every order. */
__global__ void spins_for_another(unsigned *flag, unsigned *out) {
    const unsigned t = threadIdx.x, last = blockDim.x - 1;
    if (t == 0)
        while (atomicAdd(flag, 0u) < last) {
        }
    else if (t == last)
        while (atomicAdd(flag, 0u) + 1 < last) __nanosleep(20);
    if (t > 0) atomicAdd(flag, 1u);
    out[t] = atomicAdd(flag, 0u);
}

static void spinning() {
    Device<unsigned> flag(std::vector<unsigned>{0}), out(256);
    RUN(spins_for_another, 1, 256, 0, flag.data, out.data);
    CHECK(out.get()[0] == 255 && out.get()[255] == 255);
}

int main() {
    meets(3, 1);
    meets(2, 33);
    meets(2, 1024);
    {
        Device<int> out(128);
        RUN(counts, 1, 128, 0, out.data);
        bool right = true;
        for (int v : out.get()) right &= v == 43 * 10000 + 1000 + 0 + 0 + 0;
        CHECK(right);
    }
    for (bool early : {true, false}) {
        Device<int> out(70);
        RUN(some_leave, 1, 70, 0, out.data, 20u, early);
        int stored = 0;
        for (int v : out.get()) stored += v == 1;
        CHECK(stored == (early ? 50 : 20));
    }
    orders();
    spinning();
    faults();
    return finish("barrier");
}
