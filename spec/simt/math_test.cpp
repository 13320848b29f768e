/*
 * math_test.cpp - the intrinsics at their corners.
 */
#include "check.h"

#include <cmath>
#include <limits>

static void bits() {
    CHECK(__popc(0xf0f0u) == 8 && __popcll(~0ull) == 64);
    CHECK(__ffs(0) == 0 && __ffs(8) == 4 && __ffsll(1ll << 40) == 41 && __ffsll(0) == 0);
    CHECK(__clz(0) == 32 && __clz(1) == 31 && __clz(-1) == 0 && __clzll(0) == 64 &&
          __clzll(1) == 63);
    CHECK(__brev(1u) == 0x80000000u && __brev(0x0000ff00u) == 0x00ff0000u);
    CHECK(__funnelshift_l(0x80000001u, 2u, 1) == 5 && __funnelshift_l(7, 9, 32) == 9);
    CHECK(__funnelshift_r(2u, 1u, 1) == 0x80000001u && __funnelshift_r(7, 9, 32) == 7);
    CHECK(__byte_perm(0x33221100u, 0x77665544u, 0x7531) == 0x77553311u);
    CHECK(__byte_perm(0x00008000u, 0, 0x0009) == 0x000000ffu);
    CHECK(__umulhi(0x80000000u, 6) == 3 && __mulhi(-1, 5) == -1);
    CHECK(__umul64hi(1ull << 63, 6) == 3);
    CHECK(__float_as_int(-0.0f) == std::numeric_limits<int>::min());
    CHECK(__uint_as_float(__float_as_uint(1.25f)) == 1.25f && __int_as_float(0x3f800000) == 1.0f);
    CHECK(__longlong_as_double(__double_as_longlong(-3.5)) == -3.5);
}

static void arithmetic() {
    const float a = 1.0f + 0x1p-12f;
    CHECK(__fmul_rn(a, a) == 1.0f + 0x1p-11f);            /* the square is rounded */
    CHECK(__fmaf_rn(a, a, -1.0f - 0x1p-11f) == 0x1p-24f); /* here it is not */
    CHECK(__fadd_rn(1.0f, 0x1p-24f) == 1.0f && __fsub_rn(1.0f, 0.5f) == 0.5f);
    CHECK(__fdiv_rn(1.0f, 4.0f) == 0.25f && __frcp_rn(8.0f) == 0.125f && __fsqrt_rn(9.0f) == 3.0f);
    const double d = 1.0 + 0x1p-30;
    CHECK(__dmul_rn(d, d) == 1.0 + 0x1p-29 && __fma_rn(d, d, -1.0 - 0x1p-29) == 0x1p-60);
    CHECK(__dadd_rn(1, 2) == 3 && __dsub_rn(1, 2) == -1 && __ddiv_rn(1, 2) == 0.5 &&
          __dsqrt_rn(4) == 2);
    CHECK(rsqrtf(4.0f) == 0.5f && rsqrt(0.25) == 2.0);
    CHECK(__saturatef(2.0f) == 1.0f && __saturatef(-1.0f) == 0.0f && __saturatef(NAN) == 0.0f);
    CHECK(__fdividef(1.0f, 2.0f) == 0.5f && __expf(0.0f) == 1.0f && __logf(1.0f) == 0.0f);
}

static void conversions() {
    CHECK(__float2int_rn(2.5f) == 2 && __float2int_rn(3.5f) == 4 && __float2int_rd(-2.5f) == -3);
    CHECK(__float2int_ru(-2.5f) == -2 && __float2int_rz(-2.5f) == -2);
    CHECK(__float2int_rz(1e20f) == std::numeric_limits<int>::max());
    CHECK(__float2int_rz(-INFINITY) == std::numeric_limits<int>::min() && __float2int_rn(NAN) == 0);
    CHECK(__float2uint_rz(-1.0f) == 0 && __float2uint_rz(5e9f) == ~0u);
    CHECK(__float2ll_rz(1e30f) == std::numeric_limits<long long>::max());
    CHECK(__float2ll_rz(-1e30f) == std::numeric_limits<long long>::min());
    CHECK(__double2int_rd(-0.5) == -1 && __double2ll_rn(0x1p53 + 2) == (1ll << 53) + 2);
    CHECK(__int2float_rn(16777217) == 16777216.0f && __uint2float_rn(~0u) == 0x1p32f);
}

static void choices() {
    CHECK(min(1, -2) == -2 && max(1u, 7u) == 7u && min(-1, 5u) == 5u && max(2u, -1) == ~0u);
    CHECK(min(1ll << 40, 2ll) == 2 && max(1ull, 2ull) == 2 && min(3l, 4l) == 3 &&
          max(3ul, 4ul) == 4);
    CHECK(min(NAN, 1.0f) == 1.0f && max(1.0, (double)NAN) == 1.0 && min(1.0f, 2.0) == 1.0);
    CHECK(sizeof(min(1.0f, 2.0f)) == 4 && sizeof(max(1.0f, 2.0)) == 8);
}

static void vectors() {
    CHECK(sizeof(float4) == 16 && alignof(float4) == 16 && alignof(int2) == 8 &&
          sizeof(uint3) == 12);
    CHECK(alignof(double2) == 16 && sizeof(uchar4) == 4 && alignof(ushort2) == 4);
    const int4 v = make_int4(1, 2, 3, 4);
    CHECK(v.x + 10 * v.w == 41 && make_float2(1, 2).y == 2.0f);
    const dim3 d(5), e = 7;
    CHECK(d.x == 5 && d.y == 1 && d.z == 1 && e.x == 7);
    const float x = 3;
    CHECK(__ldg(&x) == 3.0f && __ldcg(&x) == 3.0f);
}

int main() {
    bits();
    arithmetic();
    conversions();
    choices();
    vectors();
    return finish("math");
}
