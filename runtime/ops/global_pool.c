/*
 * global_pool.c - maximum and mean over the rows of each sample.
 */
#include "core/shape.h"
#include "ops/samples.h"

static lac_status check_samples(lac_context *ctx, const char *name, lac_tensor *sample,
                                int64_t samples) {
    int64_t low = 0, high = 0;
    if (sample == NULL || sample->shape[0] == 0) return LAC_OK;
    LAC_TRY(lac__sample_bounds(ctx, sample, &low, &high));
    if (low >= 0 && high < samples) return LAC_OK;
    lac_tensor *numbers = NULL;
    LAC_TRY(lac__on_host(ctx, sample, &numbers));
    const int64_t *of = lac__data(numbers);
    int64_t i = 0;
    while (of[i] >= 0 && of[i] < samples) i++;
    const lac_status status =
        lac__fail(LAC_ERR_RANGE, "%s: row %lld is of sample %lld, expected 0 to %lld", name,
                  (long long)i, (long long)of[i], (long long)samples - 1);
    lac_tensor_release(numbers);
    return status;
}

lac_status lac_global_pool(lac_context *ctx, lac_tensor *x, lac_tensor *sample, int64_t samples,
                           lac_pool_kind kind, lac_tensor **out) {
    LAC_NEED("global_pool", ctx, x, out);
    if (kind != LAC_POOL_MAX && kind != LAC_POOL_MEAN)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "global_pool: kind %d, expected LAC_POOL_MAX or LAC_POOL_MEAN", (int)kind);
    const char *name = kind == LAC_POOL_MAX ? "global_max_pool" : "global_avg_pool";
    LAC_TRY(lac__check_interrupt(ctx));
    LAC_TRY(lac__check_sample_rows(name, x, sample));
    const int64_t rows = x->shape[0], shape[2] = {samples, x->shape[1]};
    if (sample == NULL && samples < 1 && rows > 0)
        return lac__fail(LAC_ERR_RANGE, "%s: %lld samples for %lld rows, expected at least 1", name,
                         (long long)samples, (long long)rows);
    lac_tensor *from = NULL, *of = NULL, *pooled = NULL;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__as_contiguous(ctx, x, LAC_DTYPE_F32, &from));
    if (sample != NULL) LAC_TRY_OUT(lac__as_index(ctx, name, sample, &of));
    LAC_TRY_OUT(check_samples(ctx, name, of, samples));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, LAC_DTYPE_F32, 2, shape, &pooled));
    const lac__global_pool_args args = {.kind = kind, .x = from, .sample = of, .out = pooled};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, pooled, global_pool, &args));
    LAC_TRY_OUT(lac__narrow_result(ctx, x->dtype, &pooled));
    *out = pooled;
    pooled = NULL;
out:
    lac_tensor_release(from);
    lac_tensor_release(of);
    lac_tensor_release(pooled);
    return status;
}
