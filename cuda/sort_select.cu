/*
 * sort_select.cu - elements that are not 0, and elements at given positions.
 */
#include "coords.cuh"
#include "launch_order.h"

enum { THREADS = LAC__COORDS_THREADS };

/* `ignored`: a bit that does not matter, the sign of a floating 0. */
template <class T>
static __global__ void __launch_bounds__(THREADS)
    find_nonzero(const T *x, T ignored, int64_t n, uint8_t *flags) {
    for (int64_t i = thread_number(); i < n; i += thread_count())
        flags[i] = (x[i] & (T)~ignored) != 0;
}

template <class T>
static void launch_nonzero(lac__gpu *gpu, const void *x, T ignored, int64_t n, uint8_t *flags) {
    LAC_LAUNCH(gpu, (find_nonzero<T>), coords_blocks(n), THREADS, 0, static_cast<const T *>(x),
               ignored, n, flags);
}

void lac__launch_nonzero_flags(lac__gpu *gpu, const void *x, int32_t dtype, int64_t n,
                               uint8_t *flags) {
    if (n <= 0) return;
    switch (dtype) {
    case LAC_DTYPE_F32: return launch_nonzero<uint32_t>(gpu, x, 0x80000000u, n, flags);
    case LAC_DTYPE_F16:
    case LAC_DTYPE_BF16: return launch_nonzero<uint16_t>(gpu, x, 0x8000u, n, flags);
    case LAC_DTYPE_F64: return launch_nonzero<uint64_t>(gpu, x, (uint64_t)1 << 63, n, flags);
    case LAC_DTYPE_I32: return launch_nonzero<uint32_t>(gpu, x, 0, n, flags);
    case LAC_DTYPE_I64: return launch_nonzero<uint64_t>(gpu, x, 0, n, flags);
    default: return launch_nonzero<uint8_t>(gpu, x, 0, n, flags);
    }
}

struct Shape {
    int64_t size[8];
};

static __global__ void __launch_bounds__(THREADS)
    unravel(const int64_t *positions, int64_t count, int32_t ndim, Shape shape, int64_t *rows) {
    for (int64_t i = thread_number(); i < count; i += thread_count()) {
        int64_t rest = positions[i];
        for (int32_t d = ndim - 1; d >= 0; d--) {
            rows[i * ndim + d] = rest % shape.size[d];
            rest /= shape.size[d];
        }
    }
}

void lac__launch_unravel(lac__gpu *gpu, const int64_t *positions, int64_t count, int32_t ndim,
                         const int64_t *shape, int64_t *rows) {
    Shape s = {};
    for (int32_t d = 0; d < ndim; d++) s.size[d] = shape[d];
    if (count > 0 && ndim > 0)
        LAC_LAUNCH(gpu, unravel, coords_blocks(count), THREADS, 0, positions, count, ndim, s, rows);
}

template <class T>
static __global__ void __launch_bounds__(THREADS)
    take(const T *x, const int64_t *positions, int64_t count, T *out) {
    for (int64_t i = thread_number(); i < count; i += thread_count()) out[i] = x[positions[i]];
}

template <class T>
static void launch_take(lac__gpu *gpu, const void *x, const int64_t *positions, int64_t count,
                        void *out) {
    LAC_LAUNCH(gpu, (take<T>), coords_blocks(count), THREADS, 0, static_cast<const T *>(x),
               positions, count, static_cast<T *>(out));
}

void lac__launch_take(lac__gpu *gpu, const void *x, int32_t size, const int64_t *positions,
                      int64_t count, void *out) {
    if (count <= 0) return;
    switch (size) {
    case 1: return launch_take<uint8_t>(gpu, x, positions, count, out);
    case 2: return launch_take<uint16_t>(gpu, x, positions, count, out);
    case 4: return launch_take<uint32_t>(gpu, x, positions, count, out);
    default: return launch_take<uint64_t>(gpu, x, positions, count, out);
    }
}
