/*
 * dense_norm.cu - batch normalisation: statistics of columns, and what they make of the running
 * ones.
 *
 * In float64 and, but for the order in which rows are added, with the CPU's operations one by one.
 */
#include "dense_fold.cuh"

namespace dense {

/* Squared distances from the mean of the column. */
struct Deviations {
    using Value = double;
    Elementwise<double> x;
    const double *mean;
    template <int N>
    __device__ void operator()(int64_t at, int64_t step, int64_t column, double (&v)[N]) const {
        x(at, step, column, v);
        const double middle = mean[column];
#pragma unroll
        for (int i = 0; i < N; i++) {
            const double d = v[i] - middle;
            v[i] = d * d;
        }
    }
};

static __device__ double value(const lac__per_channel &v, int64_t c, double otherwise) {
    return v.data == nullptr ? otherwise : load_one<double>(v.dtype, v.data, c);
}

static __global__ void __launch_bounds__(THREADS)
    affine(int64_t channels, lac__per_channel mean, lac__per_channel var, lac__per_channel weight,
           lac__per_channel bias, double eps, float *scale, float *shift) {
    const int64_t c = (int64_t)blockIdx.x * THREADS + threadIdx.x;
    if (c >= channels) return;
    const double s = value(weight, c, 1.0) / sqrt(value(var, c, 0.0) + eps);
    scale[c] = (float)s;
    shift[c] = (float)(value(bias, c, 0.0) - value(mean, c, 0.0) * s);
}

static __global__ void __launch_bounds__(THREADS)
    move_running(int64_t channels, double *running, const double *batch, double momentum,
                 double correction) {
    const int64_t c = (int64_t)blockIdx.x * THREADS + threadIdx.x;
    if (c < channels) running[c] = (1 - momentum) * running[c] + momentum * batch[c] * correction;
}

static unsigned blocks(int64_t channels) {
    return (unsigned)((channels + THREADS - 1) / THREADS);
}

} // namespace dense

using namespace dense;

void lac__launch_column_stats(lac__gpu *gpu, const lac__fold *fold, const void *x, int32_t dtype,
                              void *scratch, double *mean, double *var) {
    const double rows = fold->n > 0 ? (double)fold->n : 1.0; /* no rows: 0, not NaN */
    const Elementwise<double> source = {x, dtype, false};
    const Deviations deviations = {source, mean};
    const KeepSum<double> means = {mean, LAC_DTYPE_F64, rows},
                          variances = {var, LAC_DTYPE_F64, rows};
    launch_fold<Sum<double>>(gpu, *fold, source, scratch, means);
    launch_fold<Sum<double>>(gpu, *fold, deviations, scratch, variances);
}

void lac__launch_norm_affine(lac__gpu *gpu, int64_t channels, lac__per_channel mean,
                             lac__per_channel var, lac__per_channel weight, lac__per_channel bias,
                             double eps, float *scale, float *shift) {
    LAC_LAUNCH(gpu, affine, blocks(channels), THREADS, 0, channels, mean, var, weight, bias, eps,
               scale, shift);
}

void lac__launch_norm_running(lac__gpu *gpu, int64_t channels, double *running, const double *batch,
                              double momentum, double correction) {
    LAC_LAUNCH(gpu, move_running, blocks(channels), THREADS, 0, channels, running, batch, momentum,
               correction);
}
