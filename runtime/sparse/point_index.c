/*
 * point_index.c - the voxels that hold points, and the eight around each.
 *
 * The cells (x,y,z) and (x,y,z+1) are neighbours in the sorted index, so that one search finds both.
 */
#include "sparse/device_maps.h"
#include "sparse/point.h"

#include <math.h>

enum { BLOCK = 1024 };

lac_status lac__point_rows(lac_context *ctx, const char *op, lac_tensor *points, lac_tensor **out) {
    char text[LAC__SHAPE_TEXT];
    if (!lac__is_floating(points->dtype))
        return lac__fail(LAC_ERR_DTYPE, "%s: %s points, expected a floating dtype", op,
                         lac_dtype_name(points->dtype));
    if (points->ndim != 2 || points->shape[1] != 4)
        return lac__fail(LAC_ERR_SHAPE,
                         "%s: points of shape %s, expected [N, 4] with rows (b, x, y, z)", op,
                         lac__shape_text(points, text));
    if (points->shape[0] > INT32_MAX)
        return lac__fail(LAC_ERR_SHAPE, "%s: %lld points, expected at most 2^31 - 1", op,
                         (long long)points->shape[0]);
    LAC_TRY(lac__read(ctx, points));
    return points->dtype == LAC_DTYPE_F32 ? lac_contiguous(ctx, points, out)
                                          : lac_convert(ctx, points, LAC_DTYPE_F32, out);
}

static lac_status check_stride(const char *op, const int32_t stride[3]) {
    for (int a = 0; a < 3; a++) {
        if (stride[a] < 1)
            return lac__fail(LAC_ERR_ARGUMENT, "%s: stride %d on axis %d, expected 1 or more", op,
                             stride[a], a + 1);
    }
    return LAC_OK;
}

/* Where the cell of a point lies and where the point lies in it; false where it has no int32 cell. */
static bool cell_of(const float *point, const int32_t stride[3], int64_t cell[4],
                    double fraction[3]) {
    for (int i = 0; i < 4; i++) {
        const double f = i == 0 ? (double)point[0] : (double)point[i] / stride[i - 1];
        const double low = floor(f);
        if (!(low >= INT32_MIN && low <= INT32_MAX)) return false;
        cell[i] = (int64_t)low;
        if (i > 0) fraction[i - 1] = f - low;
    }
    return true;
}

static inline int64_t first_narrow(const uint64_t *keys, int64_t count, uint64_t key) {
    const uint64_t *base = keys;
    while (count > 1) { /* no branch on the data: the compiler makes a conditional move */
        const int64_t half = count / 2;
        base += base[half - 1] < key ? half : 0;
        count -= half;
    }
    return base - keys + (count == 1 && *base < key);
}

static inline int64_t first_wide(const lac__wide_key *keys, int64_t count, lac__wide_key key) {
    const lac__wide_key *base = keys;
    while (count > 1) {
        const int64_t half = count / 2;
        base += base[half - 1] < key ? half : 0;
        count -= half;
    }
    return base - keys + (count == 1 && *base < key);
}

/* Rows of the cells (b,x,y,z) and (b,x,y,z+1). */
static void find_pair(const lac__index *ix, int64_t b, int64_t x, int64_t y, int64_t z,
                      int64_t out[2]) {
    out[0] = out[1] = -1;
    const int64_t at[3] = {b, x, y};
    for (int i = 0; i < 3; i++) {
        if (at[i] < ix->low[i] || at[i] > ix->high[i]) return;
    }
    if (z + 1 < ix->low[3] || z > ix->high[3]) return;
    const lac__packing *p = &ix->packing;
    const int64_t from = z < ix->low[3] ? z + 1 : z;
    for (int64_t want = from, position = -1; want <= z + 1 && want <= ix->high[3]; want++) {
        bool equal;
        if (p->wide) {
            const lac__wide_key *keys = ix->keys.data;
            const lac__wide_key key = lac__pack_wide(p, b, x, y, want);
            if (position < 0) position = first_wide(keys, ix->count, key);
            equal = position < ix->count && keys[position] == key;
        } else {
            const uint64_t *keys = ix->keys.data;
            const uint64_t key = lac__pack_narrow(p, b, x, y, want);
            if (position < 0) position = first_narrow(keys, ix->count, key);
            equal = position < ix->count && keys[position] == key;
        }
        if (equal) out[want - z] = lac__index_row(ix, position++);
    }
}

lac_status lac_point_index(lac_context *ctx, lac_tensor *points, lac_coords *coords,
                           const int32_t stride[3], lac_tensor **out) {
    LAC_NEED("point_index", ctx, points, coords, stride, out);
    LAC_TRY(lac__check_interrupt(ctx));
    LAC_TRY(check_stride("point_index", stride));
    lac_tensor *rows = NULL, *found = NULL;
    lac_status status = LAC_OK;
    LAC_TRY(lac__same_device("point_index: points", coords->rows, points));
    LAC_TRY_OUT(lac__point_rows(ctx, "point_index", points, &rows));
    LAC_TRY_OUT(lac_coords_index(ctx, coords));
    const int64_t n = rows->shape[0];
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, rows, LAC_DTYPE_I64, 1, &n, &found));
    const lac__device_maps *gpu = lac__device_maps_of(coords);
    if (gpu != NULL) {
        LAC_TRY_OUT(gpu->point_index(ctx, rows, &coords->index, stride, found));
        *out = found;
        found = NULL;
        goto out;
    }
    const float *point = lac__data(rows);
    int64_t *target = lac__data(found);
#pragma omp parallel for num_threads(ctx->threads) schedule(static) if (n > BLOCK)
    for (int64_t i = 0; i < n; i++) {
        int64_t cell[4], pair[2] = {-1, -1};
        double fraction[3];
        if (cell_of(point + 4 * i, stride, cell, fraction))
            find_pair(&coords->index, cell[0], cell[1], cell[2], cell[3], pair);
        target[i] = pair[0];
    }
    *out = found;
    found = NULL;
out:
    lac_tensor_release(rows);
    lac_tensor_release(found);
    return status;
}

static void find_corners(const lac__index *ix, const float *point, const int32_t stride[3],
                         bool nearest, int64_t index[8], float weights[8]) {
    int64_t cell[4];
    double fraction[3] = {0, 0, 0};
    for (int k = 0; k < 8; k++) index[k] = -1;
    if (cell_of(point, stride, cell, fraction)) {
        for (int k = 0; k < (nearest ? 2 : 8); k += 2)
            find_pair(ix, cell[0], cell[1] + (k >> 2), cell[2] + (k >> 1 & 1), cell[3], index + k);
    }
    if (!nearest) {
        lac__corner_weights(fraction, index, weights);
        return;
    }
    index[1] = -1;
    for (int k = 0; k < 8; k++) weights[k] = k == 0 && index[0] >= 0 ? 1.0F : 0.0F;
}

lac_status lac_point_corners(lac_context *ctx, lac_tensor *points, lac_coords *coords,
                             const int32_t stride[3], int32_t nearest, lac_tensor **index,
                             lac_tensor **weights) {
    LAC_NEED("point_corners", ctx, points, coords, stride, index, weights);
    LAC_TRY(lac__check_interrupt(ctx));
    LAC_TRY(check_stride("point_corners", stride));
    lac_tensor *rows = NULL, *found = NULL, *weight = NULL;
    lac_status status = LAC_OK;
    LAC_TRY(lac__same_device("point_corners: points", coords->rows, points));
    LAC_TRY_OUT(lac__point_rows(ctx, "point_corners", points, &rows));
    LAC_TRY_OUT(lac_coords_index(ctx, coords));
    const int64_t n = rows->shape[0], shape[2] = {n, 8};
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, rows, LAC_DTYPE_I64, 2, shape, &found));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, rows, LAC_DTYPE_F32, 2, shape, &weight));
    const lac__device_maps *gpu = lac__device_maps_of(coords);
    if (gpu != NULL) {
        LAC_TRY_OUT(
            gpu->point_corners(ctx, rows, &coords->index, stride, nearest != 0, found, weight));
        *index = found;
        *weights = weight;
        found = weight = NULL;
        goto out;
    }
    const float *point = lac__data(rows);
    int64_t *rows_of = lac__data(found);
    float *weight_of = lac__data(weight);
#pragma omp parallel for num_threads(ctx->threads) schedule(static) if (n > BLOCK)
    for (int64_t i = 0; i < n; i++)
        find_corners(&coords->index, point + 4 * i, stride, nearest != 0, rows_of + 8 * i,
                     weight_of + 8 * i);
    *index = found;
    *weights = weight;
    found = weight = NULL;
out:
    lac_tensor_release(rows);
    lac_tensor_release(found);
    lac_tensor_release(weight);
    return status;
}
