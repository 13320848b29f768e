/*
 * point_walk.cuh - one thread an element of [rows][channels], in as many blocks as are worth
 * starting.
 */
#ifndef LAC_CUDA_POINT_WALK_CUH
#define LAC_CUDA_POINT_WALK_CUH

#include "gpu.cuh"

enum { LAC__WALK_THREADS = 256, LAC__WALK_BLOCKS = 1 << 16 };

/** Blocks for `n` elements; those that they do not reach at once are reached by lac__walk_step. */
static inline unsigned lac__walk_blocks(int64_t n) {
    const int64_t blocks = (n + LAC__WALK_THREADS - 1) / LAC__WALK_THREADS;
    return (unsigned)(blocks < LAC__WALK_BLOCKS ? blocks : LAC__WALK_BLOCKS);
}

__device__ inline int64_t lac__walk_first() {
    return (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
}
__device__ inline int64_t lac__walk_step() {
    return (int64_t)gridDim.x * blockDim.x;
}

struct lac__place {
    int64_t row, column;
};

/** Element i of rows of `width`, divided in 32 bits where these hold it: several times cheaper. */
__device__ inline lac__place lac__place_of(int64_t i, int64_t width) {
    lac__place p;
    if (((uint64_t)i | (uint64_t)width) >> 32 == 0)
        p.row = (int64_t)((uint32_t)i / (uint32_t)width);
    else
        p.row = i / width;
    p.column = i - p.row * width;
    return p;
}

#endif
