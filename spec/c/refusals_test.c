/*
 * refusals_test.c - shapes, dtypes and numbers that operations refuse, each with a message that names the
 * operation and what it got, and without a result.
 */
#include "harness.h"

#include <math.h>

#define REFUSES(status, text, call) refuses((call), (status), (text), #call, __LINE__)

/* What a refused call must leave NULL. */
static lac_tensor *out;

static void refuses(lac_status got, lac_status wanted, const char *text, const char *call,
                    int line) {
    if (!check_status(got, wanted, call, __FILE__, line)) return;
    if (!check(out == NULL && strstr(lac_last_error(), text) != NULL, call, __FILE__, line))
        printf("  says '%s', expected '%s'\n", lac_last_error(), text);
}

static lac_tensor *ones(lac_context *ctx, lac_dtype dtype, int32_t ndim, int64_t a, int64_t b) {
    const lac_tensor_desc desc = {
        .size = sizeof desc, .dtype = dtype, .ndim = ndim, .shape = {a, b}};
    lac_tensor *t = NULL;
    if (OK(lac_tensor_create(ctx, &desc, &t))) OK(lac_fill(ctx, t, 1, 1));
    return t;
}

static void refuse_status(void) {
    for (int s = LAC_OK; s <= LAC_ERR_SCRIPT; s++) {
        CHECK(strcmp(lac_status_text((lac_status)s), "unknown status") != 0);
        for (int other = LAC_OK; other < s; other++)
            CHECK(strcmp(lac_status_text((lac_status)s), lac_status_text((lac_status)other)) != 0);
    }
    CHECK(strcmp(lac_status_text((lac_status)(LAC_ERR_SCRIPT + 1)), "unknown status") == 0);
    CHECK(strcmp(lac_status_text(LAC_ERR_OOM), "out of memory") == 0);
}

static void *never(void *user, size_t bytes, size_t alignment) {
    (void)user, (void)bytes, (void)alignment;
    return NULL;
}

static void refuse_context(void) {
    const lac_context_options half = {.size = sizeof half, .alloc = never};
    lac_context *ctx = NULL;
    REFUSES(LAC_ERR_ARGUMENT, "alloc without free", lac_context_create(&half, &ctx));
    CHECK(ctx == NULL);
}

static void refuse_memory(lac_context *ctx) {
    const lac_tensor_desc desc = {.size = sizeof desc, .ndim = 2, .shape = {2, 3}};
    REFUSES(LAC_ERR_ARGUMENT, "NULL pointer", lac_tensor_wrap(ctx, &desc, NULL, NULL, NULL, &out));
    lac_tensor *t = ones(ctx, LAC_DTYPE_F32, 2, 2, 3), *turned = NULL;
    float bytes[6] = {0};
    REFUSES(LAC_ERR_SHAPE, "download: 20 bytes for a tensor of 24",
            lac_tensor_download(ctx, t, bytes, 20));
    REFUSES(LAC_ERR_SHAPE, "upload: 28 bytes", lac_tensor_upload(ctx, t, bytes, 28));
    OK(lac_tensor_permute(ctx, t, (const int32_t[]){1, 0}, &turned));
    REFUSES(LAC_ERR_SHAPE, "upload: the tensor is not contiguous",
            lac_tensor_upload(ctx, turned, bytes, sizeof bytes));
    CHECK(holds(ctx, t, (const float[]){1, 1, 1, 1, 1, 1}, 6));
    REFUSES(LAC_ERR_RANGE, "dimension 2 of a tensor with 2",
            lac_tensor_narrow(ctx, t, 2, 0, 1, &out));
    REFUSES(LAC_ERR_RANGE, "dimension -3 of a tensor with 2",
            lac_tensor_select(ctx, t, -3, 0, &out));
    REFUSES(LAC_ERR_SHAPE, "reshape: 99 dimensions",
            lac_tensor_reshape(ctx, t, 99, (const int64_t[]){6}, 0, &out));
    REFUSES(LAC_ERR_SHAPE, "size -2 of dimension 1",
            lac_tensor_reshape(ctx, t, 2, (const int64_t[]){3, -2}, 0, &out));
    REFUSES(LAC_ERR_SHAPE, "size -1 of dimension 1",
            lac_tensor_reshape(ctx, t, 2, (const int64_t[]){-1, -1}, 0, &out));
    lac_tensor_release(turned);
    lac_tensor_release(t);
}

static void refuse_dense(lac_context *ctx) {
    lac_tensor *t = ones(ctx, LAC_DTYPE_F32, 2, 2, 3), *index = ones(ctx, LAC_DTYPE_I64, 2, 2, 3);
    lac_tensor *few = ones(ctx, LAC_DTYPE_F32, 2, 1, 3), *i32 = ones(ctx, LAC_DTYPE_I32, 1, 3, 0);
    lac_tensor *line = ones(ctx, LAC_DTYPE_F32, 1, 3, 0), *f64 = ones(ctx, LAC_DTYPE_F64, 2, 2, 3);
    REFUSES(LAC_ERR_ARGUMENT, "arange: start nan", lac_arange(ctx, LAC_DTYPE_F32, NAN, 1, 3, &out));
    REFUSES(LAC_ERR_ARGUMENT, "arange: start 0, step inf",
            lac_arange(ctx, LAC_DTYPE_I64, 0, INFINITY, 3, &out));
    REFUSES(LAC_ERR_ARGUMENT, "arange: -1 values", lac_arange(ctx, LAC_DTYPE_I64, 0, 1, -1, &out));
    REFUSES(LAC_ERR_ARGUMENT, "cat: an empty list", lac_cat(ctx, &t, 0, 0, &out));
    REFUSES(LAC_ERR_SHAPE,
            "scatter_add: index of shape [2, 3] does not fit a source of shape [1, 3]",
            lac_scatter_add(ctx, t, 0, index, few, &out));
    REFUSES(LAC_ERR_SHAPE,
            "scatter_add: index of shape [2, 3] does not fit a tensor of shape [1, 3]",
            lac_scatter_add(ctx, few, 1, index, t, &out));
    REFUSES(LAC_ERR_SHAPE, "linear: features of shape [3], weight of shape [2, 3]",
            lac_linear(ctx, line, t, NULL, &out));
    REFUSES(LAC_ERR_DTYPE, "linear: float64 weight", lac_linear(ctx, t, f64, NULL, &out));
    REFUSES(LAC_ERR_SHAPE, "bias of shape [3], expected [2]", lac_linear(ctx, t, t, line, &out));
    REFUSES(LAC_ERR_DTYPE, "int64 features", lac_activate(ctx, LAC_ACT_RELU, 0, index, &out));
    const lac_batch_norm_options norm = {.size = sizeof norm, .eps = 1e-5};
    REFUSES(LAC_ERR_SHAPE, "batch_norm: features of shape [3]",
            lac_batch_norm(ctx, line, &norm, &out));
    REFUSES(LAC_ERR_ARGUMENT, "batch_norm: mean and var are needed",
            lac_batch_norm(ctx, t, &norm, &out));
    const lac_group_norm_options group = {.size = sizeof group, .groups = 1};
    REFUSES(LAC_ERR_SHAPE, "sample numbers of shape [3], expected [2]",
            lac_group_norm(ctx, t, i32, &group, &out));
    lac_tensor_release(t);
    lac_tensor_release(index);
    lac_tensor_release(few);
    lac_tensor_release(i32);
    lac_tensor_release(line);
    lac_tensor_release(f64);
}

static void refuse_points(lac_context *ctx) {
    lac_tensor *feats = ones(ctx, LAC_DTYPE_F32, 2, 2, 3),
               *line = ones(ctx, LAC_DTYPE_F32, 1, 2, 0);
    lac_tensor *corners = ones(ctx, LAC_DTYPE_I64, 2, 2, 8),
               *i64 = ones(ctx, LAC_DTYPE_I64, 2, 2, 4);
    lac_tensor *weights = ones(ctx, LAC_DTYPE_F32, 2, 2, 8),
               *index = ones(ctx, LAC_DTYPE_I64, 1, 2, 0);
    lac_tensor *u8 = ones(ctx, LAC_DTYPE_U8, 2, 2, 4);
    REFUSES(LAC_ERR_DTYPE, "devoxelize: int64 features",
            lac_devoxelize(ctx, i64, corners, weights, &out));
    REFUSES(LAC_ERR_SHAPE, "devoxelize: features of shape [2]",
            lac_devoxelize(ctx, line, corners, weights, &out));
    REFUSES(LAC_ERR_DTYPE, "trilinear_weights: int64 points",
            lac_trilinear_weights(ctx, i64, corners, 1, &out));
    REFUSES(LAC_ERR_ARGUMENT, "scatter_mean: -1 rows",
            lac_scatter_mean(ctx, feats, index, -1, NULL, &out));
    REFUSES(LAC_ERR_SHAPE, "scatter_mean: counts of shape [2], expected [3]",
            lac_scatter_mean(ctx, feats, index, 3, index, &out));
    lac_coords *set = NULL;
    REFUSES(LAC_ERR_DTYPE, "coords: uint8 rows", lac_coords_create(ctx, u8, &set));
    REFUSES(LAC_ERR_SHAPE, "coords: shape [2], expected [N, 4]",
            lac_coords_create(ctx, index, &set));
    CHECK(set == NULL);
    lac_tensor_release(feats);
    lac_tensor_release(line);
    lac_tensor_release(corners);
    lac_tensor_release(i64);
    lac_tensor_release(weights);
    lac_tensor_release(index);
    lac_tensor_release(u8);
}

/* Of three voxels with two channels. */
static void refuse_sparse(lac_context *ctx) {
    const int32_t rows[3][4] = {{0, 0, 0, 0}, {0, 0, 0, 1}, {0, 1, 0, 0}};
    lac_tensor *feats = ones(ctx, LAC_DTYPE_F32, 2, 3, 2),
               *line = ones(ctx, LAC_DTYPE_F32, 1, 3, 0);
    lac_tensor *i64 = ones(ctx, LAC_DTYPE_I64, 2, 3, 4), *f64 = ones(ctx, LAC_DTYPE_F64, 2, 3, 2);
    lac_tensor *set = tensor(ctx, LAC_DTYPE_I32, rows, 2, 3, 4, 0);
    lac_tensor *weight = ones(ctx, LAC_DTYPE_F32, 2, 2, 2);
    lac_tensor *exact = ones(ctx, LAC_DTYPE_F64, 2, 2, 2);
    lac_tensor *cloud = ones(ctx, LAC_DTYPE_F32, 2, 3, 4);
    lac_coords *coords = NULL;
    lac_sparse *x = NULL, *doubles = NULL, *y = NULL;
    OK(lac_coords_create(ctx, set, &coords));
    REFUSES(LAC_ERR_SHAPE, "coords: query int64 [3, 4], expected int32 [Q, 4]",
            lac_coords_find(ctx, coords, i64, &out));
    REFUSES(LAC_ERR_SHAPE, "sparse tensor: feats of shape [3]",
            lac_sparse_create(ctx, line, coords, NULL, &x));
    lac_sparse_desc desc = {.size = sizeof desc, .stride = {1, 1, 1}, .batch_size = -1};
    REFUSES(LAC_ERR_ARGUMENT, "batch_size -1 is negative",
            lac_sparse_create(ctx, feats, coords, &desc, &x));
    CHECK(x == NULL);
    OK(lac_sparse_create(ctx, feats, coords, NULL, &x));
    OK(lac_sparse_create(ctx, f64, coords, NULL, &doubles));
    lac_conv3d_options options = {.size = sizeof options,
                                  .kernel_size = {1, 1, 1},
                                  .padding = {-1, -1, -1},
                                  .kmap_mode = -1,
                                  .downsample_mode = -1};
    REFUSES(LAC_ERR_DTYPE, "conv3d: float64 features",
            lac_conv3d(ctx, doubles, exact, &options, &y));
    options.mm_thresh = -1;
    REFUSES(LAC_ERR_ARGUMENT, "epsilon 0 and mm_thresh -1",
            lac_conv3d(ctx, x, weight, &options, &y));
    options.mm_thresh = 0;
    options.stride[2] = -2;
    REFUSES(LAC_ERR_ARGUMENT, "stride -2 on axis 3", lac_conv3d(ctx, x, weight, &options, &y));
    const lac_quantize_options grid = {.size = sizeof grid, .voxel_size = {1, 1, 1}};
    REFUSES(LAC_ERR_DTYPE, "quantize: int64 points",
            lac_quantize(ctx, i64, &grid, &y, NULL, NULL, NULL));
    lac_quantize_options other = grid;
    other.feats = weight;
    REFUSES(LAC_ERR_SHAPE, "quantize: feats of shape [2, 2] for 3 points",
            lac_quantize(ctx, cloud, &other, &y, NULL, NULL, NULL));
    CHECK(y == NULL);
    REFUSES(LAC_ERR_DTYPE, "point_index: int64 points",
            lac_point_index(ctx, i64, coords, (const int32_t[]){1, 1, 1}, &out));
    REFUSES(LAC_ERR_ARGUMENT, "birds_eye: half_extent = -2",
            lac_birds_eye(ctx, i64, NULL, 8, -2, &out));
    double speed = 0;
    REFUSES(LAC_ERR_ARGUMENT, "bench_sgemm: n 9000", lac_bench_sgemm(ctx, 9000, 1, &speed));
    lac_sparse_release(x);
    lac_sparse_release(doubles);
    lac_coords_release(coords);
    lac_tensor_release(feats);
    lac_tensor_release(line);
    lac_tensor_release(i64);
    lac_tensor_release(f64);
    lac_tensor_release(set);
    lac_tensor_release(weight);
    lac_tensor_release(exact);
    lac_tensor_release(cloud);
}

static void refuse_device(void) {
    lac_device_info info = {.size = sizeof info};
    int32_t count = 0;
    OK(lac_device_count(LAC_DEVICE_CPU, &count));
    CHECK(count == 1);
    REFUSES(LAC_ERR_ARGUMENT, "only GPUs are described",
            lac_device_describe(LAC_DEVICE_CPU, 0, &info));
    REFUSES(LAC_ERR_DEVICE, "there is no kind 7", lac_device_count((lac_device)7, &count));
}

/* int64 rows are taken where every value fits. */
static void wide_rows(lac_context *ctx) {
    const int64_t rows[2][4] = {{0, INT32_MIN, 5, INT32_MAX}, {1, 2, 3, 4}};
    int64_t far[2][4];
    lac_coords *set = NULL, *same = NULL;
    lac_tensor *t = tensor(ctx, LAC_DTYPE_I64, rows, 2, 2, 4, 0), *kept = NULL;
    int32_t got[2][4], equal = 0;
    if (OK(lac_coords_create(ctx, t, &set)) && OK(lac_coords_tensor(ctx, set, &kept)) &&
        OK(lac_tensor_download(ctx, kept, got, sizeof got))) {
        for (int i = 0; i < 8; i++) CHECK(got[i / 4][i % 4] == rows[i / 4][i % 4]);
        OK(lac_coords_create(ctx, kept, &same));
        OK(lac_coords_equal(ctx, set, same, &equal));
        CHECK(equal == 1);
    }
    lac_tensor_release(t);
    lac_tensor_release(kept);
    lac_coords_release(set);
    lac_coords_release(same);
    set = NULL;
    memcpy(far, rows, sizeof far);
    far[1][2] = (int64_t)INT32_MAX + 1;
    t = tensor(ctx, LAC_DTYPE_I64, far, 2, 2, 4, 0);
    REFUSES(LAC_ERR_RANGE, "coords: value 2147483648 in row 1", lac_coords_create(ctx, t, &set));
    CHECK(set == NULL);
    lac_tensor_release(t);
}

int main(void) {
    begin();
    lac_context *ctx = NULL;
    refuse_status();
    refuse_context();
    OK(lac_context_create(NULL, &ctx));
    refuse_memory(ctx);
    refuse_dense(ctx);
    refuse_points(ctx);
    refuse_sparse(ctx);
    refuse_device();
    wide_rows(ctx);
    close_context(ctx);
    return finish();
}
