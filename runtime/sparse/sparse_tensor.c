/*
 * sparse_tensor.c - creation and description of sparse tensors.
 */
#include "sparse/sparse_tensor.h"

static lac_status check_feats(const lac_tensor *feats, const lac_coords *coords) {
    char text[LAC__SHAPE_TEXT];
    if (feats->ndim != 2)
        return lac__fail(LAC_ERR_SHAPE, "sparse tensor: feats of shape %s, expected [N, C]",
                         lac__shape_text(feats, text));
    if (feats->shape[0] != lac_coords_count(coords))
        return lac__fail(LAC_ERR_SHAPE, "sparse tensor: %lld rows of feats on %lld rows of coords",
                         (long long)feats->shape[0], (long long)lac_coords_count(coords));
    return lac__same_device("sparse tensor: feats", coords->rows, feats);
}

static lac_status check_desc(const lac_sparse_desc *desc) {
    if (desc->size != sizeof *desc)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "sparse tensor: desc.size is not sizeof(lac_sparse_desc)");
    for (int i = 0; i < 3; i++) {
        if (desc->stride[i] < 1)
            return lac__fail(LAC_ERR_ARGUMENT,
                             "sparse tensor: stride %d on axis %d, expected at least 1",
                             desc->stride[i], i + 1);
    }
    for (int i = 0; desc->has_range && i < 4; i++) {
        if (desc->range[i] < 0)
            return lac__fail(LAC_ERR_ARGUMENT, "sparse tensor: spatial_range %d is negative",
                             desc->range[i]);
    }
    if (desc->batch_size < 0)
        return lac__fail(LAC_ERR_ARGUMENT, "sparse tensor: batch_size %d is negative",
                         desc->batch_size);
    return LAC_OK;
}

lac_status lac_sparse_create(lac_context *ctx, lac_tensor *feats, lac_coords *coords,
                             const lac_sparse_desc *desc, lac_sparse **out) {
    LAC_NEED("sparse_create", ctx, feats, coords, out);
    const lac_sparse_desc plain = {.size = sizeof plain, .stride = {1, 1, 1}};
    if (desc == NULL) desc = &plain;
    LAC_TRY(check_desc(desc));
    LAC_TRY(check_feats(feats, coords));
    lac_sparse *x = lac__object_alloc(ctx->pool, sizeof *x);
    if (x == NULL) return LAC_ERR_OOM;
    atomic_init(&x->references, 1);
    x->ctx = ctx;
    x->feats = feats;
    x->coords = coords;
    x->desc = *desc;
    lac_context_retain(ctx);
    lac_tensor_retain(feats);
    lac_coords_retain(coords);
    *out = x;
    return LAC_OK;
}

void lac_sparse_retain(lac_sparse *x) {
    if (x == NULL) return;
    atomic_fetch_add(&x->references, 1);
}

void lac_sparse_release(lac_sparse *x) {
    if (x == NULL || atomic_fetch_sub(&x->references, 1) != 1) return;
    lac_context *ctx = x->ctx;
    lac_tensor_release(x->feats);
    lac_coords_release(x->coords);
    lac__object_free(ctx->pool, x, sizeof *x);
    lac_context_release(ctx);
}

void lac_sparse_describe(const lac_sparse *x, lac_sparse_desc *out) {
    if (x == NULL || out == NULL) return;
    *out = x->desc;
}

lac_tensor *lac_sparse_feats(const lac_sparse *x) {
    if (x == NULL) return NULL;
    lac_tensor_retain(x->feats);
    return x->feats;
}

lac_coords *lac_sparse_coords(const lac_sparse *x) {
    if (x == NULL) return NULL;
    lac_coords_retain(x->coords);
    return x->coords;
}

void lac_sparse_parts(const lac_sparse *x, lac_tensor **feats, lac_coords **coords) {
    if (feats != NULL) *feats = lac_sparse_feats(x);
    if (coords != NULL) *coords = lac_sparse_coords(x);
}

lac_status lac_sparse_with_feats(lac_context *ctx, const lac_sparse *x, lac_tensor *feats,
                                 lac_sparse **out) {
    LAC_NEED("sparse_with_feats", ctx, x, feats, out);
    return lac_sparse_create(ctx, feats, x->coords, &x->desc, out);
}
