/*
 * point_quantize.cu - points to cells in float64, and the features of voxels.
 *
 * The box of the cells is found with integer atomics on bits that are in the order of the numbers,
 * so it does not depend on which thread comes first.
 */
#include "launch_points.h"
#include "point_walk.cuh"

#include <math.h>

using word = unsigned long long;

__device__ static word ordered(double value) {
    const word bits = (word)__double_as_longlong(value), sign = 1ull << 63;
    return bits & sign ? ~bits : bits | sign;
}

__device__ static double value_of(const lac__quantizer &q, int64_t i) {
    return q.wide ? static_cast<const double *>(q.points)[i]
                  : (double)static_cast<const float *>(q.points)[i];
}

/* What a thread, then a block, then all have found. */
struct Found {
    word invalid, outside, first_invalid, low[3], high[3];
};

__device__ static word warp_min(word v) {
    for (int step = 16; step > 0; step /= 2) {
        const word other = __shfl_xor_sync(0xffffffffu, v, step);
        v = other < v ? other : v;
    }
    return v;
}
__device__ static word warp_max(word v) {
    return ~warp_min(~v);
}
__device__ static word warp_sum(word v) {
    for (int step = 16; step > 0; step /= 2) v += __shfl_xor_sync(0xffffffffu, v, step);
    return v;
}

/* Joins into `to`, which is shared or global memory. */
__device__ static void join(Found *to, const Found &f) {
    if (f.invalid) atomicAdd(&to->invalid, f.invalid);
    if (f.outside) atomicAdd(&to->outside, f.outside);
    atomicMin(&to->first_invalid, f.first_invalid);
    for (int a = 0; a < 3; a++) {
        atomicMin(&to->low[a], f.low[a]);
        atomicMax(&to->high[a], f.high[a]);
    }
}

__device__ static void clear(Found *f) {
    f->invalid = f->outside = 0;
    f->first_invalid = ~0ull;
    for (int a = 0; a < 3; a++) {
        f->low[a] = ~0ull;
        f->high[a] = 0;
    }
}

__device__ static bool stays(const lac__quantizer &q, int64_t i, Found *f) {
    bool finite = true, inside = true;
    for (int64_t c = 0; c < q.columns; c++) {
        const double v = value_of(q, i * q.columns + c);
        finite = finite && v - v == 0;
    }
    if (!finite) {
        f->invalid++;
        f->first_invalid = (word)i < f->first_invalid ? (word)i : f->first_invalid;
        return false;
    }
    for (int a = 0; q.has_range && a < 3; a++) {
        const double v = value_of(q, i * q.columns + a);
        if (v < q.range[a] || v >= q.range[a + 3]) inside = false;
    }
    if (!inside) f->outside++;
    return inside;
}

static __global__ void __launch_bounds__(LAC__WALK_THREADS) find_cells(lac__quantizer q) {
    __shared__ Found block;
    Found f;
    clear(&f);
    if (threadIdx.x == 0) clear(&block);
    __syncthreads();
    for (int64_t i = lac__walk_first(); i < q.n; i += lac__walk_step()) {
        const bool staying = stays(q, i, &f);
        q.staying[i] = staying;
        for (int a = 0; staying && a < 3; a++) {
            const double cell = value_of(q, i * q.columns + a) / q.voxel_size[a];
            const double whole = q.nearest ? rint(cell) : floor(cell);
            const word bits = ordered(whole);
            q.cells[3 * i + a] = whole;
            f.low[a] = bits < f.low[a] ? bits : f.low[a];
            f.high[a] = bits > f.high[a] ? bits : f.high[a];
        }
    }
    f.invalid = warp_sum(f.invalid);
    f.outside = warp_sum(f.outside);
    f.first_invalid = warp_min(f.first_invalid);
    for (int a = 0; a < 3; a++) {
        f.low[a] = warp_min(f.low[a]);
        f.high[a] = warp_max(f.high[a]);
    }
    if (threadIdx.x % 32 == 0) join(&block, f);
    __syncthreads();
    if (threadIdx.x == 0) join(reinterpret_cast<Found *>(q.counts), block);
}

struct Origin {
    double at[3];
};

static __global__ void cell_rows(const double *cells, const int64_t *positions, int64_t kept,
                                 Origin origin, int32_t *rows) {
    for (int64_t k = lac__walk_first(); k < kept; k += lac__walk_step()) {
        rows[4 * k] = 0;
        for (int a = 0; a < 3; a++)
            rows[4 * k + 1 + a] = (int32_t)(cells[3 * positions[k] + a] - origin.at[a]);
    }
}

static __global__ void first_misfit(const double *cells, const int64_t *positions, int64_t kept,
                                    Origin origin, word *bad) {
    for (int64_t k = lac__walk_first(); k < kept; k += lac__walk_step()) {
        bool fits = true;
        for (int a = 0; a < 3; a++) {
            const double cell = cells[3 * positions[k] + a] - origin.at[a];
            if (!(cell >= (double)INT32_MIN && cell <= (double)INT32_MAX)) fits = false;
        }
        if (!fits) atomicMin(bad, (word)k);
    }
}

static __global__ void __launch_bounds__(LAC__WALK_THREADS) voxel_feats(lac__voxel_feats v) {
    for (int64_t i = lac__walk_first(); i < v.voxels * v.channels; i += lac__walk_step()) {
        const lac__place at = lac__place_of(i, v.channels);
        const float *feats = v.feats + at.column;
        const float first = feats[v.positions[v.first[at.row]] * v.channels];
        if (v.reduce == LAC_POINT_FIRST) {
            v.out[i] = first;
            continue;
        }
        const int64_t begin = v.lists.starts[at.row], end = v.lists.starts[at.row + 1];
        double sum = (double)first;
        float most = first;
        for (int64_t k = begin + 1; k < end; k++) {
            const float f = feats[v.positions[v.lists.order[k]] * v.channels];
            sum += (double)f;
            if (f > most || f != f) most = f;
        }
        v.out[i] = v.reduce == LAC_POINT_MAX ? most : (float)(sum / (double)(end - begin));
    }
}

void lac__launch_find_cells(lac__gpu *gpu, const lac__quantizer *q) {
    static_assert(sizeof(Found) <= sizeof(lac__point_counts) &&
                      offsetof(Found, first_invalid) ==
                          offsetof(lac__point_counts, first_invalid) &&
                      offsetof(Found, high) == offsetof(lac__point_counts, high),
                  "Found is the head of lac__point_counts");
    LAC_LAUNCH(gpu, find_cells, lac__walk_blocks(q->n), LAC__WALK_THREADS, 0, *q);
}

static Origin origin_of(const double origin[3]) {
    const Origin o = {{origin[0], origin[1], origin[2]}};
    return o;
}

void lac__launch_cell_rows(lac__gpu *gpu, const double *cells, const int64_t *positions,
                           int64_t kept, const double origin[3], int32_t *rows) {
    LAC_LAUNCH(gpu, cell_rows, lac__walk_blocks(kept), LAC__WALK_THREADS, 0, cells, positions, kept,
               origin_of(origin), rows);
}

void lac__launch_first_misfit(lac__gpu *gpu, const double *cells, const int64_t *positions,
                              int64_t kept, const double origin[3], uint64_t *bad) {
    LAC_LAUNCH(gpu, first_misfit, lac__walk_blocks(kept), LAC__WALK_THREADS, 0, cells, positions,
               kept, origin_of(origin), reinterpret_cast<word *>(bad));
}

void lac__launch_voxel_feats(lac__gpu *gpu, const lac__voxel_feats *v) {
    LAC_LAUNCH(gpu, voxel_feats, lac__walk_blocks(v->voxels * v->channels), LAC__WALK_THREADS, 0,
               *v);
}
