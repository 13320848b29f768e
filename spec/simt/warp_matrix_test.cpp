/*
 * warp_matrix_test.cpp - fragment layouts, exact on small integers; conversions on all halves.
 *
 * Matrices are written to memory element by element and the fragments are loaded by the layout that
 * the PTX manual gives, so that a mistake of the twins does not cancel out.
 */
#include "check.h"
#include "ptx.cuh"
#include "warp_matrix.h"

#include <cmath>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <random>

static std::mt19937 numbers(11);
static int small() {
    return (int)(numbers() % 17) - 8;
}

/* ---- mma ------------------------------------------------------------------------------------- */

enum { F16, BF16, TF32 };

/* A by rows and B by columns, 32 bytes each, as words. */
template <int TYPE> __global__ void tile(const uint32_t *A, const uint32_t *B, float *D) {
    const unsigned g = threadIdx.x / 4, t = threadIdx.x % 4;
    const uint32_t a[4] = {A[g * 8 + t], A[(g + 8) * 8 + t], A[g * 8 + t + 4],
                           A[(g + 8) * 8 + t + 4]};
    const uint32_t b[2] = {B[g * 8 + t], B[g * 8 + t + 4]};
    float c[4] = {1, 2, 3, 4};
    if (TYPE == F16) ptx_mma_f16(c, a, b);
    if (TYPE == BF16) ptx_mma_bf16(c, a, b);
    if (TYPE == TF32) ptx_mma_tf32(c, a, b);
    D[g * 8 + t * 2] = c[0];
    D[g * 8 + t * 2 + 1] = c[1];
    D[(g + 8) * 8 + t * 2] = c[2];
    D[(g + 8) * 8 + t * 2 + 1] = c[3];
}

static uint32_t encoded(int type, int v) {
    if (type == F16) return __half_as_ushort(__float2half_rn((float)v));
    if (type == BF16) return __bfloat16_as_ushort(__float2bfloat16_rn((float)v));
    return __float_as_uint((float)v) | (uint32_t)(numbers() & 0x1fff); /* bits that are dropped */
}

template <int TYPE> static bool tile_right() {
    const int depth = TYPE == TF32 ? 8 : 16, per_word = depth / 8;
    int a[16][16], b[16][8];
    std::vector<uint32_t> A(128, 0), B(64, 0);
    for (int i = 0; i < 16; ++i)
        for (int k = 0; k < depth; ++k)
            A[(size_t)(i * 8 + k / per_word)] |= encoded(TYPE, a[i][k] = small())
                                                 << k % per_word * 16;
    for (int k = 0; k < depth; ++k)
        for (int j = 0; j < 8; ++j)
            B[(size_t)(j * 8 + k / per_word)] |= encoded(TYPE, b[k][j] = small())
                                                 << k % per_word * 16;
    Device<uint32_t> dA(A), dB(B);
    Device<float> dD(128);
    RUN(tile<TYPE>, 1, 32, 0, dA.data, dB.data, dD.data);
    auto D = dD.get();
    for (int i = 0; i < 16; ++i)
        for (int j = 0; j < 8; ++j) {
            int sum = 1 + j % 2 + i / 8 * 2;
            for (int k = 0; k < depth; ++k) sum += a[i][k] * b[k][j];
            if (D[(size_t)(i * 8 + j)] != (float)sum) return false;
        }
    return true;
}

/* ---- ldmatrix -------------------------------------------------------------------------------- */

/* Matrix m's element (r, c) is 64 m + 8 r + c. */
template <int COUNT, bool TRANSPOSED> __global__ void load(uint32_t *out) {
    __shared__ __align__(16) uint16_t rows[32][8];
    const unsigned l = threadIdx.x;
    for (unsigned c = 0; c < 8; ++c) rows[l][c] = (uint16_t)(8 * l + c);
    __syncwarp();
    uint32_t r[4] = {};
    uint32_t(&one)[1] = reinterpret_cast<uint32_t(&)[1]>(r);
    uint32_t(&two)[2] = reinterpret_cast<uint32_t(&)[2]>(r);
    /* Lanes past the rows that are read may point anywhere. */
    const void *row = l < 8 * COUNT ? (const void *)rows[l] : (const void *)1;
    if (COUNT == 1) ptx_ldmatrix_x1(one, row);
    if (COUNT == 2 && !TRANSPOSED) ptx_ldmatrix_x2(two, row);
    if (COUNT == 2 && TRANSPOSED) ptx_ldmatrix_x2_trans(two, row);
    if (COUNT == 4 && !TRANSPOSED) ptx_ldmatrix_x4(r, row);
    if (COUNT == 4 && TRANSPOSED) ptx_ldmatrix_x4_trans(r, row);
    for (unsigned i = 0; i < 4; ++i) out[4 * l + i] = r[i];
}

template <int COUNT, bool TRANSPOSED> static bool load_right() {
    Device<uint32_t> out(128);
    RUN((load<COUNT, TRANSPOSED>), 1, 32, 0, out.data);
    auto got = out.get();
    for (uint32_t l = 0; l < 32; ++l)
        for (uint32_t i = 0; i < 4; ++i) {
            const uint32_t g = l / 4, k = l % 4 * 2;
            const uint32_t low = TRANSPOSED ? 8 * k + g : 8 * g + k, step = TRANSPOSED ? 8 : 1;
            const uint32_t wanted = i < COUNT ? (64 * i + low + step) << 16 | (64 * i + low) : 0;
            if (got[4 * l + i] != wanted) return false;
        }
    return true;
}

__global__ void misaligned_row() {
    __shared__ __align__(16) uint16_t rows[32][8];
    uint32_t r[4];
    ptx_ldmatrix_x4(r, &rows[threadIdx.x][threadIdx.x == 9]);
}
__global__ void global_row(const uint32_t *p) {
    uint32_t r[4];
    ptx_ldmatrix_x4(r, p + 4 * threadIdx.x);
}
__global__ void half_a_warp() {
    float c[4] = {};
    const uint32_t a[4] = {}, b[2] = {};
    if (threadIdx.x < 16) ptx_mma_f16(c, a, b);
}

/* ---- conversions ----------------------------------------------------------------------------- */

static double value_of_half(unsigned h) {
    const int exponent = (int)(h >> 10 & 31);
    const double mantissa = h & 1023;
    const double v =
        exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24);
    return h >> 15 ? -v : v;
}

static void halves() {
    bool exact = true, back = true, ties = true;
    for (unsigned h = 0; h < 65536; ++h) {
        const unsigned magnitude = h & 0x7fff;
        const float f = __half2float(__ushort_as_half((unsigned short)h));
        if (magnitude > 0x7c00) {
            exact &= std::isnan(f);
            back &= (__half_as_ushort(__float2half(f)) & 0x7fff) > 0x7c00;
            continue;
        }
        exact &=
            magnitude == 0x7c00 ? std::isinf(f) && (f < 0) == (h >> 15) : f == value_of_half(h);
        exact &= std::signbit(f) == (h >> 15 != 0);
        back &= __half_as_ushort(__float2half_rn(f)) == h;
        if (magnitude >= 0x7bff) continue;
        /* Between h and its neighbour: to the even one, and to the nearer one. */
        const double middle = (value_of_half(h) + value_of_half(h + 1)) / 2;
        const float m = (float)middle, away = h >> 15 ? -INFINITY : INFINITY;
        ties &= __half_as_ushort(__float2half_rn(m)) == (h % 2 ? h + 1 : h);
        ties &= __half_as_ushort(__float2half_rn(std::nextafter(m, away))) == h + 1;
        ties &= __half_as_ushort(__float2half_rn(std::nextafter(m, -away))) == h;
    }
    CHECK(exact);
    CHECK(back);
    CHECK(ties);
    CHECK(__half_as_ushort(__float2half_rn(65519.99f)) == 0x7bff);
    CHECK(__half_as_ushort(__float2half_rn(65520.0f)) == 0x7c00);
    CHECK(__half_as_ushort(__float2half_rn(-1e30f)) == 0xfc00);
}

static void bfloats() {
    bool back = true, ties = true;
    for (unsigned b = 0; b < 65536; ++b) {
        const unsigned magnitude = b & 0x7fff;
        const float f = __bfloat162float(__ushort_as_bfloat16((unsigned short)b));
        const unsigned again = __bfloat16_as_ushort(__float2bfloat16_rn(f));
        back &= magnitude > 0x7f80 ? std::isnan(f) && (again & 0x7fff) > 0x7f80 : again == b;
        if (magnitude >= 0x7f7f) continue;
        const float m = __uint_as_float(b << 16 | 0x8000);
        ties &= __bfloat16_as_ushort(__float2bfloat16_rn(m)) == (b % 2 ? b + 1 : b);
        ties &=
            __bfloat16_as_ushort(__float2bfloat16_rn(__uint_as_float(b << 16 | 0x8001))) == b + 1;
        ties &= __bfloat16_as_ushort(__float2bfloat16_rn(__uint_as_float(b << 16 | 0x7fff))) == b;
    }
    CHECK(back);
    CHECK(ties);
}

static void tf32() {
    CHECK(simt::round_to_tf32(1.0f) == 0x3f800000);
    CHECK(simt::round_to_tf32(__uint_as_float(0x3f800fff)) == 0x3f800000);
    CHECK(simt::round_to_tf32(__uint_as_float(0x3f801000)) == 0x3f802000); /* ties go away */
    CHECK(simt::round_to_tf32(__uint_as_float(0xbf803000)) == 0xbf804000);
    CHECK(simt::round_to_tf32(INFINITY) == 0x7f800000);
    CHECK(std::isnan(__uint_as_float(simt::round_to_tf32(NAN))));
}

static void pairs() {
    const __half2 h = __floats2half2_rn(1.5f, -2.0f);
    CHECK(__low2float(h) == 1.5f && __high2float(h) == -2.0f);
    CHECK(__half22float2(h).y == -2.0f && __half_as_ushort(__low2half(h)) == 0x3e00);
    const __nv_bfloat162 b = __floats2bfloat162_rn(1.5f, -2.0f);
    CHECK(__low2float(b) == 1.5f && __high2float(b) == -2.0f && __bfloat1622float2(b).x == 1.5f);
    CHECK(sizeof h == 4 && alignof(__half2) == 4 && sizeof(__half) == 2);
}

int main() {
    CHECK(tile_right<F16>());
    CHECK(tile_right<BF16>());
    CHECK(tile_right<TF32>());
    CHECK((load_right<1, false>()));
    CHECK((load_right<2, false>()));
    CHECK((load_right<2, true>()));
    CHECK((load_right<4, false>()));
    CHECK((load_right<4, true>()));
    DIES("the row of lane 9", RUN(misaligned_row, 1, 32, 0));
    DIES("exit", RUN(half_a_warp, 1, 32, 0));
    {
        Device<uint32_t> words(128);
        DIES("not in shared memory", RUN(global_row, 1, 32, 0, words.data));
    }
    halves();
    bfloats();
    tf32();
    pairs();
    return finish("warp_matrix");
}
