/*
 * maps_lists.cu - pair lists from a table: for every tap the rows that it meets something from,
 * ascending.
 *
 * A block takes LAC__BLOCK_ROWS rows of one tap: it counts their pairs, and when the counts are
 * summed up it writes them where they belong, each behind those of the rows before.
 */
#include "coords.cuh"
#include "scan.cuh"

enum { THREADS = LAC__SCAN_THREADS }; /* = LAC__BLOCK_ROWS: a thread a row */

/* Entry of this thread's row, -1 where the tap has no list. */
static __device__ inline int32_t entry_of(const int32_t *table, int64_t rows, int64_t centre) {
    const int64_t row = thread_number(), tap = blockIdx.y;
    return row < rows && tap != centre ? table[(size_t)tap * (size_t)rows + (size_t)row] : -1;
}

static __global__ void __launch_bounds__(THREADS)
    count_blocks(const int32_t *table, int64_t rows, int64_t centre, int64_t *counts) {
    int total;
    block_exclusive_sum((int)(entry_of(table, rows, centre) >= 0), &total);
    if (threadIdx.x == 0) counts[(size_t)blockIdx.y * gridDim.x + blockIdx.x] = total;
}

static __global__ void __launch_bounds__(THREADS)
    fill_lists(const int32_t *table, int64_t rows, int64_t centre, const int64_t *starts,
               int32_t *pairs) {
    int total;
    const int32_t entry = entry_of(table, rows, centre);
    const int rank = block_exclusive_sum((int)(entry >= 0), &total);
    if (entry < 0) return;
    const int64_t *tap = starts + (size_t)blockIdx.y * gridDim.x;
    const int64_t begin = tap[0], end = tap[gridDim.x]; /* of the tap's pairs */
    int32_t *in = pairs + 2 * begin + (tap[blockIdx.x] - begin) + rank;
    in[0] = entry;
    in[end - begin] = (int32_t)thread_number();
}

/* blockIdx.y: tap, and one more, whose threads find the costs. */
static __global__ void __launch_bounds__(THREADS)
    write_segments(const int64_t *starts, int64_t taps, int64_t rows, int64_t blocks, bool identity,
                   int64_t *tap_starts, int32_t *segment, int64_t *cost) {
    const int64_t b = thread_number(), tap = blockIdx.y;
    if (tap < taps) {
        const int64_t begin = starts[tap * blocks];
        if (b <= blocks)
            segment[tap * (blocks + 1) + b] = (int32_t)(starts[tap * blocks + b] - begin);
        if (b == 0) tap_starts[tap] = begin;
        return;
    }
    if (b == 0) tap_starts[taps] = starts[taps * blocks];
    if (b >= blocks) return;
    const int64_t left = rows - b * THREADS, most = THREADS, mine = left < most ? left : most;
    int64_t pairs = identity ? 2 * mine : mine;
    for (int64_t k = 0; k < taps; k++) {
        const int64_t *at = starts + k * blocks + b;
        pairs += at[1] - at[0];
    }
    cost[b] = pairs;
}

static unsigned blocks_of(int64_t rows) {
    return (unsigned)((rows + THREADS - 1) / THREADS);
}

void lac__launch_count_blocks(lac__gpu *gpu, const int32_t *table, int64_t taps, int64_t rows,
                              int64_t centre, int64_t *counts) {
    LAC_LAUNCH(gpu, count_blocks, dim3(blocks_of(rows), (unsigned)taps), THREADS, 0, table, rows,
               centre, counts);
}

void lac__launch_segments(lac__gpu *gpu, const int64_t *starts, int64_t taps, int64_t rows,
                          int64_t centre, int64_t *tap_starts, int32_t *segment, int64_t *cost) {
    const int64_t blocks = blocks_of(rows);
    LAC_LAUNCH(gpu, write_segments, dim3(blocks_of(blocks + 1), (unsigned)taps + 1), THREADS, 0,
               starts, taps, rows, blocks, centre >= 0, tap_starts, segment, cost);
}

void lac__launch_fill_lists(lac__gpu *gpu, const int32_t *table, int64_t taps, int64_t rows,
                            int64_t centre, const int64_t *starts, int32_t *pairs) {
    LAC_LAUNCH(gpu, fill_lists, dim3(blocks_of(rows), (unsigned)taps), THREADS, 0, table, rows,
               centre, starts, pairs);
}
