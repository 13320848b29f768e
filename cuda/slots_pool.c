/*
 * slots_pool.c - pool3d, global_pool, group_norm and to_dense.
 */
#include "slots_points.h"

#include "launch_pool.h"
#include "launch_sort.h"

lac_status lac_pool3d__cuda(lac_context *ctx, const lac__pool3d_args *args) {
    const lac__neighbours *n = NULL;
    LAC_TRY(lac__map_neighbours(ctx, args->map, false, &n));
    if (n->rows == 0 || args->x->shape[1] == 0) return LAC_OK;
    lac__gpu *gpu = lac__gpu_of(args->out);
    const lac__windows windows = {.x = lac__data(args->x),
                                  .table = n->table,
                                  .taps = n->taps,
                                  .rows = n->rows,
                                  .channels = args->x->shape[1],
                                  .centre = args->map->centre,
                                  .out = lac__data(args->out)};
    lac__launch_pool3d(gpu, &windows, args->kind == LAC_POOL_MEAN);
    return lac__gpu_check(gpu);
}

/* The chunks of the rows of each sample; `sample` NULL: all are of the one sample. */
static lac_status cut_samples(lac__blocks *blocks, const char *op, const lac_tensor *x,
                              const lac_tensor *sample, int64_t samples, lac__samples *out) {
    lac__gpu *gpu = lac__gpu_of(x);
    const int64_t rows = x->shape[0], channels = x->shape[1];
    void *scratch = NULL;
    LAC_TRY(lac__check_rows_fit(op, rows));
    *out = (lac__samples){.x = lac__data(x), .rows = rows, .channels = channels};
    if (sample == NULL)
        LAC_TRY(lac__list_all(blocks, rows, &out->lists));
    else
        LAC_TRY(
            lac__make_lists(blocks, lac__data(sample), LAC_DTYPE_I64, rows, samples, &out->lists));
    LAC_TRY(lac__blocks_take(blocks, samples + 1, sizeof(int64_t), &out->chunk_starts));
    LAC_TRY(lac__blocks_take(blocks, lac__most_chunks(rows, samples) * channels, sizeof(double),
                             &out->partial));
    LAC_TRY(lac__blocks_take(blocks, (int64_t)lac__scan_scratch(samples + 1), 1, &scratch));
    lac__launch_count_chunks(gpu, &out->lists, out->chunk_starts);
    lac__launch_scan_i64(gpu, out->chunk_starts, out->chunk_starts, samples + 1, NULL, scratch);
    return LAC_OK;
}

/* Without sample numbers there may be more samples than the one that has rows. */
static lac_status clear_others(const lac__global_pool_args *args) {
    const size_t row = (size_t)args->out->shape[1] * sizeof(float);
    const size_t others = (size_t)(args->out->shape[0] - 1) * row;
    if (others == 0) return LAC_OK;
    return lac__gpu_set(lac__gpu_of(args->out), (char *)lac__data(args->out) + row, 0, others);
}

lac_status lac_global_pool__cuda(lac_context *ctx, const lac__global_pool_args *args) {
    (void)ctx;
    if (lac_tensor_numel(args->out) == 0) return LAC_OK;
    lac__gpu *gpu = lac__gpu_of(args->out);
    lac__blocks blocks = {.like = args->x};
    lac__samples samples;
    lac_status status = LAC_OK;
    const int64_t count = args->sample == NULL ? 1 : args->out->shape[0];
    if (args->sample == NULL) LAC_TRY(clear_others(args));
    LAC_TRY_OUT(cut_samples(&blocks, "global_pool", args->x, args->sample, count, &samples));
    lac__launch_pool_samples(gpu, &samples, args->kind == LAC_POOL_MEAN, lac__data(args->out));
    status = lac__gpu_check(gpu);
out:
    lac__blocks_free(&blocks);
    return status;
}

lac_status lac_group_norm__cuda(lac_context *ctx, const lac__group_norm_args *args) {
    (void)ctx;
    const int64_t rows = args->x->shape[0], channels = args->x->shape[1];
    if (rows == 0 || channels == 0) return LAC_OK;
    lac__gpu *gpu = lac__gpu_of(args->out);
    lac__blocks blocks = {.like = args->x};
    lac__samples samples;
    double *sum = NULL, *mean = NULL, *scale = NULL;
    const int64_t values = args->samples * channels;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(cut_samples(&blocks, "group_norm", args->x, args->sample, args->samples, &samples));
    LAC_TRY_OUT(lac__blocks_take(&blocks, values, sizeof *sum, &sum));
    LAC_TRY_OUT(lac__blocks_take(&blocks, values, sizeof *mean, &mean));
    LAC_TRY_OUT(lac__blocks_take(&blocks, values, sizeof *scale, &scale));
    lac__launch_sum_samples(gpu, &samples, NULL, sum);
    lac__launch_average_groups(gpu, &samples.lists, sum, channels, args->groups, mean);
    lac__launch_sum_samples(gpu, &samples, mean, sum);
    lac__launch_average_groups(gpu, &samples.lists, sum, channels, args->groups, scale);
    lac__launch_norm_scales(gpu, scale, args->weight == NULL ? NULL : lac__data(args->weight),
                            args->eps, args->samples, channels);
    lac__launch_normalise(gpu, samples.x, args->sample == NULL ? NULL : lac__data(args->sample),
                          rows, channels, mean, scale,
                          args->bias == NULL ? NULL : lac__data(args->bias), lac__data(args->out));
    status = lac__gpu_check(gpu);
out:
    lac__blocks_free(&blocks);
    return status;
}

lac_status lac_to_dense__cuda(lac_context *ctx, const lac__to_dense_args *args) {
    (void)ctx;
    const size_t size = lac_dtype_size(args->feats->dtype);
    const size_t bytes = (size_t)lac_tensor_numel(args->out) * size;
    if (bytes == 0) return LAC_OK;
    lac__gpu *gpu = lac__gpu_of(args->out);
    lac__grid_cells cells = {.feats = lac__data(args->feats),
                             .cell = lac__data(args->rows),
                             .out = lac__data(args->out),
                             .rows = args->feats->shape[0],
                             .channels = args->feats->shape[1],
                             .element = (int64_t)size};
    for (int i = 0; i < 5; i++) cells.stride[i] = args->cells->stride[i];
    LAC_TRY(lac__gpu_set(gpu, cells.out, 0, bytes));
    lac__launch_to_dense(gpu, &cells);
    return lac__gpu_check(gpu);
}
