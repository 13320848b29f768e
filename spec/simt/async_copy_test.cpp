/*
 * async_copy_test.cpp - cp.async: zero fill, groups, and what the two modes show.
 */
#include "check.h"
#include "ptx.cuh"

__global__ void zero_fill(const uint32_t *from, uint32_t *to) {
    __shared__ __align__(16) uint32_t part[32];
    const unsigned t = threadIdx.x;
    if (t < 4) {
        ptx_cp_async_16(part + 4 * t, from + 4 * t, 4 * t);
        ptx_cp_async_4(part + 16 + t, from + 16 + t, t % 2 ? 4 : 0);
        ptx_cp_async_8(part + 20 + 2 * t, from + 20 + 2 * t, t % 2 ? 8 : 4);
        if (t == 0) ptx_cp_async_ca_16(part + 28, from + 28);
    }
    ptx_cp_async_commit();
    ptx_cp_async_wait<0>();
    __syncthreads();
    to[t] = part[t];
}

/* A ring of three stages over rows of one word a thread. */
__global__ void ring(const uint32_t *from, uint32_t *to, int rows) {
    __shared__ uint32_t stage[3][64];
    const int t = (int)threadIdx.x, n = (int)blockDim.x;
    uint32_t sum = 0;
    for (int r = 0; r < 2; ++r) {
        if (r < rows) ptx_cp_async_4(&stage[r][t], from + r * n + t);
        ptx_cp_async_commit();
    }
    for (int r = 0; r < rows; ++r) {
        if (r + 2 < rows) ptx_cp_async_4(&stage[(r + 2) % 3][t], from + (r + 2) * n + t);
        ptx_cp_async_commit();
        ptx_cp_async_wait<2>();
        __syncthreads();
        sum = sum * 3 + stage[r % 3][n - 1 - t];
        __syncthreads();
    }
    ptx_cp_async_wait<0>();
    to[t] = sum;
}

template <int LEFT> __global__ void one_copy(const uint32_t *from, uint32_t *to) {
    __shared__ uint32_t word[1];
    word[0] = 1;
    ptx_cp_async_4(word, from);
    ptx_cp_async_commit();
    ptx_cp_async_wait<LEFT>();
    *to = word[0];
    ptx_cp_async_wait<0>();
}

__global__ void many_groups(const uint32_t *from, uint32_t *to) {
    uint32_t *words = reinterpret_cast<uint32_t *>(simt::dynamic_shared);
    for (int i = 0; i < 200; ++i) {
        ptx_cp_async_4(words + i, from + i);
        if (i % 2) ptx_cp_async_commit();
    }
    ptx_cp_async_wait<0>();
    for (int i = 0; i < 200; ++i) to[i] = words[i];
}

__global__ void no_wait(const uint32_t *from) {
    __shared__ uint32_t word[1];
    ptx_cp_async_4(word, from);
}
__global__ void misaligned(const uint32_t *from) {
    __shared__ __align__(16) uint32_t words[8];
    ptx_cp_async_16(words + 1, from);
}
__global__ void to_global(const uint32_t *from, uint32_t *to) {
    ptx_cp_async_4(to, from);
}
__global__ void from_shared() {
    __shared__ uint32_t words[2];
    ptx_cp_async_4(words, words + 1);
}
__global__ void too_many(const uint32_t *from) {
    __shared__ uint32_t words[2];
    ptx_cp_async_4(words, from, 5);
}

int main() {
    std::vector<uint32_t> counted(256);
    for (uint32_t i = 0; i < 256; ++i) counted[i] = i + 1000;
    Device<uint32_t> from(counted), to(256);
    for (bool late : {false, true}) {
        Modes modes;
        simt::config.late_copies = late;
        RUN(zero_fill, 1, 32, 0, from.data, to.data);
        auto got = to.get();
        bool right = true;
        for (uint32_t i = 0; i < 32; ++i) {
            const bool copied = i < 16   ? i % 4 < i / 4
                                : i < 20 ? i % 2
                                : i < 28 ? i / 2 % 2 || i % 2 == 0
                                         : true;
            right &= got[i] == (copied ? i + 1000 : 0);
        }
        CHECK(right);
        for (int rows : {1, 2, 4}) {
            RUN(ring, 1, 64, 0, from.data, to.data, rows);
            got = to.get();
            right = true;
            for (uint32_t t = 0; t < 64; ++t) {
                uint32_t sum = 0;
                for (uint32_t r = 0; r < (uint32_t)rows; ++r)
                    sum = sum * 3 + 1000 + r * 64 + 63 - t;
                right &= got[t] == sum;
            }
            CHECK(right);
        }
        RUN(one_copy<0>, 1, 1, 0, from.data, to.data);
        CHECK(to.get()[0] == 1000);
#ifndef __SANITIZE_THREAD__
        RUN(one_copy<1>, 1, 1, 0, from.data, to.data);
        CHECK(to.get()[0] == (late ? 1 : 1000));
#endif
        RUN(many_groups, 1, 1, 800, from.data, to.data);
        CHECK(to.get()[199] == 1199);
    }
    DIES("1 cp.async under way", RUN(no_wait, 1, 1, 0, from.data));
    DIES("misaligned", RUN(misaligned, 1, 1, 0, from.data));
    DIES("not shared memory", RUN(to_global, 1, 1, 0, from.data, to.data));
    DIES("not device memory", RUN(from_shared, 1, 1, 0));
    DIES("takes 5", RUN(too_many, 1, 1, 0, from.data));
    return finish("async_copy");
}
