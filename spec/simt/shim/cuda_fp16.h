/*
 * cuda_fp16.h - IEEE half precision: storage and conversions only.
 *
 * Arithmetic goes through float, so operators are not defined; neither are implicit conversions.
 */
#ifndef SIMT_CUDA_FP16_H
#define SIMT_CUDA_FP16_H

#include "cuda_runtime.h"
#include "../device/half_bits.h"

struct __half {
    unsigned short bits;
};
struct alignas(4) __half2 {
    __half x, y;
};
typedef __half half;
typedef __half2 half2;

inline float __half2float(__half h) {
    return simt::half_to_float(h.bits);
}
inline __half __float2half_rn(float f) {
    return {simt::float_to_half(f)};
}
inline __half __float2half(float f) {
    return __float2half_rn(f);
}
inline __half __ushort_as_half(unsigned short bits) {
    return {bits};
}
inline unsigned short __half_as_ushort(__half h) {
    return h.bits;
}

inline __half2 __halves2half2(__half low, __half high) {
    return {low, high};
}
inline __half __low2half(__half2 h) {
    return h.x;
}
inline __half __high2half(__half2 h) {
    return h.y;
}
inline float __low2float(__half2 h) {
    return __half2float(h.x);
}
inline float __high2float(__half2 h) {
    return __half2float(h.y);
}
inline float2 __half22float2(__half2 h) {
    return {__half2float(h.x), __half2float(h.y)};
}
inline __half2 __floats2half2_rn(float low, float high) {
    return {__float2half_rn(low), __float2half_rn(high)};
}
inline __half2 __float22half2_rn(float2 f) {
    return __floats2half2_rn(f.x, f.y);
}

#endif
