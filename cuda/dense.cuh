/*
 * dense.cuh - one pass over the elements of up to four tensors of one shape and any strides.
 *
 * An operation is a functor on packets of four values of a compute type: float for float32 and
 * the halves, double for float64, int64_t for integers (which wrap around when they are stored)
 * and for bits that travel unchanged. A functor is compiled twice, for dense operands in wide
 * accesses and for any strides, but not for every dtype. Compiled with -fmad=false: the CPU
 * contracts no arithmetic here, and results are to be equal.
 */
#ifndef LAC_CUDA_DENSE_CUH
#define LAC_CUDA_DENSE_CUH

#include "gpu.cuh"
#include "launch_dense.h"

#include <type_traits>

namespace dense {

enum { OPERANDS = 4, MOST_DIMS = 8, PACKET = 4, THREADS = 256 };
/* A dtype of these files alone: sixteen bits that nobody looks at. */
enum { BITS16 = LAC_DTYPE_I8 + 1 };

/* ------------------------------------------------------------------------ values */

/** N elements that one access reads or writes. */
template <class T, int N> struct alignas(sizeof(T) * N > 16 ? 16 : sizeof(T) * N) Pack { T v[N]; };

template <class C, class T> __device__ inline C widen(T v) {
    if constexpr (std::is_arithmetic<T>::value)
        return (C)v;
    else
        return (C)to_float(v);
}

/* To an integer: toward zero, saturating, NaN gives 0. Integers wrap around. */
template <class T, class C> __device__ inline T narrow(C v) {
    if constexpr (!std::is_arithmetic<T>::value) {
        return from_float<T>((float)v);
    } else if constexpr (std::is_integral<T>::value && std::is_floating_point<C>::value) {
        constexpr int64_t low = std::is_unsigned<T>::value ? 0
                                : sizeof(T) == 8           ? INT64_MIN
                                                           : INT32_MIN;
        constexpr int64_t high = std::is_unsigned<T>::value ? UINT8_MAX
                                 : sizeof(T) == 8           ? INT64_MAX
                                                            : INT32_MAX;
        const double real = (double)v;
        if (real != real) return 0;
        if (real <= (double)low) return (T)low;
        if (real >= (double)high) return (T)high;
        return (T)real;
    } else {
        return (T)v;
    }
}

template <class T, class C, int N>
__device__ inline void read(const void *data, int64_t pack, C (&v)[N]) {
    const Pack<T, N> p = static_cast<const Pack<T, N> *>(data)[pack];
#pragma unroll
    for (int i = 0; i < N; i++) v[i] = widen<C>(p.v[i]);
}

/** Pack number `pack` of N elements, which lie at N times that; of the kind of C. */
template <class C, int N>
__device__ inline void load(int32_t dtype, const void *data, int64_t pack, C (&v)[N]) {
    if constexpr (std::is_integral<C>::value) {
        switch (dtype) {
        case LAC_DTYPE_I32: return read<int32_t>(data, pack, v);
        case LAC_DTYPE_I64: return read<int64_t>(data, pack, v);
        case BITS16: return read<uint16_t>(data, pack, v);
        default: return read<uint8_t>(data, pack, v);
        }
    } else {
        switch (dtype) {
        case LAC_DTYPE_F16: return read<__half>(data, pack, v);
        case LAC_DTYPE_BF16: return read<__nv_bfloat16>(data, pack, v);
        case LAC_DTYPE_F64: return read<double>(data, pack, v);
        default: return read<float>(data, pack, v);
        }
    }
}

template <class C> __device__ inline C load_one(int32_t dtype, const void *data, int64_t at) {
    C v[1];
    load(dtype, data, at, v);
    return v[0];
}

template <class T, class C, int N>
__device__ inline void write(void *data, int64_t pack, const C (&v)[N]) {
    Pack<T, N> p;
#pragma unroll
    for (int i = 0; i < N; i++) p.v[i] = narrow<T>(v[i]);
    static_cast<Pack<T, N> *>(data)[pack] = p;
}

/** The same place, any dtype. */
template <class C, int N>
__device__ inline void store(int32_t dtype, void *data, int64_t pack, const C (&v)[N]) {
    switch (dtype) {
    case LAC_DTYPE_F32: return write<float>(data, pack, v);
    case LAC_DTYPE_F16: return write<__half>(data, pack, v);
    case LAC_DTYPE_BF16: return write<__nv_bfloat16>(data, pack, v);
    case LAC_DTYPE_F64: return write<double>(data, pack, v);
    case LAC_DTYPE_I32: return write<int32_t>(data, pack, v);
    case LAC_DTYPE_I64: return write<int64_t>(data, pack, v);
    case BITS16: return write<uint16_t>(data, pack, v);
    default: return write<uint8_t>(data, pack, v);
    }
}

template <class C>
__device__ inline void store_one(int32_t dtype, void *data, int64_t at, C value) {
    const C v[1] = {value};
    store(dtype, data, at, v);
}

/* ------------------------------------------------------------------------ places */

/** The operands of a pass, neighbouring dimensions merged where all of them step evenly. */
struct Elements {
    int64_t total;
    int32_t ndim, operands;
    int64_t shape[MOST_DIMS];
    int64_t stride[OPERANDS][MOST_DIMS]; /* elements */
    void *data[OPERANDS];                /* NULL: the functor's number */
    int32_t dtype[OPERANDS];
};

/** `views`: of one shape; that of the last is it, NULL stands for the number. */
Elements elements_of(int count, const lac__view *const *views);
/** True when every operand is dense from an address that wide accesses allow, or the number. */
bool is_packed(const Elements &e);
/** The dtype of the same size that travels as bits. */
int32_t bits_of(int32_t dtype);
/** The blocks for `work`, of which a block does `share` at a time: at most a few waves of blocks.
 * */
unsigned blocks_for(const lac__gpu *gpu, int64_t work, int share);

/** *at becomes the quotient, the remainder is returned. (nvcc divides in 32 bits where both fit.)
 * */
__device__ inline int64_t split(int64_t *at, int64_t size) {
    const int64_t from = *at;
    *at = from / size;
    return from - *at * size;
}

/** Where the first N operands have the element at a row-major position. */
template <int N>
__device__ inline void locate(const Elements &e, int64_t position, int64_t (&at)[N]) {
    int64_t rest = position;
#pragma unroll
    for (int o = 0; o < N; o++) at[o] = 0;
    for (int d = e.ndim - 1; d > 0; d--) {
        const int64_t along = split(&rest, e.shape[d]);
#pragma unroll
        for (int o = 0; o < N; o++) at[o] += along * e.stride[o][d];
    }
#pragma unroll
    for (int o = 0; o < N; o++) at[o] += rest * e.stride[o][0];
}

/* ------------------------------------------------------------------------ passes */

/**
 * A functor F has a compute type F::Value, F::INPUTS operands before the result, a `number` for
 * operands without memory, and computes out = f(in) for a packet. Values past the end repeat the
 * first of the packet.
 */
template <class F>
__global__ void __launch_bounds__(THREADS, 4) packed_pass(const Elements e, F f) {
    using C = typename F::Value;
    const int64_t packs = (e.total + PACKET - 1) / PACKET, step = (int64_t)gridDim.x * THREADS;
    for (int64_t p = (int64_t)blockIdx.x * THREADS + threadIdx.x; p < packs; p += step) {
        const int64_t first = p * PACKET, count = e.total - first;
        C in[F::INPUTS][PACKET], out[PACKET];
#pragma unroll
        for (int o = 0; o < F::INPUTS; o++) {
            const void *data = e.data[o];
#pragma unroll
            for (int i = 0; i < PACKET; i++) in[o][i] = f.number;
            if (data == nullptr) continue;
            if (count >= PACKET) {
                load(e.dtype[o], data, p, in[o]);
                continue;
            }
            for (int i = 0; i < PACKET; i++)
                in[o][i] = load_one<C>(e.dtype[o], data, first + (i < count ? i : 0));
        }
        f(in, out);
        if (count >= PACKET) {
            store(e.dtype[F::INPUTS], e.data[F::INPUTS], p, out);
            continue;
        }
        for (int i = 0; i < PACKET; i++)
            if (i < count) store_one(e.dtype[F::INPUTS], e.data[F::INPUTS], first + i, out[i]);
    }
}

/* A packet is a block's width apart here, so that neighbouring threads take neighbouring
   elements. */
template <class F>
__global__ void __launch_bounds__(THREADS, 3) strided_pass(const Elements e, F f) {
    using C = typename F::Value;
    const int64_t step = (int64_t)gridDim.x * THREADS * PACKET;
    int64_t first = (int64_t)blockIdx.x * THREADS * PACKET + threadIdx.x;
    for (; first < e.total; first += step) {
        C in[F::INPUTS][PACKET], out[PACKET];
        int64_t to[PACKET];
#pragma unroll
        for (int i = 0; i < PACKET; i++) {
            const int64_t position = first + i * THREADS;
            int64_t at[F::INPUTS + 1];
            locate(e, position < e.total ? position : first, at);
#pragma unroll
            for (int o = 0; o < F::INPUTS; o++)
                in[o][i] =
                    e.data[o] == nullptr ? f.number : load_one<C>(e.dtype[o], e.data[o], at[o]);
            to[i] = at[F::INPUTS];
        }
        f(in, out);
#pragma unroll
        for (int i = 0; i < PACKET; i++)
            if (first + i * THREADS < e.total)
                store_one(e.dtype[F::INPUTS], e.data[F::INPUTS], to[i], out[i]);
    }
}

template <class F> void launch_pass(lac__gpu *gpu, const Elements &e, const F &f) {
    if (e.total == 0) return;
    const unsigned blocks = blocks_for(gpu, (e.total + PACKET - 1) / PACKET, THREADS);
    if (is_packed(e))
        LAC_LAUNCH(gpu, (packed_pass<F>), blocks, THREADS, 0, e, f);
    else
        LAC_LAUNCH(gpu, (strided_pass<F>), blocks, THREADS, 0, e, f);
}

/** out[i] = f(in[0][i]) or f(in[0][i], in[1][i]). */
template <class C, class F>
__device__ inline void each(const C (&x)[1][PACKET], C (&out)[PACKET], F f) {
#pragma unroll
    for (int i = 0; i < PACKET; i++) out[i] = f(x[0][i]);
}
template <class C, class F>
__device__ inline void each(const C (&x)[2][PACKET], C (&out)[PACKET], F f) {
#pragma unroll
    for (int i = 0; i < PACKET; i++) out[i] = f(x[0][i], x[1][i]);
}

} // namespace dense

#endif
