/*
 * radix_sort.cu - stable least-significant-digit radix sort of 64-bit keys with 32-bit values.
 *
 * A pass over one digit of at most 8 bits is three launches: every part counts its digits; for
 * every digit, one warp sums the counts of the parts before each; every part then moves its
 * elements behind those of smaller digits, of this digit in earlier parts, and of this digit
 * earlier in the part. Within a part order is kept by giving each warp consecutive elements, whose
 * rank among equal digits is a match of the warp. Parts depend on n alone, so that the result does
 * not depend on the machine.
 */
#include "launch_sort.h"
#include "scan.cuh"

enum {
    DIGIT_BITS = 8,
    DIGITS = 1 << DIGIT_BITS,
    THREADS = LAC__SCAN_THREADS,
    WARPS = THREADS / 32,
    ITEMS = 4,
    TILE = THREADS * ITEMS,
    MOST_PARTS = 512 /* blocks; more elements are more tiles a block */
};

static_assert(DIGITS == THREADS, "a thread looks after one digit");

static size_t aligned(size_t bytes) {
    return (bytes + 255) & ~(size_t)255;
}

/* Scratch: keys and values of every second pass, counts [digit][part], sums of digits. */
size_t lac__radix_scratch(int64_t n) {
    if (n <= 0) return 0;
    const size_t parts = parts_of(n, TILE, MOST_PARTS).count;
    return aligned((size_t)n * sizeof(uint64_t)) + aligned((size_t)n * sizeof(int32_t)) +
           aligned(parts * DIGITS * sizeof(uint32_t)) + DIGITS * sizeof(uint32_t);
}

struct Digit {
    int32_t shift;
    uint32_t mask;
};

static __device__ inline uint32_t digit_of(uint64_t key, Digit d) {
    return (uint32_t)(key >> d.shift) & d.mask;
}

static __global__ void __launch_bounds__(THREADS)
    count_digits(const uint64_t *keys, int64_t n, int64_t span, Digit digit, uint32_t *counts) {
    __shared__ uint32_t count[DIGITS];
    count[threadIdx.x] = 0;
    __syncthreads();
    const Part p = part_of(n, span);
    for (int64_t i = p.begin + threadIdx.x; i < p.end; i += THREADS)
        atomicAdd(&count[digit_of(keys[i], digit)], 1u);
    __syncthreads();
    counts[(size_t)threadIdx.x * gridDim.x + blockIdx.x] = count[threadIdx.x];
}

/* Warp d: counts of digit d before each part, in place; their sum. */
static __global__ void __launch_bounds__(THREADS)
    scan_digits(uint32_t *counts, uint32_t parts, uint32_t *sums) {
    const uint32_t lane = threadIdx.x % 32, d = blockIdx.x * WARPS + threadIdx.x / 32;
    uint32_t *row = counts + (size_t)d * parts;
    uint32_t before = 0;
    for (uint32_t first = 0; first < parts; first += 32) {
        const uint32_t at = first + lane, value = at < parts ? row[at] : 0;
        const uint32_t inclusive = warp_inclusive_sum(value);
        if (at < parts) row[at] = before + inclusive - value;
        before += __shfl_sync(0xffffffffu, inclusive, 31);
    }
    if (lane == 0) sums[d] = before;
}

/* values_in NULL: the positions; values_out NULL: keys alone. */
static __global__ void __launch_bounds__(THREADS)
    move_elements(const uint64_t *keys_in, uint64_t *keys_out, const int32_t *values_in,
                  int32_t *values_out, int64_t n, int64_t span, Digit digit, const uint32_t *counts,
                  const uint32_t *sums) {
    __shared__ uint32_t next[DIGITS];           /* where the tile's first element of a digit goes */
    __shared__ uint32_t by_warp[WARPS][DIGITS]; /* counts of a tile, then where the warp begins */
    const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    uint32_t all;
    next[threadIdx.x] = block_exclusive_sum(sums[threadIdx.x], &all) +
                        counts[(size_t)threadIdx.x * gridDim.x + blockIdx.x];
    const Part p = part_of(n, span);
    for (int64_t tile = p.begin; tile < p.end; tile += TILE) {
        for (unsigned w = 0; w < WARPS; w++) by_warp[w][threadIdx.x] = 0;
        __syncthreads();
        uint64_t key[ITEMS];
        uint32_t rank[ITEMS];
        const int64_t first = tile + warp * (32 * ITEMS) + lane;
        for (int i = 0; i < ITEMS; i++) {
            const bool valid = first + 32 * i < p.end;
            key[i] = valid ? keys_in[first + 32 * i] : 0;
            const uint32_t d = valid ? digit_of(key[i], digit) : (uint32_t)DIGITS;
            const unsigned peers = __match_any_sync(0xffffffffu, d);
            const unsigned before = __popc(peers & ((1u << lane) - 1));
            rank[i] = valid ? by_warp[warp][d] + before : 0;
            __syncwarp();
            if (valid && before == 0) by_warp[warp][d] += __popc(peers);
            __syncwarp();
        }
        __syncthreads();
        uint32_t at = next[threadIdx.x];
        for (unsigned w = 0; w < WARPS; w++) {
            const uint32_t count = by_warp[w][threadIdx.x];
            by_warp[w][threadIdx.x] = at;
            at += count;
        }
        next[threadIdx.x] = at;
        __syncthreads();
        for (int i = 0; i < ITEMS; i++) {
            const int64_t from = first + 32 * i;
            if (from >= p.end) break;
            const uint32_t to = by_warp[warp][digit_of(key[i], digit)] + rank[i];
            keys_out[to] = key[i];
            if (values_out != nullptr)
                values_out[to] = values_in != nullptr ? values_in[from] : (int32_t)from;
        }
        __syncthreads();
    }
}

static __global__ void copy_elements(const uint64_t *keys_in, uint64_t *keys_out,
                                     const int32_t *values_in, int32_t *values_out, int64_t n) {
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n;
         i += (int64_t)gridDim.x * blockDim.x) {
        keys_out[i] = keys_in[i];
        if (values_out != nullptr) values_out[i] = values_in != nullptr ? values_in[i] : (int32_t)i;
    }
}

void lac__launch_radix_sort(lac__gpu *gpu, const uint64_t *keys_in, uint64_t *keys_out,
                            const int32_t *values_in, int32_t *values_out, int64_t n,
                            int32_t begin_bit, int32_t end_bit, void *scratch) {
    if (n <= 0) return;
    const Parts p = parts_of(n, TILE, MOST_PARTS);
    const int passes = (end_bit - begin_bit + DIGIT_BITS - 1) / DIGIT_BITS;
    if (passes <= 0) {
        LAC_LAUNCH(gpu, copy_elements, p.count, THREADS, 0, keys_in, keys_out, values_in,
                   values_out, n);
        return;
    }
    char *memory = static_cast<char *>(scratch);
    uint64_t *spare_keys = reinterpret_cast<uint64_t *>(memory);
    memory += aligned((size_t)n * sizeof(uint64_t));
    int32_t *spare_values = values_out != nullptr ? reinterpret_cast<int32_t *>(memory) : nullptr;
    memory += aligned((size_t)n * sizeof(int32_t));
    uint32_t *counts = reinterpret_cast<uint32_t *>(memory);
    uint32_t *sums =
        reinterpret_cast<uint32_t *>(memory + aligned((size_t)p.count * DIGITS * sizeof(uint32_t)));
    Digit digit;
    digit.shift = begin_bit;
    for (int pass = 0; pass < passes; pass++) {
        const int left = passes - pass; /* the last pass ends in the output */
        const int bits = (end_bit - digit.shift + left - 1) / left;
        uint64_t *keys_to = left % 2 == 1 ? keys_out : spare_keys;
        int32_t *values_to = left % 2 == 1 ? values_out : spare_values;
        digit.mask = (1u << bits) - 1;
        LAC_LAUNCH(gpu, count_digits, p.count, THREADS, 0, keys_in, n, p.span, digit, counts);
        LAC_LAUNCH(gpu, scan_digits, DIGITS / WARPS, THREADS, 0, counts, p.count, sums);
        LAC_LAUNCH(gpu, move_elements, p.count, THREADS, 0, keys_in, keys_to, values_in, values_to,
                   n, p.span, digit, counts, sums);
        keys_in = keys_to;
        values_in = values_to;
        digit.shift += bits;
    }
}
