/*
 * epilogue.cuh - the stages behind a product, on a few neighbouring channels of one row in
 * registers: fma(x, scale, shift), + residual, activation, cast. The epilogue kernel runs the same
 * code on elements that exist already, which is why fused and unfused results are equal to the bit.
 */
#ifndef LAC_CUDA_EPILOGUE_CUH
#define LAC_CUDA_EPILOGUE_CUH

#include "gpu.cuh"
#include "launch_conv.h"

namespace conv {

/** a / b; dividing 64 bits is slow. */
__device__ inline int64_t quotient(int64_t a, int64_t b) {
    return ((uint64_t)(a | b) >> 32) == 0 ? (int64_t)((uint32_t)a / (uint32_t)b) : a / b;
}

/* ------------------------------------------------------------------------ neighbouring elements */

/** W elements as float; `index` is that of the first. `vectors`: it lies at 16 bytes, or W elements
 *  do. */
template <class T, int W>
__device__ inline void load_lanes(const void *base, size_t index, bool vectors, int count,
                                  float (&v)[W]) {
    const T *from = static_cast<const T *>(base) + index;
    constexpr int EACH = W * (int)sizeof(T) < 16 ? W : 16 / (int)sizeof(T);
    struct alignas(EACH * sizeof(T)) Vector {
        T e[EACH];
    };
    if (vectors && count == W) {
#pragma unroll
        for (int i = 0; i < W; i += EACH) {
            const Vector part = *reinterpret_cast<const Vector *>(from + i);
#pragma unroll
            for (int j = 0; j < EACH; j++) v[i + j] = to_float(part.e[j]);
        }
        return;
    }
#pragma unroll
    for (int i = 0; i < W; i++) v[i] = i < count ? to_float(from[i]) : 0.0f;
}

template <class T, int W>
__device__ inline void store_lanes(void *base, size_t index, bool vectors, int count,
                                   const float (&v)[W]) {
    T *to = static_cast<T *>(base) + index;
    constexpr int EACH = W * (int)sizeof(T) < 16 ? W : 16 / (int)sizeof(T);
    struct alignas(EACH * sizeof(T)) Vector {
        T e[EACH];
    };
    if (vectors && count == W) {
#pragma unroll
        for (int i = 0; i < W; i += EACH) {
            Vector part;
#pragma unroll
            for (int j = 0; j < EACH; j++) part.e[j] = from_float<T>(v[i + j]);
            *reinterpret_cast<Vector *>(to + i) = part;
        }
        return;
    }
#pragma unroll
    for (int i = 0; i < W; i++)
        if (i < count) to[i] = from_float<T>(v[i]);
}

template <int W>
__device__ inline void load_any(int32_t dtype, const void *base, size_t index, bool vectors,
                                int count, float (&v)[W]) {
    if (dtype == LAC_DTYPE_F32)
        load_lanes<float>(base, index, vectors, count, v);
    else if (dtype == LAC_DTYPE_F16)
        load_lanes<__half>(base, index, vectors, count, v);
    else
        load_lanes<__nv_bfloat16>(base, index, vectors, count, v);
}

/* ------------------------------------------------------------------------ the stages */

/* NaN is not below 0 and stays. */
__device__ inline float activate(int32_t activation, float slope, float x) {
    switch (activation) {
    case LAC_ACT_RELU: return x < 0.0f ? 0.0f : x;
    case LAC_ACT_LEAKY_RELU: return x < 0.0f ? x * slope : x;
    case LAC_ACT_SILU: return x / (1.0f + expf(-x));
    default: return x;
    }
}

/** Channels column.. of a row through all steps to their place; those past the width are left out.
 *  W = 4 or 8, `column` a multiple of it. */
template <int W>
__device__ inline void finish_lanes(const lac__finish &f, size_t row, int column, float (&v)[W]) {
    const bool vectors = f.vectors != 0;
    const int left = f.width - column, count = left < W ? left : W;
    const size_t at = row * (size_t)f.width + (size_t)column;
    float other[W], more[W];
    for (int s = 0; s < f.count; s++) {
        const lac__finish_step &step = f.steps[s];
        switch (step.kind) {
        case LAC__STEP_AFFINE:
            load_lanes<float>(step.shift, (size_t)column, vectors, count, other);
            if (step.scale == nullptr) {
#pragma unroll
                for (int i = 0; i < W; i++) v[i] += other[i];
                break;
            }
            load_lanes<float>(step.scale, (size_t)column, vectors, count, more);
#pragma unroll
            for (int i = 0; i < W; i++) v[i] = fmaf(v[i], more[i], other[i]);
            break;
        case LAC__STEP_RESIDUAL: load_any(step.dtype, step.residual, at, vectors, count, other);
#pragma unroll
            for (int i = 0; i < W; i++) v[i] += other[i];
            break;
        default:
#pragma unroll
            for (int i = 0; i < W; i++) v[i] = activate(step.activation, step.slope, v[i]);
        }
    }
    if (f.dtype == LAC_DTYPE_F32)
        store_lanes<float>(f.out, at, vectors, count, v);
    else if (f.dtype == LAC_DTYPE_F16)
        store_lanes<__half>(f.out, at, vectors, count, v);
    else
        store_lanes<__nv_bfloat16>(f.out, at, vectors, count, v);
}

} // namespace conv

#endif
