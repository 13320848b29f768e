/*
 * quantize_fuzz.c - lac_quantize and lac_voxelize of points that sensors should not send: NaN, infinity,
 * numbers out of all ranges, any options. What comes back is compared with what the header says of it.
 */
#include "fuzz.h"

#include <math.h>

static const double odd[] = {NAN,   INFINITY,       -INFINITY,    1e300, -1e300, 1e-300,
                             -0.0,  2147483647.0,   -2147483648., 1e10,  0.5,    4e9,
                             1e308, 2147483647.999, 16777217.0,   1e-45};

static double number(bytes *b) {
    const int32_t kind = take(b);
    if (kind >= 240) return odd[kind - 240];
    if (kind >= 200) return (double)take_i32(b);
    return (kind - 100) * 0.25;
}

/* Voxels unique and sorted, every point that stays in one, every voxel with its first point. */
static void check_voxels(lac_context *ctx, lac_sparse *x, lac_tensor *inverse, lac_tensor *index,
                         int64_t n, const int64_t dropped[2]) {
    static int32_t rows[64][4];
    static int64_t in[64], first[64];
    lac_coords *coords = lac_sparse_coords(x);
    lac_tensor *r = NULL, *feats = lac_sparse_feats(x);
    const int64_t m = lac_coords_count(coords);
    REQUIRE(m <= n && lac_coords_index(ctx, coords) == LAC_OK); /* no duplicates */
    REQUIRE(lac_coords_tensor(ctx, coords, &r) == LAC_OK);
    REQUIRE(lac_tensor_download(ctx, r, rows, (uint64_t)m * 16) == LAC_OK);
    REQUIRE(lac_tensor_download(ctx, inverse, in, (uint64_t)n * 8) == LAC_OK);
    REQUIRE(lac_tensor_download(ctx, index, first, (uint64_t)m * 8) == LAC_OK);
    fuzz_read(ctx, feats);
    int64_t gone = 0, found = 0;
    for (int64_t i = 0; i < n; i++) {
        REQUIRE(in[i] >= -1 && in[i] < m);
        gone += in[i] < 0;
        found += in[i] >= 0 && first[in[i]] == i;
    }
    REQUIRE(gone == dropped[0] + dropped[1] && found == m);
    for (int64_t i = 1; i < m; i++) {
        int order = 0;
        for (int a = 3; a >= 1; a--)
            if (rows[i][a] != rows[i - 1][a]) order = rows[i][a] > rows[i - 1][a] ? 1 : -1;
        REQUIRE(order == 1);
    }
    lac_tensor_release(r);
    lac_tensor_release(feats);
    lac_coords_release(coords);
}

static void quantize(lac_context *ctx, bytes *b, lac_tensor *points, int64_t n) {
    lac_quantize_options o = {.size = sizeof o, .voxel_size = {0.5, 0.5, 0.5}};
    const int32_t choice = take(b);
    for (int a = 0; a < 3 && (choice & 1); a++) o.voxel_size[a] = fabs(number(b));
    o.rounding = (lac_rounding)((choice >> 1) % 3);
    o.reduce = (lac_point_reduce)((choice >> 3) % 4);
    o.origin_min = (choice >> 5) & 1;
    o.has_range = (choice >> 6) & 1;
    o.invalid_error = (choice >> 7) & 1;
    for (int a = 0; a < 6; a++) o.range[a] = number(b);
    lac_sparse *x = NULL;
    lac_tensor *inverse = NULL, *index = NULL;
    int64_t dropped[2] = {0, 0};
    if (well(lac_quantize(ctx, points, &o, &x, &inverse, &index, dropped), "quantize: ")) {
        REQUIRE(!o.invalid_error || dropped[0] == 0);
        check_voxels(ctx, x, inverse, index, n, dropped);
    }
    lac_sparse_release(x);
    lac_tensor_release(inverse);
    lac_tensor_release(index);
}

static void voxelize(lac_context *ctx, bytes *b, lac_tensor *points, lac_tensor *batch, int64_t n) {
    lac_voxelize_options o = {.size = sizeof o, .voxel_size = {1, 1, 1}};
    const int32_t choice = take(b);
    o.dynamic = choice & 1;
    o.order_zyx = (choice >> 1) & 1;
    o.raw = (choice >> 2) & 1;
    for (int a = 0; a < 3 && (choice & 8); a++) o.voxel_size[a] = number(b);
    for (int a = 0; a < 6; a++) o.range[a] = (choice & 16) ? number(b) : a < 3 ? -8 : 8;
    o.max_points = take_in(b, -1, 6);
    o.max_voxels = take_in(b, -1, 20);
    if (take(b) == 255) take_into(b, &o.max_points, 8);
    o.batch = choice & 32 ? batch : NULL;
    lac_sparse *x = NULL;
    lac_voxelize_info info = {0};
    if (well(lac_voxelize(ctx, points, &o, &x, &info), "voxelize: ")) {
        REQUIRE(lac_tensor_numel(info.point_voxel) == n);
        REQUIRE(info.points_outside + info.points_dropped <= n);
        fuzz_read(ctx, info.num_points);
        if (info.voxels != NULL) fuzz_read(ctx, info.voxels);
        lac_coords *coords = lac_sparse_coords(x);
        REQUIRE(lac_coords_index(ctx, coords) == LAC_OK);
        lac_coords_release(coords);
    }
    lac_sparse_release(x);
    lac_tensor_release(info.num_points);
    lac_tensor_release(info.point_voxel);
    lac_tensor_release(info.voxels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    bytes b = {data, data + size};
    const int32_t n = take_in(&b, 0, 40), columns = take_in(&b, 2, 5), wide = take(&b) & 1;
    double values[200];
    float narrow[200];
    int32_t samples[40];
    for (int32_t i = 0; i < n; i++) samples[i] = take_in(&b, 0, 41) - 1;
    for (int32_t i = 0; i < n * columns; i++) {
        values[i] = number(&b);
        narrow[i] = (float)values[i];
    }
    lac_context *ctx = fuzz_context();
    lac_tensor *points = fuzz_tensor(ctx, wide ? LAC_DTYPE_F64 : LAC_DTYPE_F32,
                                     wide ? (void *)values : (void *)narrow, 2, n, columns, 0);
    lac_tensor *batch = fuzz_tensor(ctx, LAC_DTYPE_I32, samples, 1, n, 0, 0);
    quantize(ctx, &b, points, n);
    voxelize(ctx, &b, points, batch, n);
    lac_tensor_release(points);
    lac_tensor_release(batch);
    fuzz_close(ctx);
    return 0;
}
