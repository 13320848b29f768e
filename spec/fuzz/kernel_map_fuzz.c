/*
 * kernel_map_fuzz.c - kernel maps of any coordinates and geometry against their definition: output rows,
 * pairs, the transposed map. Rows lie in clusters around 0, around the ends of int32 and elsewhere, may
 * be equal, and belong to any sample; what cannot be answered must be an error that fits.
 */
#include "map_definition.h"

static int32_t coordinate(bytes *b) {
    static const int64_t centres[] = {0, 0, 0, INT32_MIN, INT32_MAX, 1 << 30, -(1 << 30), 1 << 16};
    const int32_t kind = take(b);
    if (kind == 255) return take_i32(b);
    const int64_t v = centres[kind % 8] + (kind >> 3) % 12 - (kind & 128 ? 5 : 0);
    return (int32_t)(v < INT32_MIN ? INT32_MIN : v > INT32_MAX ? INT32_MAX : v);
}

static geometry take_geometry(bytes *b) {
    geometry g = {.o = {.size = sizeof g.o}};
    const int32_t choice = take(b);
    for (int a = 0; a < 3; a++) {
        g.o.kernel_size[a] = take_in(b, 1, 4);
        g.o.stride[a] = choice & 1 ? take_in(b, 1, 3) : 1;
        g.o.padding[a] = choice & 2 ? take_in(b, 0, 3) : 0;
        g.o.dilation[a] = choice & 4 ? take_in(b, 1, 3) : 1;
        if (choice & 8) g.o.stride[a] = g.o.kernel_size[a];
    }
    g.o.kmap_mode = (choice >> 4) & 1;
    g.o.downsample_mode = (choice >> 5) & 1;
    g.negative = (choice >> 6) & 1;
    g.ranged = (choice >> 7) & 1;
    for (int i = 0; i < 4; i++) g.range[i] = take_in(b, 0, 20);
    geometry_finish(&g);
    return g;
}

static void check_tap(lac_context *ctx, lac_kernel_map *map, lac_kernel_map *back, int64_t tap,
                      const int64_t *wanted, int64_t m) {
    static int32_t pairs[2 * MOST_OUT], swapped[2 * MOST_OUT];
    lac_tensor *t = NULL, *u = NULL;
    REQUIRE(lac_kernel_map_pairs(ctx, map, tap, &t) == LAC_OK);
    REQUIRE(lac_kernel_map_pairs(ctx, back, tap, &u) == LAC_OK);
    const int64_t count = lac_tensor_numel(t) / 2;
    REQUIRE(count <= m && lac_tensor_numel(u) == 2 * count);
    REQUIRE(lac_tensor_download(ctx, t, pairs, (uint64_t)count * 8) == LAC_OK);
    REQUIRE(lac_tensor_download(ctx, u, swapped, (uint64_t)count * 8) == LAC_OK);
    int64_t at = 0;
    for (int64_t o = 0; o < m; o++) {
        if (wanted[o] < 0) continue;
        REQUIRE(at < count && pairs[2 * at] == wanted[o] && pairs[2 * at + 1] == o);
        at++;
    }
    REQUIRE(at == count);
    for (int64_t i = 0; i < count; i++) { /* by the former input */
        REQUIRE(wanted[swapped[2 * i]] == swapped[2 * i + 1]);
        REQUIRE(i == 0 || swapped[2 * i + 1] > swapped[2 * i - 1]);
    }
    lac_tensor_release(t);
    lac_tensor_release(u);
}

static void check_map(lac_context *ctx, lac_kernel_map *map, const geometry *g, const cell *in,
                      int64_t n, const cell *out, int64_t m) {
    static int64_t wanted[MOST_OUT];
    const int32_t *k = g->o.kernel_size, odd = k[0] & k[1] & k[2] & 1;
    lac_kernel_map *back = NULL;
    REQUIRE(lac_kernel_map_transpose(ctx, map, &back) == LAC_OK);
    for (int64_t t = 0; t < k[0] * k[1] * k[2]; t++) {
        const int64_t j[3] = {t % k[0], t / k[0] % k[1], t / k[0] / k[1]};
        for (int64_t o = 0; o < m; o++) wanted[o] = define_input(g, in, n, &out[o], j);
        check_tap(ctx, map, back, odd ? t : j[2] + k[2] * (j[1] + k[1] * j[0]), wanted, m);
    }
    lac_kernel_map_release(back);
}

static void check_rows(lac_context *ctx, lac_coords *coarse, const cell *out, int64_t m) {
    static int32_t got[4 * MOST_OUT];
    lac_tensor *t = NULL;
    REQUIRE(lac_coords_count(coarse) == m && lac_coords_tensor(ctx, coarse, &t) == LAC_OK);
    REQUIRE(lac_tensor_download(ctx, t, got, (uint64_t)m * 16) == LAC_OK);
    for (int64_t i = 0; i < 4 * m; i++) REQUIRE(got[i] == out[i / 4].v[i % 4]);
    lac_tensor_release(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static cell in[MOST_ROWS], out[MOST_OUT], sorted[MOST_ROWS];
    static const float zeros[MOST_ROWS];
    int32_t rows[MOST_ROWS][4];
    bytes b = {data, data + size};
    geometry g = take_geometry(&b);
    const int64_t n = take_in(&b, 0, MOST_ROWS);
    int leaves = 0; /* rows out of the range */
    for (int64_t i = 0; i < n; i++)
        for (int a = 0; a < 4; a++) {
            rows[i][a] = a == 0 ? take(&b) % 3 : coordinate(&b);
            if (a == 0 && take(&b) == 255) rows[i][a] = coordinate(&b);
            in[i].v[a] = rows[i][a];
            g.far |= a > 0 && (rows[i][a] < INT32_MIN + 16 || rows[i][a] > INT32_MAX - 16);
            leaves |= g.ranged && (rows[i][a] < 0 || rows[i][a] >= g.range[a]);
        }
    memcpy(sorted, in, sizeof in);
    const int unique = cells_unique(sorted, n) == n;

    lac_context *ctx = fuzz_context();
    lac_tensor *t = fuzz_tensor(ctx, LAC_DTYPE_I32, rows, 2, n, 4, 0);
    lac_tensor *feats = fuzz_tensor(ctx, LAC_DTYPE_F32, zeros, 2, n, 1, 0);
    lac_sparse_desc desc = {.size = sizeof desc, .stride = {1, 1, 1}, .has_range = g.ranged};
    memcpy(desc.range, g.range, sizeof desc.range);
    lac_coords *coords = NULL, *coarse = NULL;
    lac_sparse *x = NULL;
    lac_kernel_map *map = NULL;
    REQUIRE(lac_context_set_flag(ctx, LAC_FLAG_ALLOW_NEGATIVE, g.negative) == LAC_OK);
    REQUIRE(lac_coords_create(ctx, t, &coords) == LAC_OK);
    if (well(lac_sparse_create(ctx, feats, coords, &desc, &x), NULL)) {
        const lac_status status = lac_kernel_map_build(ctx, x, &g.o, &map, &coarse);
        if (well(status, NULL)) {
            REQUIRE(unique && !leaves);
            const int64_t m = define_rows(&g, in, n, out);
            check_rows(ctx, coarse, out, m);
            check_map(ctx, map, &g, in, n, out, m);
        } else if (status == LAC_ERR_DUPLICATE) {
            REQUIRE(!unique);
        } else {
            REQUIRE(status == LAC_ERR_RANGE);
            REQUIRE(leaves || (g.far && !g.submanifold));
        }
    }
    lac_kernel_map_release(map);
    lac_coords_release(coarse);
    lac_coords_release(coords);
    lac_sparse_release(x);
    lac_tensor_release(feats);
    lac_tensor_release(t);
    fuzz_close(ctx);
    return 0;
}
