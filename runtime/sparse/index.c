/*
 * index.c - see index.h.
 */
#include "sparse/index.h"

#include "core/checked.h"
#include "core/threads.h"
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

static int row_bits_for(int64_t count) {
    int bits = 0;
    while ((int64_t)1 << bits < count) bits++;
    return bits;
}

/* Key and row number in one 64-bit value where they fit, else by comparing rows. `keys` NULL, or where the
 * narrow keys go as well. */
static lac_status sort_packed(lac_context *ctx, const int32_t *rows, int64_t count,
                              const lac__packing *p, int32_t *order, uint64_t *keys) {
    const int row_bits = row_bits_for(count);
    if (p->wide || p->bits + row_bits > 64) {
        LAC_TRY(lac__sort_rows(ctx, rows, count, order));
        for (int64_t i = 0; keys != NULL && i < count; i++) {
            const int32_t *r = rows + 4 * (int64_t)order[i];
            keys[i] = lac__pack_narrow(p, r[0], r[1], r[2], r[3]);
        }
        return LAC_OK;
    }
    lac__block memory = {0};
    LAC_TRY(lac__pool_alloc(ctx->pool, 2 * (size_t)count * sizeof(uint64_t), &memory));
    uint64_t *values = memory.data, *sorted = NULL;
#pragma omp parallel for num_threads(lac__team(ctx, 2 * count)) schedule(static)
    for (int64_t i = 0; i < count; i++) {
        const int32_t *r = rows + 4 * i;
        values[i] = lac__pack_narrow(p, r[0], r[1], r[2], r[3]) << row_bits | (uint64_t)i;
    }
    const lac_status status =
        lac__sort_values(ctx, values, values + count, count, row_bits, row_bits + p->bits, &sorted);
    if (status == LAC_OK) {
        const uint64_t mask = ((uint64_t)1 << row_bits) - 1;
#pragma omp parallel for num_threads(lac__team(ctx, 2 * count)) schedule(static)
        for (int64_t i = 0; i < count; i++) {
            order[i] = (int32_t)(sorted[i] & mask);
            if (keys != NULL) keys[i] = sorted[i] >> row_bits;
        }
    }
    lac__pool_free(ctx->pool, &memory);
    return status;
}

static lac_status duplicate_rows(const int32_t *rows, const lac__index *index, int64_t position) {
    const int32_t a = lac__index_row(index, position - 1), b = lac__index_row(index, position);
    const int32_t *r = rows + 4 * (int64_t)a;
    return lac__fail(
        LAC_ERR_DUPLICATE,
        "coords: rows %d and %d are both (%d, %d, %d, %d), expected unique rows: quantize removes duplicates",
        a < b ? a : b, a < b ? b : a, r[0], r[1], r[2], r[3]);
}

/* No memory for the order where the rows are sorted already, which packing them shows. */
static lac_status fill_narrow(lac_context *ctx, const int32_t *rows, lac__index *index) {
    const lac__packing *p = &index->packing;
    const int64_t count = index->count;
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)(count + LAC__KEY_PAD) * sizeof(uint64_t),
                            &index->keys));
    uint64_t *keys = index->keys.data;
    memset(keys + count, -1, LAC__KEY_PAD * sizeof *keys);
    /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): num_threads reads it */
    const int team = lac__team(ctx, 2 * count);
#pragma omp parallel for num_threads(team) schedule(static)
    for (int64_t i = 0; i < count; i++) {
        const int32_t *r = rows + 4 * i;
        keys[i] = lac__pack_narrow(p, r[0], r[1], r[2], r[3]);
    }
    int64_t unsorted = 0;
#pragma omp parallel for num_threads(team) schedule(static) reduction(+ : unsorted)
    for (int64_t i = 1; i < count; i++) unsorted += keys[i - 1] >= keys[i];
    if (unsorted == 0) return LAC_OK;
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)count * sizeof(int32_t), &index->order));
    LAC_TRY(sort_packed(ctx, rows, count, p, index->order.data, keys));
    int64_t first = INT64_MAX; /* position that equals the one before it */
#pragma omp parallel for num_threads(team) schedule(static) reduction(min : first)
    for (int64_t i = 1; i < count; i++) {
        if (keys[i - 1] == keys[i]) first = lac__min(first, i);
    }
    return first == INT64_MAX ? LAC_OK : duplicate_rows(rows, index, first);
}

static lac_status fill_wide(lac_context *ctx, const int32_t *rows, lac__index *index) {
    const lac__packing *p = &index->packing;
    const int64_t count = index->count;
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)count * sizeof(lac__wide_key), &index->keys));
    if (!strictly_sorted(rows, count)) {
        LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)count * sizeof(int32_t), &index->order));
        LAC_TRY(lac__sort_rows(ctx, rows, count, index->order.data));
    }
    lac__wide_key *keys = index->keys.data;
    for (int64_t i = 0; i < count; i++) {
        const int32_t *r = rows + 4 * (int64_t)lac__index_row(index, i);
        keys[i] = lac__pack_wide(p, r[0], r[1], r[2], r[3]);
        if (i > 0 && keys[i - 1] == keys[i]) return duplicate_rows(rows, index, i);
    }
    return LAC_OK;
}

lac_status lac__order_rows(lac_context *ctx, const int32_t *rows, int64_t count, int32_t *order) {
    lac__index index = {.count = count};
    find_box(ctx, rows, count, &index);
    if (count == 0) return LAC_OK;
    lac__packing_make(index.low, index.high, &index.packing);
    return sort_packed(ctx, rows, count, &index.packing, order, NULL);
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
    const lac_status status =
        index.packing.wide ? fill_wide(ctx, rows, &index) : fill_narrow(ctx, rows, &index);
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
