/*
 * alloc_walk_dense_test.c - refused memory in contexts, tensors, dense operations, layers and DLPack.
 */
#include "alloc_walk/world.h"

#include <lacuna/lacuna_dlpack.h>

#define CASE(function, ...)                                                                        \
    static lac_status function##_(const world *w, made *m) {                                       \
        return function(__VA_ARGS__);                                                              \
    }
#define OUT (&m->tensors[0])
#define OUT2 (&m->tensors[1])
#define OUT3 (&m->tensors[2])

static lac_status lac_context_create_(const world *w, made *m) {
    (void)w;
    const lac_context_options options = {
        .size = sizeof options, .threads = 2, .alloc = host_alloc, .free = host_free};
    return lac_context_create(&options, &m->ctx);
}

static const lac_tensor_desc desc = {.size = sizeof desc, .ndim = 2, .shape = {ROWS, 3}};
static float wrapped[ROWS * 3];

/* Its elements are undefined, so that they are written. */
static lac_status lac_tensor_create_(const world *w, made *m) {
    const lac_status s = lac_tensor_create(w->ctx, &desc, OUT);
    return s == LAC_OK ? lac_fill(w->ctx, *OUT, 1, 0) : s;
}

/* A context with the library's own memory, above the size that is cut from pages. */
static lac_status large_(const world *w, made *m) {
    (void)w;
    const lac_tensor_desc large = {.size = sizeof large, .ndim = 1, .shape = {1 << 18}};
    lac_tensor *t = NULL;
    lac_status s = lac_context_create(NULL, &m->ctx);
    if (s == LAC_OK) s = lac_tensor_create(m->ctx, &large, &t);
    lac_tensor_release(t);
    return s;
}

/* What writes to a tensor of the world shows it. */
static lac_status shown(lac_status s, made *m, lac_tensor *written) {
    if (s != LAC_OK) return s;
    lac_tensor_retain(written);
    m->tensors[0] = written;
    return s;
}

/* A pending sum, which `call` computes. */
static lac_tensor *pending(const world *w) {
    lac_tensor *t = NULL;
    const int was = atomic_exchange(&armed, 0);
    OK(lac_linear(w->ctx, w->a, w->square, w->channel, &t));
    CHECK(lac_tensor_is_pending(t));
    atomic_store(&armed, was);
    return t;
}

static lac_status lac_tensor_force_(const world *w, made *m) {
    m->tensors[0] = pending(w);
    return lac_tensor_force(w->ctx, m->tensors[0]);
}
static lac_status lac_tensor_data_(const world *w, made *m) {
    void *data = NULL;
    m->tensors[0] = pending(w);
    return lac_tensor_data(w->ctx, m->tensors[0], &data);
}
static lac_status lac_tensor_download_(const world *w, made *m) {
    float data[ROWS * CHANNELS];
    m->tensors[0] = pending(w);
    return lac_tensor_download(w->ctx, m->tensors[0], data, sizeof data);
}
/* A write under which a pending reader is first computed. */
static lac_status lac_tensor_upload_(const world *w, made *m) {
    float data[ROWS * CHANNELS] = {0};
    m->tensors[1] = pending(w);
    return shown(lac_tensor_upload(w->ctx, w->a, data, sizeof data), m, w->a);
}
static lac_status lac_fill_(const world *w, made *m) {
    m->tensors[1] = pending(w);
    return shown(lac_fill(w->ctx, w->a, 2, 0), m, w->a);
}
static lac_status lac_copy_(const world *w, made *m) {
    m->tensors[1] = pending(w);
    return shown(lac_copy(w->ctx, w->a, w->index ? w->wide : NULL), m, w->a);
}
static lac_status lac_rand_(const world *w, made *m) {
    m->tensors[1] = pending(w);
    return shown(lac_rand(w->ctx, w->a, LAC_NORMAL, 0, 1), m, w->a);
}

static const int32_t order[2] = {1, 0};
static const int64_t flat[1] = {-1};

CASE(lac_tensor_wrap, w->ctx, &desc, wrapped, NULL, NULL, OUT)
CASE(lac_tensor_narrow, w->ctx, w->a, 0, 2, 5, OUT)
CASE(lac_tensor_select, w->ctx, w->a, 1, 2, OUT)
CASE(lac_tensor_permute, w->ctx, w->a, order, OUT)

/* Of a view that is not contiguous, so that it copies. */
static lac_status lac_tensor_reshape_(const world *w, made *m) {
    lac_status s = lac_tensor_permute(w->ctx, w->a, order, OUT2);
    return s == LAC_OK ? lac_tensor_reshape(w->ctx, *OUT2, 1, flat, 0, OUT) : s;
}
static lac_status lac_contiguous_(const world *w, made *m) {
    lac_status s = lac_tensor_permute(w->ctx, w->a, order, OUT2);
    return s == LAC_OK ? lac_contiguous(w->ctx, *OUT2, OUT) : s;
}

CASE(lac_convert, w->ctx, w->a, LAC_DTYPE_F16, OUT)
CASE(lac_arange, w->ctx, LAC_DTYPE_F32, 1, 2, ROWS, OUT)
CASE(lac_unary, w->ctx, LAC_UNARY_EXP, w->index, OUT)
CASE(lac_binary, w->ctx, LAC_BINARY_MUL, w->a, w->wide, OUT)
CASE(lac_binary_scalar, w->ctx, LAC_BINARY_ADD, w->wide, 0.5, 1, OUT)
CASE(lac_clamp, w->ctx, w->wide, 0.5, 2.5, OUT)
CASE(lac_where, w->ctx, w->mask, w->a, w->channel, OUT)
CASE(lac_reduce, w->ctx, LAC_REDUCE_MEAN, w->a, 0, 1, OUT)
CASE(lac_reduce_all, w->ctx, LAC_REDUCE_SUM, w->a, OUT)
CASE(lac_softmax, w->ctx, w->a, 1, OUT)
CASE(lac_matmul, w->ctx, w->a, w->square, OUT)
CASE(lac_index_select, w->ctx, w->a, 0, w->index, OUT)
CASE(lac_gather, w->ctx, w->a, 0, w->wide, OUT)
CASE(lac_scatter_add, w->ctx, w->a, 0, w->wide, w->b, OUT)
CASE(lac_masked_select, w->ctx, w->a, w->mask, OUT)
CASE(lac_nonzero, w->ctx, w->mask, OUT)
CASE(lac_sort, w->ctx, w->a, 0, 1, 7, OUT, OUT2)
CASE(lac_unique, w->ctx, w->wide, OUT, OUT2, OUT3)
CASE(lac_activate, w->ctx, LAC_ACT_SILU, 0, w->a, OUT)
CASE(lac_linear, w->ctx, w->a, w->square, w->channel, OUT)
CASE(lac_bench_sgemm, w->ctx, 8, 1, (double[]){(double)(m->number & 0)})
CASE(lac_bench_bandwidth, w->ctx, 8192, 1, (double[]){(double)(m->number & 0)})

static lac_status lac_cat_(const world *w, made *m) {
    lac_tensor *const list[] = {w->a, w->b, w->a};
    return lac_cat(w->ctx, list, 3, 1, OUT);
}

/* Pending producers, which write into the concatenation. */
static lac_status cat_pending_(const world *w, made *m) {
    lac_status s = lac_linear(w->ctx, w->a, w->square, NULL, OUT2);
    lac_tensor *const list[] = {*OUT2, w->b};
    return s == LAC_OK ? lac_cat(w->ctx, list, 2, 1, OUT) : s;
}

static lac_status lac_batch_norm_(const world *w, made *m) {
    const lac_batch_norm_options o = {.size = sizeof o,
                                      .eps = 1e-5,
                                      .training = 1,
                                      .momentum = 0.1,
                                      .weight = w->channel,
                                      .bias = w->channel,
                                      .mean = w->mean,
                                      .var = w->var};
    const lac_status s = lac_batch_norm(w->ctx, w->a, &o, OUT2);
    return s == LAC_OK ? shown(s, m, w->mean) : s;
}
static lac_status batch_norm_inference_(const world *w, made *m) {
    const lac_batch_norm_options o = {
        .size = sizeof o, .eps = 1e-5, .mean = w->mean, .var = w->var};
    m->tensors[1] = pending(w);
    return lac_batch_norm(w->ctx, m->tensors[1], &o, OUT);
}
static lac_status lac_group_norm_(const world *w, made *m) {
    const lac_group_norm_options o = {
        .size = sizeof o, .eps = 1e-5, .groups = 2, .weight = w->channel, .bias = w->channel};
    return lac_group_norm(w->ctx, w->a, w->sample, &o, OUT);
}
CASE(lac_global_pool, w->ctx, w->a, w->sample, 2, LAC_POOL_MEAN, OUT)

static lac_status lac_points_from_fields_(const world *w, made *m) {
    static float records[ROWS][5];
    const int64_t offsets[] = {0, 4, 8, 16};
    const int32_t dtypes[] = {LAC_STORED_F32, LAC_STORED_F32, LAC_STORED_F32, LAC_STORED_F32};
    return lac_points_from_fields(w->ctx, records, ROWS, sizeof *records, offsets, dtypes, 4, OUT);
}

static void delete_versioned(void *managed) {
    struct DLManagedTensorVersioned *d = managed;
    d->deleter(d);
}
static void delete_plain(void *managed) {
    struct DLManagedTensor *d = managed;
    d->deleter(d);
}
static lac_status lac_tensor_to_dlpack_(const world *w, made *m) {
    struct DLManagedTensorVersioned *d = NULL;
    const lac_status s = lac_tensor_to_dlpack(w->ctx, w->a, &d);
    m->other = d;
    return s;
}
static lac_status lac_tensor_to_dlpack_unversioned_(const world *w, made *m) {
    struct DLManagedTensor *d = NULL;
    const lac_status s = lac_tensor_to_dlpack_unversioned(w->ctx, w->a, &d);
    m->other = d;
    return s;
}
/* What a failed import leaves is the caller's. */
static lac_status lac_tensor_from_dlpack_(const world *w, made *m) {
    struct DLManagedTensorVersioned *d = NULL;
    lac_status s = lac_tensor_to_dlpack(w->ctx, w->a, &d);
    if (s == LAC_OK) s = lac_tensor_from_dlpack(w->ctx, d, OUT);
    if (s != LAC_OK && d != NULL) d->deleter(d);
    return s;
}
static lac_status lac_tensor_from_dlpack_unversioned_(const world *w, made *m) {
    struct DLManagedTensor *d = NULL;
    lac_status s = lac_tensor_to_dlpack_unversioned(w->ctx, w->a, &d);
    if (s == LAC_OK) s = lac_tensor_from_dlpack_unversioned(w->ctx, d, OUT);
    if (s != LAC_OK && d != NULL) d->deleter(d);
    return s;
}

#define ROW(function)                                                                              \
    { #function, function##_, NULL }
static const walk_case cases[] = {
    ROW(lac_context_create),
    ROW(lac_tensor_create),
    ROW(lac_tensor_wrap),
    ROW(lac_tensor_force),
    ROW(lac_tensor_data),
    ROW(lac_tensor_download),
    ROW(lac_tensor_upload),
    ROW(lac_tensor_narrow),
    ROW(lac_tensor_select),
    ROW(lac_tensor_permute),
    ROW(lac_tensor_reshape),
    ROW(lac_contiguous),
    ROW(lac_convert),
    ROW(lac_copy),
    ROW(lac_fill),
    ROW(lac_arange),
    ROW(lac_rand),
    ROW(lac_unary),
    ROW(lac_binary),
    ROW(lac_binary_scalar),
    ROW(lac_clamp),
    ROW(lac_where),
    ROW(lac_reduce),
    ROW(lac_reduce_all),
    ROW(lac_softmax),
    ROW(lac_matmul),
    ROW(lac_index_select),
    ROW(lac_gather),
    ROW(lac_scatter_add),
    ROW(lac_masked_select),
    ROW(lac_nonzero),
    ROW(lac_sort),
    ROW(lac_unique),
    ROW(lac_cat),
    ROW(lac_activate),
    ROW(lac_linear),
    ROW(lac_batch_norm),
    ROW(lac_group_norm),
    ROW(lac_global_pool),
    ROW(lac_points_from_fields),
    ROW(lac_bench_bandwidth),
    {"lac_cat of pending", cat_pending_, NULL},
    {"lac_batch_norm of pending", batch_norm_inference_, NULL},
    ROW(lac_tensor_from_dlpack),
    ROW(lac_tensor_from_dlpack_unversioned),
};

int main(int argc, char **argv) {
    begin();
    find_libraries();
    walk_all(cases, sizeof cases / sizeof *cases, argc, argv);
    const walk_case large[] = {
        ROW(lac_bench_sgemm),
        {"lac_tensor_create of pages", large_, NULL},
        {"lac_tensor_to_dlpack", lac_tensor_to_dlpack_, delete_versioned},
        {"lac_tensor_to_dlpack_unversioned", lac_tensor_to_dlpack_unversioned_, delete_plain}};
    if (MALLOC_IS_REFUSED) walk_all(large, sizeof large / sizeof *large, argc, argv);
    return finish();
}
