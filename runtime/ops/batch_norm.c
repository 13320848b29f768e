/*
 * batch_norm.c - batch normalisation over rows: a scale and a shift per channel (Ioffe and Szegedy, 2015).
 * The scale is never folded into weights, so that a fused layer keeps its bits.
 */
#include "ops/gemm_producer.h"

#include <math.h>

typedef struct norm {
    int64_t rows, channels;
    lac_tensor *weight, *bias, *mean, *var; /* float64 [C] copies; NULL: not given */
} norm;

static lac_status widen(lac_context *ctx, const char *what, lac_tensor *t, int64_t channels,
                        lac_tensor **out) {
    if (t == NULL) return LAC_OK;
    char text[LAC__SHAPE_TEXT];
    if (t->ndim != 1 || t->shape[0] != channels || !lac__is_floating(t->dtype))
        return lac__fail(LAC_ERR_SHAPE,
                         "batch_norm: %s of shape %s for %lld channels, expected floating [%lld]",
                         what, lac__shape_text(t, text), (long long)channels, (long long)channels);
    return lac_convert(ctx, t, LAC_DTYPE_F64, out);
}

/* Mean and biased variance of the rows, in float64; two passes. */
static lac_status own_statistics(lac_context *ctx, lac_tensor *x, norm *n) {
    lac_tensor *wide = NULL, *mean = NULL, *var = NULL;
    lac_status status = LAC_OK;
    LAC_TRY(lac_convert(ctx, x, LAC_DTYPE_F64, &wide));
    LAC_TRY_OUT(lac__tensor_new(ctx, LAC_DTYPE_F64, 1, &n->channels, &mean));
    LAC_TRY_OUT(lac__tensor_new(ctx, LAC_DTYPE_F64, 1, &n->channels, &var));
    const double *values = lac__data(wide);
    double *m = lac__data(mean), *v = lac__data(var);
    for (int64_t c = 0; c < n->channels; c++) m[c] = v[c] = 0;
    for (int64_t i = 0; i < n->rows; i++)
        for (int64_t c = 0; c < n->channels; c++) m[c] += values[i * n->channels + c];
    for (int64_t c = 0; c < n->channels && n->rows > 0; c++) m[c] /= (double)n->rows;
    for (int64_t i = 0; i < n->rows; i++)
        for (int64_t c = 0; c < n->channels; c++) {
            const double d = values[i * n->channels + c] - m[c];
            v[c] += d * d;
        }
    for (int64_t c = 0; c < n->channels && n->rows > 0; c++) v[c] /= (double)n->rows;
    lac_tensor_release(n->mean);
    lac_tensor_release(n->var);
    n->mean = mean;
    n->var = var;
    mean = var = NULL;
out:
    lac_tensor_release(wide);
    lac_tensor_release(mean);
    lac_tensor_release(var);
    return status;
}

/* running = (1 - momentum) * running + momentum * batch, with the unbiased variance. */
static lac_status update_running(lac_context *ctx, lac_tensor *running, const lac_tensor *batch,
                                 double momentum, double correction) {
    if (running == NULL) return LAC_OK;
    lac_tensor *wide = NULL;
    LAC_TRY(lac_convert(ctx, running, LAC_DTYPE_F64, &wide));
    double *r = lac__data(wide);
    const double *b = lac__data(batch);
    for (int64_t c = 0; c < batch->shape[0]; c++)
        r[c] = (1 - momentum) * r[c] + momentum * b[c] * correction;
    const lac_status status = lac_copy(ctx, running, wide);
    lac_tensor_release(wide);
    return status;
}

static lac_status make_affine(lac_context *ctx, const norm *n, double eps, lac__stage *stage) {
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_F32, 1, &n->channels, &stage->scale));
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_F32, 1, &n->channels, &stage->shift));
    float *scale = lac__data(stage->scale), *shift = lac__data(stage->shift);
    const double *mean = lac__data(n->mean), *var = lac__data(n->var);
    const double *weight = n->weight != NULL ? lac__data(n->weight) : NULL;
    const double *bias = n->bias != NULL ? lac__data(n->bias) : NULL;
    for (int64_t c = 0; c < n->channels; c++) {
        const double s = (weight != NULL ? weight[c] : 1.0) / sqrt(var[c] + eps);
        scale[c] = (float)s;
        shift[c] = (float)((bias != NULL ? bias[c] : 0.0) - mean[c] * s);
    }
    return LAC_OK;
}

lac_status lac_batch_norm(lac_context *ctx, lac_tensor *x, const lac_batch_norm_options *o,
                          lac_tensor **out) {
    char text[LAC__SHAPE_TEXT];
    if (o == NULL || o->size != sizeof *o)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "batch_norm: options.size is not sizeof(lac_batch_norm_options)");
    LAC_TRY(lac__check_interrupt(ctx));
    if (x->ndim != 2)
        return lac__fail(LAC_ERR_SHAPE, "batch_norm: features of shape %s, expected [N, C]",
                         lac__shape_text(x, text));
    if (!o->training && (o->mean == NULL || o->var == NULL))
        return lac__fail(LAC_ERR_ARGUMENT, "batch_norm: mean and var are needed when not training");
    norm n = {.rows = x->shape[0], .channels = x->shape[1]};
    lac__stage stage = {.kind = LAC__AFFINE};
    lac_status status = LAC_OK;
    LAC_TRY_OUT(widen(ctx, "weight", o->weight, n.channels, &n.weight));
    LAC_TRY_OUT(widen(ctx, "bias", o->bias, n.channels, &n.bias));
    LAC_TRY_OUT(widen(ctx, "mean", o->mean, n.channels, &n.mean));
    LAC_TRY_OUT(widen(ctx, "var", o->var, n.channels, &n.var));
    if (o->training) LAC_TRY_OUT(own_statistics(ctx, x, &n));
    LAC_TRY_OUT(make_affine(ctx, &n, o->eps, &stage));
    LAC_TRY_OUT(lac__apply_stage(ctx, "batch_norm", x, &stage, out));
    if (o->training && n.rows > 0) {
        const double unbiased = n.rows > 1 ? (double)n.rows / (double)(n.rows - 1) : 1.0;
        status = update_running(ctx, o->mean, n.mean, o->momentum, 1.0);
        if (status == LAC_OK) status = update_running(ctx, o->var, n.var, o->momentum, unbiased);
        if (status != LAC_OK) lac_tensor_release(*out);
    }
out:
    lac_tensor_release(stage.scale);
    lac_tensor_release(stage.shift);
    lac_tensor_release(n.weight);
    lac_tensor_release(n.bias);
    lac_tensor_release(n.mean);
    lac_tensor_release(n.var);
    return status;
}
