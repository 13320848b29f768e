/*
 * coords_derive.cu - the cells that input rows reach through the taps of a strided or generative
 * site, as keys that are sorted and thinned out afterwards. The rule is that of
 * sparse/downsample.c.
 */
#include "coords.cuh"

enum { THREADS = LAC__COORDS_THREADS };

/** *cell: the output index on one axis that an input at `x` meets through tap j; whether there is
 *  one that is kept. */
static __device__ inline bool axis_cell(const lac__geometry &g, int axis, int64_t x, int32_t j,
                                        int64_t *cell) {
    const int64_t reach = (int64_t)g.dilation[axis] * j;
    if (g.generative) {
        *cell = x * g.stride[axis] + g.anchor[axis] + reach;
    } else if (g.floors) {
        divide(g, axis, x, cell);
    } else if (!divide(g, axis, x - g.anchor[axis] - reach, cell)) {
        return false;
    }
    return *cell >= g.keep_low[axis] && *cell <= g.keep_high[axis];
}

static __device__ inline int32_t axis_taps(const lac__geometry &g, int axis) {
    return g.floors ? 1 : g.kernel[axis];
}

static __global__ void __launch_bounds__(THREADS)
    count_cells(lac__geometry g, const int32_t *rows, int64_t n, int32_t *counts) {
    for (int64_t i = thread_number(); i < n; i += thread_count()) {
        const int4 r = load_row(rows, i);
        const int32_t x[3] = {r.y, r.z, r.w};
        int32_t product = 1;
        for (int axis = 0; axis < 3; axis++) {
            int32_t count = 0;
            for (int32_t j = 0; j < axis_taps(g, axis); j++) {
                int64_t cell;
                count += axis_cell(g, axis, x[axis], j, &cell);
            }
            product *= count;
        }
        counts[i] = product;
    }
}

void lac__launch_count_cells(lac__gpu *gpu, const lac__geometry *geometry, const int32_t *rows,
                             int64_t n, int32_t *counts) {
    if (n > 0)
        LAC_LAUNCH(gpu, count_cells, coords_blocks(n), THREADS, 0, *geometry, rows, n, counts);
}

/* A thread writes the cells of a row, one after the other. */
static __global__ void __launch_bounds__(THREADS)
    emit_some(lac__geometry g, const int32_t *rows, int64_t n, const int32_t *starts,
              lac__packing packing, uint64_t *keys) {
    for (int64_t i = thread_number(); i < n; i += thread_count()) {
        const int4 r = load_row(rows, i);
        int64_t at = starts[i], cell[3];
        for (int32_t j0 = 0; j0 < axis_taps(g, 0); j0++) {
            if (!axis_cell(g, 0, r.y, j0, &cell[0])) continue;
            for (int32_t j1 = 0; j1 < axis_taps(g, 1); j1++) {
                if (!axis_cell(g, 1, r.z, j1, &cell[1])) continue;
                for (int32_t j2 = 0; j2 < axis_taps(g, 2); j2++) {
                    if (axis_cell(g, 2, r.w, j2, &cell[2]))
                        keys[at++] = pack_row(packing, r.x, cell[0], cell[1], cell[2]);
                }
            }
        }
    }
}

/* A thread writes one cell of a row that reaches all of them. */
static __global__ void __launch_bounds__(THREADS)
    emit_all(lac__geometry g, const int32_t *rows, int64_t candidates, int64_t each,
             lac__packing packing, uint64_t *keys) {
    for (int64_t i = thread_number(); i < candidates; i += thread_count()) {
        const int32_t tap = (int32_t)(i % each), k1 = axis_taps(g, 1), k2 = axis_taps(g, 2);
        const int4 r = load_row(rows, i / each);
        int64_t cell[3];
        axis_cell(g, 0, r.y, tap / k2 / k1, &cell[0]);
        axis_cell(g, 1, r.z, tap / k2 % k1, &cell[1]);
        axis_cell(g, 2, r.w, tap % k2, &cell[2]);
        keys[i] = pack_row(packing, r.x, cell[0], cell[1], cell[2]);
    }
}

void lac__launch_emit_cells(lac__gpu *gpu, const lac__geometry *geometry, const int32_t *rows,
                            int64_t n, const int32_t *starts, int64_t each,
                            const lac__packing *packing, uint64_t *keys) {
    if (n <= 0) return;
    if (starts != nullptr)
        LAC_LAUNCH(gpu, emit_some, coords_blocks(n), THREADS, 0, *geometry, rows, n, starts,
                   *packing, keys);
    else
        LAC_LAUNCH(gpu, emit_all, coords_blocks(n * each), THREADS, 0, *geometry, rows, n * each,
                   each, *packing, keys);
}

static __device__ inline int32_t unpack_field(const lac__packing &p, int field, uint64_t key) {
    const int width = (field == 0 ? p.bits : p.shift[field - 1]) - p.shift[field];
    const uint64_t value = width == 0 ? 0 : key >> p.shift[field] & (~(uint64_t)0 >> (64 - width));
    return (int32_t)((int64_t)value + p.low[field]);
}

static __global__ void __launch_bounds__(THREADS)
    unpack_rows(const uint64_t *keys, const int32_t *numbers, int64_t n, lac__packing p,
                int32_t *rows) {
    for (int64_t i = thread_number(); i < n; i += thread_count()) {
        const uint64_t key = keys[i];
        if (i > 0 && keys[i - 1] == key) continue;
        reinterpret_cast<int4 *>(rows)[numbers[i]] =
            make_int4(unpack_field(p, 0, key), unpack_field(p, 1, key), unpack_field(p, 2, key),
                      unpack_field(p, 3, key));
    }
}

void lac__launch_unpack_rows(lac__gpu *gpu, const uint64_t *keys, const int32_t *numbers, int64_t n,
                             const lac__packing *packing, int32_t *rows) {
    if (n > 0)
        LAC_LAUNCH(gpu, unpack_rows, coords_blocks(n), THREADS, 0, keys, numbers, n, *packing,
                   rows);
}
