/*
 * point_mean.cu - means of lists of rows. One thread an element of the result, its sum in the order
 * of the list and in float64: what the CPU computes, to the bit.
 */
#include "launch_points.h"
#include "point_walk.cuh"

template <class T>
static __global__ void __launch_bounds__(LAC__WALK_THREADS)
    mean_rows(const T *feats, lac__row_lists lists, const int64_t *counts, int64_t channels,
              T *out) {
    for (int64_t i = lac__walk_first(); i < lists.groups * channels; i += lac__walk_step()) {
        const lac__place at = lac__place_of(i, channels);
        const int64_t begin = lists.starts[at.row], end = lists.starts[at.row + 1];
        const int64_t count = counts == nullptr ? end - begin : counts[at.row];
        double sum = 0;
        for (int64_t k = begin; count != 0 && k < end; k++) {
            const int64_t row = lists.order == nullptr ? k : lists.order[k];
            sum += (double)feats[row * channels + at.column];
        }
        out[i] = (T)(sum / (count == 0 ? 1.0 : (double)count));
    }
}

template <class T>
static void launch(lac__gpu *gpu, const void *feats, const lac__row_lists *lists,
                   const int64_t *counts, int64_t channels, void *out) {
    LAC_LAUNCH(gpu, (mean_rows<T>), lac__walk_blocks(lists->groups * channels), LAC__WALK_THREADS,
               0, static_cast<const T *>(feats), *lists, counts, channels, static_cast<T *>(out));
}

void lac__launch_scatter_mean(lac__gpu *gpu, int32_t wide, const void *feats,
                              const lac__row_lists *lists, const int64_t *counts, int64_t channels,
                              void *out) {
    if (wide)
        launch<double>(gpu, feats, lists, counts, channels, out);
    else
        launch<float>(gpu, feats, lists, counts, channels, out);
}
