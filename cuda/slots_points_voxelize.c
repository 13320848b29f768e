/*
 * slots_points_voxelize.c - points to the voxels of a grid: lac_voxelize on a device.
 *
 * Points inside of the grid are grouped by their cells. Dynamic voxels are these groups; hard ones
 * are put in the order of their first points and cut to the first max_voxels of each sample. The
 * host waits for the number of points inside, of groups, of voxels where they are limited, and of
 * points kept.
 */
#include "slots_points.h"

#include "launch_sort.h"

typedef struct work {
    lac_context *ctx;
    const lac_voxelize_options *options;
    const lac_tensor *points;
    lac__device *device;
    lac__gpu *gpu;
    lac__blocks blocks;
    lac__voxelizer v;
    int64_t *positions; /* numbers of the points inside */
    int64_t inside, samples, groups, voxels;
    lac_tensor *rows;       /* int32 [inside][4] */
    int32_t *group, *first; /* voxel of each point inside; first of them of each voxel */
} work;

/* What the first kernel finds. */
typedef struct counts {
    uint64_t bad, most;
    int64_t inside;
} counts;

static lac_status name_batch(work *w, uint64_t bad) {
    int64_t sample = 0;
    LAC_TRY(lac__gpu_read(w->gpu, &sample, w->v.batch + bad, sizeof sample));
    return lac__fail(LAC_ERR_RANGE,
                     "voxelize: batch index %lld of point %lld, expected 0 to 2^31 - 2",
                     (long long)sample, (long long)bad);
}

static lac_status find_cells(work *w) {
    const int64_t n = w->v.n;
    counts c = {.bad = UINT64_MAX}, *on_device = NULL;
    uint8_t *inside = NULL;
    void *scratch = NULL;
    if (n > 0) {
        LAC_TRY(lac__blocks_take(&w->blocks, n, sizeof *w->positions, &w->positions));
        LAC_TRY(lac__blocks_take(&w->blocks, n, sizeof *inside, &inside));
        LAC_TRY(lac__blocks_take(&w->blocks, 1, sizeof c, &on_device));
        LAC_TRY(lac__blocks_take(&w->blocks, (int64_t)lac__scan_scratch(n), 1, &scratch));
        LAC_TRY(lac__gpu_write(w->gpu, on_device, &c, sizeof c));
        lac__launch_find_inside(w->gpu, &w->v, inside, &on_device->bad, &on_device->most);
        lac__launch_compact(w->gpu, inside, n, w->positions, &on_device->inside, scratch);
        LAC_TRY(lac__gpu_check(w->gpu));
        LAC_TRY(lac__gpu_read(w->gpu, &c, on_device, sizeof c));
        if (c.bad != UINT64_MAX) return name_batch(w, c.bad);
    }
    w->inside = c.inside;
    w->samples = (int64_t)c.most + 1;
    const int64_t shape[2] = {w->inside, 4};
    LAC_TRY(lac__tensor_new_on(w->ctx, w->device, LAC_DTYPE_I32, 2, shape, &w->rows));
    lac__launch_inside_rows(w->gpu, &w->v, w->positions, w->inside, lac__data(w->rows));
    return lac__group_device_rows(w->ctx, &w->blocks, w->rows, &w->group, &w->first, &w->groups);
}

/* within[a]: whether the voxel of head a is one of the first of its sample; number[a]: of those
 * before it. */
static lac_status limit_voxels(work *w, const int64_t *heads, int32_t **within, int32_t **number) {
    const int64_t n = w->groups;
    uint64_t *keys = NULL, *sorted = NULL, *total = NULL, voxels = 0;
    int32_t *order = NULL;
    void *scratch = NULL, *sums = NULL;
    LAC_TRY(lac__blocks_take(&w->blocks, n, sizeof *keys, &keys));
    LAC_TRY(lac__blocks_take(&w->blocks, n, sizeof *keys, &sorted));
    LAC_TRY(lac__blocks_take(&w->blocks, n, sizeof *order, &order));
    LAC_TRY(lac__blocks_take(&w->blocks, n, sizeof **within, within));
    LAC_TRY(lac__blocks_take(&w->blocks, n, sizeof **number, number));
    LAC_TRY(lac__blocks_take(&w->blocks, (int64_t)lac__radix_scratch(n), 1, &scratch));
    LAC_TRY(lac__blocks_take(&w->blocks, (int64_t)lac__scan_scratch(n), 1, &sums));
    LAC_TRY(lac__blocks_word(&w->blocks, 0, &total));
    lac__launch_sample_keys(w->gpu, lac__data(w->rows), heads, n, keys);
    lac__launch_radix_sort(w->gpu, keys, sorted, NULL, order, n, 0, lac__bits_of(w->samples),
                           scratch);
    lac__launch_limit_samples(w->gpu, sorted, order, n, w->options->max_voxels, *within);
    lac__launch_scan_i32(w->gpu, *within, *number, n, (int64_t *)total, sums);
    LAC_TRY(lac__read_word(&w->blocks, total, &voxels));
    w->voxels = (int64_t)voxels;
    return LAC_OK;
}

/* From groups in the order of their cells to voxels in the order of their first points. */
static lac_status order_by_appearance(work *w) {
    uint8_t *flags = NULL;
    int64_t *heads = NULL;
    int32_t *within = NULL, *number = NULL, *label = NULL, *first = NULL;
    void *scratch = NULL;
    LAC_TRY(lac__blocks_take(&w->blocks, w->inside, sizeof *flags, &flags));
    LAC_TRY(lac__blocks_take(&w->blocks, w->groups, sizeof *heads, &heads));
    LAC_TRY(lac__blocks_take(&w->blocks, (int64_t)lac__scan_scratch(w->inside), 1, &scratch));
    lac__launch_group_heads(w->gpu, w->group, w->first, w->inside, flags);
    lac__launch_compact(w->gpu, flags, w->inside, heads, NULL, scratch);
    w->voxels = w->groups;
    if (w->options->max_voxels > 0) LAC_TRY(limit_voxels(w, heads, &within, &number));
    LAC_TRY(lac__blocks_take(&w->blocks, w->groups, sizeof *label, &label));
    LAC_TRY(lac__blocks_take(&w->blocks, w->voxels, sizeof *first, &first));
    lac__launch_label_groups(w->gpu, w->group, heads, within, number, w->groups, label, first);
    lac__launch_relabel(w->gpu, w->group, label, w->inside);
    w->first = first;
    return LAC_OK;
}

static lac_status make_results(work *w, lac__voxelized *out) {
    const int64_t columns = w->v.columns, most = w->options->max_points;
    const int64_t rows_shape[2] = {w->voxels, 4}, feats_shape[2] = {w->voxels, columns};
    const int64_t raw_shape[3] = {w->voxels, most, columns};
    lac_context *ctx = w->ctx;
    LAC_TRY(lac__tensor_new_on(ctx, w->device, LAC_DTYPE_I32, 2, rows_shape, &out->rows));
    LAC_TRY(lac__tensor_new_on(ctx, w->device, LAC_DTYPE_F32, 2, feats_shape, &out->feats));
    LAC_TRY(lac__tensor_new_on(ctx, w->device, LAC_DTYPE_I64, 1, &w->voxels, &out->num_points));
    LAC_TRY(lac__tensor_new_on(ctx, w->device, LAC_DTYPE_I64, 1, &w->v.n, &out->point_voxel));
    if (w->options->raw)
        LAC_TRY(lac__tensor_new_on(ctx, w->device, LAC_DTYPE_F32, 3, raw_shape, &out->raw));
    lac__launch_take_rows(w->gpu, lac__data(w->rows), w->first, w->voxels, w->options->order_zyx,
                          lac__data(out->rows));
    if (w->v.n > 0)
        LAC_TRY(lac__gpu_set(w->gpu, lac__data(out->point_voxel), 0xff,
                             (size_t)w->v.n * sizeof(int64_t)));
    lac__launch_place_numbers(w->gpu, w->group, w->positions, w->inside,
                              lac__data(out->point_voxel));
    return LAC_OK;
}

static lac_status fill_results(work *w, lac__voxelized *out) {
    const bool limited = !w->options->dynamic && w->options->max_points > 0;
    lac__row_lists lists = {0};
    uint64_t *total = NULL, kept = 0;
    if (w->inside == 0) return LAC_OK;
    LAC_TRY(lac__make_lists(&w->blocks, w->group, LAC_DTYPE_I32, w->inside, w->voxels, &lists));
    LAC_TRY(lac__blocks_word(&w->blocks, 0, &total));
    int64_t *num_points = lac__data(out->num_points);
    lac__launch_limit_points(w->gpu, &lists, limited ? w->options->max_points : INT64_MAX,
                             num_points, total);
    lac__launch_voxel_means(w->gpu, &w->v, w->positions, &lists, num_points, lac__data(out->feats));
    if (out->raw != NULL)
        lac__launch_voxel_points(w->gpu, &w->v, w->positions, &lists, num_points,
                                 w->options->max_points, lac__data(out->raw));
    LAC_TRY(lac__read_word(&w->blocks, total, &kept));
    out->dropped = w->inside - (int64_t)kept;
    return LAC_OK;
}

lac_status lac__cuda_voxelize(lac_context *ctx, const lac_tensor *points, const lac_tensor *batch,
                              const lac_voxelize_options *options, const int32_t grid[3],
                              lac__voxelized *out) {
    work w = {.ctx = ctx,
              .options = options,
              .points = points,
              .device = lac__device_of(points),
              .gpu = lac__gpu_of(points),
              .blocks = {.like = points},
              .v = {.points = lac__data(points),
                    .batch = batch == NULL ? NULL : lac__data(batch),
                    .n = points->shape[0],
                    .columns = points->shape[1]}};
    for (int a = 0; a < 3; a++) {
        w.v.low[a] = (float)options->range[a];
        w.v.size[a] = (float)options->voxel_size[a];
        w.v.grid[a] = grid[a];
    }
    lac_status status = LAC_OK;
    LAC_TRY_OUT(find_cells(&w));
    w.voxels = w.groups;
    if (!options->dynamic) LAC_TRY_OUT(order_by_appearance(&w));
    LAC_TRY_OUT(make_results(&w, out));
    LAC_TRY_OUT(fill_results(&w, out));
    out->samples = w.samples;
    out->outside = w.v.n - w.inside;
    status = lac__gpu_check(w.gpu);
out:
    lac_tensor_release(w.rows);
    lac__blocks_free(&w.blocks);
    return status;
}
