/*
 * pack.cu - weights into the layout of the convolution kernels, and whether all of them are finite.
 *
 * A block moves tiles of 32 x 32 through shared memory, because source rows run along output
 * channels and packed rows along input channels.
 */
#include "gpu.cuh"
#include "launch_conv.h"

enum { SIDE = 32, LINES = 8, THREADS = SIDE * LINES };

/* Elements travel as bits; `exponent` are those that are all set in what is not finite. */
template <class T>
static __global__ void __launch_bounds__(THREADS)
    pack(const T *plain, int64_t taps, int64_t cin, int64_t cout, int64_t out_step, int64_t in_step,
         int64_t k, int64_t n, T exponent, T *packed, int32_t *not_finite) {
    __shared__ T tile[SIDE][SIDE + 1];
    const int x = (int)threadIdx.x % SIDE, y = (int)threadIdx.x / SIDE;
    const int64_t across = (k + SIDE - 1) / SIDE, down = (n + SIDE - 1) / SIDE;
    bool bad = false;
    for (int64_t i = blockIdx.x; i < taps * across * down; i += gridDim.x) {
        const int64_t tap = i / (across * down), place = i - tap * (across * down);
        const int64_t first_k = place % across * SIDE, first_n = place / across * SIDE;
        const T *from = plain + (size_t)tap * (size_t)cin * (size_t)cout;
        T *to = packed + (size_t)tap * (size_t)n * (size_t)k;
        for (int line = y; line < SIDE; line += LINES) { /* x along what is dense in the source */
            const int64_t c = first_k + (out_step == 1 ? line : x);
            const int64_t o = first_n + (out_step == 1 ? x : line);
            const T value = c < cin && o < cout ? from[o * out_step + c * in_step] : (T)0;
            bad = bad || (value & exponent) == exponent;
            if (out_step == 1)
                tile[x][line] = value;
            else
                tile[line][x] = value;
        }
        __syncthreads();
        for (int line = y; line < SIDE; line += LINES)
            if (first_n + line < n && first_k + x < k)
                to[(first_n + line) * k + first_k + x] = tile[line][x];
        __syncthreads();
    }
    if (bad) atomicOr(not_finite, 1);
}

void lac__launch_pack_weights(lac__gpu *gpu, const void *plain, int32_t dtype, int64_t taps,
                              int64_t cin, int64_t cout, bool transposed, void *packed,
                              int32_t *not_finite) {
    const int64_t out_step = transposed ? cin : 1, in_step = transposed ? 1 : cout;
    const int64_t k = lac__weight_padded(cin), n = lac__weight_padded(cout);
    const int64_t tiles = taps * ((k + SIDE - 1) / SIDE) * ((n + SIDE - 1) / SIDE);
    const int64_t most = (int64_t)gpu->sm_count * 16;
    const unsigned blocks = (unsigned)(tiles < most ? tiles : most);
    if (dtype == LAC_DTYPE_F32)
        LAC_LAUNCH(gpu, (pack<uint32_t>), blocks, THREADS, 0, static_cast<const uint32_t *>(plain),
                   taps, cin, cout, out_step, in_step, k, n, 0x7f800000u,
                   static_cast<uint32_t *>(packed), not_finite);
    else
        LAC_LAUNCH(gpu, (pack<uint16_t>), blocks, THREADS, 0, static_cast<const uint16_t *>(plain),
                   taps, cin, cout, out_step, in_step, k, n,
                   (uint16_t)(dtype == LAC_DTYPE_F16 ? 0x7c00 : 0x7f80),
                   static_cast<uint16_t *>(packed), not_finite);
}
