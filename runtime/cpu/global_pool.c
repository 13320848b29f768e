/*
 * global_pool.c - maximum and mean over the rows of each sample. Threads take channels, never rows, so
 * that every sum is one chain in row order.
 */
#include "core/checked.h"
#include "cpu/dense_walk.h"

#include <math.h>

enum { CHUNK = 16 }; /* channels: one cache line of a row */

typedef struct job {
    const float *x;
    const int64_t *sample; /* NULL: all 0 */
    int64_t rows, channels, samples;
    const int64_t *count; /* [samples] */
    double *sum;          /* [samples, channels] of a mean */
    float *out;
} job;

static void run_max(const job *j, int64_t first, int64_t last) {
    for (int64_t s = 0; s < j->samples; s++)
        for (int64_t c = first; c < last; c++)
            j->out[s * j->channels + c] = j->count[s] == 0 ? 0 : -INFINITY;
    for (int64_t i = 0; i < j->rows; i++) {
        const float *restrict x = j->x + i * j->channels;
        float *restrict out = j->out + (j->sample == NULL ? 0 : j->sample[i]) * j->channels;
#pragma omp simd
        for (int64_t c = first; c < last; c++) /* a NaN comes in and is not replaced */
            out[c] = x[c] > out[c] || isnan(x[c]) ? x[c] : out[c];
    }
}

static void run_mean(const job *j, int64_t first, int64_t last) {
    for (int64_t s = 0; s < j->samples; s++)
        for (int64_t c = first; c < last; c++) j->sum[s * j->channels + c] = 0;
    for (int64_t i = 0; i < j->rows; i++) {
        const float *restrict x = j->x + i * j->channels;
        double *restrict sum = j->sum + (j->sample == NULL ? 0 : j->sample[i]) * j->channels;
#pragma omp simd
        for (int64_t c = first; c < last; c++) sum[c] += (double)x[c];
    }
    for (int64_t s = 0; s < j->samples; s++) {
        const double n = (double)lac__max(j->count[s], 1);
        for (int64_t c = first; c < last; c++)
            j->out[s * j->channels + c] = (float)(j->sum[s * j->channels + c] / n);
    }
}

static void count_rows(const int64_t *sample, int64_t rows, int64_t *count, int64_t samples) {
    for (int64_t s = 0; s < samples; s++) count[s] = 0;
    for (int64_t i = 0; i < rows; i++) count[sample == NULL ? 0 : sample[i]]++;
}

lac_status lac_global_pool__cpu(lac_context *ctx, const lac__global_pool_args *args) {
    job j = {.x = lac__data(args->x),
             .sample = args->sample == NULL ? NULL : lac__data(args->sample),
             .rows = args->x->shape[0],
             .channels = args->x->shape[1],
             .samples = args->out->shape[0],
             .out = lac__data(args->out)};
    if (j.samples == 0 || j.channels == 0) return LAC_OK;
    const bool mean = args->kind == LAC_POOL_MEAN;
    lac__block count = {0}, sum = {0};
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__pool_alloc(ctx->pool, (size_t)j.samples * sizeof(int64_t), &count));
    if (mean)
        LAC_TRY_OUT(
            lac__pool_alloc(ctx->pool, (size_t)(j.samples * j.channels) * sizeof(double), &sum));
    count_rows(j.sample, j.rows, count.data, j.samples);
    j.count = count.data;
    j.sum = sum.data;
    const int64_t chunks = (j.channels + CHUNK - 1) / CHUNK;
#pragma omp parallel for schedule(static) num_threads(lac__team(ctx, j.rows *j.channels))
    for (int64_t k = 0; k < chunks; k++) {
        const int64_t last = lac__min(j.channels, (k + 1) * CHUNK);
        if (lac__interrupted(ctx)) continue;
        if (mean)
            run_mean(&j, k * CHUNK, last);
        else
            run_max(&j, k * CHUNK, last);
    }
    status = lac__check_interrupt(ctx);
out:
    lac__pool_free(ctx->pool, &count);
    lac__pool_free(ctx->pool, &sum);
    return status;
}
