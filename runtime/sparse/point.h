/*
 * point.h - points (b,x,y,z) and the voxels that they lie in.
 */
#ifndef LAC_SPARSE_POINT_H
#define LAC_SPARSE_POINT_H

#include "core/tensor.h"

/** Checks a floating [N,4]; gives it contiguous, computed, in float32. Caller releases. */
lac_status lac__point_rows(lac_context *ctx, const char *op, lac_tensor *points, lac_tensor **out);

/** Trilinear weights of the 8 cells around a point at `fraction` (each in [0,1)) of its cell; missing
 *  cells have a negative index. */
static inline void lac__corner_weights(const double fraction[3], const int64_t index[8],
                                       float weights[8]) {
    double w[8], sum = 0;
    for (int k = 0; k < 8; k++) {
        const double a = k & 4 ? fraction[0] : 1 - fraction[0];
        const double b = k & 2 ? fraction[1] : 1 - fraction[1];
        const double c = k & 1 ? fraction[2] : 1 - fraction[2];
        w[k] = index[k] < 0 ? 0 : a * b * c;
        sum += w[k];
    }
    for (int k = 0; k < 8; k++) weights[k] = (float)(w[k] / (sum + 1e-8));
}

#endif
