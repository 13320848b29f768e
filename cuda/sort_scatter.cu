/*
 * sort_scatter.cu - sums at computed positions, in the order of the source.
 *
 * Positions are sorted by where they add to, stably; a thread whose position is the first of a
 * target adds up all of it. No atomics, so that sums are the same every time, and the same as one
 * thread's.
 */
#include "coords.cuh"
#include "launch_order.h"

enum { THREADS = LAC__COORDS_THREADS };

static __global__ void start_bad(unsigned long long *bad) {
    *bad = INT64_MAX;
}

static __global__ void __launch_bounds__(THREADS)
    find_bad(const int64_t *index, int64_t n, int64_t rows, unsigned long long *bad) {
    for (int64_t i = thread_number(); i < n; i += thread_count()) {
        if (index[i] < 0 || index[i] >= rows) atomicMin(bad, (unsigned long long)i);
    }
}

void lac__launch_first_bad(lac__gpu *gpu, const int64_t *index, int64_t n, int64_t rows,
                           int64_t *bad) {
    unsigned long long *word = reinterpret_cast<unsigned long long *>(bad);
    LAC_LAUNCH(gpu, start_bad, 1, 1, 0, word);
    if (n > 0) LAC_LAUNCH(gpu, find_bad, coords_blocks(n), THREADS, 0, index, n, rows, word);
}

/* Offset of a position of the index in a tensor with these strides; `at` its coordinate along
   s.dim. */
static __device__ inline int64_t offset_of(const lac__scatter_shape &s, const int64_t *stride,
                                           int64_t position, int64_t at) {
    int64_t offset = 0;
    for (int32_t d = s.ndim - 1; d >= 0; d--) {
        const int64_t here = position % s.shape[d];
        position /= s.shape[d];
        offset += (d == s.dim && at >= 0 ? at : here) * stride[d];
    }
    return offset;
}

static __global__ void __launch_bounds__(THREADS)
    find_targets(const int64_t *index, lac__scatter_shape s, uint64_t *keys) {
    for (int64_t i = thread_number(); i < s.n; i += thread_count())
        keys[i] = (uint64_t)offset_of(s, s.to_stride, i, index[i]);
}

void lac__launch_scatter_targets(lac__gpu *gpu, const int64_t *index,
                                 const lac__scatter_shape *shape, uint64_t *keys) {
    if (shape->n > 0)
        LAC_LAUNCH(gpu, find_targets, coords_blocks(shape->n), THREADS, 0, index, *shape, keys);
}

template <class T>
static __global__ void __launch_bounds__(THREADS)
    sum_targets(const uint64_t *keys, const int32_t *order, lac__scatter_shape s, const T *src,
                T *out) {
    for (int64_t i = thread_number(); i < s.n; i += thread_count()) {
        const uint64_t target = keys[i];
        if (i > 0 && keys[i - 1] == target) continue;
        T sum = out[target];
        for (int64_t j = i; j < s.n && keys[j] == target; j++)
            sum = (T)(sum + src[offset_of(s, s.from_stride, order[j], -1)]);
        out[target] = sum;
    }
}

template <class T>
static void launch_sums(lac__gpu *gpu, const uint64_t *keys, const int32_t *order,
                        const lac__scatter_shape *shape, const void *src, void *out) {
    LAC_LAUNCH(gpu, (sum_targets<T>), coords_blocks(shape->n), THREADS, 0, keys, order, *shape,
               static_cast<const T *>(src), static_cast<T *>(out));
}

/* Integers wrap around, so they add as unsigned ones. */
void lac__launch_scatter_sums(lac__gpu *gpu, const uint64_t *keys, const int32_t *order,
                              const lac__scatter_shape *shape, int32_t dtype, const void *src,
                              void *out) {
    if (shape->n <= 0) return;
    switch (dtype) {
    case LAC_DTYPE_F64: return launch_sums<double>(gpu, keys, order, shape, src, out);
    case LAC_DTYPE_I32: return launch_sums<uint32_t>(gpu, keys, order, shape, src, out);
    case LAC_DTYPE_I64: return launch_sums<uint64_t>(gpu, keys, order, shape, src, out);
    case LAC_DTYPE_U8: return launch_sums<uint8_t>(gpu, keys, order, shape, src, out);
    default: return launch_sums<float>(gpu, keys, order, shape, src, out);
    }
}
