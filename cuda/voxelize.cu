/*
 * voxelize.cu - points to the cells of a grid, and the limits of hard voxelization.
 *
 * Voxels are ordered by their first points, which stand in the order of the points, so limits keep
 * what comes first whichever thread sees it. Cells are computed in float32, each operation rounded:
 * compiled without contraction.
 */
#include "launch_points.h"
#include "point_walk.cuh"

#include <math.h>

/* False outside of the grid, and for NaN. */
__device__ static bool cell_of(const lac__voxelizer &v, int64_t i, int32_t cell[3]) {
    bool inside = true;
    for (int a = 0; a < 3; a++) {
        const float away = v.points[i * v.columns + a] - v.low[a];
        const float c = floorf(away / v.size[a]);
        const bool fits = c >= 0 && (double)c < (double)v.grid[a];
        cell[a] = fits ? (int32_t)c : 0;
        inside = inside && fits;
    }
    return inside;
}

static __global__ void __launch_bounds__(LAC__WALK_THREADS)
    find_inside(lac__voxelizer v, uint8_t *inside, unsigned long long *bad,
                unsigned long long *most) {
    int64_t largest = 0;
    for (int64_t i = lac__walk_first(); i < v.n; i += lac__walk_step()) {
        int32_t cell[3];
        const int64_t sample = v.batch == nullptr ? 0 : v.batch[i];
        if (sample < 0 || sample >= INT32_MAX)
            atomicMin(bad, (unsigned long long)i);
        else
            largest = sample > largest ? sample : largest;
        inside[i] = cell_of(v, i, cell);
    }
    for (int step = 16; step > 0; step /= 2) {
        const int64_t other = __shfl_xor_sync(0xffffffffu, largest, step);
        largest = other > largest ? other : largest;
    }
    if (threadIdx.x % 32 == 0 && largest > 0) atomicMax(most, (unsigned long long)largest);
}

static __global__ void inside_rows(lac__voxelizer v, const int64_t *positions, int64_t count,
                                   int32_t *rows) {
    for (int64_t k = lac__walk_first(); k < count; k += lac__walk_step()) {
        int32_t cell[3];
        const int64_t i = positions[k];
        cell_of(v, i, cell);
        rows[4 * k] = v.batch == nullptr ? 0 : (int32_t)v.batch[i];
        for (int a = 0; a < 3; a++) rows[4 * k + 1 + a] = cell[a];
    }
}

static __global__ void group_heads(const int32_t *group, const int32_t *first, int64_t n,
                                   uint8_t *heads) {
    for (int64_t k = lac__walk_first(); k < n; k += lac__walk_step())
        heads[k] = first[group[k]] == k;
}

static __global__ void sample_keys(const int32_t *rows, const int64_t *heads, int64_t groups,
                                   uint64_t *keys) {
    for (int64_t a = lac__walk_first(); a < groups; a += lac__walk_step())
        keys[a] = (uint64_t)rows[4 * heads[a]];
}

/* Position p is within the limit unless the key `most` positions before it is the same. */
static __global__ void limit_samples(const uint64_t *keys, const int32_t *order, int64_t groups,
                                     int64_t most, int32_t *within) {
    for (int64_t p = lac__walk_first(); p < groups; p += lac__walk_step())
        within[order[p]] = p < most || keys[p - most] != keys[p];
}

static __global__ void label_groups(const int32_t *group, const int64_t *heads,
                                    const int32_t *within, const int32_t *number, int64_t groups,
                                    int32_t *label, int32_t *first) {
    for (int64_t a = lac__walk_first(); a < groups; a += lac__walk_step()) {
        const bool stays = within == nullptr || within[a] != 0;
        const int32_t voxel = number == nullptr ? (int32_t)a : number[a];
        label[group[heads[a]]] = stays ? voxel : -1;
        if (stays) first[voxel] = (int32_t)heads[a];
    }
}

static __global__ void relabel(int32_t *group, const int32_t *label, int64_t n) {
    for (int64_t k = lac__walk_first(); k < n; k += lac__walk_step()) group[k] = label[group[k]];
}

static __global__ void __launch_bounds__(LAC__WALK_THREADS)
    limit_points(lac__row_lists lists, int64_t most, int64_t *num_points,
                 unsigned long long *total) {
    unsigned long long sum = 0;
    for (int64_t v = lac__walk_first(); v < lists.groups; v += lac__walk_step()) {
        const int64_t points = lists.starts[v + 1] - lists.starts[v];
        num_points[v] = points < most ? points : most;
        sum += (unsigned long long)num_points[v];
    }
    for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, step);
    if (threadIdx.x % 32 == 0 && sum > 0) atomicAdd(total, sum);
}

/* Points of voxels, as both results read them. */
struct Voxels {
    const float *points;
    const int64_t *positions;
    lac__row_lists lists;
    const int64_t *num_points;
    int64_t columns;
};

__device__ static float point_of(const Voxels &v, int64_t voxel, int64_t k, int64_t column) {
    const int64_t point = v.positions[v.lists.order[v.lists.starts[voxel] + k]];
    return v.points[point * v.columns + column];
}

static __global__ void __launch_bounds__(LAC__WALK_THREADS) voxel_means(Voxels v, float *feats) {
    for (int64_t i = lac__walk_first(); i < v.lists.groups * v.columns; i += lac__walk_step()) {
        const lac__place at = lac__place_of(i, v.columns);
        const int64_t count = v.num_points[at.row];
        double sum = 0;
        for (int64_t k = 0; k < count; k++) sum += (double)point_of(v, at.row, k, at.column);
        feats[i] = (float)(sum / (double)count);
    }
}

static __global__ void __launch_bounds__(LAC__WALK_THREADS)
    voxel_points(Voxels v, int64_t most, float *raw) {
    for (int64_t i = lac__walk_first(); i < v.lists.groups * most * v.columns;
         i += lac__walk_step()) {
        const lac__place slot = lac__place_of(i, v.columns), at = lac__place_of(slot.row, most);
        const bool full = at.column < v.num_points[at.row];
        raw[i] = full ? point_of(v, at.row, at.column, slot.column) : 0;
    }
}

void lac__launch_find_inside(lac__gpu *gpu, const lac__voxelizer *v, uint8_t *inside, uint64_t *bad,
                             uint64_t *most) {
    LAC_LAUNCH(gpu, find_inside, lac__walk_blocks(v->n), LAC__WALK_THREADS, 0, *v, inside,
               reinterpret_cast<unsigned long long *>(bad),
               reinterpret_cast<unsigned long long *>(most));
}

void lac__launch_inside_rows(lac__gpu *gpu, const lac__voxelizer *v, const int64_t *positions,
                             int64_t count, int32_t *rows) {
    LAC_LAUNCH(gpu, inside_rows, lac__walk_blocks(count), LAC__WALK_THREADS, 0, *v, positions,
               count, rows);
}

void lac__launch_group_heads(lac__gpu *gpu, const int32_t *group, const int32_t *first, int64_t n,
                             uint8_t *heads) {
    LAC_LAUNCH(gpu, group_heads, lac__walk_blocks(n), LAC__WALK_THREADS, 0, group, first, n, heads);
}

void lac__launch_sample_keys(lac__gpu *gpu, const int32_t *rows, const int64_t *heads,
                             int64_t groups, uint64_t *keys) {
    LAC_LAUNCH(gpu, sample_keys, lac__walk_blocks(groups), LAC__WALK_THREADS, 0, rows, heads,
               groups, keys);
}

void lac__launch_limit_samples(lac__gpu *gpu, const uint64_t *keys, const int32_t *order,
                               int64_t groups, int64_t most, int32_t *within) {
    LAC_LAUNCH(gpu, limit_samples, lac__walk_blocks(groups), LAC__WALK_THREADS, 0, keys, order,
               groups, most, within);
}

void lac__launch_label_groups(lac__gpu *gpu, const int32_t *group, const int64_t *heads,
                              const int32_t *within, const int32_t *number, int64_t groups,
                              int32_t *label, int32_t *first) {
    LAC_LAUNCH(gpu, label_groups, lac__walk_blocks(groups), LAC__WALK_THREADS, 0, group, heads,
               within, number, groups, label, first);
}

void lac__launch_relabel(lac__gpu *gpu, int32_t *group, const int32_t *label, int64_t n) {
    LAC_LAUNCH(gpu, relabel, lac__walk_blocks(n), LAC__WALK_THREADS, 0, group, label, n);
}

void lac__launch_limit_points(lac__gpu *gpu, const lac__row_lists *lists, int64_t most,
                              int64_t *num_points, uint64_t *total) {
    LAC_LAUNCH(gpu, limit_points, lac__walk_blocks(lists->groups), LAC__WALK_THREADS, 0, *lists,
               most, num_points, reinterpret_cast<unsigned long long *>(total));
}

static Voxels voxels_of(const lac__voxelizer *v, const int64_t *positions,
                        const lac__row_lists *lists, const int64_t *num_points) {
    const Voxels voxels = {v->points, positions, *lists, num_points, v->columns};
    return voxels;
}

void lac__launch_voxel_means(lac__gpu *gpu, const lac__voxelizer *v, const int64_t *positions,
                             const lac__row_lists *lists, const int64_t *num_points, float *feats) {
    LAC_LAUNCH(gpu, voxel_means, lac__walk_blocks(lists->groups * v->columns), LAC__WALK_THREADS, 0,
               voxels_of(v, positions, lists, num_points), feats);
}

void lac__launch_voxel_points(lac__gpu *gpu, const lac__voxelizer *v, const int64_t *positions,
                              const lac__row_lists *lists, const int64_t *num_points, int64_t most,
                              float *raw) {
    LAC_LAUNCH(gpu, voxel_points, lac__walk_blocks(lists->groups * most * v->columns),
               LAC__WALK_THREADS, 0, voxels_of(v, positions, lists, num_points), most, raw);
}
