/*
 * sample_ops_test.c - pooling, normalisation by sample and dense cells from C: results, refusals, and
 * every memory request failing in turn.
 */
#include "failing_allocator.h"
#include "harness.h"

static const lac_conv3d_options halving = {.size = sizeof halving,
                                           .kernel_size = {2, 2, 2},
                                           .padding = {-1, -1, -1},
                                           .kmap_mode = -1,
                                           .downsample_mode = -1};
static const int32_t range[4] = {2, 2, 2, 2};

typedef struct {
    lac_context *ctx;
    lac_tensor *feats, *sample;
    lac_coords *coords;
    lac_sparse *x;
} fixture;

static lac_status make_tensor(lac_context *ctx, lac_dtype dtype, const void *data, int32_t ndim,
                              int64_t rows, int64_t columns, lac_tensor **out) {
    const lac_tensor_desc desc = {
        .size = sizeof desc, .dtype = dtype, .ndim = ndim, .shape = {rows, columns}};
    const lac_status s = lac_tensor_create(ctx, &desc, out);
    if (s != LAC_OK) return s;
    return lac_tensor_upload(ctx, *out, data,
                             (uint64_t)lac_tensor_numel(*out) * lac_dtype_size(dtype));
}

/* Three rows: two of sample 1 in one window, one of sample 0. */
static lac_status make_fixture(fixture *f) {
    static const float values[3][2] = {{-1, 8}, {-3, 4}, {2, 6}};
    static const int32_t rows[3][4] = {{1, 0, 0, 0}, {1, 1, 0, 1}, {0, 1, 1, 1}};
    static const int32_t samples[3] = {1, 1, 0};
    const lac_context_options options = {
        .size = sizeof options, .threads = 2, .alloc = host_alloc, .free = host_free};
    *f = (fixture){0};
    lac_tensor *set = NULL;
    lac_status s = lac_context_create(&options, &f->ctx);
    if (s == LAC_OK) s = make_tensor(f->ctx, LAC_DTYPE_F32, values, 2, 3, 2, &f->feats);
    if (s == LAC_OK) s = make_tensor(f->ctx, LAC_DTYPE_I32, samples, 1, 3, 0, &f->sample);
    if (s == LAC_OK) s = make_tensor(f->ctx, LAC_DTYPE_I32, rows, 2, 3, 4, &set);
    if (s == LAC_OK) s = lac_coords_create(f->ctx, set, &f->coords);
    if (s == LAC_OK) s = lac_sparse_create(f->ctx, f->feats, f->coords, NULL, &f->x);
    lac_tensor_release(set);
    return s;
}

static void free_fixture(fixture *f) {
    lac_sparse_release(f->x);
    lac_coords_release(f->coords);
    lac_tensor_release(f->sample);
    lac_tensor_release(f->feats);
    lac_context_release(f->ctx);
}

typedef struct {
    lac_sparse *max, *mean;
    lac_tensor *global_max, *global_mean, *norm, *dense, *view;
} results;

static lac_status run(const fixture *f, results *r) {
    const lac_group_norm_options norm = {.size = sizeof norm, .groups = 0, .eps = 0};
    *r = (results){0};
    lac_status s = lac_pool3d(f->ctx, f->x, LAC_POOL_MAX, &halving, &r->max);
    if (s == LAC_OK) s = lac_pool3d(f->ctx, f->x, LAC_POOL_MEAN, &halving, &r->mean);
    if (s == LAC_OK)
        s = lac_global_pool(f->ctx, f->feats, f->sample, 3, LAC_POOL_MAX, &r->global_max);
    if (s == LAC_OK) s = lac_global_pool(f->ctx, f->feats, NULL, 1, LAC_POOL_MEAN, &r->global_mean);
    if (s == LAC_OK) s = lac_group_norm(f->ctx, f->feats, f->sample, &norm, &r->norm);
    if (s == LAC_OK) s = lac_to_dense(f->ctx, f->feats, f->coords, range, 0, &r->dense);
    if (s == LAC_OK) s = lac_to_dense(f->ctx, f->feats, f->coords, range, 3, &r->view);
    return s;
}

static void free_results(results *r) {
    lac_sparse_release(r->max);
    lac_sparse_release(r->mean);
    lac_tensor_release(r->global_max);
    lac_tensor_release(r->global_mean);
    lac_tensor_release(r->norm);
    lac_tensor_release(r->dense);
    lac_tensor_release(r->view);
}

static int sparse_holds(lac_context *ctx, const lac_sparse *x, const float *wanted, int64_t n) {
    lac_tensor *feats = lac_sparse_feats(x);
    const int right = holds(ctx, feats, wanted, n);
    lac_tensor_release(feats);
    return right;
}

static void check_results(const fixture *f, const results *r) {
    CHECK(sparse_holds(f->ctx, r->max, (const float[]){2, 6, -1, 8}, 4));
    CHECK(sparse_holds(f->ctx, r->mean, (const float[]){2, 6, -2, 6}, 4));
    CHECK(holds(f->ctx, r->global_max, (const float[]){2, 6, -1, 8, 0, 0}, 6));
    CHECK(holds(f->ctx, r->global_mean, (const float[]){-2.0F / 3, 6}, 2));
    float dense[32] = {0}, view[32] = {0};
    const int cells[3][4] = {{1, 0, 0, 0}, {1, 1, 0, 1}, {0, 1, 1, 1}};
    const float values[3][2] = {{-1, 8}, {-3, 4}, {2, 6}};
    for (int i = 0; i < 3; i++) {
        const int b = cells[i][0], x = cells[i][1], y = cells[i][2], z = cells[i][3];
        for (int c = 0; c < 2; c++) {
            dense[(((b * 2 + x) * 2 + y) * 2 + z) * 2 + c] = values[i][c];
            view[((b * 4 + c * 2 + z) * 2 + x) * 2 + y] = values[i][c];
        }
    }
    CHECK(holds(f->ctx, r->dense, dense, 32));
    CHECK(holds(f->ctx, r->view, view, 32));
}

/* Sample numbers are any int64: beyond 2^53, where no float64 tells neighbours apart, and at the ends. */
static void check_numbers(const fixture *f) {
    static const int64_t numbers[][3] = {
        {((int64_t)1 << 62) + 501, ((int64_t)1 << 62) + 501, ((int64_t)1 << 62) + 500},
        {INT64_MAX, INT64_MAX, INT64_MAX - 1},
        {INT64_MIN + 1, INT64_MIN + 1, INT64_MIN},
        {INT64_MAX, INT64_MAX, INT64_MIN},
        {-6, -6, -7},
    };
    const lac_group_norm_options norm = {.size = sizeof norm, .groups = 1, .eps = 1};
    float wanted[6] = {0};
    lac_tensor *y = NULL;
    if (OK(lac_group_norm(f->ctx, f->feats, f->sample, &norm, &y)))
        OK(lac_tensor_download(f->ctx, y, wanted, sizeof wanted));
    lac_tensor_release(y);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        lac_tensor *sample = tensor(f->ctx, LAC_DTYPE_I64, numbers[i], 1, 3, 0, 0);
        y = NULL;
        if (OK(lac_group_norm(f->ctx, f->feats, sample, &norm, &y)))
            CHECK(holds(f->ctx, y, wanted, 6));
        lac_tensor_release(y);
        lac_tensor_release(sample);
    }
}

static void check_refusals(const fixture *f) {
    lac_sparse *y = NULL;
    lac_tensor *t = NULL;
    lac_conv3d_options bad = halving;
    bad.transposed = 1;
    FAILS(LAC_ERR_ARGUMENT, lac_pool3d(f->ctx, f->x, LAC_POOL_MAX, &bad, &y));
    bad = halving;
    bad.size = 4;
    FAILS(LAC_ERR_ARGUMENT, lac_pool3d(f->ctx, f->x, LAC_POOL_MAX, &bad, &y));
    FAILS(LAC_ERR_ARGUMENT, lac_pool3d(f->ctx, f->x, (lac_pool_kind)7, &halving, &y));
    bad = halving;
    bad.kernel_size[1] = 0;
    FAILS(LAC_ERR_ARGUMENT, lac_pool3d(f->ctx, f->x, LAC_POOL_MEAN, &bad, &y));
    CHECK(strncmp(lac_last_error(), "avg_pool3d: kernel_size", 23) == 0);
    FAILS(LAC_ERR_RANGE, lac_global_pool(f->ctx, f->feats, f->sample, 1, LAC_POOL_MAX, &t));
    FAILS(LAC_ERR_RANGE, lac_global_pool(f->ctx, f->feats, NULL, 0, LAC_POOL_MAX, &t));
    FAILS(LAC_ERR_DTYPE, lac_global_pool(f->ctx, f->feats, f->feats, 3, LAC_POOL_MAX, &t));
    FAILS(LAC_ERR_DTYPE, lac_global_pool(f->ctx, f->sample, NULL, 1, LAC_POOL_MAX, &t));
    const lac_group_norm_options thirds = {.size = sizeof thirds, .groups = 3};
    FAILS(LAC_ERR_SHAPE, lac_group_norm(f->ctx, f->feats, NULL, &thirds, &t));
    FAILS(LAC_ERR_ARGUMENT, lac_group_norm(f->ctx, f->feats, NULL, NULL, &t));
    const int32_t small[4] = {2, 2, 1, 2}, negative[4] = {2, -2, 2, 2};
    FAILS(LAC_ERR_RANGE, lac_to_dense(f->ctx, f->feats, f->coords, small, 0, &t));
    FAILS(LAC_ERR_ARGUMENT, lac_to_dense(f->ctx, f->feats, f->coords, negative, 0, &t));
    FAILS(LAC_ERR_ARGUMENT, lac_to_dense(f->ctx, f->feats, f->coords, range, 4, &t));
    FAILS(LAC_ERR_SHAPE, lac_to_dense(f->ctx, f->sample, f->coords, range, 0, &t));
    lac_context_interrupt(f->ctx);
    FAILS(LAC_ERR_INTERRUPTED, lac_pool3d(f->ctx, f->x, LAC_POOL_MAX, &halving, &y));
    FAILS(LAC_ERR_INTERRUPTED, lac_to_dense(f->ctx, f->feats, f->coords, range, 0, &t));
    lac_context_clear_interrupt(f->ctx);
    CHECK(y == NULL && t == NULL);
}

int main(void) {
    begin();
    fixture f;
    results r;
    OK(make_fixture(&f));
    OK(run(&f, &r));
    check_results(&f, &r);
    check_numbers(&f);
    check_refusals(&f);
    free_results(&r);
    free_fixture(&f);
    CHECK(alive == 0);

    int64_t walked = 0;
    for (int finished = 0; !finished && walked < 2000; walked++) {
        requests = 0;
        fail_at = walked + 1;
        r = (results){0};
        lac_status s = make_fixture(&f);
        if (s == LAC_OK) s = run(&f, &r);
        finished = requests < fail_at;
        CHECK(finished ? s == LAC_OK : s == LAC_ERR_OOM);
        fail_at = 0;
        free_results(&r);
        if (s != LAC_OK && f.x != NULL) { /* the same objects serve again */
            OK(run(&f, &r));
            check_results(&f, &r);
            free_results(&r);
        }
        free_fixture(&f);
        if (!CHECK(alive == 0))
            printf("  request %lld leaves %lld allocations\n", (long long)walked, (long long)alive);
        alive = 0;
    }
    CHECK(walked > 20);
    return finish();
}
