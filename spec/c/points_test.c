/*
 * points_test.c - points and voxels through the C API: known values, errors, and every memory request
 * failing in turn.
 */
#include "failing_allocator.h"
#include "harness.h"

static const int32_t one[3] = {1, 1, 1};
static const float points[5 * 4] = {0, 1.25F, 0, 0, 0, 1.5F, 0, 0, 0, -2,
                                    3, 4,     1, 0, 0, 0,    0, 1, 0, 0};
static const float feats[5 * 2] = {1, 2, 3, 4, 5, 6, 7, 8, 8, 9};

static lac_voxelize_options grid(int32_t dynamic) {
    return (lac_voxelize_options){.size = sizeof(lac_voxelize_options),
                                  .dynamic = dynamic,
                                  .raw = !dynamic,
                                  .voxel_size = {1, 1, 1},
                                  .range = {-4, -4, -4, 4, 4, 4},
                                  .max_points = 2};
}

static void known_values(void) {
    lac_context *ctx = NULL;
    OK(lac_context_create(NULL, &ctx));
    lac_tensor *p = tensor(ctx, LAC_DTYPE_F32, points, 2, 5, 4, 0);
    lac_tensor *f = tensor(ctx, LAC_DTYPE_F32, feats, 2, 5, 2, 0);
    lac_tensor *scaled = NULL, *index = NULL, *weights = NULL, *y = NULL;
    lac_sparse *x = NULL, *v = NULL;
    OK(lac_point_voxelize(ctx, p, f, 1, &x, &scaled, &index));
    lac_tensor *means = lac_sparse_feats(x);
    lac_coords *rows = lac_sparse_coords(x);
    CHECK(holds(ctx, means, (const float[]){5, 6, 4, 5, 7, 8}, 6));
    CHECK(holds(ctx, scaled, points, 20));
    lac_tensor_release(index);
    OK(lac_point_corners(ctx, p, rows, one, 1, &index, &weights));
    OK(lac_devoxelize(ctx, means, index, weights, &y));
    CHECK(holds(ctx, y, (const float[]){4, 5, 4, 5, 5, 6, 7, 8, 4, 5}, 10));
    FAILS(LAC_ERR_ARGUMENT, lac_point_voxelize(ctx, p, f, 0, &x, NULL, NULL));
    FAILS(LAC_ERR_SHAPE, lac_point_index(ctx, f, rows, one, &y));
    FAILS(LAC_ERR_ARGUMENT, lac_point_index(ctx, p, rows, (const int32_t[3]){1, 0, 1}, &y));
    FAILS(LAC_ERR_SHAPE, lac_scatter_mean(ctx, f, index, 3, NULL, &y));

    lac_voxelize_options o = grid(0);
    lac_voxelize_info info = {0};
    OK(lac_voxelize(ctx, p, &o, &v, &info));
    CHECK(info.grid[0] == 8 && info.points_outside == 0 && info.points_dropped == 1);
    o.max_points = INT64_MAX / 4;
    FAILS(LAC_ERR_SHAPE, lac_voxelize(ctx, p, &o, &v, NULL));
    CHECK(strncmp(lac_last_error(), "voxelize: max_points", 20) == 0);
    o.size = 4;
    FAILS(LAC_ERR_ARGUMENT, lac_voxelize(ctx, p, &o, &v, NULL));
    lac_tensor_release(info.num_points);
    lac_tensor_release(info.point_voxel);
    lac_tensor_release(info.voxels);
    lac_tensor *const tensors[] = {p, f, scaled, index, weights, y, means};
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) lac_tensor_release(tensors[i]);
    lac_coords_release(rows);
    lac_sparse_release(x);
    lac_sparse_release(v);
    close_context(ctx);
}

static lac_status make(lac_context *ctx, const void *data, int64_t n, int64_t width,
                       lac_tensor **out) {
    const lac_tensor_desc desc = {.size = sizeof desc, .ndim = 2, .shape = {n, width}};
    const lac_status s = lac_tensor_create(ctx, &desc, out);
    return s != LAC_OK ? s : lac_tensor_upload(ctx, *out, data, (uint64_t)(n * width) * 4);
}

/* Every operation once; what was made is released in any case. */
static lac_status run(lac_context *ctx) {
    lac_tensor *p = NULL, *f = NULL, *rows = NULL, *r[12] = {0};
    lac_sparse *x = NULL, *v[2] = {NULL, NULL};
    lac_coords *set = NULL, *coarse = NULL;
    lac_kernel_map *map = NULL, *back = NULL;
    lac_voxelize_info info = {0};
    const lac_voxelize_options hard = grid(0), dynamic = grid(1);
    const lac_conv3d_options down = {.size = sizeof down,
                                     .kernel_size = {3, 3, 3},
                                     .stride = {2, 2, 2},
                                     .padding = {1, 1, 1},
                                     .kmap_mode = -1,
                                     .downsample_mode = -1};
    lac_status s = make(ctx, points, 5, 4, &p);
    if (s == LAC_OK) s = make(ctx, feats, 5, 2, &f);
    if (s == LAC_OK) s = lac_point_voxelize(ctx, p, f, 0.5, &x, &r[0], &r[1]);
    if (s == LAC_OK) {
        r[2] = lac_sparse_feats(x);
        set = lac_sparse_coords(x);
        s = lac_point_index(ctx, p, set, one, &r[3]);
    }
    if (s == LAC_OK) s = lac_point_corners(ctx, p, set, one, 0, &r[4], &r[5]);
    if (s == LAC_OK) s = lac_devoxelize(ctx, r[2], r[4], r[5], &r[6]);
    if (s == LAC_OK) s = lac_trilinear_weights(ctx, p, r[4], 2, &r[7]);
    if (s == LAC_OK) s = lac_coords_tensor(ctx, set, &rows);
    if (s == LAC_OK) s = lac_hash_rows(ctx, rows, NULL, &r[8]);
    if (s == LAC_OK) s = lac_find_rows(ctx, r[8], r[8], &r[9]);
    if (s == LAC_OK) s = lac_count_index(ctx, r[9], 5, &r[10]);
    if (s == LAC_OK) s = lac_scatter_mean(ctx, f, r[1], 5, r[10], &r[11]);
    if (s == LAC_OK) s = lac_voxelize(ctx, p, &hard, &v[0], &info);
    if (s == LAC_OK) s = lac_voxelize(ctx, p, &dynamic, &v[1], NULL);
    if (s == LAC_OK) s = lac_coords_strided(ctx, set, &down, &coarse);
    if (s == LAC_OK) s = lac_kernel_map_build(ctx, x, &down, &map, NULL);
    if (s == LAC_OK) s = lac_kernel_map_transpose(ctx, map, &back);
    lac_tensor *const tensors[] = {p, f, rows, info.num_points, info.point_voxel, info.voxels};
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) lac_tensor_release(tensors[i]);
    for (size_t i = 0; i < sizeof r / sizeof *r; i++) lac_tensor_release(r[i]);
    lac_kernel_map_release(map);
    lac_kernel_map_release(back);
    lac_coords_release(set);
    lac_coords_release(coarse);
    lac_sparse_release(x);
    lac_sparse_release(v[0]);
    lac_sparse_release(v[1]);
    return s;
}

static void failing_memory(void) {
    const lac_context_options options = {
        .size = sizeof options, .threads = 2, .alloc = host_alloc, .free = host_free};
    int64_t walked = 0;
    for (int finished = 0; !finished && walked < 2000; walked++) {
        lac_context *ctx = NULL;
        requests = 0;
        fail_at = walked + 1;
        lac_status s = lac_context_create(&options, &ctx);
        if (s == LAC_OK) s = run(ctx);
        finished = requests < fail_at;
        CHECK(finished ? s == LAC_OK : s == LAC_ERR_OOM);
        fail_at = 0;
        if (ctx != NULL) OK(run(ctx)); /* the same context serves again */
        lac_context_release(ctx);
        if (!CHECK(alive == 0))
            printf("  request %lld leaves %lld allocations\n", (long long)walked, (long long)alive);
        alive = 0;
    }
    CHECK(walked > 20);
}

int main(void) {
    begin();
    known_values();
    failing_memory();
    return finish();
}
