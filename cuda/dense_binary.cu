/*
 * dense_binary.cu - arithmetic and comparisons of two tensors, or of a tensor and a number.
 *
 * Integers wrap around; floor division and modulo go toward minus infinity, as in Lua and Python.
 */
#include "dense.cuh"

namespace dense {

static __device__ float remainder_of(float a, float b) {
    return fmodf(a, b);
}
static __device__ double remainder_of(double a, double b) {
    return fmod(a, b);
}
static __device__ float signed_like(float a, float b) {
    return copysignf(a, b);
}
static __device__ double signed_like(double a, double b) {
    return copysign(a, b);
}
static __device__ float below(float v) {
    return floorf(v);
}
static __device__ double below(double v) {
    return floor(v);
}

template <class C> static __device__ C modulo(C a, C b) {
    const C r = remainder_of(a, b);
    if (r == 0) return signed_like((C)0, b);
    return (r < 0) != (b < 0) ? r + b : r;
}

/* floor(a / b), where a minus the modulo is a multiple of b up to rounding. */
template <class C> static __device__ C floor_quotient(C a, C b) {
    if (b == 0) return a / b;
    const C r = remainder_of(a, b);
    C q = (a - r) / b;
    if (r != 0 && (r < 0) != (b < 0)) q -= 1;
    if (q == 0) return signed_like((C)0, a / b);
    const C low = below(q);
    return q - low > (C)0.5 ? low + 1 : low;
}

/* Division by 0, which the slot reports, gives 0 here; by -1 it would overflow. */
static __device__ int64_t modulo(int64_t a, int64_t b) {
    if (b == 0 || b == -1) return 0;
    const int64_t m = a % b;
    return m != 0 && (m < 0) != (b < 0) ? m + b : m;
}

static __device__ int64_t floor_quotient(int64_t a, int64_t b) {
    if (b == 0) return 0;
    if (b == -1) return (int64_t)(0 - (uint64_t)a);
    const int64_t q = a / b;
    return q - (q * b != a && (a < 0) != (b < 0));
}

/* What only reals, and only integers, do. */
template <class C>
static __device__ void arithmetic(int32_t op, const C (&in)[2][PACKET], C (&out)[PACKET]) {
    switch (op) {
    case LAC_BINARY_ADD: return each(in, out, [](C a, C b) { return a + b; });
    case LAC_BINARY_SUB: return each(in, out, [](C a, C b) { return a - b; });
    case LAC_BINARY_MUL: return each(in, out, [](C a, C b) { return a * b; });
    case LAC_BINARY_DIV: return each(in, out, [](C a, C b) { return a / b; });
    /* A NaN on either side is the result. */
    case LAC_BINARY_MIN: return each(in, out, [](C a, C b) { return a != a || a < b ? a : b; });
    default: return each(in, out, [](C a, C b) { return a != a || a > b ? a : b; });
    }
}

static __device__ void arithmetic(int32_t op, const int64_t (&in)[2][PACKET],
                                  int64_t (&out)[PACKET]) {
    using U = uint64_t;
    using S = int64_t;
    switch (op) {
    case LAC_BINARY_ADD: return each(in, out, [](S a, S b) { return (S)((U)a + (U)b); });
    case LAC_BINARY_SUB: return each(in, out, [](S a, S b) { return (S)((U)a - (U)b); });
    case LAC_BINARY_MUL: return each(in, out, [](S a, S b) { return (S)((U)a * (U)b); });
    case LAC_BINARY_BITAND: return each(in, out, [](S a, S b) { return a & b; });
    case LAC_BINARY_MIN: return each(in, out, [](S a, S b) { return a < b ? a : b; });
    default: return each(in, out, [](S a, S b) { return a > b ? a : b; });
    }
}

/* Fast operations: memory bounds them. */
template <class C> struct Binary {
    using Value = C;
    static constexpr int INPUTS = 2;
    C number;
    int32_t op;
    __device__ void operator()(const C (&in)[2][PACKET], C (&out)[PACKET]) const {
        switch (op) {
        case LAC_BINARY_EQ: return each(in, out, [](C a, C b) { return (C)(a == b); });
        case LAC_BINARY_NE: return each(in, out, [](C a, C b) { return (C)(a != b); });
        case LAC_BINARY_LT: return each(in, out, [](C a, C b) { return (C)(a < b); });
        case LAC_BINARY_LE: return each(in, out, [](C a, C b) { return (C)(a <= b); });
        case LAC_BINARY_GT: return each(in, out, [](C a, C b) { return (C)(a > b); });
        case LAC_BINARY_GE: return each(in, out, [](C a, C b) { return (C)(a >= b); });
        default: return arithmetic(op, in, out);
        }
    }
};

/* Division with a floor: long code with many registers, apart from the others. */
template <class C> struct Division {
    using Value = C;
    static constexpr int INPUTS = 2;
    C number;
    int32_t modulus;
    int32_t *by_zero; /* may be NULL for reals */
    __device__ void operator()(const C (&in)[2][PACKET], C (&out)[PACKET]) const {
        if (std::is_integral<C>::value) {
            bool zero = false;
            for (int i = 0; i < PACKET; i++) zero |= in[1][i] == 0;
            if (zero) atomicOr(by_zero, 1);
        }
        if (modulus)
            each(in, out, [](C a, C b) { return modulo(a, b); });
        else
            each(in, out, [](C a, C b) { return floor_quotient(a, b); });
    }
};

template <class C>
static void launch(lac__gpu *gpu, const Elements &e, C number, int32_t op, int32_t *by_zero) {
    if (op == LAC_BINARY_FLOORDIV || op == LAC_BINARY_MOD)
        launch_pass(gpu, e, Division<C>{number, op == LAC_BINARY_MOD, by_zero});
    else
        launch_pass(gpu, e, Binary<C>{number, op});
}

} // namespace dense

using namespace dense;

void lac__launch_binary(lac__gpu *gpu, int32_t op, const lac__view *a, const lac__view *b,
                        lac__number number, int32_t *by_zero, const lac__view *out) {
    const lac__view *const views[] = {a, b, out};
    const Elements e = elements_of(3, views);
    switch (a != nullptr ? a->dtype : b->dtype) {
    case LAC_DTYPE_F64: launch(gpu, e, number.real, op, by_zero); return;
    case LAC_DTYPE_I32:
    case LAC_DTYPE_I64:
    case LAC_DTYPE_U8: launch(gpu, e, number.integer, op, by_zero); return;
    default: launch(gpu, e, (float)number.real, op, by_zero); return;
    }
}
