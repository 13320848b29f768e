/*
 * conv_test.c - coordinates, convolutions, pending results and interruption through the public API.
 */
#include "harness.h"

/* Three voxels: two neighbours along x, one far away. */
static const int32_t line[3][4] = {{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 6, 0, 0}};

static lac_sparse *sparse(lac_context *ctx, const int32_t (*rows)[4], int64_t n,
                          const float *values, int64_t channels) {
    lac_tensor *r = tensor(ctx, LAC_DTYPE_I32, rows, 2, n, 4, 0);
    lac_tensor *f = tensor(ctx, LAC_DTYPE_F32, values, 2, n, channels, 0);
    lac_coords *c = NULL;
    lac_sparse *x = NULL;
    OK(lac_coords_create(ctx, r, &c));
    OK(lac_sparse_create(ctx, f, c, NULL, &x));
    lac_coords_release(c);
    lac_tensor_release(f);
    lac_tensor_release(r);
    return x;
}

static lac_conv3d_options kernel(int32_t size, int32_t stride) {
    lac_conv3d_options o = {.size = sizeof o,
                            .kernel_size = {size, size, size},
                            .stride = {stride, stride, stride},
                            .padding = {-1, -1, -1},
                            .dilation = {1, 1, 1},
                            .kmap_mode = -1,
                            .downsample_mode = -1};
    return o;
}

static int gives(lac_context *ctx, lac_sparse *y, const float *wanted, int64_t n) {
    lac_tensor *f = lac_sparse_feats(y);
    int same = holds(ctx, f, wanted, n);
    lac_tensor_release(f);
    return same;
}

static void test_coords(lac_context *ctx) {
    lac_tensor *rows = tensor(ctx, LAC_DTYPE_I32, line, 2, 3, 4, 0), *found = NULL;
    lac_coords *c = NULL, *twice = NULL;
    OK(lac_coords_create(ctx, rows, &c));
    CHECK(lac_coords_count(c) == 3);
    const int32_t asked[3][4] = {{0, 6, 0, 0}, {0, 5, 0, 0}, {1, 0, 0, 0}};
    lac_tensor *query = tensor(ctx, LAC_DTYPE_I32, asked, 2, 3, 4, 0);
    OK(lac_coords_find(ctx, c, query, &found));
    int64_t at[3];
    OK(lac_tensor_download(ctx, found, at, sizeof at));
    CHECK(at[0] == 2 && at[1] == -1 && at[2] == -1);

    const int32_t doubled[2][4] = {{0, 1, 1, 1}, {0, 1, 1, 1}};
    lac_tensor *pair = tensor(ctx, LAC_DTYPE_I32, doubled, 2, 2, 4, 0);
    OK(lac_coords_create(ctx, pair, &twice));
    FAILS(LAC_ERR_DUPLICATE, lac_coords_index(ctx, twice));

    lac_coords *bad = NULL;
    const float values[4] = {0};
    lac_tensor *floats = tensor(ctx, LAC_DTYPE_F32, values, 2, 1, 4, 0);
    FAILS(LAC_ERR_DTYPE, lac_coords_create(ctx, floats, &bad));
    CHECK(bad == NULL);

    lac_coords_release(twice);
    lac_coords_release(c);
    lac_tensor *all[] = {floats, pair, found, query, rows};
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i) lac_tensor_release(all[i]);
}

static void test_submanifold(lac_context *ctx) {
    lac_sparse *x = sparse(ctx, line, 3, (const float[]){1, 2, 4}, 1);
    float weights[27];
    for (int i = 0; i < 27; ++i) weights[i] = 1.0f;
    lac_tensor *w = tensor(ctx, LAC_DTYPE_F32, weights, 3, 27, 1, 1);
    lac_conv3d_options o = kernel(3, 1);
    lac_sparse *y = NULL;
    OK(lac_conv3d(ctx, x, w, &o, &y));
    lac_tensor *f = lac_sparse_feats(y);
    CHECK(lac_tensor_is_pending(f));
    CHECK(holds(ctx, f, (const float[]){3, 3, 4}, 3));
    CHECK(!lac_tensor_is_pending(f));
    lac_tensor_release(f);
    lac_sparse_release(y);

    /* The tap at x+1 alone: x is axis 0, the fastest of an odd kernel. */
    memset(weights, 0, sizeof weights);
    weights[13 + 1] = 1.0f;
    OK(lac_tensor_upload(ctx, w, weights, sizeof weights));
    OK(lac_conv3d(ctx, x, w, &o, &y));
    CHECK(gives(ctx, y, (const float[]){2, 0, 0}, 3));
    lac_sparse_release(y);

    lac_kernel_map *map = NULL;
    int64_t taps, pairs, in_rows, out_rows;
    OK(lac_kernel_map_build(ctx, x, &o, &map, NULL));
    lac_kernel_map_describe(map, &taps, &pairs, &in_rows, &out_rows);
    CHECK(taps == 27 && pairs == 5 && in_rows == 3 && out_rows == 3);
    lac_kernel_map_release(map);

    lac_tensor *wrong = tensor(ctx, LAC_DTYPE_F32, weights, 3, 9, 3, 1);
    lac_sparse *none = NULL;
    FAILS(LAC_ERR_SHAPE, lac_conv3d(ctx, x, wrong, &o, &none));
    CHECK(none == NULL);
    lac_tensor_release(wrong);
    lac_tensor_release(w);
    lac_sparse_release(x);
}

/* A strided convolution and the transposed one that walks it backwards. */
static void test_down_and_up(lac_context *ctx) {
    lac_sparse *x = sparse(ctx, line, 3, (const float[]){1, 2, 4}, 1);
    float weights[8];
    for (int i = 0; i < 8; ++i) weights[i] = 1.0f;
    lac_tensor *w = tensor(ctx, LAC_DTYPE_F32, weights, 3, 8, 1, 1);
    lac_conv3d_options down = kernel(2, 2), up = kernel(2, 0);
    up.transposed = 1;
    up.dilation[0] = up.dilation[1] = up.dilation[2] = 0;
    lac_sparse *coarse = NULL, *fine = NULL;
    OK(lac_conv3d(ctx, x, w, &down, &coarse));
    lac_coords *c = lac_sparse_coords(coarse), *d = NULL;
    CHECK(lac_coords_count(c) == 2);
    CHECK(gives(ctx, coarse, (const float[]){3, 4}, 2));
    OK(lac_conv3d(ctx, coarse, w, &up, &fine));
    CHECK(gives(ctx, fine, (const float[]){3, 3, 4}, 3));
    d = lac_sparse_coords(fine);
    lac_coords *origin = lac_sparse_coords(x);
    int32_t equal = 0;
    OK(lac_coords_equal(ctx, d, origin, &equal));
    CHECK(equal);
    lac_coords_release(origin);
    lac_coords_release(d);
    lac_coords_release(c);
    lac_sparse_release(fine);
    lac_sparse_release(coarse);

    up.require_forward = 1;
    FAILS(LAC_ERR_LINEAGE, lac_conv3d(ctx, x, w, &up, &fine));
    lac_tensor_release(w);
    lac_sparse_release(x);
}

/* What was written after the call must not change what the call saw. */
static void test_pending(lac_context *ctx) {
    lac_sparse *x = sparse(ctx, line, 3, (const float[]){1, 2, 4}, 1);
    lac_tensor *w = tensor(ctx, LAC_DTYPE_F32, (const float[]){10}, 2, 1, 1, 0);
    lac_conv3d_options o = kernel(1, 1);
    lac_sparse *y = NULL;
    OK(lac_conv3d(ctx, x, w, &o, &y));
    lac_tensor *f = lac_sparse_feats(y), *active = NULL, *sum = NULL;
    OK(lac_activate(ctx, LAC_ACT_RELU, 0, f, &active));
    OK(lac_binary(ctx, LAC_BINARY_ADD, active, f, &sum));
    OK(lac_fill(ctx, w, 0.0, 0));
    CHECK(holds(ctx, sum, (const float[]){20, 40, 80}, 3));
    lac_tensor_release(sum);
    lac_tensor_release(active);
    lac_tensor_release(f);
    lac_sparse_release(y);

    /* A result that nobody reads is given back unread. */
    OK(lac_conv3d(ctx, x, w, &o, &y));
    lac_sparse_release(y);
    lac_tensor_release(w);
    lac_sparse_release(x);
}

static void test_quantize(lac_context *ctx) {
    const float values[5][3] = {
        {0.05f, 0, 0}, {0.06f, 0, 0}, {-0.05f, 0, 0}, {0.0f, 0, 1e30f}, {0.25f, 0, 0}};
    lac_tensor *points = tensor(ctx, LAC_DTYPE_F32, values, 2, 5, 3, 0);
    lac_quantize_options o = {.size = sizeof o, .voxel_size = {0.1, 0.1, 0.1}};
    lac_sparse *x = NULL;
    lac_tensor *inverse = NULL;
    FAILS(LAC_ERR_RANGE, lac_quantize(ctx, points, &o, &x, &inverse, NULL, NULL));
    CHECK(x == NULL && inverse == NULL);

    int64_t dropped[2] = {0, 0};
    o.has_range = 1;
    const double box[6] = {-1, -1, -1, 1, 1, 1};
    memcpy(o.range, box, sizeof box);
    OK(lac_quantize(ctx, points, &o, &x, &inverse, NULL, dropped));
    CHECK(dropped[0] == 0 && dropped[1] == 1);
    int64_t voxel_of[5];
    OK(lac_tensor_download(ctx, inverse, voxel_of, sizeof voxel_of));
    CHECK(voxel_of[0] == 1 && voxel_of[1] == 1 && voxel_of[2] == 0 && voxel_of[3] == -1 &&
          voxel_of[4] == 2);
    o.voxel_size[1] = 0;
    lac_sparse *none = NULL;
    FAILS(LAC_ERR_ARGUMENT, lac_quantize(ctx, points, &o, &none, NULL, NULL, NULL));
    lac_tensor_release(inverse);
    lac_sparse_release(x);
    lac_tensor_release(points);
}

static void test_interrupt(lac_context *ctx) {
    lac_sparse *x = sparse(ctx, line, 3, (const float[]){1, 2, 4}, 1);
    lac_tensor *w = tensor(ctx, LAC_DTYPE_F32, (const float[]){10}, 2, 1, 1, 0);
    lac_conv3d_options o = kernel(1, 1);
    lac_sparse *y = NULL;
    OK(lac_conv3d(ctx, x, w, &o, &y));
    lac_tensor *f = lac_sparse_feats(y);
    lac_context_interrupt(ctx);
    FAILS(LAC_ERR_INTERRUPTED, lac_tensor_force(ctx, f));
    lac_context_clear_interrupt(ctx);
    CHECK(holds(ctx, f, (const float[]){10, 20, 40}, 3));
    lac_tensor_release(f);
    lac_sparse_release(y);
    lac_tensor_release(w);
    lac_sparse_release(x);
}

/* No rows at all, and a family that dies with its last handle. */
static void test_empty(lac_context *ctx) {
    lac_sparse *x = sparse(ctx, line, 0, (const float[]){0}, 1);
    float weights[27] = {0};
    lac_tensor *w = tensor(ctx, LAC_DTYPE_F32, weights, 3, 27, 1, 1);
    lac_conv3d_options o = kernel(3, 1);
    lac_sparse *y = NULL;
    OK(lac_conv3d(ctx, x, w, &o, &y));
    lac_sparse_release(x);
    lac_tensor *f = lac_sparse_feats(y);
    OK(lac_tensor_force(ctx, f));
    CHECK(lac_tensor_numel(f) == 0);
    lac_tensor_release(f);
    lac_sparse_release(y);
    lac_tensor_release(w);
}

int main(void) {
    begin();
    lac_context *ctx = NULL;
    OK(lac_context_create(NULL, &ctx));
    for (int threads = 1; threads <= 2; ++threads) {
        OK(lac_context_set_threads(ctx, threads));
        test_coords(ctx);
        test_submanifold(ctx);
        test_down_and_up(ctx);
        test_pending(ctx);
        test_quantize(ctx);
        test_interrupt(ctx);
        test_empty(ctx);
    }
    close_context(ctx);
    return finish();
}
