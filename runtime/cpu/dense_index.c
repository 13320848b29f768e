/*
 * dense_index.c - index_select, gather and scatter_add over checked 0-based positions.
 */
#include "cpu/dense_walk.h"

#include "core/checked.h"

#include <string.h>

enum { BLOCK = 4096 };

static lac_status check_index(const char *op, const lac_tensor *index, int64_t rows) {
    const int64_t *at = lac__data(index);
    const int64_t n = lac_tensor_numel(index);
    for (int64_t i = 0; i < n; i++) {
        if (at[i] < 0 || at[i] >= rows)
            return lac__fail(LAC_ERR_RANGE, "%s: index %lld at position %lld, expected 0 to %lld",
                             op, (long long)at[i], (long long)i, (long long)rows - 1);
    }
    return LAC_OK;
}

static inline void copy_element(char *to, const char *from, int64_t size) {
    switch (size) {
    case 1: *to = *from; break;
    case 2: memcpy(to, from, 2); break;
    case 4: memcpy(to, from, 4); break;
    case 8: memcpy(to, from, 8); break;
    default: memcpy(to, from, (size_t)size);
    }
}

lac_status lac_index_select__cpu(lac_context *ctx, const lac__index_select_args *args) {
    LAC_TRY(check_index("index_select", args->index, args->lanes.n));
    const int64_t *at = lac__data(args->index);
    const int64_t m = args->index->shape[0], rows = args->lanes.outer * m;
    const int64_t bytes = args->lanes.inner * (int64_t)lac_dtype_size(args->x->dtype);
    const char *x = lac__data(args->x);
    char *out = lac__data(args->out);
    if (bytes == 0) return LAC_OK;
    const int64_t blocks = (rows + BLOCK - 1) / BLOCK;
#pragma omp parallel for schedule(static) num_threads(lac__team(ctx, rows * args->lanes.inner))
    for (int64_t b = 0; b < blocks; b++) {
        if (lac__interrupted(ctx)) continue;
        for (int64_t r = b * BLOCK; r < lac__min(rows, (b + 1) * BLOCK); r++) {
            const int64_t from = r / m * args->lanes.n + at[r % m];
            copy_element(out + r * bytes, x + from * bytes, bytes);
        }
    }
    return lac__check_interrupt(ctx);
}

/* Walks the positions of `index` in row-major order: `at` counts, `offset` is where the element of
 * `t` at the same position lies, its place along `except` left out. */
typedef struct odometer {
    const lac_tensor *index, *t;
    int32_t except;
    int64_t at[LAC__MAX_DIMS];
    int64_t offset;
} odometer;

static odometer odometer_at(const lac_tensor *index, const lac_tensor *t, int32_t except,
                            int64_t position) {
    odometer o = {.index = index, .t = t, .except = except};
    for (int32_t i = index->ndim - 1; i >= 0; i--) {
        o.at[i] = position % index->shape[i];
        position /= index->shape[i];
        if (i != except) o.offset += o.at[i] * t->stride[i];
    }
    return o;
}

static void advance(odometer *o) {
    for (int32_t i = o->index->ndim - 1; i >= 0; i--) {
        const int64_t step = i == o->except ? 0 : o->t->stride[i];
        o->offset += step;
        if (++o->at[i] < o->index->shape[i]) return;
        o->offset -= o->at[i] * step;
        o->at[i] = 0;
    }
}

lac_status lac_gather__cpu(lac_context *ctx, const lac__gather_args *args) {
    LAC_TRY(check_index("gather", args->index, args->x->shape[args->dim]));
    const int64_t *at = lac__data(args->index);
    const int64_t n = lac_tensor_numel(args->index), size = (int64_t)lac_dtype_size(args->x->dtype);
    const int64_t along = args->x->stride[args->dim];
    const char *x = lac__data(args->x);
    char *out = lac__data(args->out);
    const int64_t blocks = (n + BLOCK - 1) / BLOCK;
#pragma omp parallel for schedule(static) num_threads(lac__team(ctx, n))
    for (int64_t b = 0; b < blocks; b++) {
        if (lac__interrupted(ctx)) continue;
        odometer o = odometer_at(args->index, args->x, args->dim, b * BLOCK);
        for (int64_t i = b * BLOCK; i < lac__min(n, (b + 1) * BLOCK); i++, advance(&o))
            copy_element(out + i * size, x + (o.offset + at[i] * along) * size, size);
    }
    return lac__check_interrupt(ctx);
}

static void add_element(lac_dtype dtype, void *out, int64_t to, const void *src, int64_t from) {
    switch (dtype) {
    case LAC_DTYPE_F64: ((double *)out)[to] += ((const double *)src)[from]; break;
    case LAC_DTYPE_I32: ((uint32_t *)out)[to] += ((const uint32_t *)src)[from]; break;
    case LAC_DTYPE_I64: ((uint64_t *)out)[to] += ((const uint64_t *)src)[from]; break;
    case LAC_DTYPE_U8:
        ((uint8_t *)out)[to] = (uint8_t)(((uint8_t *)out)[to] + ((const uint8_t *)src)[from]);
        break;
    default: ((float *)out)[to] += ((const float *)src)[from];
    }
}

/* One thread, in the order of the source: the sums are the same every time. */
lac_status lac_scatter_add__cpu(lac_context *ctx, const lac__scatter_add_args *args) {
    LAC_TRY(check_index("scatter_add", args->index, args->out->shape[args->dim]));
    const int64_t *at = lac__data(args->index);
    const int64_t n = lac_tensor_numel(args->index), along = args->out->stride[args->dim];
    const void *src = lac__data(args->src);
    void *out = lac__data(args->out);
    if (n == 0) return LAC_OK;
    odometer to = odometer_at(args->index, args->out, args->dim, 0);
    odometer from = odometer_at(args->index, args->src, -1, 0);
    for (int64_t i = 0; i < n; i++, advance(&to), advance(&from)) {
        if (i % BLOCK == 0) LAC_TRY(lac__check_interrupt(ctx));
        add_element(args->out->dtype, out, to.offset + at[i] * along, src, from.offset);
    }
    return LAC_OK;
}
