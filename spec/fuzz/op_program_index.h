/*
 * op_program_index.h - instructions that move rows and elements by index. Indices do not wrap: a negative
 * one, or one past the end, is an error that leaves no result.
 */
#ifndef LACUNA_SPEC_OP_PROGRAM_INDEX_H
#define LACUNA_SPEC_OP_PROGRAM_INDEX_H

#include "op_machine.h"

enum { MOST_INDICES = MOST_PROGRAM_ROWS * MOST_CHANNELS };

typedef struct {
    lac_tensor *tensor;
    int64_t storage[2 * MOST_INDICES]; /* under it */
    int bad;                           /* one of them is out of range */
} indices;

/* [a,b] or, with b = 0, [a] numbers below `limit`, of which one in some programs is not; int64 or int32,
 * contiguous or every second element of the host's memory. */
static inline void make_indices(machine *m, int32_t choice, int64_t a, int64_t b, int64_t limit,
                                indices *out) {
    const int64_t odd[] = {-1, limit, -limit, INT32_MIN, INT32_MAX, limit + 1};
    const int64_t n = a * (b > 0 ? b : 1), step = choice & 1 ? 2 : 1;
    const int32_t wide = choice & 2;
    lac_tensor_desc desc = {.size = sizeof desc,
                            .dtype = wide ? LAC_DTYPE_I64 : LAC_DTYPE_I32,
                            .ndim = b > 0 ? 2 : 1,
                            .shape = {a, b},
                            .stride = {(b > 0 ? b : 1) * step, b > 0 ? step : 0}};
    int32_t *narrow = (int32_t *)(void *)out->storage;
    out->bad = limit == 0 && n > 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t value = limit > 0 ? (int64_t)(machine_bits(m) % (uint64_t)limit) : 0;
        if (choice >= 192 && i == choice % n) {
            value = odd[choice % 6];
            out->bad = 1;
        }
        if (wide)
            out->storage[i * step] = value;
        else
            narrow[i * step] = (int32_t)value;
    }
    out->tensor = NULL;
    REQUIRE(lac_tensor_wrap(m->ctx, &desc, out->storage, NULL, NULL, &out->tensor) == LAC_OK);
}

/* An index out of range is refused; no other is for being one. */
static inline void check_range(const indices *index, lac_status status) {
    REQUIRE(index->bad ? status != LAC_OK : status != LAC_ERR_RANGE);
}

/* The same number of rows in another order, some of them more than once. */
static inline void shuffle_feats(machine *m, bytes *b) {
    static indices index;
    lac_sparse *x = *any_slot(m, b);
    const int32_t choice = take(b);
    if (x == NULL) return;
    lac_tensor *t = lac_sparse_feats(x), *out = NULL;
    make_indices(m, choice, rows_of(x), 0, rows_of(x), &index);
    const lac_status status = lac_index_select(m->ctx, t, choice & 4 ? -2 : 0, index.tensor, &out);
    check_range(&index, status);
    lac_tensor_release(index.tensor);
    lac_tensor_release(t);
    put_feats(m, b, status, x, out);
}

/* Some rows with their features; a row that is there twice is an error of whoever builds an index. */
static inline void pick_rows(machine *m, bytes *b) {
    static indices index;
    lac_sparse *x = *any_slot(m, b), *y = NULL;
    const int32_t choice = take(b), count = take_in(b, 0, 30);
    if (x == NULL) return;
    lac_tensor *t = lac_sparse_feats(x), *out = NULL, *rows = NULL, *picked = NULL;
    lac_coords *from = lac_sparse_coords(x), *coords = NULL;
    lac_sparse_desc desc = {.size = sizeof desc};
    lac_sparse_describe(x, &desc);
    make_indices(m, choice, count, 0, rows_of(x), &index);
    lac_status status = lac_coords_tensor(m->ctx, from, &rows);
    if (status == LAC_OK) status = lac_index_select(m->ctx, rows, 0, index.tensor, &picked);
    check_range(&index, status);
    if (status == LAC_OK) status = lac_index_select(m->ctx, t, 0, index.tensor, &out);
    if (status == LAC_OK) status = lac_coords_create(m->ctx, picked, &coords);
    if (status == LAC_OK) status = lac_sparse_create(m->ctx, out, coords, &desc, &y);
    lac_tensor *all[] = {t, out, rows, picked, index.tensor};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) lac_tensor_release(all[i]);
    lac_coords_release(from);
    lac_coords_release(coords);
    put(m, b, status, y);
}

/* Elements along one dimension and, in some programs, added back where they came from. */
static inline void gather(machine *m, bytes *b) {
    static indices index;
    lac_sparse *x = *any_slot(m, b);
    const int32_t choice = take(b), columns = take(b);
    if (x == NULL) return;
    const lac_tensor_desc d = feats_of(x);
    const int32_t dim = choice & 4 ? 1 : 0;
    const int64_t kept = 1 + columns % d.shape[1];
    lac_tensor *t = lac_sparse_feats(x), *out = NULL, *sum = NULL;
    make_indices(m, choice, d.shape[0], kept, d.shape[dim], &index);
    lac_status status = lac_gather(m->ctx, t, choice & 8 ? dim - 2 : dim, index.tensor, &out);
    check_range(&index, status);
    if (choice & 16) {
        lac_tensor *source = out != NULL ? out : t;
        status = lac_scatter_add(m->ctx, t, dim, index.tensor, source, &sum);
        check_range(&index, status);
        lac_tensor_release(out);
        out = sum;
    }
    lac_tensor_release(index.tensor);
    lac_tensor_release(t);
    put_feats(m, b, status, x, out);
}

#endif
