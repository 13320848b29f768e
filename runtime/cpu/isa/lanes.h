/*
 * lanes.h - one vector of float32 lanes, and how the three floating dtypes get in and out of it. The
 * conversions give the bits of core/half.h.
 */
#ifndef LAC_CPU_ISA_LANES_H
#define LAC_CPU_ISA_LANES_H

#include "core/half.h"
#include "cpu/isa/isa.h"

#include <math.h>
#if defined(__F16C__)
#include <immintrin.h>
#endif

/* Every loop over registers must unroll completely: one that does not puts them all on the stack. */
#define LAC__UNROLL _Pragma("GCC unroll 32")
#define LAC__INLINE static inline __attribute__((always_inline))

typedef float lac__floats __attribute__((vector_size(4 * LAC__LANES), aligned(4), may_alias));
typedef uint32_t lac__words __attribute__((vector_size(4 * LAC__LANES), aligned(4), may_alias));
typedef uint16_t lac__halves __attribute__((vector_size(2 * LAC__LANES), aligned(2), may_alias));

LAC__INLINE lac__floats lac__floats_load(const float *p) {
    return *(const lac__floats *)p;
}

LAC__INLINE void lac__floats_store(float *p, lac__floats x) {
    *(lac__floats *)p = x;
}

/** A store that leaves no trace in the caches, where there is one; `p` is aligned. A fence makes such stores
 *  visible to other threads. */
LAC__INLINE void lac__floats_stream(float *p, lac__floats x) {
#if defined(__AVX512F__)
    _mm512_stream_ps(p, (__m512)x);
#elif defined(__AVX__)
    _mm256_stream_ps(p, (__m256)x);
#else
    lac__floats_store(p, x);
#endif
}

LAC__INLINE void lac__stream_fence(void) {
#if defined(__AVX__)
    _mm_sfence();
#endif
}

LAC__INLINE lac__floats lac__broadcast(float x) {
    return x - (lac__floats){0};
}

/** a * b + c with one rounding: in files that are built with floating-point contraction, which compilers may leave
 *  out below -O2. Builds for sanitizers and coverage are, and name the instruction (LAC_EXPLICIT_FMA), which the
 *  others do not since the compiler then folds fewer loads into it. */
LAC__INLINE lac__floats lac__fused(lac__floats a, lac__floats b, lac__floats c) {
#if defined(LAC_EXPLICIT_FMA) && defined(__AVX512F__)
    return (lac__floats)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(LAC_EXPLICIT_FMA) && defined(__FMA__) && defined(__F16C__)
    return (lac__floats)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__FMA__) || defined(__aarch64__)
    return a * b + c;
#else
    /* No such instruction in this instruction set: fmaf gives the same bits, slowly. */
    for (int i = 0; i < LAC__LANES; i++) c[i] = fmaf(a[i], b[i], c[i]);
    return c;
#endif
}

LAC__INLINE lac__floats lac__floats_from_bf16(const uint16_t *p) {
    return (lac__floats)(__builtin_convertvector(*(const lac__halves *)p, lac__words) << 16);
}

LAC__INLINE lac__halves lac__bf16(lac__floats x) {
    const lac__words u = (lac__words)x;
    const lac__words nan = (lac__words)((u & 0x7fffffffu) > 0x7f800000u);
    const lac__words rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
    const lac__words quiet = (u >> 16) | 0x40u;
    return __builtin_convertvector((nan & quiet) | (~nan & rounded), lac__halves);
}

LAC__INLINE void lac__floats_to_bf16(uint16_t *p, lac__floats x) {
    *(lac__halves *)p = lac__bf16(x);
}

LAC__INLINE void lac__floats_stream_bf16(uint16_t *p, lac__floats x) {
#if defined(__AVX512F__)
    _mm256_stream_si256((__m256i *)(void *)p, (__m256i)lac__bf16(x));
#elif defined(__AVX__)
    _mm_stream_si128((__m128i *)(void *)p, (__m128i)lac__bf16(x));
#else
    lac__floats_to_bf16(p, x);
#endif
}

LAC__INLINE lac__floats lac__floats_from_f16(const uint16_t *p) {
#if defined(__AVX512F__)
    return (lac__floats)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
#elif defined(__F16C__)
    return (lac__floats)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
#else
    lac__floats x;
    /* cppcheck-suppress uninitvar; it takes the vector for a pointer */
    for (int i = 0; i < LAC__LANES; i++) x[i] = lac__f16_to_float(p[i]);
    return x;
#endif
}

LAC__INLINE void lac__floats_to_f16(uint16_t *p, lac__floats x) {
#if defined(__AVX512F__)
    const __m256i h = _mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm256_storeu_si256((__m256i *)(void *)p, h);
#elif defined(__F16C__)
    const __m128i h = _mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm_storeu_si128((__m128i *)(void *)p, h);
#else
    for (int i = 0; i < LAC__LANES; i++) p[i] = lac__float_to_f16(x[i]);
#endif
}

#endif
