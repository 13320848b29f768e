/*
 * devoxelize.c - from voxels to points: weighted sums of a few rows, and trilinear weights.
 */
#include "core/shape.h"
#include "sparse/device_points.h"
#include "sparse/point.h"

#include <math.h>

static lac_status check(const lac_tensor *feats, const lac_tensor *index,
                        const lac_tensor *weights) {
    char a[LAC__SHAPE_TEXT], b[LAC__SHAPE_TEXT];
    if (!lac__is_floating(feats->dtype) || !lac__is_floating(weights->dtype))
        return lac__fail(LAC_ERR_DTYPE,
                         "devoxelize: %s features and %s weights, expected floating dtypes",
                         lac_dtype_name(feats->dtype), lac_dtype_name(weights->dtype));
    if (feats->ndim != 2)
        return lac__fail(LAC_ERR_SHAPE, "devoxelize: features of shape %s, expected [M, C]",
                         lac__shape_text(feats, a));
    if (index->ndim != 2 || !lac__same_shape(index, weights))
        return lac__fail(
            LAC_ERR_SHAPE,
            "devoxelize: index of shape %s and weights of shape %s, expected [N, 8] twice",
            lac__shape_text(index, a), lac__shape_text(weights, b));
    LAC_TRY(lac__same_device("devoxelize: index", feats, index));
    return lac__same_device("devoxelize: weights", feats, weights);
}

lac_status lac_devoxelize(lac_context *ctx, lac_tensor *feats, lac_tensor *index,
                          lac_tensor *weights, lac_tensor **out) {
    LAC_NEED("devoxelize", ctx, feats, index, weights, out);
    LAC_TRY(check(feats, index, weights));
    lac_tensor *x = NULL, *where = NULL, *w = NULL, *r = NULL;
    lac_status status = LAC_OK;
    const lac_dtype work = lac__wide(feats->dtype);
    const int64_t shape[2] = {index->shape[0], feats->shape[1]};
    LAC_TRY_OUT(lac__as_index(ctx, "devoxelize", index, &where));
    LAC_TRY_OUT(lac__as_contiguous(ctx, weights, work, &w));
    LAC_TRY_OUT(lac__as_contiguous(ctx, feats, work, &x));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, work, 2, shape, &r));
    const lac__devoxelize_args args = {.feats = x, .index = where, .weights = w, .out = r};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, r, devoxelize, &args));
    LAC_TRY_OUT(lac__narrow_result(ctx, feats->dtype, &r));
    *out = r;
    r = NULL;
out:
    lac_tensor_release(x);
    lac_tensor_release(where);
    lac_tensor_release(w);
    lac_tensor_release(r);
    return status;
}

static lac_status check_weights(const lac_tensor *points, const lac_tensor *index, double scale) {
    char a[LAC__SHAPE_TEXT], b[LAC__SHAPE_TEXT];
    if (!lac__is_floating(points->dtype))
        return lac__fail(LAC_ERR_DTYPE, "trilinear_weights: %s points, expected a floating dtype",
                         lac_dtype_name(points->dtype));
    if (points->ndim != 2 || points->shape[1] < 3 || index->ndim != 2 ||
        index->shape[0] != points->shape[0] || index->shape[1] != 8)
        return lac__fail(LAC_ERR_SHAPE,
                         "trilinear_weights: points of shape %s and an index of shape %s, expected "
                         "[N, 3 or more] and [N, 8]",
                         lac__shape_text(points, a), lac__shape_text(index, b));
    if (!(scale > 0) || !isfinite(scale))
        return lac__fail(LAC_ERR_ARGUMENT,
                         "trilinear_weights: scale %g, expected a positive number", scale);
    return lac__same_device("trilinear_weights: index", points, index);
}

lac_status lac_trilinear_weights(lac_context *ctx, lac_tensor *points, lac_tensor *index,
                                 double scale, lac_tensor **out) {
    LAC_NEED("trilinear_weights", ctx, points, index, out);
    LAC_TRY(check_weights(points, index, scale));
    lac_tensor *p = NULL, *where = NULL, *r = NULL;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__as_contiguous(ctx, points, LAC_DTYPE_F64, &p));
    LAC_TRY_OUT(lac__as_index(ctx, "trilinear_weights", index, &where));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, p, LAC_DTYPE_F32, 2, index->shape, &r));
    const lac__device_points *gpu = lac__device_of(p)->backend->points;
    if (gpu != NULL) {
        LAC_TRY_OUT(gpu->corner_weights(ctx, p, where, scale, r));
        *out = r;
        r = NULL;
        goto out;
    }
    const int64_t n = index->shape[0], columns = points->shape[1], *cells = lac__data(where);
    const double *xyz = lac__data(p);
    float *weights = lac__data(r);
#pragma omp parallel for num_threads(ctx->threads) schedule(static) if (n > 1024)
    for (int64_t i = 0; i < n; i++) {
        double fraction[3] = {0};
        for (int a = 0; a < 3; a++) {
            const double f = xyz[i * columns + a] / scale;
            fraction[a] = f - floor(f);
        }
        lac__corner_weights(fraction, cells + 8 * i, weights + 8 * i);
    }
    *out = r;
    r = NULL;
out:
    lac_tensor_release(p);
    lac_tensor_release(where);
    lac_tensor_release(r);
    return status;
}
