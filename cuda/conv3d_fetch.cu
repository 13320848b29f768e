/*
 * conv3d_fetch.cu - FetchOnDemand: for each tap the pairs of a block of output rows are fetched,
 * multiplied and added to sums in shared memory. Nothing is multiplied that is not there, so
 * weights may be infinite.
 *
 * A block owns LAC__FETCH_ROWS rows x 32 channels and takes all their pairs, tap by tap, the centre
 * last; no other block adds to them. A tap meets a row once, so its pairs, 64 at a time, continue
 * the chains of different rows: each starts where the tap before left it.
 */
#include "conv3d_tile.cuh"

using namespace conv;

enum {
    THREADS = 128,
    PAIRS = 64, /* at a time */
    N = 32,
    K = 16, /* channels of a slice */
    PAD = 4
};

/* Pairs of one tap that end in the block's rows; of the centre, those are the rows themselves. */
struct Pairs {
    const int32_t *in, *out;
    int64_t first; /* row of the block */
    int count;

    __device__ int32_t input(int i) const {
        return i >= count ? -1 : in != nullptr ? in[i] : (int32_t)(first + i);
    }
    __device__ int place(int i) const {
        return i >= count ? -1 : out != nullptr ? (int)(out[i] - first) : i;
    }
};

static __device__ inline Pairs pairs_of(const lac__product &p, const lac__fetch_tap *taps,
                                        const int32_t *segment, int tap) {
    const int64_t first = (int64_t)blockIdx.x * LAC__FETCH_ROWS;
    if (tap == p.centre) {
        const int64_t rows = p.rows - first;
        return {nullptr, nullptr, first, rows < LAC__FETCH_ROWS ? (int)rows : LAC__FETCH_ROWS};
    }
    const int32_t *at = segment + (size_t)tap * (gridDim.x + 1) + blockIdx.x;
    return {taps[tap].in + at[0], taps[tap].out + at[0], first, at[1] - at[0]};
}

template <class T>
static __global__ void __launch_bounds__(THREADS, 4)
    fetch(const __grid_constant__ lac__product p, const lac__fetch_tap *taps,
          const int32_t *segment) {
    DYN_SMEM(float, sums); /* [LAC__FETCH_ROWS][N] */
    __shared__ __align__(16) float a_slice[K][PAIRS + PAD], b_slice[K][N + PAD];
    const int me = (int)threadIdx.x, mine = me / (N / 4) * 4, column = me % (N / 4) * 4;
    const int chunk = me % CHUNKS * 4, line = me / CHUNKS, edge = (int)blockIdx.y * N;
    for (int i = me; i < LAC__FETCH_ROWS * N; i += THREADS) sums[i] = 0.0f;
    for (int t = 0; t <= p.taps; t++) {
        if (t == (t < p.taps ? p.centre : -1) || (t == p.taps && p.centre < 0)) continue;
        const int tap = t < p.taps ? t : p.centre;
        const Pairs pairs = pairs_of(p, taps, segment, tap);
        for (int first = 0; first < pairs.count; first += PAIRS) {
            __syncthreads(); /* the sums of the tap before are there */
            float acc[4][4];
            int place[4];
#pragma unroll
            for (int r = 0; r < 4; r++) {
                place[r] = pairs.place(first + mine + r);
                float4 v = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
                if (place[r] >= 0)
                    v = *reinterpret_cast<const float4 *>(sums + place[r] * N + column);
                acc[r][0] = v.x, acc[r][1] = v.y, acc[r][2] = v.z, acc[r][3] = v.w;
            }
            const int32_t in[2] = {pairs.input(first + line),
                                   pairs.input(first + line + THREADS / CHUNKS)};
            for (int c = 0; c < p.k; c += K) {
                float v[4];
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    read_four<T>(p, in[i], c + chunk, v);
#pragma unroll
                    for (int j = 0; j < 4; j++)
                        a_slice[chunk + j][line + i * (THREADS / CHUNKS)] = v[j];
                }
                const bool there = edge + line < p.n && c + chunk < p.k;
                const size_t row = (size_t)tap * (size_t)p.n + (size_t)(edge + line);
#pragma unroll
                for (int j = 0; j < 4; j++) v[j] = 0.0f;
                if (there)
                    load_lanes<T>(p.weight, row * (size_t)p.k + (size_t)(c + chunk), true, 4, v);
#pragma unroll
                for (int j = 0; j < 4; j++) b_slice[chunk + j][line] = v[j];
                __syncthreads();
                const int depth = p.k - c < K ? p.k - c : K;
#pragma unroll 8
                for (int k = 0; k < depth; k++) {
                    const float4 a = *reinterpret_cast<const float4 *>(&a_slice[k][mine]);
                    const float4 b = *reinterpret_cast<const float4 *>(&b_slice[k][column]);
                    const float left[4] = {a.x, a.y, a.z, a.w}, right[4] = {b.x, b.y, b.z, b.w};
#pragma unroll
                    for (int r = 0; r < 4; r++)
#pragma unroll
                        for (int j = 0; j < 4; j++) acc[r][j] = fmaf(left[r], right[j], acc[r][j]);
                }
                __syncthreads();
            }
#pragma unroll
            for (int r = 0; r < 4; r++)
                if (place[r] >= 0)
                    *reinterpret_cast<float4 *>(sums + place[r] * N + column) =
                        make_float4(acc[r][0], acc[r][1], acc[r][2], acc[r][3]);
        }
    }
    __syncthreads();
    for (int i = me; i < LAC__FETCH_ROWS * (N / 8); i += THREADS) {
        const int64_t row = (int64_t)blockIdx.x * LAC__FETCH_ROWS + i / (N / 8);
        const int at = i % (N / 8) * 8;
        if (row >= p.rows || edge + at >= p.cout) continue;
        float v[8];
        load_lanes<float>(sums, (size_t)(i * 8), true, 8, v);
        finish_lanes(p.finish, (size_t)row, edge + at, v);
    }
}

template <class T>
static void launch(lac__gpu *gpu, const lac__product *p, const lac__fetch_tap *taps,
                   const int32_t *segment) {
    const dim3 grid((unsigned)((p->rows + LAC__FETCH_ROWS - 1) / LAC__FETCH_ROWS),
                    (unsigned)((p->cout + N - 1) / N));
    LAC_LAUNCH(gpu, (fetch<T>), grid, THREADS, LAC__FETCH_ROWS * N * sizeof(float), *p, taps,
               segment);
}

void lac__launch_conv3d_fetch(lac__gpu *gpu, const lac__product *product,
                              const lac__fetch_tap *taps, const int32_t *segment) {
    if (product->dtype == LAC_DTYPE_F32)
        launch<float>(gpu, product, taps, segment);
    else if (product->dtype == LAC_DTYPE_F16)
        launch<__half>(gpu, product, taps, segment);
    else
        launch<__nv_bfloat16>(gpu, product, taps, segment);
}
