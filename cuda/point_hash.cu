/*
 * point_hash.cu - hashes of coordinate rows, exact look-up of rows, counts of indices.
 *
 * The table is open addressing over row numbers. A slot never changes the words that it stands for:
 * it is taken once, by one of several equal rows, and then only lowered to the first of these. So
 * whichever thread comes first, a search for some words ends at the same number.
 */
#include "launch_points.h"
#include "point_walk.cuh"

static __global__ void hash_rows(const int32_t *rows, int64_t n, const int32_t *offsets,
                                 int64_t shifts, int64_t *hash) {
    for (int64_t i = lac__walk_first(); i < shifts * n; i += lac__walk_step()) {
        const int64_t shift = i / n;
        const int32_t *row = rows + 4 * (i - shift * n);
        uint64_t h = UINT64_C(14695981039346656037);
        for (int c = 0; c < 4; c++) {
            uint32_t column = (uint32_t)row[c];
            if (c > 0 && offsets != nullptr) column += (uint32_t)offsets[3 * shift + c - 1];
            h = (h ^ column) * UINT64_C(1099511628211);
        }
        hash[i] = (int64_t)h;
    }
}

__device__ static uint64_t first_slot(const lac__row_table &t, const uint32_t *row) {
    uint64_t h = 0;
    for (int64_t i = 0; i < t.words; i++) {
        h = (h ^ row[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return h & t.mask;
}

__device__ static bool equal(const lac__row_table &t, int64_t at, const uint32_t *row) {
    for (int64_t i = 0; i < t.words; i++) {
        if (t.rows[at * t.words + i] != row[i]) return false;
    }
    return true;
}

static __global__ void fill_table(lac__row_table t, int64_t n) {
    for (int64_t i = lac__walk_first(); i < n; i += lac__walk_step()) {
        const uint32_t *row = t.rows + i * t.words;
        for (uint64_t slot = first_slot(t, row);; slot = (slot + 1) & t.mask) {
            const int32_t at = atomicCAS(&t.slots[slot], -1, (int32_t)i);
            if (at < 0) break;
            if (!equal(t, at, row)) continue;
            atomicMin(&t.slots[slot], (int32_t)i);
            break;
        }
    }
}

static __global__ void look_up(lac__row_table t, const uint32_t *query, int64_t n, int64_t *found) {
    for (int64_t i = lac__walk_first(); i < n; i += lac__walk_step()) {
        const uint32_t *row = query + i * t.words;
        uint64_t slot = first_slot(t, row);
        while (t.slots[slot] >= 0 && !equal(t, t.slots[slot], row)) slot = (slot + 1) & t.mask;
        found[i] = t.slots[slot];
    }
}

static __global__ void count_index(const int64_t *index, int64_t n, int64_t rows, int32_t *count) {
    for (int64_t i = lac__walk_first(); i < n; i += lac__walk_step()) {
        if (index[i] >= 0 && index[i] < rows) atomicAdd(&count[index[i]], 1);
    }
}

void lac__launch_hash_rows(lac__gpu *gpu, const int32_t *rows, int64_t n, const int32_t *offsets,
                           int64_t shifts, int64_t *hash) {
    LAC_LAUNCH(gpu, hash_rows, lac__walk_blocks(shifts * n), LAC__WALK_THREADS, 0, rows, n, offsets,
               shifts, hash);
}

void lac__launch_fill_table(lac__gpu *gpu, const lac__row_table *table, int64_t n) {
    LAC_LAUNCH(gpu, fill_table, lac__walk_blocks(n), LAC__WALK_THREADS, 0, *table, n);
}

void lac__launch_look_up(lac__gpu *gpu, const lac__row_table *table, const uint32_t *query,
                         int64_t n, int64_t *found) {
    LAC_LAUNCH(gpu, look_up, lac__walk_blocks(n), LAC__WALK_THREADS, 0, *table, query, n, found);
}

void lac__launch_count_index(lac__gpu *gpu, const int64_t *index, int64_t n, int64_t rows,
                             int32_t *count) {
    LAC_LAUNCH(gpu, count_index, lac__walk_blocks(n), LAC__WALK_THREADS, 0, index, n, rows, count);
}
