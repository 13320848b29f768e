/*
 * half.h - float16 and bfloat16 to and from float32, round to nearest even. Exact on all 65,536 values.
 * (_Float16 is refused by some compilers on x86-64, so halves are stored as uint16_t and converted here.)
 */
#ifndef LAC_CORE_HALF_H
#define LAC_CORE_HALF_H

#include <stdint.h>
#include <string.h>

static inline uint32_t lac__float_bits(float f) {
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static inline float lac__bits_float(uint32_t u) {
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

static inline float lac__bf16_to_float(uint16_t h) {
    return lac__bits_float((uint32_t)h << 16);
}

static inline uint16_t lac__float_to_bf16(float f) {
    const uint32_t u = lac__float_bits(f);
    if ((u & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((u >> 16) | 0x40u); /* quiet NaN */
    return (uint16_t)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}

static inline float lac__f16_to_float(uint16_t h) {
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    const uint32_t rest = h & 0x7fffu;
    if (rest >= 0x7c00u) return lac__bits_float(sign | 0x7f800000u | (rest & 0x3ffu) << 13);
    if (rest >= 0x0400u) return lac__bits_float(sign | ((rest << 13) + 0x38000000u));
    const float tiny = (float)rest * 0x1p-24f; /* subnormal: exact */
    return lac__bits_float(sign | lac__float_bits(tiny));
}

static inline uint16_t lac__float_to_f16(float f) {
    const uint32_t u = lac__float_bits(f);
    const uint16_t sign = (uint16_t)((u >> 16) & 0x8000u);
    const uint32_t rest = u & 0x7fffffffu;
    if (rest > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | (rest >> 13 & 0x3ffu));
    if (rest >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* rounds to 65536 or more */
    if (rest >= 0x38800000u) {
        const uint32_t rounded = rest - 0x38000000u + 0xfffu + (rest >> 13 & 1u);
        return (uint16_t)(sign | rounded >> 13);
    }
    /* Subnormal: adding 0.5 puts the unit of 2^-24 into the last place and rounds to nearest even. */
    const float shifted = lac__bits_float(rest) + 0.5f;
    return (uint16_t)(sign | (lac__float_bits(shifted) - 0x3f000000u));
}

#endif
