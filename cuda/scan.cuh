/*
 * scan.cuh - sums before each thread of a block.
 *
 * Phases: every warp scans its values by shuffles and leaves its sum in shared memory; the first
 * warp scans those sums; every thread adds the sum before its warp. Ends with a barrier, so that it
 * may be called again.
 */
#ifndef LAC_CUDA_SCAN_CUH
#define LAC_CUDA_SCAN_CUH

#include "gpu.cuh"

enum { LAC__SCAN_THREADS = 256 };

/** Sum of `value` over the lanes up to this one. All lanes of the warp call it. */
template <class T> static __device__ inline T warp_inclusive_sum(T value) {
    const unsigned lane = threadIdx.x % 32;
    for (unsigned step = 1; step < 32; step *= 2) {
        const T other = __shfl_up_sync(0xffffffffu, value, step);
        if (lane >= step) value += other;
    }
    return value;
}

/** Sum of `value` over the threads before this one; *total: over the block. All threads of a block
 *  of LAC__SCAN_THREADS call it. */
template <class T> static __device__ inline T block_exclusive_sum(T value, T *total) {
    constexpr unsigned WARPS = LAC__SCAN_THREADS / 32;
    __shared__ T sums[WARPS];
    const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const T inclusive = warp_inclusive_sum(value);
    if (lane == 31) sums[warp] = inclusive;
    __syncthreads();
    if (warp == 0) {
        const T scanned = warp_inclusive_sum(lane < WARPS ? sums[lane] : T(0));
        __syncwarp();
        if (lane < WARPS) sums[lane] = scanned;
    }
    __syncthreads();
    const T before = warp > 0 ? sums[warp - 1] : T(0);
    *total = sums[WARPS - 1];
    __syncthreads();
    return before + inclusive - value;
}

/** Elements begin..end-1 of one of gridDim.x parts of n elements: whole tiles, all parts but the
 *  last equal. */
struct Part {
    int64_t begin, end;
};

/** Parts: so many tiles of `tile` elements each that there are at most `most` parts. */
struct Parts {
    int64_t span;
    unsigned count;
};

static inline Parts parts_of(int64_t n, int64_t tile, int64_t most) {
    const int64_t tiles = (n + tile - 1) / tile, each = (tiles + most - 1) / most;
    Parts p;
    p.span = (each > 0 ? each : 1) * tile;
    p.count = (unsigned)((n + p.span - 1) / p.span);
    return p;
}

static __device__ inline Part part_of(int64_t n, int64_t span) {
    Part p;
    p.begin = (int64_t)blockIdx.x * span;
    p.end = p.begin + span < n ? p.begin + span : n;
    return p;
}

#endif
