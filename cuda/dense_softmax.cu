/*
 * dense_softmax.cu - exp(x - max) / sum along one dimension of contiguous lanes; the sum in
 * float64.
 *
 * One thread a lane, as the CPU does it, where lanes are short or many; a block a lane otherwise,
 * which adds in a tree. float32's exp goes through float64 and is rounded once.
 */
#include "dense.cuh"

namespace dense {

enum { LANE_THREADS = 64, SHORT_LANE = 64, MANY_LANES = 1024 };

struct Lanes {
    int64_t outer, n, inner;
};

static __device__ int64_t front_of(const Lanes &l, int64_t lane) {
    int64_t outer = lane;
    const int64_t column = split(&outer, l.inner);
    return outer * l.n * l.inner + column;
}

template <class T> static __device__ T power(T v) {
    return (T)exp((double)v);
}

template <class T>
static __global__ void __launch_bounds__(LANE_THREADS)
    softmax_lanes(const T *x, const Lanes l, T *out) {
    const int64_t lanes = l.outer * l.inner, step = (int64_t)gridDim.x * LANE_THREADS;
    for (int64_t lane = (int64_t)blockIdx.x * LANE_THREADS + threadIdx.x; lane < lanes;
         lane += step) {
        const int64_t front = front_of(l, lane), end = front + l.n * l.inner;
        T highest = x[front];
        for (int64_t i = front; i < end; i += l.inner)
            if (x[i] > highest) highest = x[i];
        double total = 0;
        for (int64_t i = front; i < end; i += l.inner) {
            const T e = power(x[i] - highest);
            out[i] = e;
            total += (double)e;
        }
        for (int64_t i = front; i < end; i += l.inner) out[i] = (T)((double)out[i] / total);
    }
}

template <class T>
static __global__ void __launch_bounds__(THREADS)
    softmax_blocks(const T *x, const Lanes l, T *out) {
    __shared__ T most[THREADS];
    __shared__ double sums[THREADS];
    const int me = (int)threadIdx.x;
    for (int64_t lane = blockIdx.x; lane < l.outer * l.inner; lane += gridDim.x) {
        const int64_t front = front_of(l, lane), end = front + l.n * l.inner;
        const int64_t begin = front + me * l.inner, step = THREADS * l.inner;
        T highest = x[front];
        for (int64_t i = begin; i < end; i += step)
            if (x[i] > highest) highest = x[i];
        most[me] = highest;
        for (int half = THREADS / 2; half > 0; half /= 2) {
            __syncthreads();
            if (me < half && most[me + half] > most[me]) most[me] = most[me + half];
        }
        __syncthreads();
        highest = most[0];
        double total = 0;
        for (int64_t i = begin; i < end; i += step) {
            const T e = power(x[i] - highest);
            out[i] = e;
            total += (double)e;
        }
        sums[me] = total;
        for (int half = THREADS / 2; half > 0; half /= 2) {
            __syncthreads();
            if (me < half) sums[me] += sums[me + half];
        }
        __syncthreads();
        total = sums[0];
        for (int64_t i = begin; i < end; i += step) out[i] = (T)((double)out[i] / total);
        /* The next lane writes `most` first, and `sums` behind a barrier. */
    }
}

template <class T> static void launch(lac__gpu *gpu, const void *x, const Lanes &l, void *out) {
    const T *from = static_cast<const T *>(x);
    T *to = static_cast<T *>(out);
    const int64_t lanes = l.outer * l.inner;
    if (l.n == 0) return;
    if (l.n <= SHORT_LANE || lanes >= MANY_LANES)
        LAC_LAUNCH(gpu, (softmax_lanes<T>), blocks_for(gpu, lanes, LANE_THREADS), LANE_THREADS, 0,
                   from, l, to);
    else
        LAC_LAUNCH(gpu, (softmax_blocks<T>), blocks_for(gpu, lanes, 1), THREADS, 0, from, l, to);
}

} // namespace dense

using namespace dense;

void lac__launch_softmax(lac__gpu *gpu, const void *x, int32_t dtype, int64_t outer, int64_t n,
                         int64_t inner, void *out) {
    const Lanes l = {outer, n, inner};
    if (dtype == LAC_DTYPE_F64)
        launch<double>(gpu, x, l, out);
    else
        launch<float>(gpu, x, l, out);
}
