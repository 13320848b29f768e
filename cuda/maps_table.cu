/*
 * maps_table.cu - the table of a kernel map: for every tap and row, the row that it meets.
 *
 * A thread takes one row and one column of taps, all with the same (j0, j1). The cells of a column
 * follow one another in the sorted keys: the first one is found by bisecting all keys, each further
 * one at most as many keys behind as it lies higher. Threads walk rows in the order of their keys,
 * so that the bisections of a warp touch the same keys. Cells outside of the index's box are never
 * looked up: their keys would be those of other cells.
 */
#include "coords.cuh"

enum { THREADS = LAC__COORDS_THREADS };

static __device__ inline int64_t tap_number(const lac__geometry &g, bool odd, int64_t j0,
                                            int64_t j1, int64_t j2) {
    return odd ? j0 + g.kernel[0] * (j1 + g.kernel[1] * j2)
               : j2 + g.kernel[2] * (j1 + g.kernel[1] * j0);
}

/* *cell: what a row at `x` meets on one axis through tap j; whether there is such a cell in the
   index's box. */
static __device__ inline bool met_cell(const lac__search &index, const lac__geometry &g, int axis,
                                       bool reversed, int64_t x, int32_t j, int64_t *cell) {
    const int64_t offset = g.anchor[axis] + (int64_t)g.dilation[axis] * j;
    if (reversed) {
        if (!divide(g, axis, x - offset, cell)) return false;
    } else {
        *cell = x * g.stride[axis] + offset;
    }
    return holds(index, axis + 1, *cell);
}

static __global__ void __launch_bounds__(THREADS)
    fill_table(lac__search index, lac__geometry g, const int32_t *rows, const int32_t *order,
               int64_t n, bool reversed, int32_t *table) {
    const int64_t position = thread_number();
    if (position >= n) return;
    const bool odd = (g.kernel[0] & g.kernel[1] & g.kernel[2] & 1) != 0;
    const int32_t j0 = (int32_t)blockIdx.y / g.kernel[1], j1 = (int32_t)blockIdx.y % g.kernel[1];
    const int32_t row = order != nullptr ? order[position] : (int32_t)position;
    const int4 r = load_row(rows, row);
    int64_t x, y;
    const bool inside = holds(index, 0, r.x) && met_cell(index, g, 0, reversed, r.y, j0, &x) &&
                        met_cell(index, g, 1, reversed, r.z, j1, &y);
    const uint64_t column = inside ? pack_row(index.packing, r.x, x, y, index.packing.low[3]) : 0;
    int32_t at = -1;
    int64_t before = 0; /* the cell that `at` was found for */
    for (int32_t step = 0; step < g.kernel[2]; step++) {
        const int32_t j2 = reversed ? g.kernel[2] - 1 - step : step; /* cells ascend */
        int32_t met = -1;
        int64_t z;
        if (inside && met_cell(index, g, 2, reversed, r.w, j2, &z)) {
            const uint64_t wanted = column + (uint64_t)(z - index.packing.low[3]);
            int64_t end = index.count;
            if (at >= 0 && at + (z - before) < end) end = at + (z - before);
            at = lower_bound(index.keys, at < 0 ? 0 : at, (int32_t)end, wanted);
            before = z;
            if (at < index.count && index.keys[at] == wanted) met = row_at(index, at);
        }
        table[(size_t)tap_number(g, odd, j0, j1, j2) * (size_t)n + (size_t)row] = met;
    }
}

void lac__launch_map_table(lac__gpu *gpu, const lac__search *index, const lac__geometry *geometry,
                           const int32_t *rows, const int32_t *order, int64_t n, int32_t reversed,
                           int32_t *table) {
    if (n <= 0) return;
    const dim3 grid((unsigned)((n + THREADS - 1) / THREADS),
                    (unsigned)geometry->kernel[0] * (unsigned)geometry->kernel[1]);
    LAC_LAUNCH(gpu, fill_table, grid, THREADS, 0, *index, *geometry, rows, order, n, reversed != 0,
               table);
}

static __global__ void start_count(unsigned long long *count) {
    *count = 0;
}

static __global__ void __launch_bounds__(THREADS)
    count_entries(const int32_t *table, int64_t entries, unsigned long long *count) {
    unsigned long long sum = 0;
    for (int64_t i = thread_number(); i < entries; i += thread_count()) sum += table[i] >= 0;
    for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, step);
    if (threadIdx.x % 32 == 0 && sum > 0) atomicAdd(count, sum);
}

void lac__launch_count_pairs(lac__gpu *gpu, const int32_t *table, int64_t entries, int64_t *pairs) {
    unsigned long long *count = reinterpret_cast<unsigned long long *>(pairs);
    LAC_LAUNCH(gpu, start_count, 1, 1, 0, count);
    const unsigned blocks = coords_blocks(entries);
    if (entries > 0)
        LAC_LAUNCH(gpu, count_entries, blocks < 1024 ? blocks : 1024, THREADS, 0, table, entries,
                   count);
}
