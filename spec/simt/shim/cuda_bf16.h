/*
 * cuda_bf16.h - bfloat16, the upper half of a float: storage and conversions only.
 *
 * Arithmetic goes through float, so operators are not defined; neither are implicit conversions.
 */
#ifndef SIMT_CUDA_BF16_H
#define SIMT_CUDA_BF16_H

#include "cuda_runtime.h"
#include "../device/half_bits.h"

struct __nv_bfloat16 {
    unsigned short bits;
};
struct alignas(4) __nv_bfloat162 {
    __nv_bfloat16 x, y;
};

inline float __bfloat162float(__nv_bfloat16 b) {
    return simt::bfloat_to_float(b.bits);
}
inline __nv_bfloat16 __float2bfloat16_rn(float f) {
    return {simt::float_to_bfloat(f)};
}
inline __nv_bfloat16 __float2bfloat16(float f) {
    return __float2bfloat16_rn(f);
}
inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits) {
    return {bits};
}
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 b) {
    return b.bits;
}

inline __nv_bfloat162 __halves2bfloat162(__nv_bfloat16 low, __nv_bfloat16 high) {
    return {low, high};
}
inline __nv_bfloat16 __low2bfloat16(__nv_bfloat162 b) {
    return b.x;
}
inline __nv_bfloat16 __high2bfloat16(__nv_bfloat162 b) {
    return b.y;
}
inline float __low2float(__nv_bfloat162 b) {
    return __bfloat162float(b.x);
}
inline float __high2float(__nv_bfloat162 b) {
    return __bfloat162float(b.y);
}
inline float2 __bfloat1622float2(__nv_bfloat162 b) {
    return {__bfloat162float(b.x), __bfloat162float(b.y)};
}
inline __nv_bfloat162 __floats2bfloat162_rn(float low, float high) {
    return {__float2bfloat16_rn(low), __float2bfloat16_rn(high)};
}
inline __nv_bfloat162 __float22bfloat162_rn(float2 f) {
    return __floats2bfloat162_rn(f.x, f.y);
}

#endif
