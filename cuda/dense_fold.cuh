/*
 * dense_fold.cuh - lanes [outer, n, inner] folded along n into one state each; both ways of
 * lac__fold.
 *
 * A state S has clear(), and add(value, row) for a value and for another state. A source F yields
 * values: f(at, step, column, v) reads those at `at`, at + step, .. of one column. In the tree a
 * block has `columns` lanes side by side and 256 / columns rows of threads, the height; thread
 * row y takes the rows y, y + height, .. of its chunk, and then the thread rows are merged in
 * halves. All of these sizes come from the shape, so that the result is the same every time.
 */
#ifndef LAC_CUDA_DENSE_FOLD_CUH
#define LAC_CUDA_DENSE_FOLD_CUH

#include "dense.cuh"

namespace dense {

enum { LANE_THREADS = 64, BATCH = 8 };

/* ------------------------------------------------------------------------ states */

/** Sums of integers wrap around. */
template <class C> struct Sum {
    using Value = C;
    typename std::conditional<std::is_integral<C>::value, uint64_t, C>::type total;
    __device__ void clear() {
        total = 0;
    }
    __device__ void add(C v, int64_t) {
        total += v;
    }
    __device__ void add(const Sum &other, int64_t) {
        total += other.total;
    }
};

/** The first of the largest; a NaN is larger than anything. */
template <class C> struct Largest {
    using Value = C;
    C best;
    int64_t row; /* -1: nothing yet */
    __device__ void clear() {
        best = 0;
        row = -1;
    }
    __device__ void add(C v, int64_t at) {
        add(Largest{v, at}, at);
    }
    __device__ void add(const Largest &other, int64_t) {
        if (other.row < 0) return;
        const bool nan = best != best, other_nan = other.best != other.best;
        const bool tie = nan ? other_nan : other.best == best;
        if (row < 0 || (tie ? other.row < row : other_nan || other.best > best)) *this = other;
    }
};

/* ------------------------------------------------------------------------ sources */

/* Turns an order around, and back: -v of the lowest integer is no integer, but ~v is. */
__device__ inline double reversed(double v) {
    return -v;
}
__device__ inline int64_t reversed(int64_t v) {
    return ~v;
}

/** Elements of contiguous memory, in reverse order for the smallest. */
template <class C> struct Elementwise {
    using Value = C;
    const void *x;
    int32_t dtype;
    bool reverse;
    template <class T, int N> __device__ void fetch(int64_t at, int64_t step, C (&v)[N]) const {
        const T *from = static_cast<const T *>(x) + at;
#pragma unroll
        for (int i = 0; i < N; i++) v[i] = widen<C>(from[i * step]);
    }
    template <int N>
    __device__ void operator()(int64_t at, int64_t step, int64_t, C (&v)[N]) const {
        if constexpr (std::is_integral<C>::value) {
            switch (dtype) {
            case LAC_DTYPE_I32: fetch<int32_t>(at, step, v); break;
            case LAC_DTYPE_I64: fetch<int64_t>(at, step, v); break;
            default: fetch<uint8_t>(at, step, v); break;
            }
        } else {
            switch (dtype) {
            case LAC_DTYPE_F16: fetch<__half>(at, step, v); break;
            case LAC_DTYPE_BF16: fetch<__nv_bfloat16>(at, step, v); break;
            case LAC_DTYPE_F64: fetch<double>(at, step, v); break;
            default: fetch<float>(at, step, v); break;
            }
        }
        if (!reverse) return;
#pragma unroll
        for (int i = 0; i < N; i++) v[i] = reversed(v[i]);
    }
};

/** The states of chunks. */
template <class S> struct Partial {
    using Value = S;
    S *states;
    template <int N>
    __device__ void operator()(int64_t at, int64_t step, int64_t, S (&v)[N]) const {
#pragma unroll
        for (int i = 0; i < N; i++) v[i] = states[at + i * step];
    }
};

/* ------------------------------------------------------------------------ results: r(at, state) */

template <class S> struct Keep {
    S *states;
    __device__ void operator()(int64_t at, const S &s) const {
        states[at] = s;
    }
};

/** Sums, divided where they are real. */
template <class C> struct KeepSum {
    void *out;
    int32_t dtype;
    double divisor;
    __device__ void operator()(int64_t at, const Sum<C> &s) const {
        if constexpr (std::is_integral<C>::value)
            store_one(dtype, out, at, (C)s.total);
        else
            store_one(dtype, out, at, s.total / divisor);
    }
};

/* ------------------------------------------------------------------------ kernels */

/* Adds the rows row, row + height, .. below `end` of the column whose row 0 is at `base`. */
template <class S, class F>
__device__ inline void fold_rows(S &s, const F &source, int64_t base, int64_t column, int64_t inner,
                                 int64_t row, int64_t end, int64_t height) {
    for (; row + (BATCH - 1) * height < end; row += BATCH * height) {
        typename F::Value v[BATCH];
        source(base + row * inner, height * inner, column, v);
#pragma unroll
        for (int i = 0; i < BATCH; i++) s.add(v[i], row + i * height);
    }
    for (; row < end; row += height) {
        typename F::Value v[1];
        source(base + row * inner, 0, column, v);
        s.add(v[0], row);
    }
}

template <class S, class F, class R>
__global__ void __launch_bounds__(LANE_THREADS) fold_lanes(const lac__fold f, F source, R result) {
    const int64_t lanes = f.outer * f.inner, step = (int64_t)gridDim.x * LANE_THREADS;
    for (int64_t lane = (int64_t)blockIdx.x * LANE_THREADS + threadIdx.x; lane < lanes;
         lane += step) {
        int64_t outer = lane;
        const int64_t column = split(&outer, f.inner);
        S s;
        s.clear();
        fold_rows(s, source, outer * f.n * f.inner + column, column, f.inner, 0, f.n, 1);
        result(lane, s);
    }
}

template <class S, class F, class R>
__global__ void __launch_bounds__(THREADS, 3) fold_tree(const lac__fold f, F source, R result) {
    __shared__ S states[THREADS];
    const int columns = f.columns, height = THREADS / columns;
    const int x = (int)threadIdx.x % columns, y = (int)threadIdx.x / columns;
    const int64_t groups = (f.inner + columns - 1) / columns;
    for (int64_t tile = blockIdx.x; tile < f.outer * groups * f.chunks; tile += gridDim.x) {
        int64_t group = tile;
        const int64_t chunk = split(&group, f.chunks);
        int64_t outer = group;
        const int64_t column = split(&outer, groups) * columns + x;
        const int64_t begin = chunk * f.rows, end = min(f.n, begin + f.rows);
        S s;
        s.clear();
        if (column < f.inner)
            fold_rows(s, source, outer * f.n * f.inner + column, column, f.inner, begin + y, end,
                      height);
        states[threadIdx.x] = s;
        for (int half = height / 2; half > 0; half /= 2) {
            __syncthreads();
            if (y < half) states[threadIdx.x].add(states[threadIdx.x + half * columns], 0);
        }
        if (y == 0 && column < f.inner)
            result((outer * f.chunks + chunk) * f.inner + column, states[x]);
        __syncthreads();
    }
}

template <class S, class F, class R>
void launch_fold(lac__gpu *gpu, const lac__fold &f, const F &source, void *scratch,
                 const R &result) {
    const int64_t lanes = f.outer * f.inner;
    if (lanes == 0) return;
    if (f.ordered) {
        LAC_LAUNCH(gpu, (fold_lanes<S, F, R>), blocks_for(gpu, lanes, LANE_THREADS), LANE_THREADS,
                   0, f, source, result);
        return;
    }
    S *states = static_cast<S *>(scratch);
    const int64_t tiles = f.outer * ((f.inner + f.columns - 1) / f.columns);
    lac__fold last = f;
    last.n = last.rows = f.chunks;
    last.chunks = 1;
    LAC_LAUNCH(gpu, (fold_tree<S, F, Keep<S>>), blocks_for(gpu, tiles * f.chunks, 1), THREADS, 0, f,
               source, Keep<S>{states});
    LAC_LAUNCH(gpu, (fold_tree<S, Partial<S>, R>), blocks_for(gpu, tiles, 1), THREADS, 0, last,
               Partial<S>{states}, result);
}

} // namespace dense

#endif
