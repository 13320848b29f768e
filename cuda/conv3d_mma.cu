/*
 * conv3d_mma.cu - implicit GEMM on tensor cores with float32 sums: float16, bfloat16, and float32
 * as TF32.
 *
 * A block makes M rows x N channels at a time and goes on to further tiles, the groups with most
 * taps first. It walks the steps of a tile (conv3d_tile.cuh); each gathers rows of features and
 * rows of weights, 64 bytes a row, by cp.async into one of STAGES slots of shared memory, so that
 * the copies of STAGES - 1 steps are under way while one is multiplied. A slot is filled again only
 * behind the barrier that all threads reach after they have multiplied it.
 *
 * Chunks of 16 bytes are permuted within pairs of rows, so that the 8 rows of an ldmatrix lie in
 * different banks. Features and weights both run along input channels; a register of a fragment
 * then holds what mma wants, 2 halves or 1 float, without a transposing load.
 *
 * Sums go through shared memory to the epilogue, warp by warp, because there a thread wants 8
 * neighbouring channels of one row.
 */
#include "conv3d_tile.cuh"

using namespace conv;

enum { STAGES = 4 };

/* ------------------------------------------------------------------------ dtypes */

struct F16 {
    using T = __half;
    static __device__ void mma(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
        ptx_mma_f16(c, a, b);
    }
    static __device__ uint32_t operand(uint32_t bits) {
        return bits;
    }
};

struct Bf16 {
    using T = __nv_bfloat16;
    static __device__ void mma(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
        ptx_mma_bf16(c, a, b);
    }
    static __device__ uint32_t operand(uint32_t bits) {
        return bits;
    }
};

struct Tf32 {
    using T = float;
    static __device__ void mma(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
        ptx_mma_tf32(c, a, b);
    }
    static __device__ uint32_t operand(uint32_t bits) {
        return ptx_cvt_rna_tf32(__uint_as_float(bits));
    }
};

/* ------------------------------------------------------------------------ shared memory */

/* Offset of a chunk of a row of a slot. */
static __device__ inline int place(int row, int chunk) {
    return row * SLICE_BYTES + (chunk ^ (row / 2 % CHUNKS)) * CHUNK_BYTES;
}

/* A chunk of features from `channel` on; zeros where there are none. */
template <class T>
static __device__ inline void copy_features(unsigned char *to, const lac__product &p, int32_t row,
                                            int channel) {
    const Source<T> s(p, row, channel);
    const bool there = s.from != nullptr;
    /* Something to point at, where nothing is read. */
    const unsigned char *from = static_cast<const unsigned char *>(there ? s.from : p.weight);
    if (p.piece == CHUNK_BYTES) {
        ptx_cp_async_16(to, from, there ? CHUNK_BYTES : 0);
        return;
    }
    const int bytes = s.left * (int)sizeof(T);
    if (p.piece == 8) {
#pragma unroll
        for (int i = 0; i < CHUNK_BYTES; i += 8)
            ptx_cp_async_8(to + i, i < bytes ? from + i : from, i < bytes ? 8 : 0);
    } else if (p.piece == 4) {
#pragma unroll
        for (int i = 0; i < CHUNK_BYTES; i += 4)
            ptx_cp_async_4(to + i, i < bytes ? from + i : from, i < bytes ? 4 : 0);
    } else {
        for (int i = 0; i < CHUNK_BYTES; i += 2)
            *reinterpret_cast<uint16_t *>(to + i) =
                i < bytes ? *reinterpret_cast<const uint16_t *>(from + i) : (uint16_t)0;
    }
}

/* ------------------------------------------------------------------------ the kernel */

/* Blocks that a multiprocessor is to hold; registers for the sums of a tile decide. */
static constexpr int blocks_of(int sums) {
    return sums > 128 * 64 ? 2 : sums > 64 * 64 ? 3 : 4;
}

/* DOWN x ACROSS warps, each with its part of the tile. */
template <class Kind, int TILE_M, int TILE_N, int WARPS_DOWN, int WARPS_ACROSS> struct Shape {
    enum {
        M = TILE_M,
        N = TILE_N,
        DOWN = WARPS_DOWN,
        ACROSS = WARPS_ACROSS,
        THREADS = 32 * DOWN * ACROSS,
        WARP_M = M / DOWN,
        WARP_N = N / ACROSS,
        SLOT = (M + N) * SLICE_BYTES,
        SHARED = STAGES * SLOT,
        BLOCKS = blocks_of(M * N)
    };
    static_assert(WARP_M % 16 == 0 && WARP_N % 16 == 0 && M * N * 4 <= SHARED, "");
    using Operand = Kind;
    using T = typename Kind::T;
    using Walk = Steps<T, M, THREADS>;
};

template <class S>
static __device__ inline void copy_step(unsigned char *slot, const lac__product &p,
                                        const typename S::Walk &steps, int column) {
    using T = typename S::T;
    constexpr int LINES = S::THREADS / CHUNKS;
    const int chunk = (int)threadIdx.x % CHUNKS, line = (int)threadIdx.x / CHUNKS;
    const int channel = chunk * (CHUNK_BYTES / (int)sizeof(T));
#pragma unroll
    for (int i = 0; i < S::Walk::EACH; i++)
        copy_features<T>(slot + place(steps.row(i), chunk), p, steps.now[i],
                         steps.channel + channel);
    unsigned char *weights = slot + S::M * SLICE_BYTES;
#pragma unroll
    for (int n = line; n < S::N; n += LINES) {
        const bool there = column + n < p.n && steps.channel + channel < p.k;
        const T *from =
            there ? steps.weight(p, column + n) + channel : static_cast<const T *>(p.weight);
        ptx_cp_async_16(weights + place(n, chunk), from, there ? CHUNK_BYTES : 0);
    }
}

/* Adds the products of one slot; `halves`: 32 bytes of channels each, 1 or 2. */
template <class S>
static __device__ inline void multiply_step(const unsigned char *slot, int halves,
                                            float (&sums)[S::WARP_M / 16][S::WARP_N / 8][4]) {
    const int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;
    const int down = warp / S::ACROSS * S::WARP_M, across = warp % S::ACROSS * S::WARP_N;
    const unsigned char *weights = slot + S::M * SLICE_BYTES;
#pragma unroll
    for (int h = 0; h < 2; h++) {
        if (h >= halves) break;
        uint32_t a[S::WARP_M / 16][4];
#pragma unroll
        for (int i = 0; i < S::WARP_M / 16; i++) {
            ptx_ldmatrix_x4(a[i], slot + place(down + i * 16 + lane % 16, h * 2 + lane / 16));
#pragma unroll
            for (int r = 0; r < 4; r++) a[i][r] = S::Operand::operand(a[i][r]);
        }
#pragma unroll
        for (int j = 0; j < S::WARP_N / 16; j++) {
            uint32_t b[4];
            const int n = across + j * 16 + lane % 8 + lane / 16 * 8;
            ptx_ldmatrix_x4(b, weights + place(n, h * 2 + lane / 8 % 2));
#pragma unroll
            for (int r = 0; r < 4; r++) b[r] = S::Operand::operand(b[r]);
            const uint32_t low[2] = {b[0], b[1]}, high[2] = {b[2], b[3]};
#pragma unroll
            for (int i = 0; i < S::WARP_M / 16; i++) {
                S::Operand::mma(sums[i][2 * j], a[i], low);
                S::Operand::mma(sums[i][2 * j + 1], a[i], high);
            }
        }
    }
}

/* Sums of a warp to its part of shared memory, rows of WARP_N floats in chunks of 4 that are
 * permuted like those of a slot, and from there through the epilogue. */
template <class S>
static __device__ inline void finish_warp(float *shared, const lac__product &p, const Part &part,
                                          const Tile &tile,
                                          const float (&sums)[S::WARP_M / 16][S::WARP_N / 8][4]) {
    constexpr int TURN = S::WARP_N % 32 == 0 ? 8 : 4; /* rows that are permuted differently */
    const int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;
    float *mine = shared + warp * S::WARP_M * S::WARP_N;
#pragma unroll
    for (int i = 0; i < S::WARP_M / 16; i++)
#pragma unroll
        for (int j = 0; j < S::WARP_N / 8; j++)
#pragma unroll
            for (int h = 0; h < 2; h++) {
                const int row = i * 16 + h * 8 + lane / 4, chunk = j * 2 + lane % 4 / 2;
                *reinterpret_cast<float2 *>(mine + row * S::WARP_N + (chunk ^ row % TURN) * 4 +
                                            lane % 2 * 2) =
                    make_float2(sums[i][j][2 * h], sums[i][j][2 * h + 1]);
            }
    __syncwarp();
    const int64_t position = tile.position + warp / S::ACROSS * S::WARP_M;
    const int column = tile.column + warp % S::ACROSS * S::WARP_N;
#pragma unroll 1
    for (int e = lane; e < S::WARP_M * (S::WARP_N / 8); e += 32) {
        const int r = e / (S::WARP_N / 8), chunk = e % (S::WARP_N / 8) * 2;
        const int32_t row = row_at(p, part, position + r);
        if (row < 0 || column + chunk * 4 >= p.cout) continue;
        float v[8];
#pragma unroll
        for (int h = 0; h < 2; h++)
            *reinterpret_cast<float4 *>(v + 4 * h) = *reinterpret_cast<const float4 *>(
                mine + r * S::WARP_N + ((chunk + h) ^ r % TURN) * 4);
        finish_lanes(p.finish, (size_t)part.index * (size_t)p.rows + (size_t)row,
                     column + chunk * 4, v);
    }
}

template <class S>
static __global__ void __launch_bounds__(S::THREADS, S::BLOCKS)
    multiply(const __grid_constant__ lac__product p) {
    DYN_SMEM(unsigned char, shared);
    const Part part = part_of(p);
    const int64_t tiles = tiles_of<S::M, S::N>(p);
    const int slices = S::Walk::slices(p);
    /* The last slice of a tap may need one half alone. */
    const int tail = (p.k - 1) % S::Walk::WIDTH < S::Walk::WIDTH / 2 ? 1 : 2;
    for (int64_t i = blockIdx.x; i < tiles; i += gridDim.x) {
        const Tile tile = tile_at<S::M, S::N>(p, part, i);
        if (tile.position >= p.rows) continue;
        typename S::Walk steps;
        const int count = steps.begin(p, part, tile.position);
        float sums[S::WARP_M / 16][S::WARP_N / 8][4] = {};
        int copied = 0, slice = 0;
        const auto copy = [&] {
            if (copied < count) {
                copy_step<S>(shared + copied % STAGES * S::SLOT, p, steps, tile.column);
                steps.advance(p);
            }
            copied++;
            ptx_cp_async_commit();
        };
        for (int s = 0; s < STAGES - 1; s++) copy();
        for (int s = 0; s < count; s++) {
            ptx_cp_async_wait<STAGES - 2>();
            __syncthreads();
            copy();
            slice = slice + 1 < slices ? slice + 1 : 0;
            multiply_step<S>(shared + s % STAGES * S::SLOT, slice == 0 ? tail : 2, sums);
        }
        ptx_cp_async_wait<0>();
        __syncthreads();
        finish_warp<S>(reinterpret_cast<float *>(shared), p, part, tile, sums);
        __syncthreads();
    }
}

/* ------------------------------------------------------------------------ launching */

template <class S> static void launch(lac__gpu *gpu, const lac__product *p) {
    const int64_t tiles = tiles_of<S::M, S::N>(*p);
    const int64_t most = (int64_t)gpu->sm_count * S::BLOCKS;
    const dim3 grid((unsigned)(tiles < most ? tiles : most), (unsigned)p->splits);
    LAC_LAUNCH(gpu, (multiply<S>), grid, S::THREADS, S::SHARED, *p);
}

template <class Kind>
static void launch_halves(lac__gpu *gpu, const lac__product *p, lac__conv_tile tile) {
    switch (tile) {
    case LAC__TILE_64X64: return launch<Shape<Kind, 64, 64, 2, 2>>(gpu, p);
    case LAC__TILE_128X64: return launch<Shape<Kind, 128, 64, 2, 2>>(gpu, p);
    case LAC__TILE_128X96: return launch<Shape<Kind, 128, 96, 2, 2>>(gpu, p);
    case LAC__TILE_128X128: return launch<Shape<Kind, 128, 128, 2, 2>>(gpu, p);
    default: return launch<Shape<Kind, 64, 32, 4, 1>>(gpu, p);
    }
}

void lac__launch_conv3d_mma(lac__gpu *gpu, const lac__product *product, lac__conv_tile tile) {
    if (product->dtype == LAC_DTYPE_F16)
        launch_halves<F16>(gpu, product, tile);
    else if (product->dtype == LAC_DTYPE_BF16)
        launch_halves<Bf16>(gpu, product, tile);
    else if (tile == LAC__TILE_64X32)
        launch<Shape<Tf32, 64, 32, 4, 1>>(gpu, product);
    else
        launch<Shape<Tf32, 128, 64, 2, 2>>(gpu, product);
}
