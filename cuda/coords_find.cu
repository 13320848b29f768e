/*
 * coords_find.cu - rows of an index that equal given rows, hold points or surround them. Arithmetic
 * on points is that of sparse/point_index.c, rounded after every operation, so that both devices
 * agree to the bit.
 */
#include "coords.cuh"

enum { THREADS = LAC__COORDS_THREADS };

typedef struct Stride {
    int32_t axis[3];
} Stride;

static __global__ void __launch_bounds__(THREADS)
    find_rows(lac__search index, const int32_t *query, int64_t n, int64_t *found) {
    for (int64_t i = thread_number(); i < n; i += thread_count()) {
        const int4 r = load_row(query, i);
        int64_t row = -1;
        if (holds(index, 0, r.x) && holds(index, 1, r.y) && holds(index, 2, r.z) &&
            holds(index, 3, r.w)) {
            const uint64_t key = pack_row(index.packing, r.x, r.y, r.z, r.w);
            const int32_t at = lower_bound(index.keys, 0, (int32_t)index.count, key);
            if (at < index.count && index.keys[at] == key) row = row_at(index, at);
        }
        found[i] = row;
    }
}

void lac__launch_find_rows(lac__gpu *gpu, const lac__search *index, const int32_t *query, int64_t n,
                           int64_t *found) {
    if (n > 0) LAC_LAUNCH(gpu, find_rows, coords_blocks(n), THREADS, 0, *index, query, n, found);
}

/* Where the cell of a point lies and where the point lies in it; false where it has no int32 cell.
   */
static __device__ inline bool cell_of(const float *point, Stride stride, int64_t cell[4],
                                      double fraction[3]) {
    for (int i = 0; i < 4; i++) {
        const double f = i == 0 ? (double)point[0] : (double)point[i] / stride.axis[i - 1];
        const double low = floor(f);
        if (!(low >= -2147483648.0 && low <= 2147483647.0)) return false;
        cell[i] = (int64_t)low;
        if (i > 0) fraction[i - 1] = f - low;
    }
    return true;
}

/* Rows of the cells (b,x,y,z) and (b,x,y,z+1), neighbours in the index: one search finds both. */
static __device__ inline void find_pair(const lac__search &index, int64_t b, int64_t x, int64_t y,
                                        int64_t z, int64_t *lower, int64_t *upper) {
    *lower = *upper = -1;
    if (!holds(index, 0, b) || !holds(index, 1, x) || !holds(index, 2, y)) return;
    if (z + 1 < index.low[3] || z > index.high[3]) return;
    const int64_t from = z < index.low[3] ? z + 1 : z;
    const uint64_t key = pack_row(index.packing, b, x, y, from);
    int32_t at = lower_bound(index.keys, 0, (int32_t)index.count, key);
    if (from == z) {
        if (at < index.count && index.keys[at] == key) *lower = row_at(index, at++);
        if (z + 1 > index.high[3]) return;
    }
    const uint64_t next = from == z ? key + 1 : key;
    if (at < index.count && index.keys[at] == next) *upper = row_at(index, at);
}

static __global__ void __launch_bounds__(THREADS)
    index_points(lac__search index, const float *points, int64_t n, Stride stride, int64_t *found) {
    for (int64_t i = thread_number(); i < n; i += thread_count()) {
        int64_t cell[4], row = -1, above;
        double fraction[3];
        if (cell_of(points + 4 * i, stride, cell, fraction))
            find_pair(index, cell[0], cell[1], cell[2], cell[3], &row, &above);
        found[i] = row;
    }
}

static Stride stride_of(const int32_t stride[3]) {
    Stride s;
    for (int i = 0; i < 3; i++) s.axis[i] = stride[i];
    return s;
}

void lac__launch_point_index(lac__gpu *gpu, const lac__search *index, const float *points,
                             int64_t n, const int32_t stride[3], int64_t *found) {
    if (n > 0)
        LAC_LAUNCH(gpu, index_points, coords_blocks(n), THREADS, 0, *index, points, n,
                   stride_of(stride), found);
}

static __global__ void __launch_bounds__(THREADS)
    find_corners(lac__search index, const float *points, int64_t n, Stride stride, bool nearest,
                 int64_t *found, float *weights) {
    for (int64_t i = thread_number(); i < n; i += thread_count()) {
        int64_t cell[4], row[8];
        double fraction[3] = {0, 0, 0}, w[8], sum = 0;
        for (int k = 0; k < 8; k++) row[k] = -1;
        if (cell_of(points + 4 * i, stride, cell, fraction)) {
            for (int k = 0; k < (nearest ? 2 : 8); k += 2)
                find_pair(index, cell[0], cell[1] + (k >> 2), cell[2] + (k >> 1 & 1), cell[3],
                          &row[k], &row[k + 1]);
        }
        if (nearest) row[1] = -1;
        for (int k = 0; k < 8; k++) {
            const double a = k & 4 ? fraction[0] : __dadd_rn(1, -fraction[0]);
            const double b = k & 2 ? fraction[1] : __dadd_rn(1, -fraction[1]);
            const double c = k & 1 ? fraction[2] : __dadd_rn(1, -fraction[2]);
            w[k] = row[k] < 0 ? 0 : __dmul_rn(__dmul_rn(a, b), c);
            sum = __dadd_rn(sum, w[k]);
        }
        for (int k = 0; k < 8; k++) {
            found[8 * i + k] = row[k];
            weights[8 * i + k] = nearest ? (k == 0 && row[0] >= 0 ? 1.0f : 0.0f)
                                         : (float)(w[k] / __dadd_rn(sum, 1e-8));
        }
    }
}

void lac__launch_point_corners(lac__gpu *gpu, const lac__search *index, const float *points,
                               int64_t n, const int32_t stride[3], int32_t nearest, int64_t *found,
                               float *weights) {
    if (n > 0)
        LAC_LAUNCH(gpu, find_corners, coords_blocks(n), THREADS, 0, *index, points, n,
                   stride_of(stride), nearest != 0, found, weights);
}
