/*
 * conformance.cu - do the wrappers of cuda/ptx.cuh do what their twins do? The first program to run
 * on a new GPU, before any test of kernels:
 *
 *   nvcc -std=c++17 -arch=sm_90 -Icuda -Iruntime/include -Iruntime -Ispec/simt \
 *       spec/simt/conformance.cu spec/simt/warp_matrix.cpp -o conformance && ./conformance
 *
 * Built for the emulator it compares the twins with themselves, which tests this program.
 */
#include "gpu.cuh"
#include "ptx.cuh"
#include "warp_matrix.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

static int passed, failed;
static std::mt19937 numbers(5);
static lac__gpu gpu;

static void check(bool truth, const char *what) {
    truth ? ++passed : ++failed;
    if (!truth) printf("%s differs\n", what);
}

template <class T> struct Array {
    T *data = nullptr;
    size_t count;

    explicit Array(size_t n) : count(n) {
        if (cudaMalloc((void **)&data, n * sizeof(T))) printf("out of memory\n");
    }
    explicit Array(const std::vector<T> &v) : Array(v.size()) {
        cudaMemcpy(data, v.data(), count * sizeof(T), cudaMemcpyHostToDevice);
    }
    Array(const Array &) = delete;
    ~Array() {
        cudaFree(data);
    }
    std::vector<T> get() const {
        std::vector<T> v(count);
        cudaMemcpy(v.data(), data, count * sizeof(T), cudaMemcpyDeviceToHost);
        return v;
    }
};

static std::vector<uint32_t> random_words(size_t n) {
    std::vector<uint32_t> v(n);
    for (uint32_t &w : v) w = (uint32_t)numbers();
    return v;
}

/* ---- mma: registers as they are, four, two and four a lane ----------------------------------- */

enum Type { F16, BF16, TF32 };
static const char *const type_names[] = {"mma f16", "mma bf16", "mma tf32"};

template <int TYPE>
__global__ void run_mma(const uint32_t *as, const uint32_t *bs, const float *cs, float *ds) {
    const unsigned l = threadIdx.x;
    const uint32_t a[4] = {as[4 * l], as[4 * l + 1], as[4 * l + 2], as[4 * l + 3]};
    const uint32_t b[2] = {bs[2 * l], bs[2 * l + 1]};
    float c[4] = {cs[4 * l], cs[4 * l + 1], cs[4 * l + 2], cs[4 * l + 3]};
    if (TYPE == F16) ptx_mma_f16(c, a, b);
    if (TYPE == BF16) ptx_mma_bf16(c, a, b);
    if (TYPE == TF32) ptx_mma_tf32(c, a, b);
    for (int i = 0; i < 4; ++i) ds[4 * l + i] = c[i];
}

static uint32_t packed(int type, float low, float high) {
    uint32_t word;
    if (type == F16) {
        const __half h[2] = {__float2half_rn(low), __float2half_rn(high)};
        memcpy(&word, h, 4);
    } else if (type == BF16) {
        const __nv_bfloat16 b[2] = {__float2bfloat16_rn(low), __float2bfloat16_rn(high)};
        memcpy(&word, b, 4);
    } else {
        memcpy(&word, &low, 4);
    }
    return word;
}

/* Small integers must come out exactly; fractions up to the order and rounding of the device's
 * sums. */
template <int TYPE> static void compare_mma(bool integers) {
    auto number = [&] {
        const int i = (int)(numbers() % 33) - 16;
        return integers ? (float)i : (float)(numbers() % 20001) / 10000 - 1;
    };
    std::vector<uint32_t> a(128), b(64);
    std::vector<float> c(128), d(128);
    for (uint32_t &w : a) w = packed(TYPE, number(), number());
    for (uint32_t &w : b) w = packed(TYPE, number(), number());
    for (float &f : c) f = number();
    const uint32_t *as[32], *bs[32];
    const float *cs[32];
    float *ds[32];
    for (int l = 0; l < 32; ++l) {
        as[l] = &a[4 * l];
        bs[l] = &b[2 * l];
        cs[l] = &c[4 * l];
        ds[l] = &d[4 * l];
    }
    const simt::MmaType types[] = {simt::MmaType::f16, simt::MmaType::bf16, simt::MmaType::tf32};
    simt::mma(types[TYPE], as, bs, cs, ds);
    Array<uint32_t> da(a), db(b);
    Array<float> dc(c), dd(128);
    LAC_LAUNCH(&gpu, (run_mma<TYPE>), 1, 32, 0, da.data, db.data, dc.data, dd.data);
    const std::vector<float> got = dd.get();
    bool same = true;
    for (int i = 0; i < 128; ++i)
        same &= integers ? got[i] == d[i] : std::fabs(got[i] - d[i]) < 2e-5f;
    check(same, type_names[TYPE]);
}

/* ---- ldmatrix -------------------------------------------------------------------------------- */

template <int COUNT, bool TRANSPOSED> __global__ void run_ldmatrix(const uint32_t *x, uint32_t *y) {
    __shared__ __align__(16) uint32_t rows[32][4];
    const unsigned l = threadIdx.x;
    for (int i = 0; i < 4; ++i) rows[l][i] = x[4 * l + i];
    __syncwarp();
    uint32_t r1[1] = {}, r2[2] = {}, r4[4] = {};
    if (COUNT == 1) ptx_ldmatrix_x1(r1, rows[l]);
    if (COUNT == 2 && !TRANSPOSED) ptx_ldmatrix_x2(r2, rows[l]);
    if (COUNT == 2 && TRANSPOSED) ptx_ldmatrix_x2_trans(r2, rows[l]);
    if (COUNT == 4 && !TRANSPOSED) ptx_ldmatrix_x4(r4, rows[l]);
    if (COUNT == 4 && TRANSPOSED) ptx_ldmatrix_x4_trans(r4, rows[l]);
    for (int i = 0; i < COUNT; ++i)
        y[4 * l + i] = COUNT == 1 ? r1[0] : COUNT == 2 ? r2[i & 1] : r4[i];
}

template <int COUNT, bool TRANSPOSED> static void compare_ldmatrix(const char *what) {
    const std::vector<uint32_t> x = random_words(128);
    std::vector<uint32_t> y(128);
    const void *rows[32];
    uint32_t *results[32];
    for (int l = 0; l < 32; ++l) {
        rows[l] = &x[4 * l];
        results[l] = &y[4 * l];
    }
    simt::ldmatrix(COUNT, TRANSPOSED, rows, results);
    Array<uint32_t> dx(x), dy(std::vector<uint32_t>(128, 0));
    LAC_LAUNCH(&gpu, (run_ldmatrix<COUNT, TRANSPOSED>), 1, 32, 0, dx.data, dy.data);
    check(dy.get() == y, what);
}

/* ---- the rest -------------------------------------------------------------------------------- */

__global__ void run_round(const uint32_t *x, uint32_t *y, int n) {
    const int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) y[i] = ptx_cvt_rna_tf32(__uint_as_float(x[i]));
}

static void compare_round() {
    std::vector<uint32_t> x = random_words(1 << 16);
    const uint32_t corners[] = {0,          0x80000000, 0x7f800000, 0xff800000,
                                0x7fc00000, 0x3f800fff, 0x3f801000, 0x3f801001,
                                0xbf803000, 0x7f7fffff, 0x00000fff, 0x00001000};
    for (size_t i = 0; i < sizeof corners / sizeof *corners; ++i) x[i] = corners[i];
    Array<uint32_t> dx(x), dy(x.size());
    LAC_LAUNCH(&gpu, run_round, (unsigned)(x.size() / 256), 256, 0, dx.data, dy.data,
               (int)x.size());
    const std::vector<uint32_t> got = dy.get();
    bool same = true;
    for (size_t i = 0; i < x.size(); ++i) {
        float f;
        memcpy(&f, &x[i], 4);
        const uint32_t wanted = simt::round_to_tf32(f);
        const bool nan = (got[i] & 0x7fffffff) > 0x7f800000 && (wanted & 0x7fffffff) > 0x7f800000;
        same &= nan || ((got[i] ^ wanted) & 0xffffe000) == 0; /* mma ignores the rest */
    }
    check(same, "cvt.rna.tf32");
}

/* Every size with every number of valid bytes, then a wide load. */
__global__ void run_copies(const uint32_t *x, uint32_t *y) {
    __shared__ __align__(16) uint32_t to[32][4];
    const unsigned l = threadIdx.x;
    for (int i = 0; i < 4; ++i) to[l][i] = 0xdddddddd;
    __syncthreads();
    if (l < 5) ptx_cp_async_4(to[l], x + 4 * l, l);
    if (l >= 5 && l < 14) ptx_cp_async_8(to[l], x + 4 * l, l - 5);
    if (l >= 14 && l < 31) ptx_cp_async_16(to[l], x + 4 * l, l - 14);
    if (l == 31) ptx_cp_async_ca_16(to[l], x + 4 * l, 13);
    ptx_cp_async_commit();
    ptx_cp_async_wait<0>();
    __syncthreads();
    for (int i = 0; i < 4; ++i) y[4 * l + i] = to[l][i];
    ptx_prefetch_l2(x);
    const uint4 v = ptx_ld_global_nc_16(x + 4 * l);
    y[128 + 4 * l] = v.x;
    y[129 + 4 * l] = v.y;
    y[130 + 4 * l] = v.z;
    y[131 + 4 * l] = v.w;
}

static void compare_copies() {
    const std::vector<uint32_t> x = random_words(128);
    Array<uint32_t> dx(x), dy(256);
    LAC_LAUNCH(&gpu, run_copies, 1, 32, 0, dx.data, dy.data);
    const std::vector<uint32_t> got = dy.get();
    bool copies = true;
    for (unsigned l = 0; l < 32; ++l) {
        const unsigned size = l < 5 ? 4 : l < 14 ? 8 : 16;
        const unsigned valid = l < 5 ? l : l < 14 ? l - 5 : l < 31 ? l - 14 : 13;
        unsigned char row[16];
        memset(row, 0xdd, 16);
        memset(row, 0, size);
        memcpy(row, &x[4 * l], valid);
        copies &= !memcmp(row, &got[4 * l], 16);
    }
    check(copies, "cp.async");
    check(!memcmp(&got[128], x.data(), 512), "ld.global.nc");
}

int main() {
    for (int i = 0; i < 8; ++i) {
        compare_mma<F16>(i < 4);
        compare_mma<BF16>(i < 4);
        compare_mma<TF32>(i < 4);
    }
    compare_ldmatrix<1, false>("ldmatrix x1");
    compare_ldmatrix<2, false>("ldmatrix x2");
    compare_ldmatrix<4, false>("ldmatrix x4");
    compare_ldmatrix<2, true>("ldmatrix x2 trans");
    compare_ldmatrix<4, true>("ldmatrix x4 trans");
    compare_round();
    compare_copies();
    check(gpu.error == 0, gpu.kernel ? gpu.kernel : "launch");
    check(cudaDeviceSynchronize() == cudaSuccess, "the device's last word");
    printf("conformance: %d passed, %d failed\n", passed, failed);
    return failed != 0;
}
