/*
 * dense_unary.cu - functions of one element, and clamp.
 *
 * log and exp of float32 go through float64 and are rounded once, which gives what a correctly
 * rounded function gives but for one value in many millions.
 */
#include "dense.cuh"

namespace dense {

static __device__ float magnitude(float v) {
    return fabsf(v);
}
static __device__ double magnitude(double v) {
    return fabs(v);
}
static __device__ float root(float v) {
    return sqrtf(v);
}
static __device__ double root(double v) {
    return sqrt(v);
}
static __device__ float below(float v) {
    return floorf(v);
}
static __device__ double below(double v) {
    return floor(v);
}
static __device__ float nearest(float v) {
    return rintf(v);
}
static __device__ double nearest(double v) {
    return rint(v);
}

template <class C>
static __device__ void apply(int32_t op, const C (&in)[1][PACKET], C (&out)[PACKET]) {
    switch (op) {
    case LAC_UNARY_NEG: return each(in, out, [](C v) { return -v; });
    case LAC_UNARY_ABS: return each(in, out, [](C v) { return magnitude(v); });
    case LAC_UNARY_LOG: return each(in, out, [](C v) { return (C)log((double)v); });
    case LAC_UNARY_EXP: return each(in, out, [](C v) { return (C)exp((double)v); });
    case LAC_UNARY_SQRT: return each(in, out, [](C v) { return root(v); });
    case LAC_UNARY_FLOOR: return each(in, out, [](C v) { return below(v); });
    case LAC_UNARY_ROUND: return each(in, out, [](C v) { return nearest(v); });
    default: return each(in, out, [](C v) { return (C)(v == 0); });
    }
}

/* Integers have no fraction and no roots here. */
static __device__ void apply(int32_t op, const int64_t (&in)[1][PACKET], int64_t (&out)[PACKET]) {
    const auto negative = [](int64_t v) { return (int64_t)(0 - (uint64_t)v); };
    switch (op) {
    case LAC_UNARY_NEG: return each(in, out, negative);
    case LAC_UNARY_ABS:
        return each(in, out, [negative](int64_t v) { return v < 0 ? negative(v) : v; });
    default: return each(in, out, [](int64_t v) { return (int64_t)(v == 0); });
    }
}

template <class C> struct Unary {
    using Value = C;
    static constexpr int INPUTS = 1;
    C number;
    int32_t op;
    __device__ void operator()(const C (&in)[1][PACKET], C (&out)[PACKET]) const {
        apply(op, in, out);
    }
};

/* Comparisons that leave a NaN alone. */
template <class C> struct Clamp {
    using Value = C;
    static constexpr int INPUTS = 1;
    C number, low, high;
    __device__ void operator()(const C (&in)[1][PACKET], C (&out)[PACKET]) const {
        const C least = low < high ? low : high, lowest = low, highest = high;
        each(in, out, [least, lowest, highest](C v) {
            return v < lowest ? least : v > highest ? highest : v;
        });
    }
};

} // namespace dense

using namespace dense;

void lac__launch_unary(lac__gpu *gpu, int32_t op, const lac__view *x, const lac__view *out) {
    const lac__view *const views[] = {x, out};
    const Elements e = elements_of(2, views);
    switch (x->dtype) {
    case LAC_DTYPE_F64: launch_pass(gpu, e, Unary<double>{0, op}); return;
    case LAC_DTYPE_I32:
    case LAC_DTYPE_I64:
    case LAC_DTYPE_U8: launch_pass(gpu, e, Unary<int64_t>{0, op}); return;
    default: launch_pass(gpu, e, Unary<float>{0, op}); return;
    }
}

void lac__launch_clamp(lac__gpu *gpu, lac__number low, lac__number high, const lac__view *x,
                       const lac__view *out) {
    const lac__view *const views[] = {x, out};
    const Elements e = elements_of(2, views);
    switch (x->dtype) {
    case LAC_DTYPE_F64: launch_pass(gpu, e, Clamp<double>{0, low.real, high.real}); return;
    case LAC_DTYPE_I32:
    case LAC_DTYPE_I64:
    case LAC_DTYPE_U8: launch_pass(gpu, e, Clamp<int64_t>{0, low.integer, high.integer}); return;
    default: launch_pass(gpu, e, Clamp<float>{0, (float)low.real, (float)high.real}); return;
    }
}
