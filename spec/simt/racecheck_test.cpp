/*
 * racecheck_test.cpp - races that must be reported, and orders that must not; with kernels that are
 * compiled for the checker (MODE=race). Elsewhere there is nothing to check.
 */
#include "check.h"
#include "ptx.cuh"

#include <memory>

#ifdef __SANITIZE_THREAD__

constexpr unsigned full = ~0u;

/* ---- what is ordered ------------------------------------------------------------------------- */

__global__ void by_barrier(int *out) {
    __shared__ int cell[64];
    cell[threadIdx.x] = 1;
    __syncthreads();
    out[threadIdx.x] = cell[63 - threadIdx.x];
    __syncthreads();
    cell[threadIdx.x] = 2;
}
__global__ void by_syncwarp(int *out) {
    __shared__ int cell[32];
    cell[threadIdx.x] = 1;
    __syncwarp();
    out[threadIdx.x] = cell[31 - threadIdx.x];
    __syncwarp();
    cell[threadIdx.x] = 2;
}
/* Lane 0 learns of lane 2 through lane 1. */
__global__ void by_a_third(int *out) {
    __shared__ int cell;
    if (threadIdx.x == 2) cell = 7;
    if (threadIdx.x == 1 || threadIdx.x == 2) __syncwarp(6);
    if (threadIdx.x == 0 || threadIdx.x == 1) __syncwarp(3);
    if (threadIdx.x == 0) *out = cell;
}
__global__ void by_atomics(int *sum) {
    __shared__ int cell;
    if (threadIdx.x == 0) cell = 0;
    __syncthreads();
    atomicAdd(&cell, 1);
    atomicAdd(sum, 1);
}
__global__ void own_elements(int *out) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    out[i] = 1;
    out[i] += 2;
}
/* The last block adds up what the others stored. */
__global__ void last_block(int *parts, int *count, int *sum) {
    __shared__ bool last;
    if (threadIdx.x == 0) {
        parts[blockIdx.x] = (int)blockIdx.x;
        __threadfence();
        last = atomicAdd(count, 1) == (int)gridDim.x - 1;
    }
    __syncthreads();
    if (!last || threadIdx.x) return;
    for (unsigned b = 0; b < gridDim.x; ++b) *sum += parts[b];
}
__global__ void bytes_apart(unsigned char *out) {
    __shared__ unsigned char cell[64];
    cell[threadIdx.x] = 1;
    __syncthreads();
    out[threadIdx.x] = cell[63 - threadIdx.x];
}
__global__ void staged(const uint32_t *from, uint32_t *out) {
    __shared__ uint32_t cell[64];
    ptx_cp_async_4(cell + threadIdx.x, from + threadIdx.x);
    ptx_cp_async_commit();
    ptx_cp_async_wait<0>();
    __syncthreads();
    out[threadIdx.x] = cell[63 - threadIdx.x];
}

/* ---- what is not ----------------------------------------------------------------------------- */

__global__ void no_barrier(int *out) {
    __shared__ int cell[64];
    cell[threadIdx.x] = 1;
    out[threadIdx.x] = cell[63 - threadIdx.x];
}
__global__ void no_second_barrier(int *out) {
    __shared__ int cell[64];
    for (int i = 0; i < 2; ++i) {
        cell[threadIdx.x] = i;
        __syncthreads();
        out[threadIdx.x] = cell[63 - threadIdx.x];
    }
}
__global__ void no_warp_op(int *out) {
    __shared__ int cell[32];
    cell[threadIdx.x] = 1;
    out[threadIdx.x] = cell[threadIdx.x ^ 1];
}
/* Lanes meet, but that is no fence. */
__global__ void shuffle_is_no_fence(int *out) {
    __shared__ int cell[32];
    cell[threadIdx.x] = 1;
    __shfl_sync(full, 1, 0);
    out[threadIdx.x] = cell[threadIdx.x ^ 1];
}
/* Each half is in step with itself only. */
__global__ void halves(int *out) {
    __shared__ int cell[32];
    cell[threadIdx.x] = 1;
    __syncwarp(threadIdx.x < 16 ? 0xffffu : 0xffff0000u);
    out[threadIdx.x] = cell[(threadIdx.x + 16) % 32];
}
__global__ void same_value(int *out) {
    __shared__ int flag;
    flag = 1;
    __syncthreads();
    if (threadIdx.x == 0) *out = flag;
}
__global__ void atomic_and_plain(int *out) {
    __shared__ int cell;
    if (threadIdx.x == 0) cell = 0;
    atomicAdd(&cell, 1);
    __syncthreads();
    *out = 0;
}
__global__ void atomic_then_read(int *out) {
    __shared__ int cell;
    if (threadIdx.x == 0) cell = 0;
    __syncthreads();
    atomicAdd(&cell, 1);
    if (threadIdx.x == 33) *out = cell;
}
__global__ void blocks_write_one(int *out) {
    *out = (int)blockIdx.x;
}
__global__ void blocks_read(int *out) {
    out[blockIdx.x] = 1;
    if (blockIdx.x == 2) out[2] = out[1];
}
__global__ void unwritten(int *out) {
    __shared__ int cell[64];
    if (threadIdx.x < 63) cell[threadIdx.x] = 1;
    __syncthreads();
    out[threadIdx.x] = cell[threadIdx.x];
}
__global__ void other_block_wrote(int *out) {
    __shared__ int cell;
    if (blockIdx.x == 0) cell = 1;
    *out = cell;
}
__global__ void host_memory(int *p) {
    *p = 1;
}
__global__ void other_threads_local(int **shared_pointer) {
    __shared__ int *theirs;
    int local = 3;
    if (threadIdx.x == 0) theirs = &local;
    __syncthreads();
    if (threadIdx.x == 1) *theirs = 4;
    __syncthreads();
    *shared_pointer = local == 4 ? theirs : nullptr;
}
/* The buffer is filled again while other threads read it, whenever the data lands. */
__global__ void refilled(const uint32_t *from, uint32_t *out) {
    __shared__ uint32_t cell[64];
    for (int i = 0; i < 2; ++i) {
        ptx_cp_async_4(cell + threadIdx.x, from + threadIdx.x);
        ptx_cp_async_commit();
        ptx_cp_async_wait<0>();
        __syncthreads();
        out[threadIdx.x] = cell[63 - threadIdx.x];
    }
}
/* Waited for, but by each thread for itself. */
__global__ void no_barrier_after_wait(const uint32_t *from, uint32_t *out) {
    __shared__ uint32_t cell[64];
    ptx_cp_async_4(cell + threadIdx.x, from + threadIdx.x);
    ptx_cp_async_commit();
    __syncthreads();
    ptx_cp_async_wait<0>();
    out[threadIdx.x] = cell[63 - threadIdx.x];
}
__global__ void row_not_ready(uint32_t *out) {
    __shared__ __align__(16) uint16_t rows[32][8];
    for (int i = 0; i < 8; ++i) rows[threadIdx.x][i] = 1;
    uint32_t r[4];
    ptx_ldmatrix_x4(r, rows[threadIdx.x]);
    out[threadIdx.x] = r[0] + r[3];
}
__global__ void row_ready(uint32_t *out) {
    __shared__ __align__(16) uint16_t rows[32][8];
    for (int i = 0; i < 8; ++i) rows[threadIdx.x][i] = 1;
    __syncwarp();
    uint32_t r[4];
    ptx_ldmatrix_x4(r, rows[threadIdx.x]);
    out[threadIdx.x] = r[0] + r[3];
}

static void ordered() {
    Device<int> out(256), zero(std::vector<int>(2, 0)), sum(std::vector<int>{0});
    Device<uint32_t> words(std::vector<uint32_t>(64, 1)), result(64);
    Device<unsigned char> bytes(64);
    RUN(by_barrier, 1, 64, 0, out.data);
    RUN(by_syncwarp, 1, 32, 0, out.data);
    RUN(by_a_third, 1, 32, 0, out.data);
    RUN(by_atomics, 3, 64, 0, sum.data);
    RUN(own_elements, 4, 64, 0, out.data);
    RUN(own_elements, 4, 64, 0, out.data); /* launches are ordered */
    RUN(last_block, 4, 32, 0, out.data, zero.data, zero.data + 1);
    RUN(bytes_apart, 1, 64, 0, bytes.data);
    RUN(staged, 1, 64, 0, words.data, result.data);
    RUN(row_ready, 1, 32, 0, result.data);
    CHECK(zero.get()[1] == 6);
    CHECK(sum.get()[0] == 192);
}

static void races() {
    Device<int> out(256);
    Device<uint32_t> words(std::vector<uint32_t>(64, 1)), result(64);
    Device<int *> pointer(1);
    DIES("races and the like", RUN(no_barrier, 1, 64, 0, out.data));
    DIES("a write races with a read", RUN(no_second_barrier, 1, 64, 0, out.data));
    DIES("races", RUN(no_warp_op, 1, 32, 0, out.data));
    DIES("races", RUN(shuffle_is_no_fence, 1, 32, 0, out.data));
    DIES("races", RUN(halves, 1, 32, 0, out.data));
    DIES("two writes race", RUN(same_value, 1, 2, 0, out.data));
    DIES("race", RUN(atomic_and_plain, 1, 64, 0, out.data));
    DIES("an atomic races with a plain access", RUN(atomic_then_read, 1, 64, 0, out.data));
    DIES("of another block", RUN(blocks_write_one, 3, 1, 0, out.data));
    DIES("of another block", RUN(blocks_read, 3, 1, 0, out.data));
    DIES("has not written", RUN(unwritten, 1, 64, 0, out.data));
    DIES("has not written", RUN(other_block_wrote, 2, 1, 0, out.data));
    std::unique_ptr<int> host(new int(1));
    DIES("not the device's", RUN(host_memory, 1, 1, 0, host.get()));
    DIES("not the device's", RUN(other_threads_local, 1, 2, 0, pointer.data));
    for (bool late : {false, true}) {
        Modes modes;
        simt::config.late_copies = late;
        DIES("race", RUN(refilled, 1, 64, 0, words.data, result.data));
        DIES("race", RUN(no_barrier_after_wait, 1, 64, 0, words.data, result.data));
    }
    DIES("race", RUN(row_not_ready, 1, 32, 0, result.data));
    DIES("racecheck_test.cpp:", RUN(no_warp_op, 1, 32, 0, out.data));
}

int main() {
    ordered();
    races();
    return finish("racecheck");
}

#else

int main() {
    return finish("racecheck (not compiled for it)");
}

#endif
