/*
 * dense_sort.c - stable sort along one dimension, and unique rows.
 *
 * Values become 64-bit keys of the same order. Both zeros have one key, so that they keep their
 * order; every NaN has the highest key, so that they come last, ascending or descending.
 */
#include "cpu/dense_walk.h"

#include "core/checked.h"
#include "core/half.h"
#include "cpu/dense_radix.h"

#include <string.h>

static uint64_t real_key(double v, bool descending) {
    if (v != v) return UINT64_MAX;
    v += 0.0; /* -0 becomes 0 */
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    const uint64_t key = bits >> 63 ? ~bits : bits | 0x8000000000000000u;
    return descending ? ~key : key; /* infinities leave UINT64_MAX free */
}

static uint64_t integer_key(int64_t v, bool descending) {
    return descending ? ~lac__integer_key(v) : lac__integer_key(v);
}

static uint64_t key_at(lac_dtype dtype, const void *x, int64_t i, bool descending) {
    switch (dtype) {
    case LAC_DTYPE_F32: return real_key((double)((const float *)x)[i], descending);
    case LAC_DTYPE_F64: return real_key(((const double *)x)[i], descending);
    case LAC_DTYPE_F16:
        return real_key((double)lac__f16_to_float(((const uint16_t *)x)[i]), descending);
    case LAC_DTYPE_BF16:
        return real_key((double)lac__bf16_to_float(((const uint16_t *)x)[i]), descending);
    case LAC_DTYPE_I32: return integer_key(((const int32_t *)x)[i], descending);
    case LAC_DTYPE_I64: return integer_key(((const int64_t *)x)[i], descending);
    default: return integer_key(((const uint8_t *)x)[i], descending);
    }
}

static lac_status items_alloc(lac_context *ctx, int64_t n, lac__block *block) {
    int64_t bytes;
    if (!lac__mul_size(n, 2 * (int64_t)sizeof(lac__sort_item), &bytes))
        return lac__fail(LAC_ERR_OOM, "sort: %lld elements", (long long)n);
    return lac__pool_alloc(ctx->pool, (size_t)bytes, block);
}

static void sort_lane(lac_context *ctx, const lac__sort_args *args, int64_t lane,
                      lac__sort_item *items) {
    const lac__lanes l = args->lanes;
    const lac_dtype dtype = args->x->dtype;
    const int64_t size = (int64_t)lac_dtype_size(dtype);
    const char *x = lac__data(args->x);
    const int64_t from = lane / l.inner * l.n * l.inner + lane % l.inner;
    const int64_t to = lane / l.inner * args->k * l.inner + lane % l.inner;
    for (int64_t i = 0; i < l.n; i++)
        items[i] = (lac__sort_item){key_at(dtype, x, from + i * l.inner, args->descending), i};
    lac__radix_sort(ctx, items, items + l.n, l.n);
    char *values = args->values == NULL ? NULL : lac__data(args->values);
    int64_t *indices = args->indices == NULL ? NULL : lac__data(args->indices);
    for (int64_t i = 0; i < args->k; i++) {
        const int64_t at = to + i * l.inner;
        if (indices != NULL) indices[at] = items[i].row;
        if (values != NULL)
            memcpy(values + at * size, x + (from + items[i].row * l.inner) * size, (size_t)size);
    }
}

lac_status lac_sort__cpu(lac_context *ctx, const lac__sort_args *args) {
    const int64_t lanes = args->lanes.outer * args->lanes.inner, n = args->lanes.n;
    if (args->k == 0 || lanes == 0) return LAC_OK;
    const int team = lanes == 1 ? 1 : lac__team(ctx, lanes * n);
    lac__block block = {0};
    LAC_TRY(items_alloc(ctx, n * team, &block));
    lac__sort_item *items = block.data;
#pragma omp parallel for schedule(static) num_threads(team)
    for (int part = 0; part < team; part++) {
        const int64_t begin = lanes * part / team, end = lanes * (part + 1) / team;
        for (int64_t lane = begin; lane < end && !lac__interrupted(ctx); lane++)
            sort_lane(ctx, args, lane, items + 2 * n * part);
    }
    lac__pool_free(ctx->pool, &block);
    return lac__check_interrupt(ctx);
}

/* Orders the rows lexicographically: stable sorts by column, the last one first. */
static lac_status order_rows(lac_context *ctx, const lac_tensor *x, lac__sort_item *items) {
    const int64_t n = x->shape[0], columns = x->ndim == 2 ? x->shape[1] : 1;
    const void *data = lac__data(x);
    for (int64_t i = 0; i < n; i++) items[i].row = i;
    for (int64_t c = columns - 1; c >= 0; c--) {
        LAC_TRY(lac__check_interrupt(ctx));
        for (int64_t i = 0; i < n; i++)
            items[i].key = key_at(x->dtype, data, items[i].row * columns + c, false);
        lac__radix_sort(ctx, items, items + n, n);
    }
    return lac__check_interrupt(ctx);
}

lac_status lac_unique__cpu(lac_context *ctx, const lac__unique_args *args) {
    const int64_t n = args->x->shape[0], columns = args->x->ndim == 2 ? args->x->shape[1] : 1;
    *args->count = 0;
    if (n == 0) return LAC_OK;
    lac__block block = {0};
    LAC_TRY(items_alloc(ctx, n, &block));
    lac__sort_item *items = block.data;
    const lac_status status = order_rows(ctx, args->x, items);
    if (status == LAC_OK) {
        const char *x = lac__data(args->x);
        const size_t bytes = (size_t)columns * lac_dtype_size(args->x->dtype);
        int64_t *first = lac__data(args->first), *inverse = lac__data(args->inverse);
        int64_t groups = 0;
        for (int64_t i = 0; i < n; i++) {
            const size_t row = (size_t)items[i].row;
            const char *here = x + row * bytes;
            if (i == 0 ||
                (bytes > 0 && memcmp(here, x + (size_t)items[i - 1].row * bytes, bytes) != 0))
                first[groups++] = items[i].row;
            inverse[row] = groups - 1;
        }
        *args->count = groups;
    }
    lac__pool_free(ctx->pool, &block);
    return status;
}
