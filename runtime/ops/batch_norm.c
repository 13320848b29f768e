/*
 * batch_norm.c - batch normalisation over rows: a scale and a shift per channel (Ioffe and Szegedy, 2015).
 * The scale is never folded into weights, so that a fused layer keeps its bits.
 */
#include "ops/gemm_producer.h"

typedef struct norm {
    int64_t rows, channels;
    lac_tensor *weight, *bias, *mean, *var; /* [C], contiguous; NULL: not given */
} norm;

/* A parameter of x's channels, as kernels read it. */
static lac_status read_channels(lac_context *ctx, const char *what, const lac_tensor *x,
                                lac_tensor *t, lac_tensor **out) {
    if (t == NULL) return LAC_OK;
    const int64_t channels = x->shape[1];
    LAC_TRY(lac__same_device(what, x, t));
    char text[LAC__SHAPE_TEXT];
    if (t->ndim != 1 || t->shape[0] != channels || !lac__is_floating(t->dtype))
        return lac__fail(LAC_ERR_SHAPE,
                         "%s of shape %s for %lld channels, expected floating [%lld]", what,
                         lac__shape_text(t, text), (long long)channels, (long long)channels);
    LAC_TRY(lac__read(ctx, t));
    return lac_contiguous(ctx, t, out);
}

/* Replaces mean and var by those of the rows. */
static lac_status own_statistics(lac_context *ctx, lac_tensor *x, norm *n) {
    lac_tensor *rows = NULL, *mean = NULL, *var = NULL;
    lac_status status = LAC_OK;
    LAC_TRY(lac__read(ctx, x));
    LAC_TRY(lac_contiguous(ctx, x, &rows));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, LAC_DTYPE_F64, 1, &n->channels, &mean));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, LAC_DTYPE_F64, 1, &n->channels, &var));
    const lac__column_stats_args args = {.x = rows, .mean = mean, .var = var};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, mean, column_stats, &args));
    lac_tensor_release(n->mean);
    lac_tensor_release(n->var);
    n->mean = mean;
    n->var = var;
    mean = var = NULL;
out:
    lac_tensor_release(rows);
    lac_tensor_release(mean);
    lac_tensor_release(var);
    return status;
}

/* running = (1 - momentum) * running + momentum * batch, with the unbiased variance; in `wide`. */
static lac_status next_running(lac_context *ctx, lac_tensor *running, const lac_tensor *batch,
                               double momentum, double correction, lac_tensor **wide) {
    if (running == NULL) return LAC_OK;
    LAC_TRY(lac__write(ctx, running)); /* what reads it is computed before anything changes */
    LAC_TRY(lac_convert(ctx, running, LAC_DTYPE_F64, wide));
    const lac__norm_running_args args = {
        .running = *wide, .batch = batch, .momentum = momentum, .correction = correction};
    return LAC__DISPATCH(ctx, *wide, norm_running, &args);
}

/* Both statistics move or, on failure, neither. */
static lac_status update_running(lac_context *ctx, const lac_batch_norm_options *o, const norm *n) {
    if (!o->training || n->rows == 0) return LAC_OK;
    const double unbiased = n->rows > 1 ? (double)n->rows / (double)(n->rows - 1) : 1.0;
    lac_tensor *mean = NULL, *var = NULL;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(next_running(ctx, o->mean, n->mean, o->momentum, 1.0, &mean));
    LAC_TRY_OUT(next_running(ctx, o->var, n->var, o->momentum, unbiased, &var));
    if (mean != NULL) LAC_TRY_OUT(lac_copy(ctx, o->mean, mean));
    if (var != NULL) LAC_TRY_OUT(lac_copy(ctx, o->var, var));
out:
    lac_tensor_release(mean);
    lac_tensor_release(var);
    return status;
}

static lac_status make_affine(lac_context *ctx, const norm *n, double eps, lac__stage *stage) {
    LAC_TRY(lac__tensor_new_beside(ctx, n->mean, LAC_DTYPE_F32, 1, &n->channels, &stage->scale));
    LAC_TRY(lac__tensor_new_beside(ctx, n->mean, LAC_DTYPE_F32, 1, &n->channels, &stage->shift));
    const lac__norm_affine_args args = {.mean = n->mean,
                                        .var = n->var,
                                        .weight = n->weight,
                                        .bias = n->bias,
                                        .eps = eps,
                                        .scale = stage->scale,
                                        .shift = stage->shift};
    return LAC__DISPATCH(ctx, stage->scale, norm_affine, &args);
}

lac_status lac_batch_norm(lac_context *ctx, lac_tensor *x, const lac_batch_norm_options *o,
                          lac_tensor **out) {
    LAC_NEED("batch_norm", ctx, x, out);
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
    lac_tensor *result = NULL;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(read_channels(ctx, "batch_norm: weight", x, o->weight, &n.weight));
    LAC_TRY_OUT(read_channels(ctx, "batch_norm: bias", x, o->bias, &n.bias));
    LAC_TRY_OUT(read_channels(ctx, "batch_norm: mean", x, o->mean, &n.mean));
    LAC_TRY_OUT(read_channels(ctx, "batch_norm: var", x, o->var, &n.var));
    if (o->training) LAC_TRY_OUT(own_statistics(ctx, x, &n));
    LAC_TRY_OUT(make_affine(ctx, &n, o->eps, &stage));
    LAC_TRY_OUT(lac__apply_stage(ctx, "batch_norm", x, &stage, &result));
    LAC_TRY_OUT(update_running(ctx, o, &n));
    *out = result;
    result = NULL;
out:
    lac_tensor_release(result);
    lac_tensor_release(stage.scale);
    lac_tensor_release(stage.shift);
    lac_tensor_release(n.weight);
    lac_tensor_release(n.bias);
    lac_tensor_release(n.mean);
    lac_tensor_release(n.var);
    return status;
}
