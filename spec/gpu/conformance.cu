/*
 * conformance.cu - whether each wrapper of cuda/ptx.cuh does on the device what its twin does.
 *
 * Operands are random and the twins run on the host, on the same operands: spec/simt/warp_matrix.h
 * for ldmatrix, mma and cvt; copies are a few lines here. Everything must agree to the bit but the
 * sums of mma on numbers that are not small integers: their order and rounding inside of a tensor
 * core are its own, so that they get a bound. On the emulator the twins meet themselves.
 */
#include "kernels/array_test.h"

#include "device/half_bits.h"
#include "gpu.cuh"
#include "ptx.cuh"
#include "warp_matrix.h"

#include <cmath>
#include <cstring>

Suite suite("conformance");

using Words = std::vector<uint32_t>;

static uint32_t word() {
    return (uint32_t)suite.random();
}
static Words random_words(size_t count) {
    Words words(count);
    for (uint32_t &w : words) w = word();
    return words;
}

enum { WARPS = 64 };

/* ---- mma ---------------------------------------------------------------------------------------- */

enum Kind { F16, BF16, TF32 };
static const char *const kind_names[] = {"f16", "bf16", "tf32"};

template <int KIND>
__global__ void multiply(const uint32_t *a, const uint32_t *b, const float *c, float *d) {
    const size_t lane = (size_t)blockIdx.x * 32 + threadIdx.x;
    uint32_t x[4], y[2];
    float sum[4];
    for (int i = 0; i < 4; i++) x[i] = a[4 * lane + i];
    for (int i = 0; i < 2; i++) y[i] = b[2 * lane + i];
    for (int i = 0; i < 4; i++) sum[i] = c[4 * lane + i];
    if (KIND == F16) ptx_mma_f16(sum, x, y);
    if (KIND == BF16) ptx_mma_bf16(sum, x, y);
    if (KIND == TF32) ptx_mma_tf32(sum, x, y);
    for (int i = 0; i < 4; i++) d[4 * lane + i] = sum[i];
}

static uint16_t half_of(Kind kind, float v) {
    if (kind == F16) return simt::float_to_half(v);
    const uint32_t bits = simt::bits_of(v);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* What a register of operands holds: numbers that draw() gives. */
template <class Draw> static uint32_t packed(Kind kind, Draw draw) {
    if (kind == TF32) return simt::round_to_tf32(draw());
    const uint32_t low = half_of(kind, draw());
    return low | (uint32_t)half_of(kind, draw()) << 16;
}

struct Tiles {
    Words a, b;
    std::vector<float> c;
    template <class Draw>
    Tiles(Kind kind, Draw draw) : a(WARPS * 128), b(WARPS * 64), c(WARPS * 128) {
        for (uint32_t &w : a) w = packed(kind, draw);
        for (uint32_t &w : b) w = packed(kind, draw);
        for (float &v : c) v = draw();
    }
};

static std::vector<float> on_device(Kind kind, const Tiles &t) {
    Array<uint32_t> a(t.a), b(t.b);
    Array<float> c(t.c), d(t.c.size());
    if (kind == F16)
        LAC_LAUNCH(&suite.gpu, (multiply<F16>), WARPS, 32, 0, a.data, b.data, c.data, d.data);
    if (kind == BF16)
        LAC_LAUNCH(&suite.gpu, (multiply<BF16>), WARPS, 32, 0, a.data, b.data, c.data, d.data);
    if (kind == TF32)
        LAC_LAUNCH(&suite.gpu, (multiply<TF32>), WARPS, 32, 0, a.data, b.data, c.data, d.data);
    return d.get();
}

static std::vector<float> on_host(Kind kind, const Tiles &t) {
    static const simt::MmaType types[] = {simt::MmaType::f16, simt::MmaType::bf16,
                                          simt::MmaType::tf32};
    std::vector<float> d(t.c.size());
    for (size_t warp = 0; warp < WARPS; warp++) {
        const uint32_t *a[32], *b[32];
        const float *c[32];
        float *r[32];
        for (size_t l = 0; l < 32; l++) {
            a[l] = &t.a[warp * 128 + 4 * l];
            b[l] = &t.b[warp * 64 + 2 * l];
            c[l] = &t.c[warp * 128 + 4 * l];
            r[l] = &d[warp * 128 + 4 * l];
        }
        simt::mma(types[kind], a, b, c, r);
    }
    return d;
}

static bool same_bits(const std::vector<float> &a, const std::vector<float> &b) {
    return a.size() == b.size() && memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/* |got - wanted| over the sum of the magnitudes that were added, in units of 2^-24: the largest. */
static double worst(Kind kind, const Tiles &t) {
    Tiles magnitudes = t;
    const uint32_t kept = kind == TF32 ? 0x7fffffff : 0x7fff7fff;
    for (uint32_t &w : magnitudes.a) w &= kept;
    for (uint32_t &w : magnitudes.b) w &= kept;
    for (float &v : magnitudes.c) v = std::fabs(v);
    const std::vector<float> got = on_device(kind, t), wanted = on_host(kind, t);
    const std::vector<float> size = on_host(kind, magnitudes);
    double most = 0;
    for (size_t i = 0; i < got.size(); i++) {
        const double off = std::fabs((double)got[i] - wanted[i]) / (size[i] * std::ldexp(1.0, -24));
        if (!(off <= most)) most = off; /* also NaN */
    }
    return most;
}

static void check_mma(Kind kind) {
    const std::string name = std::string("mma ") + kind_names[kind];
    const auto small = [] { return (float)suite.between(-8, 8); };
    for (int i = 0; i < 4; i++) {
        const Tiles t(kind, small);
        suite.check(same_bits(on_device(kind, t), on_host(kind, t)), name + ", small integers");
    }
    /* A rounding or truncation below the largest term for each of the 17 or 9 terms, twice. */
    const double bound = kind == TF32 ? 2 * 9 : 2 * 17;
    const auto unit = [] { return (float)suite.between(-(1 << 20), 1 << 20) * 0x1p-20f; };
    const auto spread = [] {
        return std::ldexp((float)suite.between(-1024, 1024), (int)suite.between(-14, 0));
    };
    double most = 0;
    for (int i = 0; i < 4; i++) {
        const double even = worst(kind, Tiles(kind, unit)), wide = worst(kind, Tiles(kind, spread));
        most = std::fmax(most, std::fmax(even, wide));
        suite.check(even <= bound, name + ", numbers in [-1, 1]");
        suite.check(wide <= bound, name + ", numbers of many magnitudes");
    }
    printf("  %-9s at most %.2f x 2^-24 of the terms' magnitudes off, the bound is %g\n",
           name.c_str(), most, bound);
}

static void check_mma_operands() {
    /* Exact in float32: multiples of 2^-24 below 1. */
    const auto subnormal = [] { return (float)suite.between(-1023, 1023) * 0x1p-24f; };
    Tiles t(F16, subnormal);
    for (uint32_t &w : t.b) w = packed(F16, [] { return (float)suite.between(-8, 8); });
    suite.check(same_bits(on_device(F16, t), on_host(F16, t)), "mma f16, subnormal operands");
    Tiles low(TF32, [] { return (float)suite.between(-8, 8); });
    for (uint32_t &w : low.a) w |= word() & 0x1fff;
    for (uint32_t &w : low.b) w |= word() & 0x1fff;
    suite.check(same_bits(on_device(TF32, low), on_host(TF32, low)),
                "mma tf32, low bits are dropped");
    for (Kind kind : {F16, BF16, TF32}) {
        Tiles odd(kind, [] { return (float)suite.between(1, 8); });
        const uint32_t infinity = kind == F16 ? 0x7c00 : kind == BF16 ? 0x7f80 : 0x7f800000;
        for (size_t i = 0; i < odd.a.size(); i += 37) odd.a[i] = infinity;
        for (size_t i = 0; i < odd.b.size(); i += 41) odd.b[i] = 0;
        const std::vector<float> got = on_device(kind, odd), wanted = on_host(kind, odd);
        bool same = true;
        for (size_t i = 0; i < got.size(); i++)
            same &= std::isnan(wanted[i]) ? std::isnan(got[i]) : got[i] == wanted[i];
        suite.check(same, std::string("mma ") + kind_names[kind] + ", infinities");
    }
}

/* ---- ldmatrix ----------------------------------------------------------------------------------- */

/* Lane l points to row place[l] of 32 rows of 16 bytes. */
template <int COUNT, bool TRANSPOSED>
__global__ void load(const uint32_t *rows, const int32_t *place, uint32_t *out) {
    __shared__ __align__(16) uint32_t shared[32 * 4];
    const size_t lane = (size_t)blockIdx.x * 32 + threadIdx.x;
    for (int i = 0; i < 4; i++) shared[4 * threadIdx.x + i] = rows[4 * lane + i];
    __syncwarp();
    const uint32_t *row = shared + 4 * place[lane];
    uint32_t one[1] = {0}, two[2] = {0, 0}, four[4] = {0, 0, 0, 0};
    if (COUNT == 1) ptx_ldmatrix_x1(one, row);
    if (COUNT == 2 && !TRANSPOSED) ptx_ldmatrix_x2(two, row);
    if (COUNT == 2 && TRANSPOSED) ptx_ldmatrix_x2_trans(two, row);
    if (COUNT == 4 && !TRANSPOSED) ptx_ldmatrix_x4(four, row);
    if (COUNT == 4 && TRANSPOSED) ptx_ldmatrix_x4_trans(four, row);
    for (int i = 0; i < 4; i++)
        out[4 * lane + i] = COUNT == 1 ? one[i % 1] : COUNT == 2 ? two[i % 2] : four[i];
}

template <int COUNT, bool TRANSPOSED> static void check_ldmatrix() {
    const Words rows = random_words(WARPS * 128);
    std::vector<int32_t> place(WARPS * 32);
    for (int32_t &p : place) p = (int32_t)suite.between(0, 31);
    Array<uint32_t> from(rows), to(rows.size());
    Array<int32_t> at(place);
    LAC_LAUNCH(&suite.gpu, (load<COUNT, TRANSPOSED>), WARPS, 32, 0, from.data, at.data, to.data);
    const Words got = to.get();
    bool same = true;
    for (size_t warp = 0; warp < WARPS; warp++) {
        const void *row[32];
        uint32_t wanted[32][4], *r[32];
        for (size_t l = 0; l < 32; l++) {
            row[l] = &rows[warp * 128 + 4 * (size_t)place[warp * 32 + l]];
            r[l] = wanted[l];
        }
        simt::ldmatrix(COUNT, TRANSPOSED, row, r);
        for (size_t l = 0; l < 32; l++)
            for (size_t i = 0; i < 4; i++)
                same &= got[warp * 128 + 4 * l + i] == wanted[l][i % COUNT];
    }
    suite.check(same, "ldmatrix x" + std::to_string(COUNT) + (TRANSPOSED ? " transposed" : ""));
}

/* ---- cp.async ----------------------------------------------------------------------------------- */

enum { COPIES = 256, CA_16 = 17 }; /* CA_16: 16 bytes through L1 */
template <int WAY> struct Way {
    enum { BYTES = WAY == CA_16 ? 16 : WAY };
};

template <int WAY> static __device__ void copy(void *to, const void *from, uint32_t valid) {
    if (WAY == 4) ptx_cp_async_4(to, from, valid);
    if (WAY == 8) ptx_cp_async_8(to, from, valid);
    if (WAY == 16) ptx_cp_async_16(to, from, valid);
    if (WAY == CA_16) ptx_cp_async_ca_16(to, from, valid);
}

/* Thread t copies piece place[t], `valid[t]` bytes of it; its neighbour reads it. */
template <int WAY>
__global__ void copy_pieces(const unsigned char *from, const int32_t *place, const int32_t *valid,
                            unsigned char *out) {
    constexpr int BYTES = Way<WAY>::BYTES;
    __shared__ __align__(16) unsigned char shared[COPIES * 16];
    const int t = (int)threadIdx.x, other = t ^ 33;
    for (int i = 0; i < BYTES; i++) shared[t * BYTES + i] = 0xee;
    __syncthreads();
    copy<WAY>(shared + t * BYTES, from + (size_t)place[t] * BYTES, (uint32_t)valid[t]);
    ptx_cp_async_commit();
    ptx_cp_async_wait<0>();
    __syncthreads();
    for (int i = 0; i < BYTES; i++) out[other * BYTES + i] = shared[other * BYTES + i];
}

template <int WAY> static void check_copies() {
    constexpr size_t BYTES = Way<WAY>::BYTES, PIECES = 1000;
    std::vector<unsigned char> source(PIECES * BYTES), wanted(COPIES * BYTES, 0);
    for (unsigned char &v : source) v = (unsigned char)word();
    std::vector<int32_t> place(COPIES), valid(COPIES);
    for (size_t t = 0; t < COPIES; t++) {
        place[t] = (int32_t)suite.between(0, PIECES - 1);
        valid[t] = (int32_t)(t % (BYTES + 1)); /* all of them, 0 included */
        memcpy(&wanted[t * BYTES], &source[(size_t)place[t] * BYTES], (size_t)valid[t]);
    }
    Array<unsigned char> from(source), out(COPIES * BYTES);
    Array<int32_t> at(place), bytes(valid);
    LAC_LAUNCH(&suite.gpu, (copy_pieces<WAY>), 1, COPIES, 0, from.data, at.data, bytes.data,
               out.data);
    suite.check(out.get() == wanted, "cp.async of " + std::to_string(BYTES) +
                                         " bytes, zeros behind " +
                                         (WAY == CA_16 ? "(through L1)" : "what is valid"));
}

/* Groups that are waited for one by one while later ones are under way, as a convolution does. */
__global__ void ring(const uint32_t *from, uint32_t *out, int rounds) {
    __shared__ __align__(16) uint32_t slots[3][128 * 4];
    const int t = (int)threadIdx.x;
    uint32_t sum = 0;
    for (int r = 0; r < rounds + 2; r++) {
        if (r < rounds) ptx_cp_async_16(slots[r % 3] + 4 * t, from + (size_t)(r * 128 + t) * 4);
        ptx_cp_async_commit();
        if (r < 2) continue;
        ptx_cp_async_wait<2>();
        __syncthreads();
        for (int i = 0; i < 4; i++) sum = sum * 31 + slots[(r - 2) % 3][4 * (127 - t) + i];
        __syncthreads();
    }
    ptx_cp_async_wait<0>();
    out[t] = sum;
}

static void check_ring() {
    const int rounds = 40;
    const Words source = random_words((size_t)rounds * 512);
    Array<uint32_t> from(source), out(128);
    LAC_LAUNCH(&suite.gpu, ring, 1, 128, 0, from.data, out.data, rounds);
    Words wanted(128, 0);
    for (size_t t = 0; t < 128; t++)
        for (size_t r = 0; r < (size_t)rounds; r++)
            for (size_t i = 0; i < 4; i++)
                wanted[t] = wanted[t] * 31 + source[(r * 128 + 127 - t) * 4 + i];
    suite.check(out.get() == wanted, "cp.async groups in a ring of three");
}

/* ---- cvt, loads, prefetch ----------------------------------------------------------------------- */

__global__ void convert(const uint32_t *from, uint32_t *to, int64_t count) {
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < count;
         i += (int64_t)gridDim.x * blockDim.x)
        to[i] = ptx_cvt_rna_tf32(__uint_as_float(from[i]));
}

/* `step` 1: every pattern of the 19 bits that tf32 keeps, each around the tie. */
static void check_conversion(uint32_t step) {
    static const uint32_t below[] = {0, 1, 0xfff, 0x1000, 0x1001, 0x1fff};
    Words values;
    for (uint32_t kept = 0; kept < 1u << 19; kept += step)
        for (uint32_t low : below) values.push_back(kept << 13 | low);
    for (int i = 0; i < 100000; i++) values.push_back(word());
    Array<uint32_t> from(values), to(values.size());
    LAC_LAUNCH(&suite.gpu, convert, 256, 256, 0, from.data, to.data, (int64_t)values.size());
    const Words got = to.get();
    size_t wrong = 0;
    for (size_t i = 0; i < got.size(); i++) {
        if (got[i] == simt::round_to_tf32(simt::float_of(values[i]))) continue;
        if (wrong++ < 4)
            printf("  cvt.rna.tf32 of %08x: %08x, the twin gives %08x\n", values[i], got[i],
                   simt::round_to_tf32(simt::float_of(values[i])));
    }
    suite.check(wrong == 0, "cvt.rna.tf32 of " + std::to_string(got.size()) + " values");
}

__global__ void load_wide(const uint4 *from, uint4 *to, int count) {
    const int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= count) return;
    ptx_prefetch_l2(from + count - 1 - i);
    to[i] = ptx_ld_global_nc_16(from + count - 1 - i);
}

static void check_loads() {
    const int count = 5000;
    const Words source = random_words((size_t)count * 4);
    Array<uint32_t> from(source), to(source.size());
    LAC_LAUNCH(&suite.gpu, load_wide, (count + 127) / 128, 128, 0, (const uint4 *)from.data,
               (uint4 *)to.data, count);
    const Words got = to.get();
    bool same = true;
    for (size_t i = 0; i < got.size(); i++)
        same &= got[i] == source[((size_t)count - 1 - i / 4) * 4 + i % 4];
    suite.check(same, "ld.global.nc of 16 bytes behind a prefetch");
}

int main() {
    for (Kind kind : {F16, BF16, TF32}) check_mma(kind);
    check_mma_operands();
    check_ldmatrix<1, false>();
    check_ldmatrix<2, false>();
    check_ldmatrix<4, false>();
    check_ldmatrix<2, true>();
    check_ldmatrix<4, true>();
    check_copies<4>();
    check_copies<8>();
    check_copies<16>();
    check_copies<CA_16>();
    check_ring();
#ifdef __CUDACC__
    check_conversion(1);
#else
    check_conversion(61);
#endif
    check_loads();
    return suite.done();
}
