/*
 * point_mean.c - scatter_mean. The points are sorted by their row first, so that rows are computed on
 * several threads and each sum still runs in the order of the points.
 */
#include "cpu/dense_walk.h"

#include "core/checked.h"

#include <string.h>

enum { ROWS = 256, CHANNELS = 64 };

/* The points of row m are order[starts[m]] to order[starts[m + 1] - 1], ascending. */
typedef struct lists {
    int64_t *starts, *order;
} lists;

static lac_status sort_points(const lac_tensor *index, int64_t rows, lists *l) {
    const int64_t *at = lac__data(index);
    const int64_t n = index->shape[0];
    memset(l->starts, 0, (size_t)(rows + 2) * sizeof *l->starts);
    int64_t *next = l->starts + 1; /* one ahead: the second pass moves it to its place */
    for (int64_t i = 0; i < n; i++) {
        if (at[i] >= rows)
            return lac__fail(LAC_ERR_RANGE,
                             "scatter_mean: index %lld of point %lld, expected less than %lld",
                             (long long)at[i], (long long)i, (long long)rows);
        if (at[i] >= 0) next[at[i] + 1]++;
    }
    for (int64_t m = 0; m < rows; m++) next[m + 1] += next[m];
    for (int64_t i = 0; i < n; i++) {
        if (at[i] >= 0) l->order[next[at[i]]++] = i;
    }
    return LAC_OK;
}

static void add_floats(double *sum, const float *from, int64_t n) {
#pragma omp simd
    for (int64_t c = 0; c < n; c++) sum[c] += (double)from[c];
}

static void add_doubles(double *sum, const double *from, int64_t n) {
#pragma omp simd
    for (int64_t c = 0; c < n; c++) sum[c] += from[c];
}

static void divide(const double *sum, double count, lac_tensor *out, int64_t at, int64_t n) {
    if (out->dtype == LAC_DTYPE_F64) {
        double *to = (double *)lac__data(out) + at;
        for (int64_t c = 0; c < n; c++) to[c] = sum[c] / count;
    } else {
        float *to = (float *)lac__data(out) + at;
#pragma omp simd
        for (int64_t c = 0; c < n; c++) to[c] = (float)(sum[c] / count);
    }
}

static void mean_row(const lac__scatter_mean_args *args, const lists *l, int64_t m) {
    const int64_t width = args->out->shape[1], begin = l->starts[m], end = l->starts[m + 1];
    const bool wide = args->out->dtype == LAC_DTYPE_F64;
    const int64_t count =
        args->counts == NULL ? end - begin : ((const int64_t *)lac__data(args->counts))[m];
    for (int64_t c = 0; c < width; c += CHANNELS) {
        const int64_t n = lac__min(CHANNELS, width - c);
        double sum[CHANNELS] = {0};
        for (int64_t i = begin; count != 0 && i < end; i++) {
            const int64_t at = l->order[i] * width + c;
            if (wide)
                add_doubles(sum, (const double *)lac__data(args->feats) + at, n);
            else
                add_floats(sum, (const float *)lac__data(args->feats) + at, n);
        }
        divide(sum, count == 0 ? 1 : (double)count, args->out, m * width + c, n);
    }
}

lac_status lac_scatter_mean__cpu(lac_context *ctx, const lac__scatter_mean_args *args) {
    const int64_t rows = args->out->shape[0], n = args->index->shape[0];
    lac__block starts = {0}, order = {0};
    lac_status status = LAC_OK;
    int64_t bytes = 0;
    if (!lac__mul_size(rows, sizeof(int64_t), &bytes) || bytes > INT64_MAX - 64)
        return lac__fail(LAC_ERR_SHAPE, "scatter_mean: %lld rows are too many", (long long)rows);
    LAC_TRY_OUT(lac__pool_alloc(ctx->pool, (size_t)bytes + 2 * sizeof(int64_t), &starts));
    LAC_TRY_OUT(lac__pool_alloc(ctx->pool, (size_t)n * sizeof(int64_t), &order));
    lists l = {.starts = starts.data, .order = order.data};
    LAC_TRY_OUT(sort_points(args->index, rows, &l));
    /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): num_threads reads it */
    const int64_t blocks = (rows + ROWS - 1) / ROWS, work = (n + rows) * args->out->shape[1];
#pragma omp parallel for schedule(dynamic) num_threads(lac__team(ctx, work))
    for (int64_t b = 0; b < blocks; b++) {
        if (lac__interrupted(ctx)) continue;
        for (int64_t m = b * ROWS; m < lac__min(rows, (b + 1) * ROWS); m++) mean_row(args, &l, m);
    }
    status = lac__check_interrupt(ctx);
out:
    lac__pool_free(ctx->pool, &starts);
    lac__pool_free(ctx->pool, &order);
    return status;
}
