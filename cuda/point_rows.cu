/*
 * point_rows.cu - coordinate rows of points and of the voxels that hold them.
 */
#include "launch_points.h"
#include "point_walk.cuh"

#include <math.h>

static __global__ void take_rows(const int32_t *rows, const int32_t *first, int64_t n, int32_t zyx,
                                 int32_t *out) {
    for (int64_t i = lac__walk_first(); i < 4 * n; i += lac__walk_step()) {
        const int64_t column = i % 4, from = zyx && column > 0 ? 4 - column : column;
        out[i] = rows[4 * (int64_t)first[i / 4] + from];
    }
}

static __global__ void take_positions(const int64_t *positions, const int32_t *first, int64_t n,
                                      int64_t *out) {
    for (int64_t v = lac__walk_first(); v < n; v += lac__walk_step()) out[v] = positions[first[v]];
}

static __global__ void place_numbers(const int32_t *number, const int64_t *positions, int64_t n,
                                     int64_t *out) {
    for (int64_t k = lac__walk_first(); k < n; k += lac__walk_step())
        out[positions == nullptr ? k : positions[k]] = number[k];
}

static __global__ void floor_points(const float *points, int64_t values, double ratio,
                                    float *scaled, int32_t *rows, unsigned long long *bad) {
    for (int64_t i = lac__walk_first(); i < values; i += lac__walk_step()) {
        const float p = i % 4 == 0 ? points[i] : (float)((double)points[i] * ratio);
        const double cell = floor((double)p);
        const bool fits = cell >= (double)INT32_MIN && cell <= (double)INT32_MAX;
        scaled[i] = p;
        rows[i] = fits ? (int32_t)cell : 0;
        if (!fits) atomicMin(bad, (unsigned long long)i);
    }
}

void lac__launch_take_rows(lac__gpu *gpu, const int32_t *rows, const int32_t *first, int64_t n,
                           int32_t zyx, int32_t *out) {
    LAC_LAUNCH(gpu, take_rows, lac__walk_blocks(4 * n), LAC__WALK_THREADS, 0, rows, first, n, zyx,
               out);
}

void lac__launch_take_positions(lac__gpu *gpu, const int64_t *positions, const int32_t *first,
                                int64_t n, int64_t *out) {
    LAC_LAUNCH(gpu, take_positions, lac__walk_blocks(n), LAC__WALK_THREADS, 0, positions, first, n,
               out);
}

void lac__launch_place_numbers(lac__gpu *gpu, const int32_t *number, const int64_t *positions,
                               int64_t n, int64_t *out) {
    LAC_LAUNCH(gpu, place_numbers, lac__walk_blocks(n), LAC__WALK_THREADS, 0, number, positions, n,
               out);
}

void lac__launch_floor_points(lac__gpu *gpu, const float *points, int64_t n, double ratio,
                              float *scaled, int32_t *rows, uint64_t *bad) {
    LAC_LAUNCH(gpu, floor_points, lac__walk_blocks(4 * n), LAC__WALK_THREADS, 0, points, 4 * n,
               ratio, scaled, rows, reinterpret_cast<unsigned long long *>(bad));
}
