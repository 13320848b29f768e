/*
 * group_norm.cu - the averages of groups of channels, and the affine map, in float64.
 *
 * A warp adds up the channels of one group, each lane every 32nd of them, and joins the lanes in
 * one order.
 */
#include "launch_pool.h"
#include "point_walk.cuh"

#include <math.h>

static __global__ void __launch_bounds__(LAC__WALK_THREADS)
    average_groups(lac__row_lists lists, const double *sum, int64_t channels, int64_t groups,
                   double *to) {
    const int64_t width = channels / groups;
    const unsigned lane = threadIdx.x % 32;
    for (int64_t i = lac__walk_first() / 32; i < lists.groups * groups;
         i += lac__walk_step() / 32) {
        const lac__place at = lac__place_of(i, groups);
        const int64_t rows = lists.starts[at.row + 1] - lists.starts[at.row];
        const int64_t first = at.row * channels + at.column * width;
        double total = 0;
        for (int64_t c = lane; c < width; c += 32) total += sum[first + c];
        for (int step = 16; step > 0; step /= 2) total += __shfl_xor_sync(0xffffffffu, total, step);
        /* A sample without rows has no average, and no row that asks for it. */
        total = rows == 0 ? 0 : total / ((double)rows * (double)width);
        for (int64_t c = lane; c < width; c += 32) to[first + c] = total;
    }
}

/* A block takes the channels of one sample. */
static __global__ void __launch_bounds__(LAC__WALK_THREADS)
    norm_scales(double *variance, const double *weight, double eps, int64_t channels) {
    variance += blockIdx.x * channels;
    for (int64_t c = threadIdx.x; c < channels; c += LAC__WALK_THREADS) {
        const double away = sqrt(variance[c] + eps);
        variance[c] = (weight == nullptr ? 1 : weight[c]) / away;
    }
}

struct Norm {
    const float *x;
    const int64_t *sample;
    int64_t rows, channels;
    const double *mean, *scale, *bias;
    float *out;
};

static __global__ void __launch_bounds__(LAC__WALK_THREADS) normalise(Norm n) {
    for (int64_t i = lac__walk_first(); i < n.rows * n.channels; i += lac__walk_step()) {
        const lac__place at = lac__place_of(i, n.channels);
        const int64_t s = n.sample == nullptr ? 0 : n.sample[at.row];
        const int64_t c = s * n.channels + at.column;
        double value = ((double)n.x[i] - n.mean[c]) * n.scale[c];
        if (n.bias != nullptr) value += n.bias[at.column];
        n.out[i] = (float)value;
    }
}

void lac__launch_average_groups(lac__gpu *gpu, const lac__row_lists *lists, const double *sum,
                                int64_t channels, int64_t groups, double *to) {
    LAC_LAUNCH(gpu, average_groups, lac__walk_blocks(lists->groups * groups * 32),
               LAC__WALK_THREADS, 0, *lists, sum, channels, groups, to);
}

void lac__launch_norm_scales(lac__gpu *gpu, double *variance, const double *weight, double eps,
                             int64_t samples, int64_t channels) {
    LAC_LAUNCH(gpu, norm_scales, (unsigned)samples, LAC__WALK_THREADS, 0, variance, weight, eps,
               channels);
}

void lac__launch_normalise(lac__gpu *gpu, const float *x, const int64_t *sample, int64_t rows,
                           int64_t channels, const double *mean, const double *scale,
                           const double *bias, float *out) {
    const Norm n = {x, sample, rows, channels, mean, scale, bias, out};
    LAC_LAUNCH(gpu, normalise, lac__walk_blocks(rows * channels), LAC__WALK_THREADS, 0, n);
}
