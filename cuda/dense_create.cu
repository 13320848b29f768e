/*
 * dense_create.cu - arange, and the counter-based random numbers.
 *
 * Element i of draw d under seed s is a function of (s, d, i) alone, the same as on the CPU: two
 * rounds of the finalizer of splitmix64 (Steele, Lea and Flood, 2014) over the mixed counters.
 * Normal numbers are made in pairs (Box and Muller, 1958): elements 2k and 2k + 1 share both
 * uniform numbers, so a thread makes both. Uniform numbers equal the CPU's to the bit, normal
 * ones up to its logarithm, sine and cosine.
 */
#include "dense.cuh"

#include <cmath>

namespace dense {

static __host__ __device__ uint64_t mix(uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static __device__ uint64_t random_bits(uint64_t key, int64_t counter) {
    return mix(mix(key + (uint64_t)counter * 0x9e3779b97f4a7c15u) ^ key);
}

/* In [a, b): the number of bits is the significand's, so that rounding keeps it uniform. */
struct Uniform {
    double a, b, unit;
    uint64_t key;
    int32_t bits;
    __device__ double rounded(int32_t dtype, double v) const {
        switch (dtype) {
        case LAC_DTYPE_F64: return v;
        case LAC_DTYPE_F32: return (double)(float)v;
        case LAC_DTYPE_F16: return (double)to_float(from_float<__half>((float)v));
        default: return (double)to_float(from_float<__nv_bfloat16>((float)v));
        }
    }
    __device__ void operator()(int64_t even, int32_t dtype, double (&pair)[2]) const {
#pragma unroll
        for (int i = 0; i < 2; i++) {
            const double u = (double)(random_bits(key, even + i) >> (64 - bits)) * unit;
            const double v = rounded(dtype, a + (b - a) * u);
            pair[i] = v < b ? v : a; /* rounding may reach b, which is excluded */
        }
    }
};

struct Normal {
    double mean, deviation;
    uint64_t key;
    __device__ void operator()(int64_t even, int32_t, double (&pair)[2]) const {
        const double u = (double)((random_bits(key, even) >> 11) + 1) * 0x1p-53; /* (0, 1] */
        const double v = (double)(random_bits(key, even + 1) >> 11) * 0x1p-53;
        const double radius = sqrt(-2 * log(u)), angle = 6.283185307179586 * v;
        pair[0] = mean + deviation * (radius * cos(angle));
        pair[1] = mean + deviation * (radius * sin(angle));
    }
};

template <class F> __global__ void __launch_bounds__(THREADS) create(const Elements e, F f) {
    const int64_t step = 2 * (int64_t)gridDim.x * THREADS;
    int64_t even = 2 * ((int64_t)blockIdx.x * THREADS + threadIdx.x);
    for (; even < e.total; even += step) {
        double pair[2];
        f(even, e.dtype[0], pair);
#pragma unroll
        for (int i = 0; i < 2; i++) {
            if (even + i >= e.total) break;
            int64_t at[1];
            locate(e, even + i, at);
            store_one(e.dtype[0], e.data[0], at[0], pair[i]);
        }
    }
}

/* Integers are exact: the last one was found to fit. */
static __global__ void __launch_bounds__(THREADS)
    count_up(const Elements e, double start, double step, bool real) {
    const int64_t stride = (int64_t)gridDim.x * THREADS;
    for (int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x; i < e.total; i += stride) {
        int64_t at[1];
        locate(e, i, at);
        if (real)
            store_one(e.dtype[0], e.data[0], at[0], start + (double)i * step);
        else
            store_one(e.dtype[0], e.data[0], at[0], (int64_t)start + i * (int64_t)step);
    }
}

} // namespace dense

using namespace dense;

void lac__launch_rand(lac__gpu *gpu, const lac__random *r, const lac__view *dst) {
    const Elements e = elements_of(1, &dst);
    const uint64_t key = mix(mix(r->seed + 0x9e3779b97f4a7c15u) + r->draw);
    const unsigned blocks = blocks_for(gpu, e.total / 2 + e.total % 2, THREADS);
    if (r->distribution != LAC_UNIFORM) {
        LAC_LAUNCH(gpu, (create<Normal>), blocks, THREADS, 0, e, (Normal{r->a, r->b, key}));
        return;
    }
    const int bits = dst->dtype == LAC_DTYPE_F64   ? 53
                     : dst->dtype == LAC_DTYPE_F32 ? 24
                     : dst->dtype == LAC_DTYPE_F16 ? 11
                                                   : 8;
    const Uniform uniform = {r->a, r->b, std::ldexp(1.0, -bits), key, bits};
    LAC_LAUNCH(gpu, (create<Uniform>), blocks, THREADS, 0, e, uniform);
}

void lac__launch_arange(lac__gpu *gpu, double start, double step, const lac__view *out) {
    const Elements e = elements_of(1, &out);
    const bool real = out->dtype <= LAC_DTYPE_F64;
    LAC_LAUNCH(gpu, count_up, blocks_for(gpu, e.total, THREADS), THREADS, 0, e, start, step, real);
}
