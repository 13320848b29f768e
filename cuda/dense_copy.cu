/*
 * dense_copy.cu - copies between any two dtypes and strides, fill, and the choice between two
 * tensors.
 *
 * Where no dtype changes, bits travel as integers of their size.
 */
#include "dense.cuh"

namespace dense {

/* Every value as it is; what is stored is converted by its dtype. */
template <class C> struct Convert {
    using Value = C;
    static constexpr int INPUTS = 1;
    C number;
    __device__ void operator()(const C (&in)[1][PACKET], C (&out)[PACKET]) const {
        each(in, out, [](C v) { return v; });
    }
};

/* Integers to another integer dtype: its bounds, or those of int64 where all fit. */
struct Saturate {
    using Value = int64_t;
    static constexpr int INPUTS = 1;
    int64_t number, low, high;
    __device__ void operator()(const int64_t (&in)[1][PACKET], int64_t (&out)[PACKET]) const {
        const int64_t lowest = low, highest = high;
        each(in, out, [lowest, highest](int64_t v) {
            return v < lowest ? lowest : v > highest ? highest : v;
        });
    }
};

struct Where {
    using Value = int64_t;
    static constexpr int INPUTS = 3;
    int64_t number;
    __device__ void operator()(const int64_t (&in)[3][PACKET], int64_t (&out)[PACKET]) const {
#pragma unroll
        for (int i = 0; i < PACKET; i++) out[i] = in[0][i] != 0 ? in[1][i] : in[2][i];
    }
};

/* Dense bytes and halves go eight bytes at a time where their number allows it. */
static void widen_bits(Elements *e) {
    const int64_t size = e->dtype[0] == BITS16 ? 2 : e->dtype[0] == LAC_DTYPE_U8 ? 1 : 8;
    const int64_t ratio = 8 / size;
    const uintptr_t both = (uintptr_t)e->data[0] | (uintptr_t)e->data[1];
    if (!is_packed(*e) || e->total % ratio != 0 || both % 16 != 0) return;
    if (size == 8) return;
    e->total /= ratio;
    e->shape[0] = e->total;
    e->dtype[0] = e->dtype[1] = LAC_DTYPE_I64;
}

} // namespace dense

using namespace dense;

void lac__launch_copy(lac__gpu *gpu, const lac__view *src, const lac__view *dst) {
    const lac__view *const views[] = {src, dst};
    Elements e = elements_of(2, views);
    const int32_t from = src->dtype, to = dst->dtype;
    if (from == to) {
        e.dtype[0] = e.dtype[1] = bits_of(to);
        widen_bits(&e);
        launch_pass(gpu, e, Convert<int64_t>{0});
        return;
    }
    switch (from) {
    case LAC_DTYPE_F64: launch_pass(gpu, e, Convert<double>{0}); return;
    case LAC_DTYPE_I32:
    case LAC_DTYPE_I64:
    case LAC_DTYPE_U8: break;
    default: launch_pass(gpu, e, Convert<float>{0}); return;
    }
    switch (to) {
    case LAC_DTYPE_I32: launch_pass(gpu, e, Saturate{0, INT32_MIN, INT32_MAX}); return;
    case LAC_DTYPE_U8: launch_pass(gpu, e, Saturate{0, 0, UINT8_MAX}); return;
    default: launch_pass(gpu, e, Convert<int64_t>{0}); return;
    }
}

void lac__launch_fill(lac__gpu *gpu, int64_t bits, const lac__view *dst) {
    const lac__view *const views[] = {nullptr, dst};
    Elements e = elements_of(2, views);
    e.dtype[1] = bits_of(dst->dtype);
    launch_pass(gpu, e, Convert<int64_t>{bits});
}

void lac__launch_where(lac__gpu *gpu, const lac__view *condition, const lac__view *a,
                       const lac__view *b, const lac__view *out) {
    const lac__view *const views[] = {condition, a, b, out};
    Elements e = elements_of(4, views);
    for (int o = 1; o < 4; o++) e.dtype[o] = bits_of(out->dtype);
    launch_pass(gpu, e, Where{0});
}
