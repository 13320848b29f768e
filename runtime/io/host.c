/*
 * host.c - failures through the host's table, and the argument checks that several writers share.
 */
#include "io/host.h"

const lac__io_host *lac__host;

lac_status lac__fail(lac_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)lac__host->vfail(status, format, args);
    va_end(args);
    return status;
}

lac_status lac__check_matrix(const char *op, const char *name, const lac_tensor *t, int64_t *rows,
                             int64_t *columns) {
    if (t == NULL) return lac__fail(LAC_ERR_ARGUMENT, "%s: %s is NULL", op, name);
    lac_tensor_desc desc;
    lac__host->tensor_describe(t, &desc);
    if (desc.ndim != 2)
        return lac__fail(LAC_ERR_SHAPE, "%s: %s has %d dimensions, expected [N,C]", op, name,
                         desc.ndim);
    *rows = desc.shape[0];
    *columns = desc.shape[1];
    return LAC_OK;
}

lac_status lac__labels_readable(lac_context *ctx, const char *op, lac_tensor *labels, int64_t rows,
                                lac_tensor **out) {
    if (labels == NULL) return lac__fail(LAC_ERR_ARGUMENT, "%s: labels are NULL", op);
    lac_tensor_desc desc;
    lac__host->tensor_describe(labels, &desc);
    if (desc.dtype != LAC_DTYPE_I32 && desc.dtype != LAC_DTYPE_I64 && desc.dtype != LAC_DTYPE_U8)
        return lac__fail(LAC_ERR_DTYPE, "%s: labels are %s, expected int32, int64 or uint8", op,
                         lac__dtype_text(&desc));
    if (desc.ndim != 1)
        return lac__fail(LAC_ERR_SHAPE, "%s: labels have %d dimensions, expected [N]", op,
                         desc.ndim);
    if (rows >= 0 && desc.shape[0] != rows)
        return lac__fail(LAC_ERR_SHAPE, "%s: %lld labels for %lld points", op,
                         (long long)desc.shape[0], (long long)rows);
    return lac__host->tensor_readable(ctx, labels, LAC_DTYPE_I64, out);
}

lac_status lac__colours_readable(lac_context *ctx, const char *op, lac_tensor *colours,
                                 int64_t rows, lac_tensor **out) {
    int64_t n = 0, channels = 0;
    LAC_TRY(lac__check_matrix(op, "colours", colours, &n, &channels));
    lac_tensor_desc desc;
    lac__host->tensor_describe(colours, &desc);
    if (desc.dtype != LAC_DTYPE_U8)
        return lac__fail(LAC_ERR_DTYPE, "%s: colours are %s, expected uint8", op,
                         lac__dtype_text(&desc));
    if (n != rows || channels != 3)
        return lac__fail(LAC_ERR_SHAPE,
                         "%s: colours are [%lld, %lld] for %lld points, expected [%lld, 3]", op,
                         (long long)n, (long long)channels, (long long)rows, (long long)rows);
    return lac__host->tensor_readable(ctx, colours, -1, out);
}
