/*
 * conv3d_simt.cu - implicit GEMM in float32 on ordinary cores, exact: every sum is one chain of
 * fused multiply-adds from 0, taps in order (conv3d_tile.cuh), channels ascending.
 *
 * A block of 128 threads makes 64 rows x N channels, a thread 8 x 4 or 4 x 4 of them. Slices of 16
 * channels lie transposed in shared memory, two of them: one is multiplied while the next is on its
 * way in registers.
 */
#include "conv3d_tile.cuh"

using namespace conv;

enum { THREADS = 128, M = 64, K = SLICE_BYTES / (int)sizeof(float), PAD = 4, BLOCKS = 4 };

static __device__ inline void put_column(float *to, int stride, const float (&v)[4]) {
#pragma unroll
    for (int i = 0; i < 4; i++) to[i * stride] = v[i];
}

template <int N>
static __global__ void __launch_bounds__(THREADS, BLOCKS)
    multiply(const __grid_constant__ lac__product p) {
    constexpr int COLUMNS = N / 4, ROWS = M * COLUMNS / THREADS; /* of threads, of a thread */
    constexpr int A_EACH = M * CHUNKS / THREADS, B_EACH = N * CHUNKS / THREADS;
    __shared__ __align__(16) float a_slice[2][K][M + PAD], b_slice[2][K][N + PAD];
    const int me = (int)threadIdx.x, mine = me / COLUMNS * ROWS, column = me % COLUMNS * 4;
    const int chunk = me % CHUNKS * 4, line = me / CHUNKS;
    const Part part = part_of(p);
    for (int64_t i = blockIdx.x; i < tiles_of<M, N>(p); i += gridDim.x) {
        const Tile tile = tile_at<M, N>(p, part, i);
        if (tile.position >= p.rows) continue;
        Steps<float, M, THREADS> steps;
        const int count = steps.begin(p, part, tile.position);
        float sums[ROWS][4] = {}, a[A_EACH][4], b[B_EACH][4];
        const auto read = [&] {
#pragma unroll
            for (int e = 0; e < A_EACH; e++)
                read_four<float>(p, steps.now[e], steps.channel + chunk, a[e]);
#pragma unroll
            for (int e = 0; e < B_EACH; e++) {
                const int n = tile.column + line + e * (THREADS / CHUNKS);
                const bool there = n < p.n && steps.channel + chunk < p.k;
#pragma unroll
                for (int j = 0; j < 4; j++) b[e][j] = 0.0f;
                if (there) load_lanes<float>(steps.weight(p, n), (size_t)chunk, true, 4, b[e]);
            }
            steps.advance(p);
        };
        const auto put = [&](int slot) {
#pragma unroll
            for (int e = 0; e < A_EACH; e++)
                put_column(&a_slice[slot][chunk][steps.row(e)], M + PAD, a[e]);
#pragma unroll
            for (int e = 0; e < B_EACH; e++)
                put_column(&b_slice[slot][chunk][line + e * (THREADS / CHUNKS)], N + PAD, b[e]);
        };
        if (count > 0) {
            read();
            put(0);
        }
        __syncthreads();
        int depth = p.k; /* channels left of the tap */
        for (int s = 0; s < count; s++) {
            if (s + 1 < count) read();
#pragma unroll
            for (int low = 0; low < K; low += LAC__WEIGHT_PAD) {
                if (low >= depth) break;
#pragma unroll
                for (int k = low; k < low + LAC__WEIGHT_PAD; k++) {
                    float left[ROWS], right[4];
#pragma unroll
                    for (int r = 0; r < ROWS; r += 4)
                        *reinterpret_cast<float4 *>(left + r) =
                            *reinterpret_cast<const float4 *>(&a_slice[s % 2][k][mine + r]);
                    *reinterpret_cast<float4 *>(right) =
                        *reinterpret_cast<const float4 *>(&b_slice[s % 2][k][column]);
#pragma unroll
                    for (int r = 0; r < ROWS; r++)
#pragma unroll
                        for (int c = 0; c < 4; c++)
                            sums[r][c] = fmaf(left[r], right[c], sums[r][c]);
                }
            }
            depth = depth > K ? depth - K : p.k;
            if (s + 1 < count) put((s + 1) % 2);
            __syncthreads();
        }
        if (tile.column + column >= p.cout) continue;
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            const int32_t row = row_at(p, part, tile.position + mine + r);
            if (row >= 0)
                finish_lanes(p.finish, (size_t)part.index * (size_t)p.rows + (size_t)row,
                             tile.column + column, sums[r]);
        }
    }
}

template <int N> static void launch(lac__gpu *gpu, const lac__product *p) {
    const int64_t tiles = tiles_of<M, N>(*p), most = (int64_t)gpu->sm_count * BLOCKS;
    const dim3 grid((unsigned)(tiles < most ? tiles : most), (unsigned)p->splits);
    LAC_LAUNCH(gpu, (multiply<N>), grid, THREADS, 0, *p);
}

void lac__launch_conv3d_simt(lac__gpu *gpu, const lac__product *product, lac__conv_tile tile) {
    if (tile == LAC__TILE_64X32)
        launch<32>(gpu, product);
    else
        launch<64>(gpu, product);
}
