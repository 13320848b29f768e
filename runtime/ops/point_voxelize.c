/*
 * point_voxelize.c - a point tensor's first voxels: floor of the scaled points, features their mean
 * (Tang et al. 2020, SPVConv).
 */
#include "core/shape.h"
#include "sparse/device_points.h"
#include "sparse/group_rows.h"
#include "sparse/point.h"
#include "sparse/sparse_tensor.h"

#include <math.h>
#include <string.h>

static lac_status scale_points(lac_context *ctx, const lac_tensor *points, double ratio,
                               lac_tensor **out) {
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_F32, 2, points->shape, out));
    const float *from = lac__data(points);
    float *to = lac__data(*out);
    for (int64_t i = 0; i < 4 * points->shape[0]; i++)
        to[i] = i % 4 == 0 ? from[i] : (float)((double)from[i] * ratio);
    return LAC_OK;
}

static lac_status floor_rows(const lac_tensor *points, int32_t *rows) {
    const float *from = lac__data(points);
    for (int64_t i = 0; i < 4 * points->shape[0]; i++) {
        const double cell = floor((double)from[i]);
        if (!isfinite(cell))
            return lac__fail(LAC_ERR_RANGE,
                             "initial_voxelize: point %lld holds a NaN or an infinity, expected "
                             "finite coordinates",
                             (long long)(i / 4));
        if (!(cell >= INT32_MIN && cell <= INT32_MAX))
            return lac__fail(LAC_ERR_RANGE,
                             "initial_voxelize: point %lld lies in voxel %.0f, which does not fit "
                             "int32: a larger voxel size",
                             (long long)(i / 4), cell);
        rows[i] = (int32_t)cell;
    }
    return LAC_OK;
}

typedef struct work {
    lac_tensor *plain, *feats;
    lac__point_voxels made;
    lac_coords *coords;
    lac__block cells, group, first;
} work;

/* The unique rows and the row of each point. */
static lac_status make_voxels(lac_context *ctx, work *w) {
    const int64_t n = w->made.scaled->shape[0];
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)n * 4 * sizeof(int32_t), &w->cells));
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)n * sizeof(int32_t), &w->group));
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)n * sizeof(int32_t), &w->first));
    const int32_t *cells = w->cells.data, *group = w->group.data, *first = w->first.data;
    int64_t voxels = 0;
    LAC_TRY(floor_rows(w->made.scaled, w->cells.data));
    LAC_TRY(lac__group_rows(ctx, cells, n, w->group.data, w->first.data, &voxels));
    const int64_t shape[2] = {voxels, 4};
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_I32, 2, shape, &w->made.rows));
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_I64, 1, &n, &w->made.index));
    int32_t *rows = lac__data(w->made.rows);
    int64_t *index = lac__data(w->made.index);
    for (int64_t v = 0; v < voxels; v++)
        memcpy(rows + 4 * v, cells + 4 * (int64_t)first[v], 4 * sizeof *rows);
    for (int64_t i = 0; i < n; i++) index[i] = group[i];
    return LAC_OK;
}

static lac_status compute(lac_context *ctx, double ratio, work *w) {
    const lac__device_points *gpu = lac__device_of(w->plain)->backend->points;
    if (gpu != NULL) return gpu->point_voxelize(ctx, w->plain, ratio, &w->made);
    LAC_TRY(scale_points(ctx, w->plain, ratio, &w->made.scaled));
    return make_voxels(ctx, w);
}

static void hand_over(lac_tensor **from, lac_tensor **to) {
    if (to == NULL) return;
    *to = *from;
    *from = NULL;
}

lac_status lac_point_voxelize(lac_context *ctx, lac_tensor *points, lac_tensor *feats, double ratio,
                              lac_sparse **x, lac_tensor **scaled, lac_tensor **index) {
    LAC_NEED("point_voxelize", ctx, points, feats, x);
    if (!(ratio > 0) || !isfinite(ratio))
        return lac__fail(
            LAC_ERR_ARGUMENT,
            "initial_voxelize: ratio %g of the voxel sizes, expected a positive number", ratio);
    LAC_TRY(lac__check_interrupt(ctx));
    work w = {0};
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__point_rows(ctx, "initial_voxelize", points, &w.plain));
    LAC_TRY_OUT(compute(ctx, ratio, &w));
    const int64_t voxels = w.made.rows->shape[0];
    lac_tensor *rows = w.made.rows;
    w.made.rows = NULL; /* taken over */
    LAC_TRY_OUT(lac__coords_adopt(ctx, rows, &w.coords));
    LAC_TRY_OUT(lac_scatter_mean(ctx, feats, w.made.index, voxels, NULL, &w.feats));
    LAC_TRY_OUT(lac_sparse_create(ctx, w.feats, w.coords, NULL, x));
    hand_over(&w.made.scaled, scaled);
    hand_over(&w.made.index, index);
out:
    lac_coords_release(w.coords);
    lac_tensor_release(w.plain);
    lac_tensor_release(w.made.scaled);
    lac_tensor_release(w.made.rows);
    lac_tensor_release(w.made.index);
    lac_tensor_release(w.feats);
    lac__pool_free(ctx->pool, &w.cells);
    lac__pool_free(ctx->pool, &w.group);
    lac__pool_free(ctx->pool, &w.first);
    return status;
}
