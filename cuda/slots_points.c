/*
 * slots_points.c - scatter_mean and devoxelize, and the table of what points need.
 */
#include "slots_points.h"

/* The first position of an index that is not less than `limit`, -1: none. Waits. */
static lac_status first_above(lac__blocks *blocks, const lac_tensor *index, int64_t limit,
                              int64_t *position, int64_t *value) {
    lac__gpu *gpu = lac__gpu_of(index);
    uint64_t *word = NULL, bad = UINT64_MAX;
    const int64_t n = lac_tensor_numel(index);
    *position = -1;
    if (n == 0) return LAC_OK;
    LAC_TRY(lac__blocks_word(blocks, UINT64_MAX, &word));
    lac__launch_check_below(gpu, lac__data(index), n, limit, word);
    LAC_TRY(lac__read_word(blocks, word, &bad));
    if (bad == UINT64_MAX) return LAC_OK;
    *position = (int64_t)bad;
    return lac__gpu_read(gpu, value, (const int64_t *)lac__data(index) + bad, sizeof *value);
}

lac_status lac_scatter_mean__cuda(lac_context *ctx, const lac__scatter_mean_args *args) {
    (void)ctx;
    const int64_t rows = args->out->shape[0], n = args->index->shape[0];
    lac__gpu *gpu = lac__gpu_of(args->out);
    lac__blocks blocks = {.like = args->out};
    lac__row_lists lists;
    lac_status status = LAC_OK;
    int64_t position = -1, value = 0;
    LAC_TRY(lac__check_rows_fit("scatter_mean", n));
    LAC_TRY_OUT(first_above(&blocks, args->index, rows, &position, &value));
    if (position >= 0)
        LAC_TRY_OUT(lac__fail(LAC_ERR_RANGE,
                              "scatter_mean: index %lld of point %lld, expected less than %lld",
                              (long long)value, (long long)position, (long long)rows));
    if (lac_tensor_numel(args->out) == 0) goto out;
    LAC_TRY_OUT(lac__make_lists(&blocks, lac__data(args->index), LAC_DTYPE_I64, n, rows, &lists));
    lac__launch_scatter_mean(gpu, args->out->dtype == LAC_DTYPE_F64, lac__data(args->feats), &lists,
                             args->counts == NULL ? NULL : lac__data(args->counts),
                             args->out->shape[1], lac__data(args->out));
    status = lac__gpu_check(gpu);
out:
    lac__blocks_free(&blocks);
    return status;
}

lac_status lac_devoxelize__cuda(lac_context *ctx, const lac__devoxelize_args *args) {
    (void)ctx;
    const int64_t n = args->out->shape[0], rows = args->feats->shape[0];
    const int64_t terms = args->index->shape[1];
    lac__gpu *gpu = lac__gpu_of(args->out);
    lac__blocks blocks = {.like = args->out};
    lac_status status = LAC_OK;
    int64_t position = -1, value = 0;
    LAC_TRY_OUT(first_above(&blocks, args->index, rows, &position, &value));
    if (position >= 0)
        LAC_TRY_OUT(lac__fail(LAC_ERR_RANGE,
                              "devoxelize: index %lld of point %lld, expected less than %lld",
                              (long long)value, (long long)(position / terms), (long long)rows));
    if (lac_tensor_numel(args->out) == 0) goto out;
    lac__launch_devoxelize(gpu, args->out->dtype == LAC_DTYPE_F64, lac__data(args->feats),
                           lac__data(args->index), lac__data(args->weights), n, terms,
                           args->out->shape[1], lac__data(args->out));
    status = lac__gpu_check(gpu);
out:
    lac__blocks_free(&blocks);
    return status;
}

lac_status lac__cuda_corner_weights(lac_context *ctx, const lac_tensor *points,
                                    const lac_tensor *index, double scale, lac_tensor *weights) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(weights);
    lac__launch_corner_weights(gpu, lac__data(points), points->shape[1], lac__data(index),
                               index->shape[0], scale, lac__data(weights));
    return lac__gpu_check(gpu);
}

lac_status lac__cuda_hash_rows(lac_context *ctx, const lac_tensor *rows, const lac_tensor *offsets,
                               lac_tensor *hash) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(hash);
    lac__launch_hash_rows(gpu, lac__data(rows), rows->shape[0],
                          offsets == NULL ? NULL : lac__data(offsets),
                          offsets == NULL ? 1 : offsets->shape[0], lac__data(hash));
    return lac__gpu_check(gpu);
}

lac_status lac__cuda_find_rows(lac_context *ctx, const lac_tensor *query,
                               const lac_tensor *reference, lac_tensor *found) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(found);
    lac__blocks blocks = {.like = found};
    const int64_t n = reference->shape[0], columns = reference->ndim == 1 ? 1 : reference->shape[1];
    int64_t size = 16;
    while (size < 2 * n) size *= 2;
    lac__row_table table = {.rows = lac__data(reference),
                            .words = columns *
                                     (int64_t)(lac_dtype_size(reference->dtype) / sizeof(uint32_t)),
                            .mask = (uint64_t)size - 1};
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__blocks_take(&blocks, size, sizeof *table.slots, &table.slots));
    LAC_TRY_OUT(lac__gpu_set(gpu, table.slots, 0xff, (size_t)size * sizeof *table.slots));
    lac__launch_fill_table(gpu, &table, n);
    lac__launch_look_up(gpu, &table, lac__data(query), lac_tensor_numel(found), lac__data(found));
    status = lac__gpu_check(gpu);
out:
    lac__blocks_free(&blocks);
    return status;
}

lac_status lac__cuda_count_index(lac_context *ctx, const lac_tensor *index, lac_tensor *count) {
    (void)ctx;
    const int64_t rows = count->shape[0], n = lac_tensor_numel(index);
    lac__gpu *gpu = lac__gpu_of(count);
    lac__blocks blocks = {.like = count};
    lac_status status = LAC_OK;
    int64_t position = -1, value = 0;
    LAC_TRY_OUT(first_above(&blocks, index, rows, &position, &value));
    if (position >= 0)
        LAC_TRY_OUT(lac__fail(LAC_ERR_RANGE,
                              "spcount: index %lld at position %lld, expected less than %lld",
                              (long long)value, (long long)position, (long long)rows));
    if (rows == 0) goto out;
    LAC_TRY_OUT(lac__gpu_set(gpu, lac__data(count), 0, (size_t)rows * sizeof(int32_t)));
    lac__launch_count_index(gpu, lac__data(index), n, rows, lac__data(count));
    status = lac__gpu_check(gpu);
out:
    lac__blocks_free(&blocks);
    return status;
}

const lac__device_points lac__cuda_points = {.quantize = lac__cuda_quantize,
                                             .voxelize = lac__cuda_voxelize,
                                             .point_voxelize = lac__cuda_point_rows,
                                             .corner_weights = lac__cuda_corner_weights,
                                             .hash_rows = lac__cuda_hash_rows,
                                             .find_rows = lac__cuda_find_rows,
                                             .count_index = lac__cuda_count_index};
