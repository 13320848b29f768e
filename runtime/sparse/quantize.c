/*
 * quantize.c - points to unique voxels.
 */
#include "core/backend.h"
#include "core/checked.h"
#include "sparse/device_points.h"
#include "sparse/sparse_tensor.h"

#include <math.h>
#include <string.h>

typedef struct quantizer {
    const lac_quantize_options *options;
    lac_tensor *points, *feats; /* contiguous; feats float32 */
    int64_t n, columns;
    const double *wide; /* the points' memory, by their dtype */
    const float *narrow;
    lac__block cells_block, kept_block, rows_block, order_block, starts_block;
    double *cells;                /* [n][3] indices before the origin */
    int32_t *kept, *rows, *order; /* points that stay, their rows (0,x,y,z), sorted */
    int32_t *starts;              /* [voxels + 1]: positions in the order */
    int64_t kept_count, voxels, invalid, outside;
} quantizer;

static inline double value(const quantizer *q, int64_t i) {
    return q->wide != NULL ? q->wide[i] : (double)q->narrow[i];
}

static bool finite_point(const quantizer *q, int64_t i) {
    for (int64_t c = 0; c < q->columns; c++) {
        if (!isfinite(value(q, i * q->columns + c))) return false;
    }
    return true;
}

/* floor(x) without a call into libm wherever x fits int64. */
static inline double floor_of(double x) {
    if (!(fabs(x) < 0x1p62)) return floor(x);
    const int64_t whole = (int64_t)x;
    return (double)(whole - ((double)whole > x));
}

/* Which points stay, and their cells in float64. */
static lac_status find_cells(lac_context *ctx, quantizer *q) {
    const lac_quantize_options *o = q->options;
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)q->n * 3 * sizeof(double), &q->cells_block));
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)q->n * sizeof(int32_t), &q->kept_block));
    q->cells = q->cells_block.data;
    q->kept = q->kept_block.data;
    if (q->points->dtype == LAC_DTYPE_F64)
        q->wide = lac__data(q->points);
    else
        q->narrow = lac__data(q->points);
    const bool nearest = o->rounding == LAC_ROUND_NEAREST;
    for (int64_t i = 0; i < q->n; i++) {
        if (!finite_point(q, i)) {
            if (o->invalid_error)
                return lac__fail(LAC_ERR_RANGE, "quantize: point %lld holds a NaN or an infinity",
                                 (long long)i);
            q->invalid++;
            continue;
        }
        bool inside = true;
        double *cells = q->cells + 3 * q->kept_count;
        for (int a = 0; a < 3; a++) {
            const double p = value(q, i * q->columns + a);
            if (o->has_range && (p < o->range[a] || p >= o->range[a + 3])) inside = false;
            const double cell = p / o->voxel_size[a];
            cells[a] = nearest ? nearbyint(cell) : floor_of(cell);
        }
        if (inside)
            q->kept[q->kept_count++] = (int32_t)i;
        else
            q->outside++;
    }
    return LAC_OK;
}

/* int32 rows relative to the origin. */
static lac_status make_rows(lac_context *ctx, quantizer *q) {
    double origin[3] = {0, 0, 0};
    for (int a = 0; q->options->origin_min && a < 3; a++) {
        for (int64_t i = 0; i < q->kept_count; i++) {
            if (i == 0 || q->cells[3 * i + a] < origin[a]) origin[a] = q->cells[3 * i + a];
        }
    }
    LAC_TRY(
        lac__pool_alloc(ctx->pool, (size_t)q->kept_count * 4 * sizeof(int32_t), &q->rows_block));
    q->rows = q->rows_block.data;
    for (int64_t i = 0; i < q->kept_count; i++) {
        q->rows[4 * i] = 0;
        for (int a = 0; a < 3; a++) {
            const double cell = q->cells[3 * i + a] - origin[a];
            if (!(cell >= INT32_MIN && cell <= INT32_MAX))
                return lac__fail(
                    LAC_ERR_RANGE,
                    "quantize: point %d lies in voxel %.0f on axis %d, which does not fit int32: a larger voxel_size or a range",
                    q->kept[i], cell, a + 1);
            q->rows[4 * i + a + 1] = (int32_t)cell;
        }
    }
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)q->kept_count * sizeof(int32_t), &q->order_block));
    q->order = q->order_block.data;
    return lac__order_rows(ctx, q->rows, q->kept_count, q->order);
}

/* Where each voxel's points begin in the order. */
static lac_status find_starts(lac_context *ctx, quantizer *q) {
    const size_t count = (size_t)q->kept_count + 1;
    LAC_TRY(lac__pool_alloc(ctx->pool, count * sizeof(int32_t), &q->starts_block));
    q->starts = q->starts_block.data;
    uint64_t last[2] = {0, 0};
    for (int64_t i = 0; i < q->kept_count && !lac__interrupted(ctx); i++) {
        uint64_t row[2];
        memcpy(row, q->rows + 4 * (int64_t)q->order[i], sizeof row);
        q->starts[q->voxels] = (int32_t)i; /* overwritten unless a voxel starts here */
        q->voxels += i == 0 || ((row[0] ^ last[0]) | (row[1] ^ last[1])) != 0;
        memcpy(last, row, sizeof last);
    }
    q->starts[q->voxels] = (int32_t)q->kept_count;
    return lac__check_interrupt(ctx);
}

static void reduce_feats(const quantizer *q, const float *feats, int64_t begin, int64_t end,
                         float *out) {
    const int64_t width = q->feats->shape[1];
    const float *first = feats + (int64_t)q->kept[q->order[begin]] * width;
    if (q->options->reduce == LAC_POINT_FIRST) {
        for (int64_t c = 0; c < width; c++) out[c] = first[c];
        return;
    }
    for (int64_t c = 0; c < width; c++) {
        double sum = first[c];
        float most = first[c];
        for (int64_t i = begin + 1; i < end; i++) {
            const float f = feats[(int64_t)q->kept[q->order[i]] * width + c];
            sum += f;
            if (f > most || isnan(f)) most = f;
        }
        out[c] = q->options->reduce == LAC_POINT_MAX ? most : (float)(sum / (double)(end - begin));
    }
}

static lac_status make_results(lac_context *ctx, quantizer *q, lac__quantized *r) {
    LAC_TRY(find_starts(ctx, q));
    r->invalid = q->invalid;
    r->outside = q->outside;
    const int64_t rows_shape[2] = {q->voxels, 4}, feats_shape[2] = {q->voxels, q->feats->shape[1]};
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_I32, 2, rows_shape, &r->rows));
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_F32, 2, feats_shape, &r->feats));
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_I64, 1, &q->n, &r->inverse));
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_I64, 1, &q->voxels, &r->index));
    int64_t *inverse = lac__data(r->inverse), *index = lac__data(r->index);
    int32_t *rows = lac__data(r->rows);
    float *feats = lac__data(r->feats);
    const float *from = lac__data(q->feats);
    for (int64_t i = 0; i < q->n; i++) inverse[i] = -1;
    for (int64_t voxel = 0; voxel < q->voxels && !lac__interrupted(ctx); voxel++) {
        const int64_t begin = q->starts[voxel], end = q->starts[voxel + 1];
        for (int64_t i = begin; i < end; i++) inverse[q->kept[q->order[i]]] = voxel;
        index[voxel] = q->kept[q->order[begin]]; /* the sort is stable: the lowest number */
        memcpy(rows + 4 * voxel, q->rows + 4 * (int64_t)q->order[begin], 4 * sizeof *rows);
        reduce_feats(q, from, begin, end, feats + voxel * feats_shape[1]);
    }
    return lac__check_interrupt(ctx);
}

static lac_status check(const lac_tensor *points, const lac_quantize_options *o) {
    char text[LAC__SHAPE_TEXT];
    if (o == NULL || o->size != sizeof *o)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "quantize: options.size is not sizeof(lac_quantize_options)");
    if (o->rounding != LAC_ROUND_FLOOR && o->rounding != LAC_ROUND_NEAREST)
        return lac__fail(LAC_ERR_ARGUMENT, "quantize: there is no rounding %d", (int)o->rounding);
    if ((int)o->reduce < LAC_POINT_FIRST || (int)o->reduce > LAC_POINT_MAX)
        return lac__fail(LAC_ERR_ARGUMENT, "quantize: there is no reduce %d", (int)o->reduce);
    if (points->ndim != 2 || points->shape[1] < 3)
        return lac__fail(LAC_ERR_SHAPE, "quantize: points of shape %s, expected [N, 3 or more]",
                         lac__shape_text(points, text));
    if (!lac__is_floating(points->dtype))
        return lac__fail(LAC_ERR_DTYPE, "quantize: %s points, expected a floating dtype",
                         lac_dtype_name(points->dtype));
    if (points->shape[0] > INT32_MAX)
        return lac__fail(LAC_ERR_SHAPE, "quantize: %lld points, expected at most 2^31 - 1",
                         (long long)points->shape[0]);
    for (int a = 0; a < 3; a++) {
        if (!(o->voxel_size[a] > 0) || !isfinite(o->voxel_size[a]))
            return lac__fail(LAC_ERR_ARGUMENT,
                             "quantize: voxel_size %g on axis %d, expected a positive number",
                             o->voxel_size[a], a + 1);
        if (o->has_range && !(o->range[a] < o->range[a + 3]))
            return lac__fail(LAC_ERR_ARGUMENT, "quantize: range from %g to %g on axis %d is empty",
                             o->range[a], o->range[a + 3], a + 1);
    }
    const lac_tensor *f = o->feats;
    if (f != NULL && (f->ndim != 2 || f->shape[0] != points->shape[0]))
        return lac__fail(LAC_ERR_SHAPE,
                         "quantize: feats of shape %s for %lld points, expected [N, C]",
                         lac__shape_text(f, text), (long long)points->shape[0]);
    return lac__same_device("quantize: feats", points, f);
}

/* A contiguous tensor in `dtype`, or in its own where `dtype` is its own. */
static lac_status in_dtype(lac_context *ctx, lac_tensor *t, lac_dtype dtype, lac_tensor **out) {
    LAC_TRY(lac__read(ctx, t));
    return t->dtype == dtype ? lac_contiguous(ctx, t, out) : lac_convert(ctx, t, dtype, out);
}

static lac_status compute(lac_context *ctx, quantizer *q, lac__quantized *r) {
    const lac__device_points *gpu = lac__device_of(q->points)->backend->points;
    if (gpu != NULL) return gpu->quantize(ctx, q->points, q->feats, q->options, r);
    LAC_TRY(find_cells(ctx, q));
    LAC_TRY(lac__check_interrupt(ctx));
    LAC_TRY(make_rows(ctx, q));
    return make_results(ctx, q, r);
}

lac_status lac_quantize(lac_context *ctx, lac_tensor *points, const lac_quantize_options *options,
                        lac_sparse **x, lac_tensor **inverse, lac_tensor **index,
                        int64_t *dropped) {
    LAC_NEED("quantize", ctx, points, x);
    LAC_TRY(check(points, options));
    LAC_TRY(lac__check_interrupt(ctx));
    quantizer q = {.options = options, .n = points->shape[0], .columns = points->shape[1]};
    lac__quantized r = {0};
    lac_coords *coords = NULL;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(in_dtype(
        ctx, points, points->dtype == LAC_DTYPE_F64 ? LAC_DTYPE_F64 : LAC_DTYPE_F32, &q.points));
    LAC_TRY_OUT(
        in_dtype(ctx, options->feats != NULL ? options->feats : points, LAC_DTYPE_F32, &q.feats));
    LAC_TRY_OUT(compute(ctx, &q, &r));
    status = lac__coords_adopt(ctx, r.rows, &coords);
    r.rows = NULL;
    if (status != LAC_OK) goto out;
    const lac_sparse_desc desc = {.size = sizeof desc, .stride = {1, 1, 1}, .batch_size = 1};
    LAC_TRY_OUT(lac_sparse_create(ctx, r.feats, coords, &desc, x));
    if (inverse != NULL) {
        *inverse = r.inverse;
        r.inverse = NULL;
    }
    if (index != NULL) {
        *index = r.index;
        r.index = NULL;
    }
    if (dropped != NULL) {
        dropped[0] = r.invalid;
        dropped[1] = r.outside;
    }
out:
    lac_coords_release(coords);
    lac_tensor_release(r.rows);
    lac_tensor_release(r.feats);
    lac_tensor_release(r.inverse);
    lac_tensor_release(r.index);
    lac_tensor_release(q.points);
    lac_tensor_release(q.feats);
    lac__pool_free(ctx->pool, &q.cells_block);
    lac__pool_free(ctx->pool, &q.kept_block);
    lac__pool_free(ctx->pool, &q.rows_block);
    lac__pool_free(ctx->pool, &q.order_block);
    lac__pool_free(ctx->pool, &q.starts_block);
    return status;
}
