/*
 * op_machine.h - the state of op_program.h's machine: slots, a log, and the numbers that it makes up.
 *
 * Facts (statuses and rows) do not depend on how a program is run. Nor do float32 features. Those of float16
 * and bfloat16 are rounded where they are stored, and everything made of them is too: they agree where
 * the same results are stored, so not between fused and unfused runs, and are logged apart.
 */
#ifndef LACUNA_SPEC_OP_MACHINE_H
#define LACUNA_SPEC_OP_MACHINE_H

#include "fuzz.h"

#include <math.h>

enum { SLOTS = 8, MOST_PROGRAM_ROWS = 400, MOST_CHANNELS = 48, LOG_BYTES = 1 << 20 };

typedef struct {
    uint8_t *data;
    size_t size;
} byte_log;

typedef struct {
    lac_context *ctx;
    lac_sparse *slot[SLOTS];
    byte_log facts, values;
    int mixed;       /* features of 16 bits are made too */
    int interrupted; /* no call computes */
    uint32_t random; /* state of the numbers in weights */
} machine;

static inline void log_bytes(byte_log *to, const void *data, size_t n) {
    if (to->size + n > LOG_BYTES) return;
    memcpy(to->data + to->size, data, n);
    to->size += n;
}

static inline void log_status(machine *m, lac_status status) {
    const uint8_t code = (uint8_t)status;
    log_bytes(&m->facts, &code, 1);
}

/* 24 bits. */
static inline uint32_t machine_bits(machine *m) {
    m->random = m->random * 1664525u + 1013904223u;
    return m->random >> 8;
}

/* Mostly small numbers of every bit, now and then what breaks short cuts. */
static inline float machine_number(machine *m) {
    static const float odd[] = {0, -0.0f, INFINITY, -INFINITY, NAN, 1e-40f, 3e38f, 1};
    const uint32_t r = machine_bits(m);
    if (r % 509 == 0) return odd[r / 509 % 8];
    return ((float)r - 8388608.0f) / 8388608.0f;
}

static inline lac_tensor *machine_tensor(machine *m, lac_dtype dtype, int32_t ndim, int64_t a,
                                         int64_t b, int64_t c) {
    const int64_t n = a * (ndim > 1 ? b : 1) * (ndim > 2 ? c : 1);
    float *values = malloc((size_t)n * sizeof *values + 1);
    REQUIRE(values != NULL);
    for (int64_t i = 0; i < n; i++) values[i] = machine_number(m);
    lac_tensor *t = fuzz_tensor(m->ctx, LAC_DTYPE_F32, values, ndim, a, b, c), *converted = t;
    free(values);
    if (dtype == LAC_DTYPE_F32 || m->interrupted) return t; /* results are dropped then */
    REQUIRE(lac_convert(m->ctx, t, dtype, &converted) == LAC_OK);
    lac_tensor_release(t);
    return converted;
}

static inline lac_dtype choose_dtype(const machine *m, int32_t choice) {
    static const lac_dtype dtypes[] = {LAC_DTYPE_BF16, LAC_DTYPE_F16, LAC_DTYPE_F32};
    return m->mixed ? dtypes[choice % 3] : LAC_DTYPE_F32;
}

static inline lac_sparse **any_slot(machine *m, bytes *b) {
    return &m->slot[take(b) % SLOTS];
}

static inline int64_t rows_of(const lac_sparse *x) {
    lac_coords *c = lac_sparse_coords(x);
    const int64_t n = lac_coords_count(c);
    lac_coords_release(c);
    return n;
}

static inline lac_tensor_desc feats_of(const lac_sparse *x) {
    lac_tensor_desc desc;
    lac_tensor *t = lac_sparse_feats(x);
    lac_tensor_describe(t, &desc);
    lac_tensor_release(t);
    return desc;
}

/* The elements of `t` as float32; the caller frees. */
static inline float *floats_of(lac_context *ctx, lac_tensor *t) {
    lac_tensor *plain = NULL;
    const size_t n = (size_t)lac_tensor_numel(t);
    float *values = malloc(n * sizeof *values + 1);
    REQUIRE(values != NULL && lac_convert(ctx, t, LAC_DTYPE_F32, &plain) == LAC_OK);
    REQUIRE(lac_tensor_download(ctx, plain, values, n * sizeof *values) == LAC_OK);
    lac_tensor_release(plain);
    return values;
}

/* Rows and features; NaNs of any payload are alike. */
static inline void log_slot(machine *m, lac_sparse *x) {
    if (x == NULL) return;
    lac_tensor *t = lac_sparse_feats(x), *r = NULL;
    lac_coords *c = lac_sparse_coords(x);
    const size_t n = (size_t)lac_tensor_numel(t), bytes_of_rows = (size_t)lac_coords_count(c) * 16;
    const lac_tensor_desc desc = feats_of(x);
    float *values = floats_of(m->ctx, t);
    for (size_t i = 0; i < n; i++)
        if (isnan(values[i])) memcpy(&values[i], &(uint32_t){0x7fc00000u}, 4);
    uint8_t *rows = malloc(bytes_of_rows + 1);
    REQUIRE(rows != NULL && lac_coords_tensor(m->ctx, c, &r) == LAC_OK);
    REQUIRE(lac_tensor_download(m->ctx, r, rows, bytes_of_rows) == LAC_OK);
    log_bytes(&m->facts, &desc.dtype, sizeof desc.dtype);
    log_bytes(&m->facts, desc.shape, sizeof desc.shape);
    log_bytes(&m->facts, rows, bytes_of_rows);
    log_bytes(&m->values, values, n * sizeof *values);
    free(rows);
    free(values);
    lac_coords_release(c);
    lac_tensor_release(r);
    lac_tensor_release(t);
}

/* A status and, if there is one, the result, which goes to a slot. */
static inline void put(machine *m, bytes *b, lac_status status, lac_sparse *y) {
    lac_sparse **to = any_slot(m, b);
    log_status(m, status);
    if (!well(status, NULL)) return;
    lac_sparse_release(*to);
    *to = y;
}

/* The same rows under features that an operation made. */
static inline void put_feats(machine *m, bytes *b, lac_status status, const lac_sparse *x,
                             lac_tensor *feats) {
    lac_sparse *y = NULL;
    if (status == LAC_OK) status = lac_sparse_with_feats(m->ctx, x, feats, &y);
    lac_tensor_release(feats);
    put(m, b, status, y);
}

#endif
