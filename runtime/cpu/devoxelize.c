/*
 * devoxelize.c - weighted sums of rows, the terms of a sum in ascending order.
 */
#include "cpu/dense_walk.h"

#include "core/checked.h"

#include <string.h>

enum { ROWS = 256 };

static void add_floats(float *sum, const float *from, float weight, int64_t n) {
#pragma omp simd
    for (int64_t c = 0; c < n; c++) sum[c] += weight * from[c];
}

static void add_doubles(double *sum, const double *from, double weight, int64_t n) {
#pragma omp simd
    for (int64_t c = 0; c < n; c++) sum[c] += weight * from[c];
}

static void sum_row(const lac__devoxelize_args *args, int64_t i) {
    const int64_t width = args->out->shape[1], terms = args->index->shape[1];
    const int64_t *index = (const int64_t *)lac__data(args->index) + i * terms;
    const size_t size = lac_dtype_size(args->out->dtype);
    char *out = (char *)lac__data(args->out) + (size_t)(i * width) * size;
    memset(out, 0, (size_t)width * size);
    for (int64_t k = 0; k < terms; k++) {
        if (index[k] < 0) continue;
        const int64_t from = index[k] * width, at = i * terms + k;
        if (args->out->dtype == LAC_DTYPE_F64)
            add_doubles((double *)(void *)out, (const double *)lac__data(args->feats) + from,
                        ((const double *)lac__data(args->weights))[at], width);
        else
            add_floats((float *)(void *)out, (const float *)lac__data(args->feats) + from,
                       ((const float *)lac__data(args->weights))[at], width);
    }
}

lac_status lac_devoxelize__cpu(lac_context *ctx, const lac__devoxelize_args *args) {
    const int64_t *index = lac__data(args->index);
    const int64_t n = args->out->shape[0], rows = args->feats->shape[0];
    const int64_t terms = args->index->shape[1];
    for (int64_t i = 0; i < n * terms; i++) {
        if (index[i] >= rows)
            return lac__fail(LAC_ERR_RANGE,
                             "devoxelize: index %lld of point %lld, expected less than %lld",
                             (long long)index[i], (long long)(i / terms), (long long)rows);
    }
    if (n == 0 || args->out->shape[1] == 0) return LAC_OK;
    const int64_t blocks = (n + ROWS - 1) / ROWS;
#pragma omp parallel for schedule(dynamic)                                                         \
    num_threads(lac__team(ctx, n *terms * args->out->shape[1]))
    for (int64_t b = 0; b < blocks; b++) {
        if (lac__interrupted(ctx)) continue;
        for (int64_t i = b * ROWS; i < lac__min(n, (b + 1) * ROWS); i++) sum_row(args, i);
    }
    return lac__check_interrupt(ctx);
}
