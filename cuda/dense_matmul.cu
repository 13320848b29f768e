/*
 * dense_matmul.cu - products of float64 and integer matrices: each element is summed in ascending
 * order, a product and an addition at a time, as on the CPU. Integers wrap around. (float32 and
 * the halves run on the convolution's kernels.)
 *
 * A block makes a tile of 32 x 32 elements, a thread 2 x 2 of them, from slices of 16 along k in
 * shared memory. What lies outside of a matrix is 0 there, which changes no sum that starts at
 * +0.
 */
#include "dense.cuh"

namespace dense {

enum { TILE = 32, SLICE = 16, SIDE = TILE / 2 };

/* Elements are T, sums U. */
template <class T, class U>
static __global__ void __launch_bounds__(THREADS)
    multiply(const T *a, const T *b, int64_t n, int64_t k, int64_t m, T *out) {
    __shared__ U left[TILE][SLICE + 1], right[SLICE][TILE];
    const int me = (int)threadIdx.x, x = me % SIDE, y = me / SIDE;
    const int64_t across = (m + TILE - 1) / TILE, down = (n + TILE - 1) / TILE;
    for (int64_t tile = blockIdx.x; tile < across * down; tile += gridDim.x) {
        const int64_t top = tile / across * TILE, edge = tile % across * TILE;
        U sum[2][2] = {};
        for (int64_t from = 0; from < k; from += SLICE) {
            for (int i = me; i < TILE * SLICE; i += THREADS) {
                const int64_t row = top + i / SLICE, column = from + i % SLICE;
                left[i / SLICE][i % SLICE] = row < n && column < k ? (U)a[row * k + column] : U(0);
            }
            for (int i = me; i < TILE * SLICE; i += THREADS) {
                const int64_t row = from + i / TILE, column = edge + i % TILE;
                right[i / TILE][i % TILE] = row < k && column < m ? (U)b[row * m + column] : U(0);
            }
            __syncthreads();
#pragma unroll
            for (int i = 0; i < SLICE; i++)
#pragma unroll
                for (int r = 0; r < 4; r++)
                    sum[r / 2][r % 2] += left[y + r / 2 * SIDE][i] * right[i][x + r % 2 * SIDE];
            __syncthreads();
        }
        for (int r = 0; r < 4; r++) {
            const int64_t row = top + y + r / 2 * SIDE, column = edge + x + r % 2 * SIDE;
            if (row < n && column < m) out[row * m + column] = (T)sum[r / 2][r % 2];
        }
    }
}

template <class T, class U>
static void launch(lac__gpu *gpu, const void *a, const void *b, int64_t n, int64_t k, int64_t m,
                   void *out) {
    const int64_t tiles = ((n + TILE - 1) / TILE) * ((m + TILE - 1) / TILE);
    LAC_LAUNCH(gpu, (multiply<T, U>), blocks_for(gpu, tiles, 1), THREADS, 0,
               static_cast<const T *>(a), static_cast<const T *>(b), n, k, m,
               static_cast<T *>(out));
}

} // namespace dense

using namespace dense;

void lac__launch_matmul(lac__gpu *gpu, int32_t dtype, const void *a, const void *b, int64_t n,
                        int64_t k, int64_t m, void *out) {
    switch (dtype) {
    case LAC_DTYPE_I32: launch<int32_t, uint32_t>(gpu, a, b, n, k, m, out); return;
    case LAC_DTYPE_I64: launch<int64_t, uint64_t>(gpu, a, b, n, k, m, out); return;
    case LAC_DTYPE_U8: launch<uint8_t, uint32_t>(gpu, a, b, n, k, m, out); return;
    default: launch<double, double>(gpu, a, b, n, k, m, out); return;
    }
}
