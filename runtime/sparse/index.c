/*
 * index.c - see index.h.
 */
#include "sparse/index.h"

#include "core/checked.h"
#include "sparse/sort.h"

#include <string.h>

static void find_box(lac_context *ctx, const int32_t *rows, int64_t count, lac__index *index) {
    int32_t l0 = INT32_MAX, l1 = INT32_MAX, l2 = INT32_MAX, l3 = INT32_MAX;
    int32_t h0 = INT32_MIN, h1 = INT32_MIN, h2 = INT32_MIN, h3 = INT32_MIN;
#pragma omp parallel for num_threads(ctx->threads) schedule(static) if (count > 1 << 14)           \
    reduction(min                                                                                  \
              : l0, l1, l2, l3) reduction(max                                                      \
                                          : h0, h1, h2, h3)
    for (int64_t i = 0; i < count; i++) {
        const int32_t *r = rows + 4 * i;
        l0 = r[0] < l0 ? r[0] : l0, h0 = r[0] > h0 ? r[0] : h0;
        l1 = r[1] < l1 ? r[1] : l1, h1 = r[1] > h1 ? r[1] : h1;
        l2 = r[2] < l2 ? r[2] : l2, h2 = r[2] > h2 ? r[2] : h2;
        l3 = r[3] < l3 ? r[3] : l3, h3 = r[3] > h3 ? r[3] : h3;
    }
    const int64_t low[4] = {l0, l1, l2, l3}, high[4] = {h0, h1, h2, h3};
    memcpy(index->low, low, sizeof low);
    memcpy(index->high, high, sizeof high);
}

static bool strictly_sorted(const int32_t *rows, int64_t count) {
    for (int64_t i = 1; i < count; i++) {
        if (lac__compare_rows(rows + 4 * (i - 1), rows + 4 * i) >= 0) return false;
    }
    return true;
}

/* Key and row number in one 64-bit value where they fit, else by comparing rows. */
static lac_status sort_packed(lac_context *ctx, const int32_t *rows, int64_t count,
                              const lac__packing *p, int32_t *order) {
    int row_bits = 0;
    while ((int64_t)1 << row_bits < count) row_bits++;
    if (p->wide || p->bits + row_bits > 64) return lac__sort_rows(ctx, rows, count, order);
    lac__block memory = {0};
    LAC_TRY(lac__pool_alloc(ctx->pool, 2 * (size_t)count * sizeof(uint64_t), &memory));
    uint64_t *values = memory.data, *sorted = NULL;
#pragma omp parallel for num_threads(ctx->threads) schedule(static) if (count > 1 << 14)
    for (int64_t i = 0; i < count; i++) {
        const int32_t *r = rows + 4 * i;
        values[i] = lac__pack_narrow(p, r[0], r[1], r[2], r[3]) << row_bits | (uint64_t)i;
    }
    const lac_status status =
        lac__sort_values(ctx, values, values + count, count, row_bits, row_bits + p->bits, &sorted);
    if (status == LAC_OK) {
        const uint64_t mask = ((uint64_t)1 << row_bits) - 1;
#pragma omp parallel for num_threads(ctx->threads) schedule(static) if (count > 1 << 14)
        for (int64_t i = 0; i < count; i++) order[i] = (int32_t)(sorted[i] & mask);
    }
    lac__pool_free(ctx->pool, &memory);
    return status;
}

static lac_status fill_keys(lac_context *ctx, const int32_t *rows, lac__index *index) {
    const lac__packing *p = &index->packing;
    const int64_t count = index->count;
    const size_t size = p->wide ? sizeof(lac__wide_key) : sizeof(uint64_t);
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)count * size, &index->keys));
    uint64_t *narrow = index->keys.data;
    lac__wide_key *wide = index->keys.data;
    int64_t duplicate = INT64_MAX; /* the first position that equals the one before it */
#pragma omp parallel for num_threads(ctx->threads) schedule(static)                                \
    reduction(min                                                                                  \
              : duplicate) if (count > 1 << 14)
    for (int64_t i = 0; i < count; i++) {
        const int32_t *r = rows + 4 * (int64_t)lac__index_row(index, i);
        if (p->wide)
            wide[i] = lac__pack_wide(p, r[0], r[1], r[2], r[3]);
        else
            narrow[i] = lac__pack_narrow(p, r[0], r[1], r[2], r[3]);
        if (i > 0 && lac__compare_rows(rows + 4 * (int64_t)lac__index_row(index, i - 1), r) == 0)
            duplicate = lac__min(duplicate, i);
    }
    if (duplicate == INT64_MAX) return LAC_OK;
    const int32_t first = lac__index_row(index, duplicate - 1),
                  second = lac__index_row(index, duplicate);
    const int32_t *r = rows + 4 * (int64_t)first;
    return lac__fail(
        LAC_ERR_DUPLICATE,
        "coords: rows %d and %d are both (%d, %d, %d, %d), expected unique rows: quantize removes duplicates",
        first < second ? first : second, first < second ? second : first, r[0], r[1], r[2], r[3]);
}

lac_status lac__order_rows(lac_context *ctx, const int32_t *rows, int64_t count, int32_t *order) {
    lac__index index = {.count = count};
    find_box(ctx, rows, count, &index);
    if (count == 0) return LAC_OK;
    lac__packing_make(index.low, index.high, &index.packing);
    return sort_packed(ctx, rows, count, &index.packing, order);
}

/* No memory for the order where the rows are sorted already. */
static lac_status sort_order(lac_context *ctx, const int32_t *rows, lac__index *index) {
    if (strictly_sorted(rows, index->count)) return LAC_OK;
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)index->count * sizeof(int32_t), &index->order));
    return sort_packed(ctx, rows, index->count, &index->packing, index->order.data);
}

lac_status lac__index_build(lac_context *ctx, const int32_t *rows, int64_t count, lac__index *out) {
    lac__index index = {.count = count};
    if (count > INT32_MAX)
        return lac__fail(LAC_ERR_SHAPE, "coords: %lld rows, expected at most 2^31 - 1",
                         (long long)count);
    find_box(ctx, rows, count, &index);
    if (count == 0) {
        *out = index;
        return LAC_OK;
    }
    lac__packing_make(index.low, index.high, &index.packing);
    lac_status status = sort_order(ctx, rows, &index);
    if (status == LAC_OK) status = fill_keys(ctx, rows, &index);
    if (status != LAC_OK) {
        lac__index_free(ctx->pool, &index);
        return status;
    }
    *out = index;
    return LAC_OK;
}

void lac__index_free(lac__pool *pool, lac__index *index) {
    lac__pool_free(pool, &index->keys);
    lac__pool_free(pool, &index->order);
    *index = (lac__index){0};
}

int64_t lac__index_find(const lac__index *index, const int32_t row[4]) {
    for (int i = 0; i < 4; i++) {
        if (row[i] < index->low[i] || row[i] > index->high[i]) return -1;
    }
    const lac__packing *p = &index->packing;
    const uint64_t *narrow = index->keys.data;
    const lac__wide_key *wide = index->keys.data;
    const uint64_t key = p->wide ? 0 : lac__pack_narrow(p, row[0], row[1], row[2], row[3]);
    const lac__wide_key wide_key = p->wide ? lac__pack_wide(p, row[0], row[1], row[2], row[3]) : 0;
    int64_t low = 0, high = index->count;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        const bool before = p->wide ? wide[middle] < wide_key : narrow[middle] < key;
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == index->count) return -1;
    const bool equal = p->wide ? wide[low] == wide_key : narrow[low] == key;
    return equal ? lac__index_row(index, low) : -1;
}
