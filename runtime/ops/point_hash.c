/*
 * point_hash.c - hashes of coordinate rows, exact look-up of rows, and counts of indices.
 */
#include "core/checked.h"
#include "core/shape.h"
#include "sparse/device_points.h"

#include <string.h>

static uint64_t fnv1a(const int32_t row[4], const int32_t offset[3]) {
    uint64_t h = UINT64_C(14695981039346656037);
    for (int i = 0; i < 4; i++) {
        const uint32_t column = (uint32_t)row[i] + (i == 0 ? 0 : (uint32_t)offset[i - 1]);
        h = (h ^ column) * UINT64_C(1099511628211);
    }
    return h;
}

static lac_status check_hash(const lac_tensor *rows, const lac_tensor *offsets) {
    char text[LAC__SHAPE_TEXT];
    if (rows->dtype != LAC_DTYPE_I32 || rows->ndim != 2 || rows->shape[1] != 4)
        return lac__fail(LAC_ERR_SHAPE, "sphash: coords %s %s, expected int32 [N, 4]",
                         lac_dtype_name(rows->dtype), lac__shape_text(rows, text));
    if (offsets != NULL &&
        (offsets->dtype != LAC_DTYPE_I32 || offsets->ndim != 2 || offsets->shape[1] != 3))
        return lac__fail(LAC_ERR_SHAPE, "sphash: offsets %s %s, expected int32 [K, 3]",
                         lac_dtype_name(offsets->dtype), lac__shape_text(offsets, text));
    return lac__same_device("sphash: offsets", rows, offsets);
}

/* What the GPU that holds `t` does; NULL on the CPU. */
static const lac__device_points *gpu_of(const lac_tensor *t) {
    return lac__device_of(t)->backend->points;
}

static lac_status hash_rows(lac_context *ctx, const lac_tensor *rows, const lac_tensor *offsets,
                            lac_tensor *out) {
    static const int32_t none[3] = {0, 0, 0};
    const int64_t n = rows->shape[0], total = lac_tensor_numel(out);
    const int32_t *row = lac__data(rows), *shift = offsets == NULL ? none : lac__data(offsets);
    int64_t *hash = lac__data(out);
#pragma omp parallel for num_threads(ctx->threads) schedule(static) if (total > 1 << 14)
    for (int64_t i = 0; i < total; i++)
        hash[i] = (int64_t)fnv1a(row + 4 * (i % n), shift + 3 * (i / n));
    return LAC_OK;
}

lac_status lac_hash_rows(lac_context *ctx, lac_tensor *rows, lac_tensor *offsets,
                         lac_tensor **out) {
    LAC_NEED("hash_rows", ctx, rows, out);
    LAC_TRY(check_hash(rows, offsets));
    lac_tensor *plain = NULL, *shifts = NULL, *r = NULL;
    lac_status status = LAC_OK;
    const int64_t n = rows->shape[0], k = offsets == NULL ? 1 : offsets->shape[0];
    const int64_t shape[2] = {k, n};
    LAC_TRY_OUT(lac__as_contiguous(ctx, rows, LAC_DTYPE_I32, &plain));
    if (offsets != NULL) LAC_TRY_OUT(lac__as_contiguous(ctx, offsets, LAC_DTYPE_I32, &shifts));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, plain, LAC_DTYPE_I64, offsets == NULL ? 1 : 2,
                                       offsets == NULL ? &n : shape, &r));
    LAC_TRY_OUT(gpu_of(r) != NULL ? gpu_of(r)->hash_rows(ctx, plain, shifts, r)
                                  : hash_rows(ctx, plain, shifts, r));
    *out = r;
    r = NULL;
out:
    lac_tensor_release(plain);
    lac_tensor_release(shifts);
    lac_tensor_release(r);
    return status;
}

/* Rows of `words` 32-bit words in an open-addressing table of row numbers; equal rows: the first. */
typedef struct table {
    const uint32_t *rows;
    int64_t words;
    int32_t *slots; /* row, -1: free */
    uint64_t mask;
} table;

/* The slot that holds a row equal to `row`, or the free one where it belongs. */
static uint64_t slot_of(const table *t, const uint32_t *row) {
    uint64_t h = 0;
    for (int64_t i = 0; i < t->words; i++) {
        h = (h ^ row[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    for (uint64_t slot = h & t->mask;; slot = (slot + 1) & t->mask) {
        const int32_t at = t->slots[slot];
        if (at < 0 || memcmp(t->rows + at * t->words, row, (size_t)t->words * sizeof *row) == 0)
            return slot;
    }
}

static lac_status check_find(const lac_tensor *query, const lac_tensor *reference) {
    char a[LAC__SHAPE_TEXT], b[LAC__SHAPE_TEXT];
    if (reference->dtype != query->dtype ||
        (query->dtype != LAC_DTYPE_I32 && query->dtype != LAC_DTYPE_I64))
        return lac__fail(LAC_ERR_DTYPE,
                         "sphashquery: %s queries in %s references, expected int32 or int64 twice",
                         lac_dtype_name(query->dtype), lac_dtype_name(reference->dtype));
    const bool single = reference->ndim == 1;
    if ((!single && reference->ndim != 2) || query->ndim < reference->ndim - 1 ||
        (!single && (reference->shape[1] < 1 || query->ndim < 1 ||
                     query->shape[query->ndim - 1] != reference->shape[1])))
        return lac__fail(LAC_ERR_SHAPE,
                         "sphashquery: queries of shape %s in references of shape %s, expected any "
                         "shape in [M], or [..., C] in [M, C]",
                         lac__shape_text(query, a), lac__shape_text(reference, b));
    if (reference->shape[0] > INT32_MAX / 2)
        return lac__fail(LAC_ERR_SHAPE, "sphashquery: %lld references, expected at most 2^30",
                         (long long)reference->shape[0]);
    return lac__same_device("sphashquery: references", query, reference);
}

static lac_status fill_table(lac_context *ctx, const lac_tensor *reference, lac__block *memory,
                             table *t) {
    const int64_t n = reference->shape[0];
    uint64_t size = 16;
    while (size < 2 * (uint64_t)n) size *= 2;
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)size * sizeof *t->slots, memory));
    t->rows = lac__data(reference);
    t->slots = memory->data;
    t->mask = size - 1;
    memset(t->slots, 0xff, (size_t)size * sizeof *t->slots);
    for (int64_t i = 0; i < n; i++) {
        const uint64_t slot = slot_of(t, t->rows + i * t->words);
        if (t->slots[slot] < 0) t->slots[slot] = (int32_t)i;
    }
    return LAC_OK;
}

static lac_status find_rows(lac_context *ctx, const lac_tensor *query, const lac_tensor *reference,
                            lac_tensor *out) {
    const bool single = reference->ndim == 1;
    lac__block memory = {0};
    table t = {.words = (single ? 1 : reference->shape[1]) *
                        (int64_t)(lac_dtype_size(query->dtype) / sizeof(uint32_t))};
    LAC_TRY(fill_table(ctx, reference, &memory, &t));
    const uint32_t *rows = lac__data(query);
    int64_t *found = lac__data(out);
    const int64_t n = lac_tensor_numel(out);
#pragma omp parallel for num_threads(ctx->threads) schedule(static) if (n > 1 << 12)
    for (int64_t i = 0; i < n; i++) found[i] = t.slots[slot_of(&t, rows + i * t.words)];
    lac__pool_free(ctx->pool, &memory);
    return LAC_OK;
}

lac_status lac_find_rows(lac_context *ctx, lac_tensor *query, lac_tensor *reference,
                         lac_tensor **out) {
    LAC_NEED("find_rows", ctx, query, reference, out);
    LAC_TRY(check_find(query, reference));
    LAC_TRY(lac__check_interrupt(ctx));
    lac_tensor *q = NULL, *ref = NULL, *r = NULL;
    lac_status status = LAC_OK;
    const int32_t columns = reference->ndim == 1 ? 0 : 1; /* of a query, in its shape */
    LAC_TRY_OUT(lac__as_contiguous(ctx, query, query->dtype, &q));
    LAC_TRY_OUT(lac__as_contiguous(ctx, reference, query->dtype, &ref));
    LAC_TRY_OUT(
        lac__tensor_new_beside(ctx, q, LAC_DTYPE_I64, query->ndim - columns, query->shape, &r));
    LAC_TRY_OUT(gpu_of(r) != NULL ? gpu_of(r)->find_rows(ctx, q, ref, r)
                                  : find_rows(ctx, q, ref, r));
    *out = r;
    r = NULL;
out:
    lac_tensor_release(q);
    lac_tensor_release(ref);
    lac_tensor_release(r);
    return status;
}

static lac_status count_index(const lac_tensor *index, lac_tensor *out) {
    const int64_t *at = lac__data(index), n = lac_tensor_numel(index), rows = out->shape[0];
    int32_t *count = lac__data(out);
    for (int64_t m = 0; m < rows; m++) count[m] = 0;
    for (int64_t i = 0; i < n; i++) {
        if (at[i] >= rows)
            return lac__fail(LAC_ERR_RANGE,
                             "spcount: index %lld at position %lld, expected less than %lld",
                             (long long)at[i], (long long)i, (long long)rows);
        if (at[i] >= 0) count[at[i]]++;
    }
    return LAC_OK;
}

lac_status lac_count_index(lac_context *ctx, lac_tensor *index, int64_t rows, lac_tensor **out) {
    LAC_NEED("count_index", ctx, index, out);
    if (rows < 0)
        return lac__fail(LAC_ERR_ARGUMENT, "spcount: %lld rows, expected 0 or more",
                         (long long)rows);
    lac_tensor *where = NULL, *r = NULL;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__as_index(ctx, "spcount", index, &where));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, where, LAC_DTYPE_I32, 1, &rows, &r));
    const int64_t n = lac_tensor_numel(where);
    if (n > INT32_MAX)
        LAC_TRY_OUT(lac__fail(LAC_ERR_SHAPE, "spcount: %lld indices, expected at most 2^31 - 1",
                              (long long)n));
    LAC_TRY_OUT(gpu_of(r) != NULL ? gpu_of(r)->count_index(ctx, where, r) : count_index(where, r));
    *out = r;
    r = NULL;
out:
    lac_tensor_release(where);
    lac_tensor_release(r);
    return status;
}
