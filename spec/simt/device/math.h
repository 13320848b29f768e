/*
 * math.h - bit and arithmetic intrinsics, with CUDA's names and overloads.
 *
 * sqrtf, expf and the like come from the host's math.h. The fast intrinsics (__expf, ...) are as
 * exact as the plain ones here: a test must not depend on how inexact they are on a device.
 */
#ifndef SIMT_DEVICE_MATH_H
#define SIMT_DEVICE_MATH_H

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <math.h>

/* ---- bits ------------------------------------------------------------------------------------ */

inline int __popc(unsigned v) {
    return __builtin_popcount(v);
}
inline int __popcll(unsigned long long v) {
    return __builtin_popcountll(v);
}
inline int __ffs(int v) {
    return __builtin_ffs(v);
}
inline int __ffsll(long long v) {
    return __builtin_ffsll(v);
}
inline int __clz(int v) {
    return v ? __builtin_clz((unsigned)v) : 32;
}
inline int __clzll(long long v) {
    return v ? __builtin_clzll((unsigned long long)v) : 64;
}
inline unsigned __brev(unsigned v) {
    unsigned r = 0;
    for (int i = 0; i < 32; ++i) r = r << 1 | (v >> i & 1);
    return r;
}
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
    return (unsigned)(((unsigned long long)high << 32 | low) << (shift & 31) >> 32);
}
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
    return (unsigned)(((unsigned long long)high << 32 | low) >> (shift & 31));
}
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
    const unsigned long long both = (unsigned long long)b << 32 | a;
    unsigned r = 0;
    for (int i = 0; i < 4; ++i) {
        const unsigned s = selector >> 4 * i;
        unsigned byte = (unsigned)(both >> 8 * (s & 7)) & 0xff;
        if (s & 8) byte = byte & 0x80 ? 0xff : 0;
        r |= byte << 8 * i;
    }
    return r;
}
inline unsigned __umulhi(unsigned a, unsigned b) {
    return (unsigned)((unsigned long long)a * b >> 32);
}
inline int __mulhi(int a, int b) {
    return (int)((long long)a * b >> 32);
}
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}

#define SIMT_REINTERPRET(name, from, to)                                                           \
    inline to name(from v) {                                                                       \
        to r;                                                                                      \
        static_assert(sizeof r == sizeof v, "same size");                                          \
        std::memcpy(&r, &v, sizeof r);                                                             \
        return r;                                                                                  \
    }
SIMT_REINTERPRET(__float_as_int, float, int)
SIMT_REINTERPRET(__float_as_uint, float, unsigned)
SIMT_REINTERPRET(__int_as_float, int, float)
SIMT_REINTERPRET(__uint_as_float, unsigned, float)
SIMT_REINTERPRET(__double_as_longlong, double, long long)
SIMT_REINTERPRET(__longlong_as_double, long long, double)
#undef SIMT_REINTERPRET

/* ---- arithmetic, rounded to nearest even and never contracted -------------------------------- */

inline float __fadd_rn(float a, float b) {
    return a + b;
}
inline float __fsub_rn(float a, float b) {
    return a - b;
}
inline float __fmul_rn(float a, float b) {
    return a * b;
}
inline float __fdiv_rn(float a, float b) {
    return a / b;
}
inline float __fsqrt_rn(float a) {
    return sqrtf(a);
}
inline float __frcp_rn(float a) {
    return 1.0f / a;
}
inline float __fmaf_rn(float a, float b, float c) {
    return fmaf(a, b, c);
}
inline double __dadd_rn(double a, double b) {
    return a + b;
}
inline double __dsub_rn(double a, double b) {
    return a - b;
}
inline double __dmul_rn(double a, double b) {
    return a * b;
}
inline double __ddiv_rn(double a, double b) {
    return a / b;
}
inline double __dsqrt_rn(double a) {
    return sqrt(a);
}
inline double __fma_rn(double a, double b, double c) {
    return fma(a, b, c);
}

inline float rsqrtf(float a) {
    return 1.0f / sqrtf(a);
}
inline double rsqrt(double a) {
    return 1.0 / sqrt(a);
}
inline float __saturatef(float a) {
    return a > 0.0f ? (a < 1.0f ? a : 1.0f) : 0.0f;
}
inline float __fdividef(float a, float b) {
    return a / b;
}
inline float __expf(float a) {
    return expf(a);
}
inline float __logf(float a) {
    return logf(a);
}

/* ---- conversions: out of range saturates and NaN is zero, as on a device --------------------- */

namespace simt {
template <class I, class F> inline I saturated(F v, I low, I high) {
    if (!(v == v)) return 0;
    if (v <= (F)low) return low;
    if (v >= (F)high) return high;
    return (I)v;
}
} // namespace simt

#define SIMT_TO_INT(suffix, round)                                                                 \
    inline int __float2int_##suffix(float v) {                                                     \
        return simt::saturated<int, double>(round((double)v), INT32_MIN, INT32_MAX);               \
    }                                                                                              \
    inline unsigned __float2uint_##suffix(float v) {                                               \
        return simt::saturated<unsigned, double>(round((double)v), 0, UINT32_MAX);                 \
    }                                                                                              \
    inline long long __float2ll_##suffix(float v) {                                                \
        return simt::saturated<long long, double>(round((double)v), INT64_MIN, INT64_MAX);         \
    }                                                                                              \
    inline int __double2int_##suffix(double v) {                                                   \
        return simt::saturated<int, double>(round(v), INT32_MIN, INT32_MAX);                       \
    }                                                                                              \
    inline long long __double2ll_##suffix(double v) {                                              \
        return simt::saturated<long long, double>(round(v), INT64_MIN, INT64_MAX);                 \
    }
SIMT_TO_INT(rn, rint)
SIMT_TO_INT(rd, floor)
SIMT_TO_INT(ru, ceil)
SIMT_TO_INT(rz, trunc)
#undef SIMT_TO_INT
inline float __int2float_rn(int v) {
    return (float)v;
}
inline float __uint2float_rn(unsigned v) {
    return (float)v;
}
inline double __int2double_rn(int v) {
    return (double)v;
}

/* ---- min and max, with the mixed overloads that a device has --------------------------------- */

#define SIMT_MIN_MAX(a_type, b_type, type)                                                         \
    inline type min(a_type a, b_type b) {                                                          \
        return (type)b < (type)a ? (type)b : (type)a;                                              \
    }                                                                                              \
    inline type max(a_type a, b_type b) {                                                          \
        return (type)a < (type)b ? (type)b : (type)a;                                              \
    }
SIMT_MIN_MAX(int, int, int)
SIMT_MIN_MAX(unsigned, unsigned, unsigned)
SIMT_MIN_MAX(int, unsigned, unsigned)
SIMT_MIN_MAX(unsigned, int, unsigned)
SIMT_MIN_MAX(long, long, long)
SIMT_MIN_MAX(unsigned long, unsigned long, unsigned long)
SIMT_MIN_MAX(long, unsigned long, unsigned long)
SIMT_MIN_MAX(unsigned long, long, unsigned long)
SIMT_MIN_MAX(long long, long long, long long)
SIMT_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)
SIMT_MIN_MAX(long long, unsigned long long, unsigned long long)
SIMT_MIN_MAX(unsigned long long, long long, unsigned long long)
#undef SIMT_MIN_MAX
/* Of a number and a NaN, the number. */
inline float min(float a, float b) {
    return fminf(a, b);
}
inline float max(float a, float b) {
    return fmaxf(a, b);
}
inline double min(double a, double b) {
    return fmin(a, b);
}
inline double max(double a, double b) {
    return fmax(a, b);
}
inline double min(float a, double b) {
    return fmin(a, b);
}
inline double max(float a, double b) {
    return fmax(a, b);
}
inline double min(double a, float b) {
    return fmin(a, b);
}
inline double max(double a, float b) {
    return fmax(a, b);
}

/* ---- loads with a cache hint ----------------------------------------------------------------- */

template <class T> inline T __ldg(const T *p) {
    return *p;
}
template <class T> inline T __ldcg(const T *p) {
    return *p;
}
template <class T> inline T __ldcs(const T *p) {
    return *p;
}
template <class T> inline void __stcg(T *p, T v) {
    *p = v;
}
template <class T> inline void __stcs(T *p, T v) {
    *p = v;
}

#endif
