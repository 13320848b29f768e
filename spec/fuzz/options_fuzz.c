/*
 * options_fuzz.c - structs of options with any bytes in them: fields are the structs' defaults except for a
 * few that are overwritten, so that some checks are passed and the next ones are reached.
 *
 * Some geometries are right and would take minutes, such as a kernel of 1024 x 7 x 3 onto every cell that it
 * reaches: another thread interrupts what takes seconds.
 */
#include "fuzz.h"

#include <pthread.h>
#include <time.h>

enum { MOST_SECONDS = 2 };

typedef struct {
    lac_context *ctx;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done;
    pthread_t thread;
} watch;

static void *wait_for_end(void *user) {
    watch *w = user;
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += MOST_SECONDS;
    (void)pthread_mutex_lock(&w->lock);
    int late = 0;
    while (!w->done && late == 0) late = pthread_cond_timedwait(&w->changed, &w->lock, &until);
    if (!w->done) lac_context_interrupt(w->ctx);
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void watch_begin(watch *w, lac_context *ctx) {
    *w =
        (watch){.ctx = ctx, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    REQUIRE(pthread_create(&w->thread, NULL, wait_for_end, w) == 0);
}

static void watch_end(watch *w) {
    (void)pthread_mutex_lock(&w->lock);
    w->done = 1;
    (void)pthread_cond_signal(&w->changed);
    (void)pthread_mutex_unlock(&w->lock);
    REQUIRE(pthread_join(w->thread, NULL) == 0);
}

/* Overwrites some 4- and 8-byte fields beyond `size`, and sometimes that too. */
static void scramble(bytes *b, void *options, size_t size) {
    static const int64_t odd[] = {0,         1,         -1,        2,          3,    7,
                                  INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN,  1024, 1 << 20,
                                  1 << 30,   65536,     100000,    4294967296, 32,   1025};
    for (int32_t n = take(b) % 6; n > 0; n--) {
        const int32_t place = take(b), kind = take(b);
        const size_t at = 4 * ((size_t)place % (size / 4)), room = size - at >= 8 ? 8 : 4;
        int64_t v = odd[kind % 18];
        double real = (double)v;
        if (kind >= 128) take_into(b, &v, 8);
        if (kind % 5 == 0) memcpy(&v, &real, 8);
        if (at == 0 && kind != 77) continue;
        memcpy((char *)options + at, &v, kind % 3 == 0 ? room : 4);
    }
}

typedef struct {
    lac_context *ctx;
    lac_tensor *feats, *weight, *vector;
    lac_sparse *x;
} world;

static void geometries(world *w, bytes *b) {
    lac_conv3d_options o = {.size = sizeof o,
                            .kernel_size = {3, 3, 3},
                            .stride = {1, 1, 1},
                            .padding = {-1, -1, -1},
                            .kmap_mode = -1,
                            .downsample_mode = -1};
    scramble(b, &o, offsetof(lac_conv3d_options, bias));
    scramble(b, &o.dataflow, sizeof o - offsetof(lac_conv3d_options, dataflow));
    lac_sparse *y = NULL, *p = NULL;
    lac_kernel_map *map = NULL;
    lac_coords *rows = NULL, *strided = NULL;
    lac_tuning_key key;
    if (well(lac_conv3d(w->ctx, w->x, w->weight, &o, &y), NULL)) {
        lac_tensor *t = lac_sparse_feats(y);
        fuzz_read(w->ctx, t);
        lac_tensor_release(t);
    }
    well(lac_pool3d(w->ctx, w->x, (lac_pool_kind)take_in(b, -1, 2), &o, &p), NULL);
    if (well(lac_kernel_map_build(w->ctx, w->x, &o, &map, &rows), NULL)) {
        lac_tensor *pairs = NULL;
        if (well(lac_kernel_map_pairs(w->ctx, map, take_in(b, -1, 30), &pairs), NULL))
            fuzz_read(w->ctx, pairs);
        lac_tensor_release(pairs);
    }
    lac_coords *c = lac_sparse_coords(w->x);
    well(lac_coords_strided(w->ctx, c, &o, &strided), NULL);
    well(lac_tuning_key_make(w->ctx, w->x, &o, take_in(b, -1, 5), &key), NULL);
    lac_coords_release(c);
    lac_coords_release(strided);
    lac_coords_release(rows);
    lac_kernel_map_release(map);
    lac_sparse_release(y);
    lac_sparse_release(p);
}

static void tensors(world *w, bytes *b) {
    static char memory[256];
    lac_tensor_desc d = {.size = sizeof d, .ndim = 2, .shape = {3, 4}};
    lac_tensor *t = NULL, *u = NULL;
    scramble(b, &d, sizeof d);
    if (d.device == LAC_DEVICE_CUDA) return;
    if (well(lac_tensor_create(w->ctx, &d, &t), NULL))
        REQUIRE(lac_tensor_numel(t) >= 0 && lac_dtype_size(d.dtype) > 0);
    if (well(lac_tensor_wrap(w->ctx, &d, memory, NULL, NULL, &u), NULL)) {
        const int64_t start = take_in(b, -2, 5), length = take_in(b, -2, 5);
        lac_tensor *v = NULL; /* views are made, not read: the memory is not what was said */
        well(lac_tensor_narrow(w->ctx, u, take_in(b, -9, 9), start, length, &v), NULL);
        lac_tensor_release(v);
    }
    lac_tensor_release(t);
    lac_tensor_release(u);
}

static void norms(world *w, bytes *b) {
    lac_batch_norm_options n = {sizeof n, 0, 1e-5, 0.1, w->vector, w->vector, w->vector, w->vector};
    lac_group_norm_options g = {sizeof g, 1, 1e-5, w->vector, w->vector};
    lac_tensor *out[4] = {NULL, NULL, NULL, NULL};
    scramble(b, &n, offsetof(lac_batch_norm_options, weight));
    scramble(b, &g, offsetof(lac_group_norm_options, weight));
    if (well(lac_batch_norm(w->ctx, w->feats, &n, &out[0]), NULL)) fuzz_read(w->ctx, out[0]);
    if (well(lac_group_norm(w->ctx, w->feats, NULL, &g, &out[1]), NULL)) fuzz_read(w->ctx, out[1]);
    well(lac_activate(w->ctx, (lac_activation)take_in(b, -1, 5), 0.5, w->feats, &out[2]), NULL);
    well(lac_unary(w->ctx, (lac_unary_op)take_in(b, -1, 9), w->feats, &out[3]), NULL);
    for (int i = 0; i < 4; i++) lac_tensor_release(out[i]);
}

static void sparse(world *w, bytes *b) {
    lac_sparse_desc d = {.size = sizeof d, .stride = {1, 1, 1}, .range = {1, 9, 9, 9}};
    lac_coords *c = lac_sparse_coords(w->x);
    lac_sparse *y = NULL;
    scramble(b, &d, sizeof d);
    lac_tensor *dense = NULL, *pooled = NULL;
    if (well(lac_sparse_create(w->ctx, w->feats, c, &d, &y), NULL)) {
        lac_sparse *kept = w->x;
        w->x = y;
        geometries(w, b);
        w->x = kept;
        lac_sparse_release(y);
    }
    if (well(lac_to_dense(w->ctx, w->feats, c, d.range, take_in(b, -1, 4), &dense), NULL))
        fuzz_read(w->ctx, dense);
    const int64_t samples = d.batch_size;
    well(lac_global_pool(w->ctx, w->feats, NULL, samples, LAC_POOL_MAX, &pooled), NULL);
    lac_tensor_release(pooled);
    lac_tensor_release(dense);
    lac_coords_release(c);
}

static void files(world *w, bytes *b) {
    static const uint8_t content[64];
    char path[32];
    lac_stored s = {
        .size = sizeof s, .ndim = 2, .shape = {2, 3}, .stride = {3, 1}, .storage_bytes = 64};
    lac_file *f = NULL;
    lac_tensor *t = NULL, *image = NULL;
    const int fd = fuzz_file(content, sizeof content, path);
    scramble(b, &s, offsetof(lac_stored, name));
    REQUIRE(lac_file_open(w->ctx, "fuzz", path, &f) == LAC_OK);
    if (well(lac_file_read_tensor(w->ctx, f, &s, NULL, &t), NULL)) fuzz_read(w->ctx, t);
    const int32_t pixels = take(b) & 1 ? take_i32(b) : take_in(b, -1, 20);
    const double extent = take_in(b, -1, 9);
    if (well(lac_birds_eye(w->ctx, w->feats, NULL, pixels, extent, &image), NULL))
        fuzz_read(w->ctx, image);
    lac_tensor_release(image);
    lac_tensor_release(t);
    lac_file_release(f);
    (void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const float numbers[27 * 4 * 4];
    static const int32_t rows[6][4] = {{0, 0, 0, 0}, {0, 0, 0, 1},  {0, 1, 1, 1},
                                       {1, 2, 2, 2}, {0, -3, 1, 4}, {1, 7, 7, 7}};
    bytes b = {data, data + size};
    const int32_t kind = take(&b);
    world w = {.ctx = fuzz_context()};
    const int32_t flag = take_in(&b, -1, 7), value = take_in(&b, -1, 3);
    well(lac_context_set_flag(w.ctx, (lac_flag)flag, value), NULL);
    lac_tensor *r = fuzz_tensor(w.ctx, LAC_DTYPE_I32, rows, 2, 6, 4, 0);
    lac_coords *c = NULL;
    w.feats = fuzz_tensor(w.ctx, LAC_DTYPE_F32, numbers, 2, 6, 4, 0);
    w.weight = fuzz_tensor(w.ctx, LAC_DTYPE_F32, numbers, 3, 27, 4, 4);
    w.vector = fuzz_tensor(w.ctx, LAC_DTYPE_F32, numbers, 1, 4, 0, 0);
    REQUIRE(lac_coords_create(w.ctx, r, &c) == LAC_OK);
    REQUIRE(lac_sparse_create(w.ctx, w.feats, c, NULL, &w.x) == LAC_OK);
    static void (*const kinds[])(world *, bytes *) = {geometries, tensors, norms, sparse, files};
    watch clock;
    watch_begin(&clock, w.ctx);
    kinds[kind % 5](&w, &b);
    watch_end(&clock);
    lac_sparse_release(w.x);
    lac_coords_release(c);
    lac_tensor_release(r);
    lac_tensor_release(w.feats);
    lac_tensor_release(w.weight);
    lac_tensor_release(w.vector);
    fuzz_close(w.ctx);
    return 0;
}
