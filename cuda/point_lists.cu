/*
 * point_lists.cu - what lists of rows by number are made from: sorting keys, and the check of
 * indices.
 *
 * The keys are sorted stably, so that the rows of a number stay in their order; launch_sort.h does
 * that and finds where each list begins.
 */
#include "launch_points.h"
#include "point_walk.cuh"

template <class T>
static __global__ void list_keys(const T *number, int64_t n, int64_t groups, uint64_t *keys) {
    for (int64_t i = lac__walk_first(); i < n; i += lac__walk_step()) {
        const int64_t v = (int64_t)number[i];
        keys[i] = (uint64_t)(v < 0 || v > groups ? groups : v);
    }
}

static __global__ void one_list(int64_t n, int64_t *starts) {
    starts[0] = 0;
    starts[1] = n;
}

static __global__ void check_below(const int64_t *index, int64_t n, int64_t limit,
                                   unsigned long long *bad) {
    for (int64_t i = lac__walk_first(); i < n; i += lac__walk_step()) {
        if (index[i] >= limit) {
            atomicMin(bad, (unsigned long long)i);
            return; /* later ones of this thread are larger */
        }
    }
}

void lac__launch_list_keys_i64(lac__gpu *gpu, const int64_t *number, int64_t n, int64_t groups,
                               uint64_t *keys) {
    LAC_LAUNCH(gpu, (list_keys<int64_t>), lac__walk_blocks(n), LAC__WALK_THREADS, 0, number, n,
               groups, keys);
}

void lac__launch_list_keys_i32(lac__gpu *gpu, const int32_t *number, int64_t n, int64_t groups,
                               uint64_t *keys) {
    LAC_LAUNCH(gpu, (list_keys<int32_t>), lac__walk_blocks(n), LAC__WALK_THREADS, 0, number, n,
               groups, keys);
}

void lac__launch_one_list(lac__gpu *gpu, int64_t n, int64_t *starts) {
    LAC_LAUNCH(gpu, one_list, 1, 1, 0, n, starts);
}

void lac__launch_check_below(lac__gpu *gpu, const int64_t *index, int64_t n, int64_t limit,
                             uint64_t *bad) {
    LAC_LAUNCH(gpu, check_below, lac__walk_blocks(n), LAC__WALK_THREADS, 0, index, n, limit,
               reinterpret_cast<unsigned long long *>(bad));
}
