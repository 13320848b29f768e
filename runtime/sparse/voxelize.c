/*
 * voxelize.c - points to the voxels of a grid over a range, as detection networks take them: with at most
 * so many points a voxel and voxels a sample (hard; Zhou and Tuzel 2018, VoxelNet), or all of them
 * (dynamic; Zhou et al. 2019).
 */
#include "core/backend.h"
#include "core/checked.h"
#include "sparse/device_points.h"
#include "sparse/group_rows.h"
#include "sparse/sparse_tensor.h"

#include <math.h>
#include <string.h>

typedef struct voxelizer {
    const lac_voxelize_options *options;
    lac_tensor *points; /* float32 [N,columns], contiguous */
    lac_tensor *batch;  /* int64 [N], contiguous, or NULL */
    int64_t n, columns, inside, voxels, samples, outside, dropped;
    int32_t grid[3];
    lac__block rows_block, kept_block, group_block, first_block;
    int32_t *rows, *kept;   /* the cells (b,x,y,z) of the points inside, and their numbers */
    int32_t *group, *first; /* voxel of each point inside, -1: dropped; first point of each voxel */
} voxelizer;

static lac_status find_grid(voxelizer *v) {
    const lac_voxelize_options *o = v->options;
    for (int a = 0; a < 3; a++) {
        const double low = o->range[a], high = o->range[a + 3], size = o->voxel_size[a];
        if (!(size > 0) || !isfinite(size))
            return lac__fail(LAC_ERR_ARGUMENT,
                             "voxelize: voxel_size %g on axis %d, expected a positive number", size,
                             a + 1);
        if (!isfinite(low) || !isfinite(high) || !(low < high))
            return lac__fail(LAC_ERR_ARGUMENT, "voxelize: range from %g to %g on axis %d is empty",
                             low, high, a + 1);
        const double cells = nearbyint((high - low) / size);
        if (!(cells >= 1 && cells <= INT32_MAX))
            return lac__fail(LAC_ERR_RANGE,
                             "voxelize: %.0f cells of %g from %g to %g on axis %d, expected 1 to "
                             "2^31 - 1",
                             cells, size, low, high, a + 1);
        v->grid[a] = (int32_t)cells;
    }
    return LAC_OK;
}

static lac_status check(const lac_tensor *points, const lac_voxelize_options *o) {
    char text[LAC__SHAPE_TEXT];
    if (o == NULL || o->size != sizeof *o)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "voxelize: options.size is not sizeof(lac_voxelize_options)");
    if (!lac__is_floating(points->dtype))
        return lac__fail(LAC_ERR_DTYPE, "voxelize: %s points, expected a floating dtype",
                         lac_dtype_name(points->dtype));
    if (points->ndim != 2 || points->shape[1] < 3 || points->shape[0] > INT32_MAX)
        return lac__fail(LAC_ERR_SHAPE, "voxelize: points of shape %s, expected [N, 3 or more]",
                         lac__shape_text(points, text));
    if (o->max_points < 0 || o->max_voxels < 0)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "voxelize: max_points %lld and max_voxels %lld, expected 1 or more, or 0 "
                         "for no limit",
                         (long long)o->max_points, (long long)o->max_voxels);
    if (o->raw && (o->dynamic || o->max_points == 0))
        return lac__fail(LAC_ERR_ARGUMENT, "voxelize: raw voxels need max_points");
    const lac_tensor *b = o->batch;
    if (b == NULL) return LAC_OK;
    if (b->dtype != LAC_DTYPE_I32 && b->dtype != LAC_DTYPE_I64)
        return lac__fail(LAC_ERR_DTYPE, "voxelize: %s batch indices, expected int32 or int64",
                         lac_dtype_name(b->dtype));
    if (b->ndim != 1 || b->shape[0] != points->shape[0])
        return lac__fail(LAC_ERR_SHAPE,
                         "voxelize: batch indices of shape %s for %lld points, expected [N]",
                         lac__shape_text(b, text), (long long)points->shape[0]);
    return lac__same_device("voxelize: batch", points, b);
}

static lac_status count_samples(voxelizer *v) {
    v->samples = 1;
    const int64_t *batch = v->batch == NULL ? NULL : lac__data(v->batch);
    for (int64_t i = 0; batch != NULL && i < v->n; i++) {
        if (batch[i] < 0 || batch[i] >= INT32_MAX)
            return lac__fail(LAC_ERR_RANGE,
                             "voxelize: batch index %lld of point %lld, expected 0 to 2^31 - 2",
                             (long long)batch[i], (long long)i);
        v->samples = lac__max(v->samples, batch[i] + 1);
    }
    return LAC_OK;
}

/* The cell of a point: every operation rounded to float32. False outside of the grid, and for NaN. */
static bool cell_of(const voxelizer *v, const float *point, int32_t cell[3]) {
    for (int a = 0; a < 3; a++) {
        const float away = point[a] - (float)v->options->range[a];
        const float c = floorf(away / (float)v->options->voxel_size[a]);
        if (!(c >= 0 && (double)c < (double)v->grid[a])) return false;
        cell[a] = (int32_t)c;
    }
    return true;
}

static lac_status find_cells(lac_context *ctx, voxelizer *v) {
    LAC_TRY(count_samples(v));
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)v->n * 4 * sizeof(int32_t), &v->rows_block));
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)v->n * sizeof(int32_t), &v->kept_block));
    v->rows = v->rows_block.data;
    v->kept = v->kept_block.data;
    const float *points = lac__data(v->points);
    for (int64_t i = 0; i < v->n; i++) {
        int32_t *row = v->rows + 4 * v->inside;
        if (!cell_of(v, points + i * v->columns, row + 1)) continue;
        row[0] = v->batch == NULL ? 0 : (int32_t)((const int64_t *)lac__data(v->batch))[i];
        v->kept[v->inside++] = (int32_t)i;
    }
    v->outside = v->n - v->inside;
    return LAC_OK;
}

/* From groups in the order of their cells to voxels in the order of their first points, of which each
 * sample has at most max_voxels. */
static lac_status order_by_appearance(lac_context *ctx, voxelizer *v, int64_t groups) {
    lac__block label_block = {0}, used_block = {0};
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__pool_alloc(ctx->pool, (size_t)groups * sizeof(int32_t), &label_block));
    LAC_TRY_OUT(lac__pool_alloc(ctx->pool, (size_t)v->samples * sizeof(int64_t), &used_block));
    enum { UNSEEN = -2, REFUSED = -1 };
    int32_t *label = label_block.data;
    int64_t *used = used_block.data;
    for (int64_t g = 0; g < groups; g++) label[g] = UNSEEN;
    memset(used, 0, (size_t)v->samples * sizeof *used);
    for (int64_t k = 0; k < v->inside; k++) {
        const int32_t g = v->group[k];
        if (label[g] == UNSEEN) {
            int64_t *count = used + v->rows[4 * k];
            const bool full = v->options->max_voxels > 0 && *count >= v->options->max_voxels;
            label[g] = full ? REFUSED : (int32_t)v->voxels;
            if (!full) {
                v->first[v->voxels++] = (int32_t)k;
                ++*count;
            }
        }
        v->group[k] = label[g];
    }
out:
    lac__pool_free(ctx->pool, &label_block);
    lac__pool_free(ctx->pool, &used_block);
    return status;
}

static lac_status number_voxels(lac_context *ctx, voxelizer *v) {
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)v->inside * sizeof(int32_t), &v->group_block));
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)v->inside * sizeof(int32_t), &v->first_block));
    v->group = v->group_block.data;
    v->first = v->first_block.data;
    int64_t groups = 0;
    LAC_TRY(lac__group_rows(ctx, v->rows, v->inside, v->group, v->first, &groups));
    if (!v->options->dynamic) return order_by_appearance(ctx, v, groups);
    v->voxels = groups;
    return LAC_OK;
}

static lac_status make_results(lac_context *ctx, const voxelizer *v, lac__voxelized *r) {
    const int64_t rows_shape[2] = {v->voxels, 4}, feats_shape[2] = {v->voxels, v->columns};
    const int64_t raw_shape[3] = {v->voxels, v->options->max_points, v->columns};
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_I32, 2, rows_shape, &r->rows));
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_F32, 2, feats_shape, &r->feats));
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_I64, 1, &v->voxels, &r->num_points));
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_I64, 1, &v->n, &r->point_voxel));
    if (v->options->raw) {
        const lac_status status = lac__tensor_new(ctx, LAC_DTYPE_F32, 3, raw_shape, &r->raw);
        if (status != LAC_OK) return lac__prefix(status, "voxelize: max_points points a voxel");
    }
    int32_t *rows = lac__data(r->rows);
    int64_t *num_points = lac__data(r->num_points), *point_voxel = lac__data(r->point_voxel);
    for (int64_t i = 0; i < v->voxels; i++) {
        const int32_t *cell = v->rows + 4 * (int64_t)v->first[i];
        rows[4 * i] = cell[0];
        for (int a = 0; a < 3; a++)
            rows[4 * i + 1 + a] = v->options->order_zyx ? cell[3 - a] : cell[1 + a];
        num_points[i] = 0;
    }
    for (int64_t i = 0; i < v->n; i++) point_voxel[i] = -1;
    if (r->raw != NULL && lac_tensor_numel(r->raw) > 0)
        memset(lac__data(r->raw), 0, (size_t)lac_tensor_numel(r->raw) * sizeof(float));
    return LAC_OK;
}

/* Sums in the order of the points, in float64; the means are rounded once. */
static lac_status fill_results(lac_context *ctx, voxelizer *v, lac__voxelized *r) {
    const int64_t most =
        v->options->dynamic || v->options->max_points == 0 ? INT64_MAX : v->options->max_points;
    const int64_t columns = v->columns;
    int64_t cells = 0;
    lac__block memory = {0};
    if (!lac__mul_size(v->voxels, columns, &cells) || cells > INT64_MAX / (int64_t)sizeof(double))
        return lac__fail(LAC_ERR_SHAPE, "voxelize: too many columns");
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)cells * sizeof(double), &memory));
    double *sums = memory.data;
    const float *points = lac__data(v->points);
    float *feats = lac__data(r->feats), *raw = r->raw == NULL ? NULL : lac__data(r->raw);
    int64_t *num_points = lac__data(r->num_points), *point_voxel = lac__data(r->point_voxel);
    for (int64_t i = 0; i < cells; i++) sums[i] = 0;
    for (int64_t k = 0; k < v->inside; k++) {
        const int64_t voxel = v->group[k];
        const float *point = points + v->kept[k] * columns;
        point_voxel[v->kept[k]] = voxel;
        if (voxel < 0 || num_points[voxel] == most) {
            v->dropped++;
            continue;
        }
        for (int64_t c = 0; c < columns; c++) sums[voxel * columns + c] += (double)point[c];
        if (raw != NULL)
            memcpy(raw + (voxel * most + num_points[voxel]) * columns, point,
                   (size_t)columns * sizeof *raw);
        num_points[voxel]++;
    }
    for (int64_t m = 0; m < v->voxels; m++) {
        const double count = (double)num_points[m];
        for (int64_t i = m * columns; i < (m + 1) * columns; i++)
            feats[i] = (float)(sums[i] / count);
    }
    lac__pool_free(ctx->pool, &memory);
    r->samples = v->samples;
    r->outside = v->outside;
    r->dropped = v->dropped;
    return LAC_OK;
}

static lac_status compute(lac_context *ctx, voxelizer *v, lac__voxelized *r) {
    const lac__device_points *gpu = lac__device_of(v->points)->backend->points;
    if (gpu != NULL) return gpu->voxelize(ctx, v->points, v->batch, v->options, v->grid, r);
    LAC_TRY(find_cells(ctx, v));
    LAC_TRY(number_voxels(ctx, v));
    LAC_TRY(make_results(ctx, v, r));
    return fill_results(ctx, v, r);
}

static lac_status make_sparse(lac_context *ctx, const voxelizer *v, lac__voxelized *r,
                              lac_sparse **x) {
    lac_coords *coords = NULL;
    lac_tensor *rows = r->rows;
    r->rows = NULL; /* taken over */
    LAC_TRY(lac__coords_adopt(ctx, rows, &coords));
    lac_sparse_desc desc = {.size = sizeof desc, .stride = {1, 1, 1}, .has_range = 1};
    desc.batch_size = desc.range[0] = (int32_t)r->samples;
    for (int a = 0; a < 3; a++) desc.range[1 + a] = v->grid[v->options->order_zyx ? 2 - a : a];
    const lac_status status = lac_sparse_create(ctx, r->feats, coords, &desc, x);
    lac_coords_release(coords);
    return status;
}

static lac_tensor *take(lac_tensor **t) {
    lac_tensor *taken = *t;
    *t = NULL;
    return taken;
}

lac_status lac_voxelize(lac_context *ctx, lac_tensor *points, const lac_voxelize_options *options,
                        lac_sparse **x, lac_voxelize_info *info) {
    LAC_NEED("voxelize", ctx, points, x);
    LAC_TRY(check(points, options));
    LAC_TRY(lac__check_interrupt(ctx));
    voxelizer v = {.options = options, .n = points->shape[0], .columns = points->shape[1]};
    lac__voxelized r = {0};
    lac_status status = LAC_OK;
    LAC_TRY_OUT(find_grid(&v));
    LAC_TRY_OUT(lac_convert(ctx, points, LAC_DTYPE_F32, &v.points));
    if (options->batch != NULL)
        LAC_TRY_OUT(lac_convert(ctx, options->batch, LAC_DTYPE_I64, &v.batch));
    LAC_TRY_OUT(compute(ctx, &v, &r));
    LAC_TRY_OUT(make_sparse(ctx, &v, &r, x));
    if (info != NULL) {
        info->num_points = take(&r.num_points);
        info->point_voxel = take(&r.point_voxel);
        info->voxels = take(&r.raw);
        info->points_outside = r.outside;
        info->points_dropped = r.dropped;
        memcpy(info->grid, v.grid, sizeof v.grid);
    }
out:
    lac_tensor_release(v.points);
    lac_tensor_release(v.batch);
    lac_tensor_release(r.rows);
    lac_tensor_release(r.feats);
    lac_tensor_release(r.num_points);
    lac_tensor_release(r.point_voxel);
    lac_tensor_release(r.raw);
    lac__pool_free(ctx->pool, &v.rows_block);
    lac__pool_free(ctx->pool, &v.kept_block);
    lac__pool_free(ctx->pool, &v.group_block);
    lac__pool_free(ctx->pool, &v.first_block);
    return status;
}
