/*
 * weights_test.c - a file of weights, shared by contexts in four threads: names, bits, lifetimes.
 */
#include "harness.h"

#include <pthread.h>
#include <stdlib.h>

enum { TAPS = 27, CHANNELS = 16, ROWS = 64, THREADS = 4, ROUNDS = 50 };

static char path[] = "/tmp/lacuna_weights_XXXXXX.h5";

static void write_file(const char *group) {
    static float kernel[TAPS * CHANNELS * CHANNELS];
    for (int i = 0; i < TAPS * CHANNELS * CHANNELS; i++) kernel[i] = (float)(i % 23) * 0.01f - 0.1f;
    lac_context *ctx = NULL;
    lac_hdf5 *f = NULL;
    char name[64];
    OK(lac_context_create(NULL, &ctx));
    lac_tensor *w = tensor(ctx, LAC_DTYPE_F32, kernel, 3, TAPS, CHANNELS, CHANNELS);
    lac_tensor *b = tensor(ctx, LAC_DTYPE_F32, kernel, 1, CHANNELS, 0, 0);
    OK(lac_hdf5_open(ctx, path, "w", &f));
    (void)snprintf(name, sizeof name, "%s/stem/0/kernel", group);
    OK(lac_hdf5_write(ctx, f, name, w, 0));
    (void)snprintf(name, sizeof name, "%s/head/bias", group);
    OK(lac_hdf5_write(ctx, f, name, b, 0));
    OK(lac_hdf5_attr_write(ctx, f, "/", "arch", "{\"model\":\"tiny\"}", NULL));
    OK(lac_hdf5_close(f));
    lac_hdf5_release(f);
    lac_tensor_release(w);
    lac_tensor_release(b);
    close_context(ctx);
}

static void test_names(void) {
    lac_weights *w = NULL;
    lac_tensor *t = NULL;
    if (!OK(lac_weights_open(path, &w))) return;
    CHECK(lac_weights_count(w) == 2);
    CHECK(strcmp(lac_weights_name(w, 0), "stem.0.kernel") == 0);
    CHECK(strcmp(lac_weights_name(w, 1), "head.bias") == 0);
    CHECK(lac_weights_name(w, 2) == NULL && lac_weights_name(w, -1) == NULL);
    CHECK(lac_weights_arch(w) && strcmp(lac_weights_arch(w), "{\"model\":\"tiny\"}") == 0);
    FAILS(LAC_ERR_ARGUMENT, lac_weights_get(w, "stem.0.weight", &t));
    OK(lac_weights_get(w, "head.bias", &t));
    lac_weights_retain(w);
    lac_weights_release(w);
    lac_weights_release(w);

    /* The tensor is left, and is read only, views of it too. */
    lac_context *ctx = NULL;
    lac_tensor *half = NULL, *copy = NULL;
    OK(lac_context_create(NULL, &ctx));
    CHECK(lac_tensor_numel(t) == CHANNELS && lac_tensor_is_read_only(t));
    OK(lac_tensor_narrow(ctx, t, 0, 0, 4, &half));
    FAILS(LAC_ERR_ARGUMENT, lac_fill(ctx, half, 0, 0));
    CHECK(strstr(lac_last_error(), "read only") != NULL);
    lac_tensor_allow_packed(t); /* not granted */
    void *data = NULL;
    OK(lac_tensor_data(ctx, t, &data));
    CHECK(((const float *)data)[1] == 1 * 0.01f - 0.1f);
    OK(lac_convert(ctx, t, LAC_DTYPE_F32, &copy));
    OK(lac_fill(ctx, copy, 0, 0));
    lac_tensor_release(copy);
    lac_tensor_release(half);
    lac_tensor_release(t);
    close_context(ctx);
}

static void test_errors(void) {
    lac_weights *w = NULL;
    FAILS(LAC_ERR_ARGUMENT, lac_weights_open(NULL, &w));
    FAILS(LAC_ERR_IO, lac_weights_open("/nowhere/weights.h5", &w));
    CHECK(strstr(lac_last_error(), "/nowhere/weights.h5") != NULL);
    CHECK(w == NULL);
    lac_weights_release(NULL);
}

/* A residual convolution on the same voxels, in a context of the thread's own. */
static lac_status convolve(lac_context *ctx, const lac_weights *w, float *result) {
    int32_t rows[ROWS][4];
    float feats[ROWS][CHANNELS];
    for (int i = 0; i < ROWS; i++) {
        rows[i][0] = 0;
        for (int d = 0; d < 3; d++) rows[i][d + 1] = i >> (2 * d) & 3;
        for (int c = 0; c < CHANNELS; c++) feats[i][c] = (float)((i * 7 + c) % 11);
    }
    const lac_conv3d_options conv = {.size = sizeof conv,
                                     .kernel_size = {3, 3, 3},
                                     .padding = {-1, -1, -1},
                                     .kmap_mode = -1,
                                     .downsample_mode = -1};
    const lac_tensor_desc of_rows = {
        .size = sizeof of_rows, .dtype = LAC_DTYPE_I32, .ndim = 2, .shape = {ROWS, 4}};
    const lac_tensor_desc of_feats = {
        .size = sizeof of_feats, .ndim = 2, .shape = {ROWS, CHANNELS}};
    lac_tensor *r = NULL, *f = NULL, *kernel = NULL, *sums = NULL;
    lac_coords *c = NULL;
    lac_sparse *x = NULL, *y = NULL;
    lac_status s = lac_tensor_wrap(ctx, &of_rows, rows, NULL, NULL, &r);
    if (s == LAC_OK) s = lac_tensor_wrap(ctx, &of_feats, feats, NULL, NULL, &f);
    if (s == LAC_OK) s = lac_coords_create(ctx, r, &c);
    if (s == LAC_OK) s = lac_sparse_create(ctx, f, c, NULL, &x);
    if (s == LAC_OK) s = lac_weights_get(w, "stem.0.kernel", &kernel);
    if (s == LAC_OK) s = lac_conv3d(ctx, x, kernel, &conv, &y);
    if (s == LAC_OK) {
        sums = lac_sparse_feats(y);
        s = lac_tensor_download(ctx, sums, result, sizeof(float[ROWS][CHANNELS]));
    }
    lac_tensor_release(sums);
    lac_sparse_release(y);
    lac_tensor_release(kernel);
    lac_sparse_release(x);
    lac_coords_release(c);
    lac_tensor_release(f);
    lac_tensor_release(r);
    return s;
}

typedef struct {
    lac_weights *weights; /* retained */
    int wrong;
    float first[ROWS * CHANNELS];
} worker;

static void *work(void *argument) {
    worker *me = argument;
    lac_context *ctx = NULL;
    const lac_context_options one = {.size = sizeof one, .threads = 1};
    if (lac_context_create(&one, &ctx) != LAC_OK) me->wrong++;
    for (int i = 0; i < ROUNDS && me->wrong == 0; i++) {
        float sums[ROWS * CHANNELS];
        float *to = i == 0 ? me->first : sums;
        if (convolve(ctx, me->weights, to) != LAC_OK) me->wrong++;
        if (memcmp(to, me->first, sizeof me->first) != 0) me->wrong++;
    }
    lac_context_release(ctx);
    lac_weights_release(me->weights);
    return NULL;
}

static void test_threads(void) {
    static worker workers[THREADS];
    pthread_t threads[THREADS];
    lac_weights *w = NULL;
    if (!OK(lac_weights_open(path, &w))) return;
    for (int i = 0; i < THREADS; i++) {
        lac_weights_retain(w);
        workers[i].weights = w;
        CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
    }
    lac_weights_release(w);
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(workers[i].wrong == 0);
        CHECK(memcmp(workers[i].first, workers[0].first, sizeof workers[0].first) == 0);
    }
    CHECK(workers[0].first[0] != 0);
}

int main(void) {
    begin();
    const int fd = mkstemps(path, 3);
    FILE *file = fdopen(fd, "wb");
    fclose(file);
    test_errors();
    write_file("");
    test_names();
    write_file("/state_dict");
    test_names();
    test_threads();
    remove(path);
    return finish();
}
