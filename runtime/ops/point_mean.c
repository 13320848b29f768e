/*
 * point_mean.c - scatter_mean: means of the points of each voxel.
 */
#include "core/shape.h"

static lac_status check(const lac_tensor *feats, const lac_tensor *index, int64_t rows,
                        const lac_tensor *counts) {
    char a[LAC__SHAPE_TEXT], b[LAC__SHAPE_TEXT];
    if (!lac__is_floating(feats->dtype))
        return lac__fail(LAC_ERR_DTYPE, "scatter_mean: %s features, expected a floating dtype",
                         lac_dtype_name(feats->dtype));
    if (feats->ndim != 2 || index->ndim != 1 || index->shape[0] != feats->shape[0])
        return lac__fail(LAC_ERR_SHAPE,
                         "scatter_mean: features of shape %s and an index of shape %s, expected "
                         "[N, C] and [N]",
                         lac__shape_text(feats, a), lac__shape_text(index, b));
    if (rows < 0)
        return lac__fail(LAC_ERR_ARGUMENT, "scatter_mean: %lld rows, expected 0 or more",
                         (long long)rows);
    if (counts != NULL && (counts->ndim != 1 || counts->shape[0] != rows))
        return lac__fail(LAC_ERR_SHAPE, "scatter_mean: counts of shape %s, expected [%lld]",
                         lac__shape_text(counts, a), (long long)rows);
    LAC_TRY(lac__same_device("scatter_mean: index", feats, index));
    return lac__same_device("scatter_mean: counts", feats, counts);
}

lac_status lac_scatter_mean(lac_context *ctx, lac_tensor *feats, lac_tensor *index, int64_t rows,
                            lac_tensor *counts, lac_tensor **out) {
    LAC_NEED("scatter_mean", ctx, feats, index, out);
    LAC_TRY(check(feats, index, rows, counts));
    lac_tensor *x = NULL, *where = NULL, *divisors = NULL, *r = NULL;
    lac_status status = LAC_OK;
    const lac_dtype work = lac__wide(feats->dtype);
    const int64_t shape[2] = {rows, feats->shape[1]};
    LAC_TRY_OUT(lac__as_index(ctx, "scatter_mean", index, &where));
    if (counts != NULL) LAC_TRY_OUT(lac__as_index(ctx, "scatter_mean: counts", counts, &divisors));
    LAC_TRY_OUT(lac__as_contiguous(ctx, feats, work, &x));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, work, 2, shape, &r));
    const lac__scatter_mean_args args = {.feats = x, .index = where, .counts = divisors, .out = r};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, r, scatter_mean, &args));
    LAC_TRY_OUT(lac__narrow_result(ctx, feats->dtype, &r));
    *out = r;
    r = NULL;
out:
    lac_tensor_release(x);
    lac_tensor_release(where);
    lac_tensor_release(divisors);
    lac_tensor_release(r);
    return status;
}
