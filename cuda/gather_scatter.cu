/*
 * gather_scatter.cu - the ends of gather, matrix product and scatter: rows of a tap's pairs side by
 * side, and their products added to the sums. A tap meets an output row once, so nothing is added
 * twice at a time.
 */
#include "epilogue.cuh"

using conv::quotient;

enum { THREADS = 256 };

/* A row is `width` elements of T. */
template <class T>
static __global__ void __launch_bounds__(THREADS)
    gather(const T *x, int64_t width, const int32_t *index, int64_t count, T *out) {
    const int64_t total = count * width, step = (int64_t)gridDim.x * THREADS;
    for (int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x; i < total; i += step) {
        const int64_t pair = quotient(i, width);
        out[i] = x[(size_t)index[pair] * (size_t)width + (size_t)(i - pair * width)];
    }
}

static __device__ inline float sum(float a, float b) {
    return a + b;
}
static __device__ inline float4 sum(float4 a, float4 b) {
    return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}

template <class T>
static __global__ void __launch_bounds__(THREADS)
    add(const T *products, int64_t width, const int32_t *index, int64_t count, T *sums) {
    const int64_t total = count * width, step = (int64_t)gridDim.x * THREADS;
    for (int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x; i < total; i += step) {
        const int64_t pair = quotient(i, width), row = index != nullptr ? index[pair] : pair;
        T *to = sums + (size_t)row * (size_t)width + (size_t)(i - pair * width);
        *to = sum(*to, products[i]);
    }
}

static unsigned blocks_of(const lac__gpu *gpu, int64_t elements) {
    const int64_t blocks = (elements + THREADS - 1) / THREADS, most = (int64_t)gpu->sm_count * 16;
    return (unsigned)(blocks < most ? blocks : most);
}

template <class T>
static void launch_gather(lac__gpu *gpu, const void *x, int64_t bytes, const int32_t *index,
                          int64_t count, void *out) {
    const int64_t width = bytes / (int64_t)sizeof(T);
    LAC_LAUNCH(gpu, (gather<T>), blocks_of(gpu, count * width), THREADS, 0,
               static_cast<const T *>(x), width, index, count, static_cast<T *>(out));
}

void lac__launch_gather_rows(lac__gpu *gpu, const void *x, int64_t bytes, const int32_t *index,
                             int64_t count, void *out) {
    const uintptr_t odd = (uintptr_t)x | (uintptr_t)out | (uintptr_t)bytes;
    if (count == 0 || bytes == 0) return;
    if (odd % 16 == 0)
        launch_gather<uint4>(gpu, x, bytes, index, count, out);
    else if (odd % 4 == 0)
        launch_gather<uint32_t>(gpu, x, bytes, index, count, out);
    else
        launch_gather<uint16_t>(gpu, x, bytes, index, count, out);
}

void lac__launch_add_rows(lac__gpu *gpu, const float *products, int64_t width, const int32_t *index,
                          int64_t count, float *sums) {
    if (count == 0 || width == 0) return;
    if (width % 4 == 0 && ((uintptr_t)products | (uintptr_t)sums) % 16 == 0)
        LAC_LAUNCH(gpu, (add<float4>), blocks_of(gpu, count * width / 4), THREADS, 0,
                   reinterpret_cast<const float4 *>(products), width / 4, index, count,
                   reinterpret_cast<float4 *>(sums));
    else
        LAC_LAUNCH(gpu, (add<float>), blocks_of(gpu, count * width), THREADS, 0, products, width,
                   index, count, sums);
}
