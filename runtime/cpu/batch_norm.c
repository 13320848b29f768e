/*
 * batch_norm.c - statistics of columns, and scale and shift from them: reference kernels.
 */
#include "core/backend.h"
#include "core/half.h"

#include <math.h>

static double element(const lac_tensor *t, int64_t i) {
    const void *data = lac__data(t);
    switch (t->dtype) {
    case LAC_DTYPE_F16: return (double)lac__f16_to_float(((const uint16_t *)data)[i]);
    case LAC_DTYPE_BF16: return (double)lac__bf16_to_float(((const uint16_t *)data)[i]);
    case LAC_DTYPE_F64: return ((const double *)data)[i];
    default: return (double)((const float *)data)[i];
    }
}

lac_status lac_column_stats__cpu(lac_context *ctx, const lac__column_stats_args *args) {
    (void)ctx;
    const lac_tensor *x = args->x;
    const int64_t rows = x->shape[0], channels = x->shape[1];
    double *m = lac__data(args->mean), *v = lac__data(args->var);
    for (int64_t c = 0; c < channels; c++) m[c] = v[c] = 0;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t c = 0; c < channels; c++) m[c] += element(x, i * channels + c);
    for (int64_t c = 0; c < channels && rows > 0; c++) m[c] /= (double)rows;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t c = 0; c < channels; c++) {
            const double d = element(x, i * channels + c) - m[c];
            v[c] += d * d;
        }
    for (int64_t c = 0; c < channels && rows > 0; c++) v[c] /= (double)rows;
    return LAC_OK;
}

lac_status lac_norm_affine__cpu(lac_context *ctx, const lac__norm_affine_args *args) {
    (void)ctx;
    float *scale = lac__data(args->scale), *shift = lac__data(args->shift);
    for (int64_t c = 0; c < args->scale->shape[0]; c++) {
        const double weight = args->weight != NULL ? element(args->weight, c) : 1.0;
        const double bias = args->bias != NULL ? element(args->bias, c) : 0.0;
        const double s = weight / sqrt(element(args->var, c) + args->eps);
        scale[c] = (float)s;
        shift[c] = (float)(bias - element(args->mean, c) * s);
    }
    return LAC_OK;
}

lac_status lac_norm_running__cpu(lac_context *ctx, const lac__norm_running_args *args) {
    (void)ctx;
    double *r = lac__data(args->running);
    const double *b = lac__data(args->batch), m = args->momentum;
    for (int64_t c = 0; c < args->batch->shape[0]; c++)
        r[c] = (1 - m) * r[c] + m * b[c] * args->correction;
    return LAC_OK;
}
