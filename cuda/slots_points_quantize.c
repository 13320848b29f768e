/*
 * slots_points_quantize.c - points to unique sorted voxels: lac_quantize and lac_point_voxelize on
 * a device.
 *
 * The host waits for the counts and the box of the cells, which tell whether all rows fit int32,
 * and for the number of voxels.
 */
#include "slots_points.h"

#include "launch_sort.h"

#include <math.h>

typedef struct work {
    lac_context *ctx;
    const lac_quantize_options *options;
    const lac_tensor *points;
    lac__gpu *gpu;
    lac__blocks blocks;
    double *cells;      /* [n][3] */
    int64_t *positions; /* numbers of the points that stay */
    lac__point_counts counts;
    double origin[3];
    lac_tensor *rows; /* int32 [kept][4] */
    int32_t *group, *first;
    int64_t voxels;
} work;

/* Cells, and the numbers of the points that stay. */
static lac_status find_cells(work *w) {
    const lac_quantize_options *o = w->options;
    const int64_t n = w->points->shape[0];
    lac__point_counts *counts = NULL;
    uint8_t *staying = NULL;
    void *scratch = NULL;
    w->counts = (lac__point_counts){.first_invalid = UINT64_MAX,
                                    .low = {UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    if (n == 0) return LAC_OK;
    LAC_TRY(lac__blocks_take(&w->blocks, 3 * n, sizeof *w->cells, &w->cells));
    LAC_TRY(lac__blocks_take(&w->blocks, n, sizeof *w->positions, &w->positions));
    LAC_TRY(lac__blocks_take(&w->blocks, n, sizeof *staying, &staying));
    LAC_TRY(lac__blocks_take(&w->blocks, 1, sizeof *counts, &counts));
    LAC_TRY(lac__blocks_take(&w->blocks, (int64_t)lac__scan_scratch(n), 1, &scratch));
    LAC_TRY(lac__gpu_write(w->gpu, counts, &w->counts, sizeof *counts));
    lac__quantizer q = {.points = lac__data(w->points),
                        .n = n,
                        .columns = w->points->shape[1],
                        .wide = w->points->dtype == LAC_DTYPE_F64,
                        .nearest = o->rounding == LAC_ROUND_NEAREST,
                        .has_range = o->has_range,
                        .cells = w->cells,
                        .staying = staying,
                        .counts = counts};
    for (int a = 0; a < 3; a++) q.voxel_size[a] = o->voxel_size[a];
    for (int a = 0; a < 6; a++) q.range[a] = o->range[a];
    lac__launch_find_cells(w->gpu, &q);
    lac__launch_compact(w->gpu, staying, n, w->positions, &counts->kept, scratch);
    LAC_TRY(lac__gpu_check(w->gpu));
    LAC_TRY(lac__gpu_read(w->gpu, &w->counts, counts, sizeof *counts));
    if (o->invalid_error && w->counts.invalid > 0)
        return lac__fail(LAC_ERR_RANGE, "quantize: point %lld holds a NaN or an infinity",
                         (long long)w->counts.first_invalid);
    return LAC_OK;
}

static bool fits(double cell) {
    return cell >= INT32_MIN && cell <= INT32_MAX;
}

/* Names the first point whose cell does not fit. */
static lac_status name_misfit(work *w) {
    uint64_t *word = NULL, bad = 0;
    int64_t point = 0;
    double cell[3];
    LAC_TRY(lac__blocks_word(&w->blocks, UINT64_MAX, &word));
    lac__launch_first_misfit(w->gpu, w->cells, w->positions, w->counts.kept, w->origin, word);
    LAC_TRY(lac__read_word(&w->blocks, word, &bad));
    LAC_TRY(lac__gpu_read(w->gpu, &point, w->positions + bad, sizeof point));
    LAC_TRY(lac__gpu_read(w->gpu, cell, w->cells + 3 * point, sizeof cell));
    int axis = 0;
    while (axis < 2 && fits(cell[axis] - w->origin[axis])) axis++;
    return lac__fail(
        LAC_ERR_RANGE,
        "quantize: point %lld lies in voxel %.0f on axis %d, which does not fit int32: "
        "a larger voxel_size or a range",
        (long long)point, cell[axis] - w->origin[axis], axis + 1);
}

/* Rows of the points that stay, and which of them are the same. */
static lac_status find_voxels(work *w) {
    const int64_t kept = w->counts.kept, shape[2] = {kept, 4};
    for (int a = 0; kept > 0 && a < 3; a++) {
        const double low = lac__from_ordered(w->counts.low[a]);
        if (w->options->origin_min) w->origin[a] = low;
    }
    for (int a = 0; kept > 0 && a < 3; a++) {
        const double low = lac__from_ordered(w->counts.low[a]);
        const double high = lac__from_ordered(w->counts.high[a]);
        if (!fits(low - w->origin[a]) || !fits(high - w->origin[a])) return name_misfit(w);
    }
    LAC_TRY(
        lac__tensor_new_on(w->ctx, lac__device_of(w->points), LAC_DTYPE_I32, 2, shape, &w->rows));
    lac__launch_cell_rows(w->gpu, w->cells, w->positions, kept, w->origin, lac__data(w->rows));
    return lac__group_device_rows(w->ctx, &w->blocks, w->rows, &w->group, &w->first, &w->voxels);
}

static lac_status make_results(work *w, const lac_tensor *feats, lac__quantized *out) {
    lac__device *device = lac__device_of(w->points);
    const int64_t n = w->points->shape[0], kept = w->counts.kept, voxels = w->voxels;
    const int64_t rows_shape[2] = {voxels, 4}, feats_shape[2] = {voxels, feats->shape[1]};
    LAC_TRY(lac__tensor_new_on(w->ctx, device, LAC_DTYPE_I32, 2, rows_shape, &out->rows));
    LAC_TRY(lac__tensor_new_on(w->ctx, device, LAC_DTYPE_F32, 2, feats_shape, &out->feats));
    LAC_TRY(lac__tensor_new_on(w->ctx, device, LAC_DTYPE_I64, 1, &n, &out->inverse));
    LAC_TRY(lac__tensor_new_on(w->ctx, device, LAC_DTYPE_I64, 1, &voxels, &out->index));
    if (n > 0)
        LAC_TRY(lac__gpu_set(w->gpu, lac__data(out->inverse), 0xff, (size_t)n * sizeof(int64_t)));
    lac__voxel_feats v = {.feats = lac__data(feats),
                          .channels = feats_shape[1],
                          .voxels = voxels,
                          .positions = w->positions,
                          .first = w->first,
                          .reduce = (int32_t)w->options->reduce,
                          .out = lac__data(out->feats)};
    if (w->options->reduce != LAC_POINT_FIRST && kept > 0)
        LAC_TRY(lac__make_lists(&w->blocks, w->group, LAC_DTYPE_I32, kept, voxels, &v.lists));
    lac__launch_take_rows(w->gpu, lac__data(w->rows), w->first, voxels, 0, lac__data(out->rows));
    lac__launch_take_positions(w->gpu, w->positions, w->first, voxels, lac__data(out->index));
    lac__launch_place_numbers(w->gpu, w->group, w->positions, kept, lac__data(out->inverse));
    lac__launch_voxel_feats(w->gpu, &v);
    out->invalid = (int64_t)w->counts.invalid;
    out->outside = (int64_t)w->counts.outside;
    return lac__gpu_check(w->gpu);
}

lac_status lac__cuda_quantize(lac_context *ctx, const lac_tensor *points, const lac_tensor *feats,
                              const lac_quantize_options *options, lac__quantized *out) {
    work w = {.ctx = ctx,
              .options = options,
              .points = points,
              .gpu = lac__gpu_of(points),
              .blocks = {.like = points}};
    lac_status status = find_cells(&w);
    if (status == LAC_OK) status = find_voxels(&w);
    if (status == LAC_OK) status = make_results(&w, feats, out);
    lac_tensor_release(w.rows);
    lac__blocks_free(&w.blocks);
    return status;
}

static lac_status name_point(lac__gpu *gpu, const float *scaled, uint64_t bad) {
    float value = 0;
    LAC_TRY(lac__gpu_read(gpu, &value, scaled + bad, sizeof value));
    if (!(value - value == 0))
        return lac__fail(LAC_ERR_RANGE,
                         "initial_voxelize: point %lld holds a NaN or an infinity, expected "
                         "finite coordinates",
                         (long long)(bad / 4));
    return lac__fail(LAC_ERR_RANGE,
                     "initial_voxelize: point %lld lies in voxel %.0f, which does not fit "
                     "int32: a larger voxel size",
                     (long long)(bad / 4), floor((double)value));
}

lac_status lac__cuda_point_rows(lac_context *ctx, const lac_tensor *points, double ratio,
                                lac__point_voxels *out) {
    lac__gpu *gpu = lac__gpu_of(points);
    lac__device *device = lac__device_of(points);
    lac__blocks blocks = {.like = points};
    lac_tensor *cells = NULL;
    int32_t *group = NULL, *first = NULL;
    uint64_t *word = NULL, bad = 0;
    int64_t voxels = 0;
    const int64_t n = points->shape[0];
    lac_status status = LAC_OK;
    LAC_TRY(lac__check_rows_fit("initial_voxelize", n));
    LAC_TRY_OUT(lac__tensor_new_on(ctx, device, LAC_DTYPE_F32, 2, points->shape, &out->scaled));
    LAC_TRY_OUT(lac__tensor_new_on(ctx, device, LAC_DTYPE_I32, 2, points->shape, &cells));
    if (n > 0) {
        LAC_TRY_OUT(lac__blocks_word(&blocks, UINT64_MAX, &word));
        lac__launch_floor_points(gpu, lac__data(points), n, ratio, lac__data(out->scaled),
                                 lac__data(cells), word);
        LAC_TRY_OUT(lac__read_word(&blocks, word, &bad));
        if (bad != UINT64_MAX) LAC_TRY_OUT(name_point(gpu, lac__data(out->scaled), bad));
    }
    LAC_TRY_OUT(lac__group_device_rows(ctx, &blocks, cells, &group, &first, &voxels));
    const int64_t shape[2] = {voxels, 4};
    LAC_TRY_OUT(lac__tensor_new_on(ctx, device, LAC_DTYPE_I32, 2, shape, &out->rows));
    LAC_TRY_OUT(lac__tensor_new_on(ctx, device, LAC_DTYPE_I64, 1, &n, &out->index));
    lac__launch_take_rows(gpu, lac__data(cells), first, voxels, 0, lac__data(out->rows));
    lac__launch_place_numbers(gpu, group, NULL, n, lac__data(out->index));
    status = lac__gpu_check(gpu);
out:
    lac_tensor_release(cells);
    lac__blocks_free(&blocks);
    return status;
}
