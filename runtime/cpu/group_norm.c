/*
 * group_norm.c - mean and biased variance of each sample and group of channels, in two passes, then the
 * affine map, all in float64.
 *
 * Sums run along rows in row order, channel by channel, and then over the channels of a group in
 * ascending order. Threads take channels in the first, so no result depends on their number.
 */
#include "core/checked.h"
#include "cpu/dense_walk.h"

#include <math.h>

enum { CHUNK = 16, ROWS = 1024 };

typedef struct job {
    const float *x;
    const int64_t *sample; /* NULL: all 0 */
    const double *weight, *bias;
    int64_t rows, channels, samples, groups;
    int64_t *count;     /* [samples] */
    double *sum, *mean; /* [samples, channels] */
    double eps;
    float *out;
} job;

static int64_t sample_of(const job *j, int64_t row) {
    return j->sample == NULL ? 0 : j->sample[row];
}

/* Sums of x, or of its squared distance from the mean. */
static void add_rows(const job *j, bool squares, int64_t first, int64_t last) {
    for (int64_t s = 0; s < j->samples; s++)
        for (int64_t c = first; c < last; c++) j->sum[s * j->channels + c] = 0;
    for (int64_t i = 0; i < j->rows; i++) {
        const float *restrict x = j->x + i * j->channels;
        double *restrict sum = j->sum + sample_of(j, i) * j->channels;
        const double *restrict mean = j->mean + sample_of(j, i) * j->channels;
        if (squares) {
#pragma omp simd
            for (int64_t c = first; c < last; c++) {
                const double d = (double)x[c] - mean[c];
                sum[c] += d * d;
            }
        } else {
#pragma omp simd
            for (int64_t c = first; c < last; c++) sum[c] += (double)x[c];
        }
    }
}

/* Turns the sums of channels into the average of their group, in the place of each of them. */
static void average_groups(const job *j, double *to) {
    const int64_t width = j->channels / j->groups;
    for (int64_t s = 0; s < j->samples; s++) {
        if (j->count[s] == 0) continue;
        for (int64_t g = 0; g < j->groups; g++) {
            const int64_t first = s * j->channels + g * width;
            double total = 0;
            for (int64_t c = 0; c < width; c++) total += j->sum[first + c];
            total /= (double)j->count[s] * (double)width;
            for (int64_t c = 0; c < width; c++) to[first + c] = total;
        }
    }
}

static void normalise(const job *j, int64_t row) {
    const float *restrict x = j->x + row * j->channels;
    float *restrict out = j->out + row * j->channels;
    const double *mean = j->mean + sample_of(j, row) * j->channels;
    const double *scale = j->sum + sample_of(j, row) * j->channels;
    const double *bias = j->bias;
    const int64_t n = j->channels;
    if (bias == NULL) {
#pragma omp simd
        for (int64_t c = 0; c < n; c++) out[c] = (float)(((double)x[c] - mean[c]) * scale[c]);
    } else {
#pragma omp simd
        for (int64_t c = 0; c < n; c++)
            out[c] = (float)(((double)x[c] - mean[c]) * scale[c] + bias[c]);
    }
}

static void run(lac_context *ctx, const job *j) {
    const int64_t chunks = (j->channels + CHUNK - 1) / CHUNK;
    /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): num_threads reads it */
    const int team = lac__team(ctx, j->rows * j->channels);
    for (int pass = 0; pass < 2; pass++) {
#pragma omp parallel for schedule(static) num_threads(team)
        for (int64_t k = 0; k < chunks; k++) {
            if (!lac__interrupted(ctx))
                add_rows(j, pass == 1, k * CHUNK, lac__min(j->channels, (k + 1) * CHUNK));
        }
        average_groups(j, pass == 0 ? j->mean : j->sum);
    }
    for (int64_t i = 0; i < j->samples * j->channels; i++) {
        const double weight = j->weight == NULL ? 1 : j->weight[i % j->channels];
        j->sum[i] = weight / sqrt(j->sum[i] + j->eps);
    }
    const int64_t blocks = (j->rows + ROWS - 1) / ROWS;
#pragma omp parallel for schedule(static) num_threads(team)
    for (int64_t b = 0; b < blocks; b++) {
        if (lac__interrupted(ctx)) continue;
        for (int64_t i = b * ROWS; i < lac__min(j->rows, (b + 1) * ROWS); i++) normalise(j, i);
    }
}

lac_status lac_group_norm__cpu(lac_context *ctx, const lac__group_norm_args *args) {
    job j = {.x = lac__data(args->x),
             .sample = args->sample == NULL ? NULL : lac__data(args->sample),
             .weight = args->weight == NULL ? NULL : lac__data(args->weight),
             .bias = args->bias == NULL ? NULL : lac__data(args->bias),
             .rows = args->x->shape[0],
             .channels = args->x->shape[1],
             .samples = args->samples,
             .groups = args->groups,
             .eps = args->eps,
             .out = lac__data(args->out)};
    if (j.rows == 0 || j.channels == 0) return LAC_OK;
    lac__block count = {0}, sum = {0}, mean = {0};
    const size_t values = (size_t)(j.samples * j.channels);
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__pool_alloc(ctx->pool, (size_t)j.samples * sizeof(int64_t), &count));
    LAC_TRY_OUT(lac__pool_alloc(ctx->pool, values * sizeof(double), &sum));
    LAC_TRY_OUT(lac__pool_alloc(ctx->pool, values * sizeof(double), &mean));
    j.count = count.data;
    j.sum = sum.data;
    j.mean = mean.data;
    for (int64_t s = 0; s < j.samples; s++) j.count[s] = 0;
    for (int64_t i = 0; i < j.rows; i++) j.count[sample_of(&j, i)]++;
    run(ctx, &j);
    status = lac__check_interrupt(ctx);
out:
    lac__pool_free(ctx->pool, &count);
    lac__pool_free(ctx->pool, &sum);
    lac__pool_free(ctx->pool, &mean);
    return status;
}
