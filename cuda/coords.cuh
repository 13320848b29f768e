/*
 * coords.cuh - keys of coordinate rows on the device: packing as sparse/key.h, and bisection of
 * sorted keys.
 */
#ifndef LAC_CUDA_COORDS_CUH
#define LAC_CUDA_COORDS_CUH

#include "gpu.cuh"
#include "launch_coords.h"

enum { LAC__COORDS_THREADS = 256 };

/** Blocks for n threads' worth of work, in loops over the grid. */
static inline unsigned coords_blocks(int64_t n) {
    const int64_t blocks = (n + LAC__COORDS_THREADS - 1) / LAC__COORDS_THREADS, most = 8192;
    return (unsigned)(blocks < most ? blocks : most);
}

static __device__ inline int64_t thread_number() {
    return (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
}
static __device__ inline int64_t thread_count() {
    return (int64_t)gridDim.x * blockDim.x;
}

/* Not as one int4: rows may be a view that begins anywhere. */
static __device__ inline int4 load_row(const int32_t *rows, int64_t row) {
    const int32_t *r = rows + 4 * row;
    return make_int4(r[0], r[1], r[2], r[3]);
}

static __device__ inline uint64_t pack_row(const lac__packing &p, int64_t b, int64_t x, int64_t y,
                                           int64_t z) {
    return ((uint64_t)(b - p.low[0]) << p.shift[0]) + ((uint64_t)(x - p.low[1]) << p.shift[1]) +
           ((uint64_t)(y - p.low[2]) << p.shift[2]) + (uint64_t)(z - p.low[3]);
}

/** First position in low..high whose key is >= wanted; `high` where the keys before it are all
 *  smaller. */
static __device__ inline int32_t lower_bound(const uint64_t *keys, int32_t low, int32_t high,
                                             uint64_t wanted) {
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (keys[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static __device__ inline bool holds(const lac__search &index, int axis, int64_t value) {
    return value >= index.low[axis] && value <= index.high[axis];
}

/** Row at a position of the index. */
static __device__ inline int32_t row_at(const lac__search &index, int32_t position) {
    return index.order != nullptr ? index.order[position] : position;
}

/** *quotient of x / stride, toward minus infinity; whether nothing is left over. */
static __device__ inline bool divide(const lac__geometry &g, int axis, int64_t x,
                                     int64_t *quotient) {
    const int64_t s = g.stride[axis];
    int64_t q;
    if (g.shift[axis] >= 0) {
        q = x >> g.shift[axis];
    } else {
        q = x / s;
        q -= x % s < 0;
    }
    *quotient = q;
    return q * s == x;
}

#endif
