/*
 * alloc_walk_test.c - every memory request of a small forward fails in turn. The call must say that there
 * is no memory, leave nothing behind, and work when it is asked again.
 */
#include "failing_allocator.h"
#include "harness.h"

static const lac_conv3d_options submanifold = {.size = sizeof submanifold,
                                               .kernel_size = {3, 3, 3},
                                               .padding = {-1, -1, -1},
                                               .kmap_mode = -1,
                                               .downsample_mode = -1};
static const lac_conv3d_options down = {.size = sizeof down,
                                        .kernel_size = {2, 2, 2},
                                        .stride = {2, 2, 2},
                                        .padding = {-1, -1, -1},
                                        .kmap_mode = -1,
                                        .downsample_mode = -1};

typedef struct {
    lac_context *ctx;
    lac_tensor *points, *weight, *weight_down, *square, *channel;
} fixture;

/* Points to voxels, a residual block, down, up, linear, labels. */
static lac_status forward(const fixture *f, lac_tensor **labels) {
    lac_sparse *x = NULL, *y = NULL, *coarse = NULL, *fine = NULL;
    lac_tensor *inverse = NULL, *feats = NULL, *normed = NULL, *sum = NULL, *active = NULL,
               *up = NULL;
    lac_tensor *cat = NULL, *fine_feats = NULL;
    const lac_quantize_options q = {
        .size = sizeof q, .voxel_size = {1, 1, 1}, .reduce = LAC_POINT_MEAN};
    const lac_batch_norm_options norm = {
        .size = sizeof norm, .eps = 1e-5, .mean = f->channel, .var = f->channel};
    lac_conv3d_options back = down;
    back.transposed = 1;
    lac_status s = lac_quantize(f->ctx, f->points, &q, &x, &inverse, NULL, NULL);
    if (s == LAC_OK) s = lac_conv3d(f->ctx, x, f->weight, &submanifold, &y);
    if (s == LAC_OK) {
        feats = lac_sparse_feats(y);
        s = lac_batch_norm(f->ctx, feats, &norm, &normed);
    }
    if (s == LAC_OK) {
        lac_tensor *in = lac_sparse_feats(x);
        s = lac_binary(f->ctx, LAC_BINARY_ADD, normed, in, &sum);
        lac_tensor_release(in);
    }
    if (s == LAC_OK) s = lac_activate(f->ctx, LAC_ACT_RELU, 0, sum, &active);
    if (s == LAC_OK) s = lac_tensor_force(f->ctx, active);
    if (s == LAC_OK) s = lac_conv3d(f->ctx, x, f->weight_down, &down, &coarse);
    if (s == LAC_OK) s = lac_conv3d(f->ctx, coarse, f->weight_down, &back, &fine);
    if (s == LAC_OK) {
        fine_feats = lac_sparse_feats(fine);
        lac_tensor *list[2] = {fine_feats, active};
        s = lac_cat(f->ctx, list, 2, 1, &cat);
    }
    if (s == LAC_OK) s = lac_linear(f->ctx, active, f->square, f->channel, &up);
    if (s == LAC_OK) s = lac_tensor_force(f->ctx, up);
    if (s == LAC_OK) s = lac_reduce(f->ctx, LAC_REDUCE_ARGMAX, cat, 1, 0, labels);
    lac_sparse *const sparse[] = {x, y, coarse, fine};
    lac_tensor *const tensors[] = {inverse, feats, normed, sum, active, up, cat, fine_feats};
    for (size_t i = 0; i < sizeof sparse / sizeof *sparse; i++) lac_sparse_release(sparse[i]);
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) lac_tensor_release(tensors[i]);
    return s;
}

static lac_status make_fixture(fixture *f) {
    const lac_context_options options = {
        .size = sizeof options, .threads = 2, .alloc = host_alloc, .free = host_free};
    *f = (fixture){0};
    lac_status s = lac_context_create(&options, &f->ctx);
    if (s != LAC_OK) return s;
    static float values[8 * 4 * 4 * 32];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        values[i] = (float)(i * 7 % 23) * 0.5f;
    const struct {
        lac_tensor **to;
        int64_t shape[3];
        int32_t ndim;
    } tensors[] = {{&f->points, {60, 4, 0}, 2},
                   {&f->weight, {27, 4, 4}, 3},
                   {&f->weight_down, {8, 4, 4}, 3},
                   {&f->square, {4, 4, 0}, 2},
                   {&f->channel, {4, 0, 0}, 1}};
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors && s == LAC_OK; i++) {
        lac_tensor_desc desc = {.size = sizeof desc, .ndim = tensors[i].ndim};
        memcpy(desc.shape, tensors[i].shape, sizeof tensors[i].shape);
        s = lac_tensor_create(f->ctx, &desc, tensors[i].to);
        if (s == LAC_OK)
            s = lac_tensor_upload(f->ctx, *tensors[i].to, values,
                                  (uint64_t)lac_tensor_numel(*tensors[i].to) * 4);
    }
    return s;
}

static void free_fixture(fixture *f) {
    lac_tensor_release(f->points);
    lac_tensor_release(f->weight);
    lac_tensor_release(f->weight_down);
    lac_tensor_release(f->square);
    lac_tensor_release(f->channel);
    lac_context_release(f->ctx);
}

static int64_t labels_of(const fixture *f, int64_t labels[64]) {
    lac_tensor *t = NULL;
    if (!OK(forward(f, &t))) return 0;
    const int64_t n = lac_tensor_numel(t);
    OK(lac_tensor_download(f->ctx, t, labels, (uint64_t)n * sizeof *labels));
    lac_tensor_release(t);
    return n;
}

int main(void) {
    begin();
    fixture f;
    int64_t wanted[64], got[64];
    OK(make_fixture(&f));
    const int64_t n = labels_of(&f, wanted);
    CHECK(n > 1);
    free_fixture(&f);
    CHECK(alive == 0);

    int64_t walked = 0;
    for (int finished = 0; !finished && walked < 2000; walked++) {
        requests = 0;
        fail_at = walked + 1;
        lac_tensor *labels = NULL;
        lac_status s = make_fixture(&f);
        if (s == LAC_OK) s = forward(&f, &labels);
        finished = requests < fail_at;
        CHECK(finished ? s == LAC_OK : s == LAC_ERR_OOM);
        fail_at = 0;
        lac_tensor_release(labels);
        free_fixture(&f);
        if (!CHECK(alive == 0))
            printf("  request %lld leaves %lld allocations\n", (long long)walked, (long long)alive);
        alive = 0;
    }
    CHECK(walked > 100);

    /* After a failure the same objects serve again. */
    OK(make_fixture(&f));
    requests = 0;
    fail_at = 25;
    lac_tensor *labels = NULL;
    FAILS(LAC_ERR_OOM, forward(&f, &labels));
    fail_at = 0;
    CHECK(labels_of(&f, got) == n && memcmp(got, wanted, (size_t)n * sizeof *got) == 0);
    free_fixture(&f);
    CHECK(alive == 0);
    return finish();
}
