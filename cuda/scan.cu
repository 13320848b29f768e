/*
 * scan.cu - exclusive sums and compaction in three launches: the sum of each part, the sums before
 * the parts (one block), then every part again with what is before it. A part is walked tile by
 * tile, so that the number of parts, and with it the scratch memory, is bounded. One part alone is
 * one launch.
 */
#include "launch_sort.h"
#include "scan.cuh"

enum { ITEMS = 4, TILE = LAC__SCAN_THREADS * ITEMS, MOST_PARTS = LAC__SCAN_THREADS * ITEMS };

size_t lac__scan_scratch(int64_t n) {
    return n > 0 ? MOST_PARTS * sizeof(int64_t) : 0;
}

template <class T>
static __global__ void __launch_bounds__(LAC__SCAN_THREADS)
    sum_parts(const T *in, int64_t n, int64_t span, int64_t *sums) {
    const Part p = part_of(n, span);
    int64_t sum = 0, total;
    for (int64_t i = p.begin + threadIdx.x; i < p.end; i += LAC__SCAN_THREADS)
        sum += (int64_t)in[i];
    block_exclusive_sum(sum, &total);
    if (threadIdx.x == 0) sums[blockIdx.x] = total;
}

/* The sum before each part; at most MOST_PARTS of them. */
static __global__ void __launch_bounds__(LAC__SCAN_THREADS)
    scan_parts(int64_t *sums, unsigned parts, int64_t *total_out) {
    int64_t value[ITEMS], sum = 0, total;
    for (int i = 0; i < ITEMS; i++) {
        const unsigned at = threadIdx.x * ITEMS + i;
        value[i] = at < parts ? sums[at] : 0;
        sum += value[i];
    }
    int64_t before = block_exclusive_sum(sum, &total);
    for (int i = 0; i < ITEMS; i++) {
        const unsigned at = threadIdx.x * ITEMS + i;
        if (at < parts) sums[at] = before;
        before += value[i];
    }
    if (threadIdx.x == 0 && total_out != nullptr) *total_out = total;
}

/* `sums`: before each part, NULL where there is only one, which then knows the total. */
template <class T>
static __global__ void __launch_bounds__(LAC__SCAN_THREADS)
    scan_elements(const T *in, T *out, int64_t n, int64_t span, const int64_t *sums,
                  int64_t *total_out) {
    const Part p = part_of(n, span);
    int64_t before = sums != nullptr ? sums[blockIdx.x] : 0;
    for (int64_t tile = p.begin; tile < p.end; tile += TILE) {
        const int64_t first = tile + (int64_t)threadIdx.x * ITEMS;
        T value[ITEMS];
        int64_t sum = 0, total;
        for (int i = 0; i < ITEMS; i++) {
            value[i] = first + i < p.end ? in[first + i] : T(0);
            sum += (int64_t)value[i];
        }
        int64_t at = before + block_exclusive_sum(sum, &total);
        for (int i = 0; i < ITEMS; i++) {
            if (first + i < p.end) out[first + i] = (T)at;
            at += (int64_t)value[i];
        }
        before += total;
    }
    if (sums == nullptr && threadIdx.x == 0 && total_out != nullptr) *total_out = before;
}

static __global__ void __launch_bounds__(LAC__SCAN_THREADS)
    count_flags(const uint8_t *flags, int64_t n, int64_t span, int64_t *sums) {
    const Part p = part_of(n, span);
    int64_t sum = 0, total;
    for (int64_t i = p.begin + threadIdx.x; i < p.end; i += LAC__SCAN_THREADS) sum += flags[i] != 0;
    block_exclusive_sum(sum, &total);
    if (threadIdx.x == 0) sums[blockIdx.x] = total;
}

static __global__ void __launch_bounds__(LAC__SCAN_THREADS)
    write_positions(const uint8_t *flags, int64_t n, int64_t span, const int64_t *sums,
                    int64_t *positions) {
    const Part p = part_of(n, span);
    int64_t before = sums[blockIdx.x];
    for (int64_t tile = p.begin; tile < p.end; tile += TILE) {
        const int64_t first = tile + (int64_t)threadIdx.x * ITEMS;
        bool set[ITEMS];
        int sum = 0, total;
        for (int i = 0; i < ITEMS; i++) {
            set[i] = first + i < p.end && flags[first + i] != 0;
            sum += set[i];
        }
        int64_t at = before + block_exclusive_sum(sum, &total);
        for (int i = 0; i < ITEMS; i++) {
            if (set[i]) positions[at++] = first + i;
        }
        before += total;
    }
}

static __global__ void set_word(int64_t *word, int64_t value) {
    *word = value;
}

/* Thread g finds the first key that is not below g. */
static __global__ void find_group_starts(const uint64_t *keys, int64_t n, int64_t groups,
                                         int64_t *starts) {
    for (int64_t g = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; g <= groups;
         g += (int64_t)gridDim.x * blockDim.x) {
        int64_t low = 0, high = n;
        while (low < high) {
            const int64_t middle = (low + high) / 2;
            if (keys[middle] < (uint64_t)g)
                low = middle + 1;
            else
                high = middle;
        }
        starts[g] = low;
    }
}

static void clear_total(lac__gpu *gpu, int64_t *total) {
    if (total != nullptr) LAC_LAUNCH(gpu, set_word, 1, 1, 0, total, 0);
}

template <class T>
static void launch_scan(lac__gpu *gpu, const T *in, T *out, int64_t n, int64_t *total,
                        void *scratch) {
    int64_t *sums = static_cast<int64_t *>(scratch);
    if (n <= 0) return clear_total(gpu, total);
    const Parts p = parts_of(n, TILE, MOST_PARTS);
    if (p.count == 1) {
        LAC_LAUNCH(gpu, (scan_elements<T>), 1, LAC__SCAN_THREADS, 0, in, out, n, p.span, nullptr,
                   total);
        return;
    }
    LAC_LAUNCH(gpu, (sum_parts<T>), p.count, LAC__SCAN_THREADS, 0, in, n, p.span, sums);
    LAC_LAUNCH(gpu, scan_parts, 1, LAC__SCAN_THREADS, 0, sums, p.count, total);
    LAC_LAUNCH(gpu, (scan_elements<T>), p.count, LAC__SCAN_THREADS, 0, in, out, n, p.span, sums,
               nullptr);
}

void lac__launch_scan_i32(lac__gpu *gpu, const int32_t *in, int32_t *out, int64_t n, int64_t *total,
                          void *scratch) {
    launch_scan(gpu, in, out, n, total, scratch);
}

void lac__launch_scan_i64(lac__gpu *gpu, const int64_t *in, int64_t *out, int64_t n, int64_t *total,
                          void *scratch) {
    launch_scan(gpu, in, out, n, total, scratch);
}

void lac__launch_compact(lac__gpu *gpu, const uint8_t *flags, int64_t n, int64_t *positions,
                         int64_t *count, void *scratch) {
    int64_t *sums = static_cast<int64_t *>(scratch);
    if (n <= 0) return clear_total(gpu, count);
    const Parts p = parts_of(n, TILE, MOST_PARTS);
    LAC_LAUNCH(gpu, count_flags, p.count, LAC__SCAN_THREADS, 0, flags, n, p.span, sums);
    LAC_LAUNCH(gpu, scan_parts, 1, LAC__SCAN_THREADS, 0, sums, p.count, count);
    if (positions != nullptr)
        LAC_LAUNCH(gpu, write_positions, p.count, LAC__SCAN_THREADS, 0, flags, n, p.span, sums,
                   positions);
}

void lac__launch_group_starts(lac__gpu *gpu, const uint64_t *keys, int64_t n, int64_t groups,
                              int64_t *starts) {
    const unsigned blocks = parts_of(groups + 1, 256, 4096).count;
    LAC_LAUNCH(gpu, find_group_starts, blocks, 256, 0, keys, n, groups, starts);
}
