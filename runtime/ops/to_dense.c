/*
 * to_dense.c - sparse rows in the cells of a grid, channels last or as a bird's-eye view.
 */
#include "core/checked.h"
#include "core/shape.h"
#include "sparse/family.h"

/* No two rows in one cell, no row outside. */
static lac_status check_rows(lac_context *ctx, lac_coords *coords, const int32_t range[4]) {
    if (lac_coords_count(coords) == 0) return LAC_OK;
    LAC_TRY(lac_coords_index(ctx, coords));
    const lac__index *index = &coords->index;
    bool loose = false;
    for (int i = 0; i < 4; i++) {
        if (index->low[i] >= 0 && index->high[i] < range[i]) continue;
        LAC_TRY(lac__coords_tighten(ctx, coords, &loose));
        if (index->low[i] < 0 || index->high[i] >= range[i])
            return lac__fail(
                LAC_ERR_RANGE,
                "to_dense: coordinates %c in [%lld, %lld] leave the spatial_range (%d, %d, %d, %d)",
                "bxyz"[i], (long long)index -> low[i], (long long)index -> high[i], range[0],
                range[1], range[2], range[3]);
    }
    return LAC_OK;
}

static lac_status check(const lac_tensor *feats, const lac_coords *coords, const int32_t range[4],
                        int32_t height) {
    char text[LAC__SHAPE_TEXT];
    if (feats->ndim != 2 || feats->shape[0] != lac_coords_count(coords))
        return lac__fail(LAC_ERR_SHAPE, "to_dense: features of shape %s, expected [%lld, C]",
                         lac__shape_text(feats, text), (long long)lac_coords_count(coords));
    for (int i = 0; i < 4; i++) {
        if (range[i] < 0)
            return lac__fail(LAC_ERR_ARGUMENT, "to_dense: spatial_range %d is negative", range[i]);
    }
    if (height < 0 || height > 3)
        return lac__fail(LAC_ERR_ARGUMENT, "to_dense: height %d, expected 0 to 3", height);
    return lac__same_device("to_dense: coordinates", feats, coords->rows);
}

/* The grid's memory, and a view of it as [B,X,Y,Z,C]. */
static lac_status make_grid(lac_context *ctx, const lac_tensor *feats, const int32_t range[4],
                            int64_t channels, int32_t height, lac_tensor **grid,
                            lac_tensor **cells) {
    if (height == 0) {
        const int64_t shape[5] = {range[0], range[1], range[2], range[3], channels};
        LAC_TRY(lac__tensor_new_beside(ctx, feats, feats->dtype, 5, shape, grid));
        return lac__tensor_view(*grid, cells);
    }
    const int32_t u = height == 1 ? 2 : 1, v = height == 3 ? 2 : 3;
    const int64_t split[5] = {range[0], channels, range[height], range[u], range[v]};
    int32_t order[5] = {0, [4] = 1};
    order[height] = 2;
    order[u] = 3;
    order[v] = 4;
    int64_t planes = 0;
    if (!lac__mul_size(channels, range[height], &planes))
        return lac__fail(LAC_ERR_SHAPE, "to_dense: more than 2^63 channels");
    const int64_t shape[4] = {range[0], planes, range[u], range[v]};
    lac_tensor *whole = NULL;
    LAC_TRY(lac__tensor_new_beside(ctx, feats, feats->dtype, 5, split, &whole));
    lac_status status = lac_tensor_permute(ctx, whole, order, cells);
    if (status == LAC_OK) status = lac_tensor_reshape(ctx, whole, 4, shape, 1, grid);
    lac_tensor_release(whole);
    return status;
}

lac_status lac_to_dense(lac_context *ctx, lac_tensor *feats, lac_coords *coords,
                        const int32_t range[4], int32_t height, lac_tensor **out) {
    LAC_NEED("to_dense", ctx, feats, coords, range, out);
    LAC_TRY(lac__check_interrupt(ctx));
    LAC_TRY(check(feats, coords, range, height));
    LAC_TRY(check_rows(ctx, coords, range));
    lac_tensor *from = NULL, *grid = NULL, *cells = NULL;
    lac_status status = LAC_OK;
    LAC_TRY_OUT(lac__as_contiguous(ctx, feats, feats->dtype, &from));
    LAC_TRY_OUT(make_grid(ctx, feats, range, feats->shape[1], height, &grid, &cells));
    const lac__to_dense_args args = {
        .feats = from, .rows = coords->rows, .out = grid, .cells = cells};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, grid, to_dense, &args));
    *out = grid;
    grid = NULL;
out:
    lac_tensor_release(from);
    lac_tensor_release(cells);
    lac_tensor_release(grid);
    return status;
}
