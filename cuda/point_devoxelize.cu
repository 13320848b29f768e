/*
 * point_devoxelize.cu - weighted sums of rows, their terms in ascending order, and trilinear
 * weights. Compiled without contraction: the CPU rounds every product and sum, and results are to
 * be equal.
 */
#include "launch_points.h"
#include "point_walk.cuh"

#include <math.h>

template <class T>
static __global__ void __launch_bounds__(LAC__WALK_THREADS)
    weigh_rows(const T *feats, const int64_t *index, const T *weights, int64_t values,
               int64_t terms, int64_t channels, T *out) {
    for (int64_t i = lac__walk_first(); i < values; i += lac__walk_step()) {
        const lac__place at = lac__place_of(i, channels);
        T sum = 0;
        for (int64_t k = at.row * terms; k < (at.row + 1) * terms; k++) {
            if (index[k] >= 0) sum += weights[k] * feats[index[k] * channels + at.column];
        }
        out[i] = sum;
    }
}

/* As lac__corner_weights of the CPU: cell k is the far one on axis 0, 1, 2 by its bits 2, 1, 0. */
static __global__ void __launch_bounds__(LAC__WALK_THREADS)
    corner_weights(const double *points, int64_t columns, const int64_t *index, int64_t n,
                   double scale, float *weights) {
    for (int64_t i = lac__walk_first(); i < n; i += lac__walk_step()) {
        double near[3], far[3];
        for (int a = 0; a < 3; a++) {
            const double f = points[i * columns + a] / scale;
            far[a] = f - floor(f);
            near[a] = 1 - far[a];
        }
        double w[8], sum = 0;
        for (int k = 0; k < 8; k++) {
            const double product = (k & 4 ? far[0] : near[0]) * (k & 2 ? far[1] : near[1]) *
                                   (k & 1 ? far[2] : near[2]);
            w[k] = index[8 * i + k] < 0 ? 0 : product;
            sum += w[k];
        }
        for (int k = 0; k < 8; k++) weights[8 * i + k] = (float)(w[k] / (sum + 1e-8));
    }
}

template <class T>
static void launch(lac__gpu *gpu, const void *feats, const int64_t *index, const void *weights,
                   int64_t n, int64_t terms, int64_t channels, void *out) {
    LAC_LAUNCH(gpu, (weigh_rows<T>), lac__walk_blocks(n * channels), LAC__WALK_THREADS, 0,
               static_cast<const T *>(feats), index, static_cast<const T *>(weights), n * channels,
               terms, channels, static_cast<T *>(out));
}

void lac__launch_devoxelize(lac__gpu *gpu, int32_t wide, const void *feats, const int64_t *index,
                            const void *weights, int64_t n, int64_t terms, int64_t channels,
                            void *out) {
    if (wide)
        launch<double>(gpu, feats, index, weights, n, terms, channels, out);
    else
        launch<float>(gpu, feats, index, weights, n, terms, channels, out);
}

void lac__launch_corner_weights(lac__gpu *gpu, const double *points, int64_t columns,
                                const int64_t *index, int64_t n, double scale, float *weights) {
    LAC_LAUNCH(gpu, corner_weights, lac__walk_blocks(n), LAC__WALK_THREADS, 0, points, columns,
               index, n, scale, weights);
}
