/*
 * pool_samples.cu - sums, maxima and means over the rows of each sample.
 *
 * Two launches: every chunk of LAC__CHUNK_ROWS rows of a sample is reduced by one block, then the
 * chunks of a sample by another. In both a warp takes 32 channels of every eighth row or chunk, and
 * the eight results are joined in order: which terms meet when depends on nothing but their places
 * in the sample. All is float64, in which the maximum of float32 values is exact.
 */
#include "launch_pool.h"
#include "point_walk.cuh"

#include <math.h>

enum { THREADS = 256, STRIPS = THREADS / 32, MOST_SLICES = 8 };

struct Sum {
    static __device__ double start() {
        return 0;
    }
    static __device__ double term(float x, double) {
        return (double)x;
    }
    static __device__ double join(double a, double b) {
        return a + b;
    }
};
struct Squares {
    static __device__ double start() {
        return 0;
    }
    static __device__ double term(float x, double mean) {
        const double away = (double)x - mean;
        return away * away;
    }
    static __device__ double join(double a, double b) {
        return a + b;
    }
};
struct Max {
    static __device__ double start() {
        return -INFINITY;
    }
    static __device__ double term(float x, double) {
        return (double)x;
    }
    static __device__ double join(double a, double b) {
        return b > a || b != b ? b : a; /* a NaN comes in and is not replaced */
    }
};

static __global__ void count_chunks(lac__row_lists lists, int64_t *counts) {
    for (int64_t s = lac__walk_first(); s <= lists.groups; s += lac__walk_step()) {
        const int64_t rows = s < lists.groups ? lists.starts[s + 1] - lists.starts[s] : 0;
        counts[s] = (rows + LAC__CHUNK_ROWS - 1) / LAC__CHUNK_ROWS;
    }
}

/* The sample that a chunk belongs to: the last whose first chunk is not after it. */
__device__ static int64_t sample_of(const int64_t *chunk_starts, int64_t samples, int64_t chunk) {
    int64_t low = 0, high = samples - 1;
    while (low < high) {
        const int64_t middle = (low + high + 1) / 2;
        if (chunk_starts[middle] <= chunk)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* Joins the value of each strip, in their order; the first warp gets the result. */
template <class Op> __device__ inline double join_strips(double value) {
    __shared__ double strips[STRIPS][32];
    const unsigned lane = threadIdx.x % 32, strip = threadIdx.x / 32;
    strips[strip][lane] = value;
    __syncthreads();
    if (strip == 0)
        for (int s = 1; s < STRIPS; s++) value = Op::join(value, strips[s][lane]);
    __syncthreads();
    return value;
}

/* mean NULL: not read. */
template <class Op>
static __global__ void __launch_bounds__(THREADS)
    reduce_chunks(lac__samples j, const double *mean) {
    const int64_t samples = j.lists.groups, chunk = blockIdx.x;
    if (chunk >= j.chunk_starts[samples]) return;
    const int64_t s = sample_of(j.chunk_starts, samples, chunk);
    const int64_t first = j.lists.starts[s] + (chunk - j.chunk_starts[s]) * LAC__CHUNK_ROWS;
    const int64_t end = j.lists.starts[s + 1];
    const int64_t last = first + LAC__CHUNK_ROWS < end ? first + LAC__CHUNK_ROWS : end;
    const unsigned lane = threadIdx.x % 32, strip = threadIdx.x / 32;
    for (int64_t slice = blockIdx.y; slice * 32 < j.channels; slice += gridDim.y) {
        const int64_t c = slice * 32 + lane;
        double value = Op::start();
        if (c < j.channels) {
            const double centre = mean == nullptr ? 0 : mean[s * j.channels + c];
            for (int64_t i = first + strip; i < last; i += STRIPS) {
                const int64_t row = j.lists.order == nullptr ? i : j.lists.order[i];
                value = Op::join(value, Op::term(j.x[row * j.channels + c], centre));
            }
        }
        value = join_strips<Op>(value);
        if (strip == 0 && c < j.channels) j.partial[chunk * j.channels + c] = value;
    }
}

/* Into `sum`, or as the result of pooling into `out`. */
template <class Op, bool MEAN>
static __global__ void __launch_bounds__(THREADS)
    reduce_samples(lac__samples j, double *sum, float *out) {
    const int64_t s = blockIdx.x, first = j.chunk_starts[s], last = j.chunk_starts[s + 1];
    const int64_t rows = j.lists.starts[s + 1] - j.lists.starts[s];
    const unsigned lane = threadIdx.x % 32, strip = threadIdx.x / 32;
    for (int64_t slice = blockIdx.y; slice * 32 < j.channels; slice += gridDim.y) {
        const int64_t c = slice * 32 + lane;
        double value = Op::start();
        for (int64_t k = first + strip; c < j.channels && k < last; k += STRIPS)
            value = Op::join(value, j.partial[k * j.channels + c]);
        value = join_strips<Op>(value);
        if (strip != 0 || c >= j.channels) continue;
        if (out == nullptr)
            sum[s * j.channels + c] = value;
        else if (rows == 0)
            out[s * j.channels + c] = 0;
        else
            out[s * j.channels + c] = (float)(MEAN ? value / (double)rows : value);
    }
}

void lac__launch_count_chunks(lac__gpu *gpu, const lac__row_lists *lists, int64_t *counts) {
    LAC_LAUNCH(gpu, count_chunks, lac__walk_blocks(lists->groups + 1), LAC__WALK_THREADS, 0, *lists,
               counts);
}

static dim3 grid_of(const lac__samples *j, int64_t blocks) {
    const int64_t slices = (j->channels + 31) / 32;
    return dim3((unsigned)blocks, (unsigned)(slices < MOST_SLICES ? slices : MOST_SLICES));
}

template <class Op>
static void launch_chunks(lac__gpu *gpu, const lac__samples *j, const double *mean) {
    const dim3 grid = grid_of(j, lac__most_chunks(j->rows, j->lists.groups));
    LAC_LAUNCH(gpu, (reduce_chunks<Op>), grid, THREADS, 0, *j, mean);
}

template <class Op, bool MEAN>
static void launch_samples(lac__gpu *gpu, const lac__samples *j, double *sum, float *out) {
    const dim3 grid = grid_of(j, j->lists.groups);
    LAC_LAUNCH(gpu, (reduce_samples<Op, MEAN>), grid, THREADS, 0, *j, sum, out);
}

void lac__launch_sum_samples(lac__gpu *gpu, const lac__samples *j, const double *mean,
                             double *sum) {
    if (mean == nullptr)
        launch_chunks<Sum>(gpu, j, nullptr);
    else
        launch_chunks<Squares>(gpu, j, mean);
    launch_samples<Sum, true>(gpu, j, sum, nullptr);
}

void lac__launch_pool_samples(lac__gpu *gpu, const lac__samples *j, int32_t mean, float *out) {
    if (mean) {
        launch_chunks<Sum>(gpu, j, nullptr);
        launch_samples<Sum, true>(gpu, j, nullptr, out);
    } else {
        launch_chunks<Max>(gpu, j, nullptr);
        launch_samples<Max, false>(gpu, j, nullptr, out);
    }
}
