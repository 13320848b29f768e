/*
 * half_bits.h - float32 from and to the bits of the 16-bit formats, rounding to nearest even.
 *
 * Free of CUDA names: host-only code uses it too.
 */
#ifndef SIMT_DEVICE_HALF_BITS_H
#define SIMT_DEVICE_HALF_BITS_H

#include <cstdint>
#include <cstring>

namespace simt {

inline uint32_t bits_of(float f) {
    uint32_t u;
    std::memcpy(&u, &f, sizeof u);
    return u;
}
inline float float_of(uint32_t u) {
    float f;
    std::memcpy(&f, &u, sizeof f);
    return f;
}

/* The product moves the exponent's bias and normalises subnormals; infinities and NaNs come out
 * above 2^16 and get the exponent of all ones. No branches, so that loops over it vectorise. */
inline float half_to_float(uint16_t h) {
    const uint32_t magnitude = (uint32_t)(h & 0x7fff) << 13, sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t u = bits_of(float_of(magnitude) * float_of(0x77800000)); /* 2^112 */
    u |= magnitude >= 0x0f800000 ? 0x7f800000u : 0u;
    return float_of(u | sign);
}

inline uint16_t float_to_half(float f) {
    const uint32_t u = bits_of(f), sign = u >> 16 & 0x8000;
    uint32_t magnitude = u & 0x7fffffff;
    if (magnitude > 0x7f800000) return 0x7fff;
    if (magnitude >= 0x47800000) return (uint16_t)(sign | 0x7c00); /* 2^16 and above */
    if (magnitude < 0x38800000) {                                  /* below 2^-14: subnormal */
        /* Adding 0.5 leaves the result in units of 2^-24 in the low bits, rounded by the adder. */
        const uint32_t low = bits_of(float_of(magnitude) + 0.5f) - bits_of(0.5f);
        return (uint16_t)(sign | low);
    }
    magnitude += 0xfff + (magnitude >> 13 & 1);
    return (uint16_t)(sign | (magnitude - 0x38000000) >> 13);
}

inline float bfloat_to_float(uint16_t b) {
    return float_of((uint32_t)b << 16);
}

inline uint16_t float_to_bfloat(float f) {
    const uint32_t u = bits_of(f);
    if ((u & 0x7fffffff) > 0x7f800000) return 0x7fff;
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

} // namespace simt

#endif
