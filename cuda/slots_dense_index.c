/*
 * slots_dense_index.c - index_select and gather: the index is checked on the device, and the host
 * waits for the answer before it queues what trusts the index.
 */
#include "host.h"
#include "launch_dense.h"

/* The error that the CPU's check gives, for a position that was found. */
static lac_status refuse(lac__gpu *gpu, const char *op, const int64_t *at, uint64_t position,
                         int64_t rows) {
    int64_t value = 0;
    LAC_TRY(lac__gpu_read(gpu, &value, at + position, sizeof value));
    return lac__fail(LAC_ERR_RANGE, "%s: index %lld at position %llu, expected 0 to %lld", op,
                     (long long)value, (unsigned long long)position, (long long)rows - 1);
}

static lac_status check_index(const char *op, const lac_tensor *index, int64_t rows) {
    const int64_t *at = lac__data(index);
    const int64_t n = lac_tensor_numel(index);
    if (n == 0) return LAC_OK;
    lac__gpu *gpu = lac__gpu_of(index);
    const uint64_t none = UINT64_MAX;
    uint64_t bad = none;
    lac__block scratch = {0};
    LAC_TRY(lac__scratch(index, sizeof bad, &scratch));
    lac_status status = lac__gpu_set(gpu, scratch.data, 0xff, sizeof bad);
    if (status == LAC_OK) {
        lac__launch_index_check(gpu, at, n, rows, scratch.data);
        status = lac__gpu_read(gpu, &bad, scratch.data, sizeof bad);
    }
    lac__pool_free(lac__device_of(index)->pool, &scratch);
    return status == LAC_OK && bad != none ? refuse(gpu, op, at, bad, rows) : status;
}

lac_status lac_index_select__cuda(lac_context *ctx, const lac__index_select_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->out);
    LAC_TRY(check_index("index_select", args->index, args->lanes.n));
    const int64_t bytes = args->lanes.inner * (int64_t)lac_dtype_size(args->x->dtype);
    lac__launch_index_select(gpu, lac__data(args->x), args->lanes.outer, args->lanes.n, bytes,
                             lac__data(args->index), args->index->shape[0], lac__data(args->out));
    return lac__gpu_check(gpu);
}

lac_status lac_gather__cuda(lac_context *ctx, const lac__gather_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->out);
    LAC_TRY(check_index("gather", args->index, args->x->shape[args->dim]));
    lac__view x = lac__view_of(args->x);
    const int64_t along = x.stride[args->dim];
    for (int32_t i = 0; i < x.ndim; i++) x.shape[i] = args->index->shape[i];
    x.stride[args->dim] = 0;
    lac__launch_gather(gpu, &x, along, lac__data(args->index), lac__data(args->out));
    return lac__gpu_check(gpu);
}
