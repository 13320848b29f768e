/*
 * pack.c - see pack.h.
 */
#include "ops/pack.h"

#include "core/backend.h"
#include "core/checked.h"

#include <string.h>

lac_status lac__plain(lac_context *ctx, lac_tensor *t, lac_tensor **out) {
    return t->dtype == LAC_DTYPE_F32 ? lac_contiguous(ctx, t, out)
                                     : lac_convert(ctx, t, LAC_DTYPE_F32, out);
}

static void destroy(lac__attachment *base) {
    lac__packed *packed = (lac__packed *)base;
    lac__pool *pool = packed->pool;
    lac__pool_free(pool, &packed->block);
    lac__object_free(pool, packed, sizeof *packed);
    lac__pool_release(pool);
}

/* The storage's packed weights if they are the wanted ones, retained. Nothing else is attached to
 * storages. */
static lac__packed *take_cached(lac__storage *s, const lac__packed *wanted) {
    lac__packed *p = (lac__packed *)lac__storage_attachment(s);
    if (p == NULL) return NULL;
    if (p->version == wanted->version && p->isa == wanted->isa && p->taps == wanted->taps &&
        p->cin == wanted->cin && p->cout == wanted->cout && p->transposed == wanted->transposed)
        return p;
    lac__packed_release(p);
    return NULL;
}

static void fill_panels(const lac__packed *p, const float *source, float *target) {
    const int64_t nr = p->nr;
    const int64_t out_step = p->transposed ? p->cin : 1;
    const int64_t in_step = p->transposed ? 1 : p->cout;
    for (int64_t first = 0; first < p->cout; first += nr) {
        const int64_t columns = lac__min(nr, p->cout - first);
        for (int64_t k = 0; k < p->taps; k++) {
            const float *tap = source + k * p->cin * p->cout + first * out_step;
            for (int64_t c = 0; c < p->cin; c++, target += nr) {
                for (int64_t j = 0; j < columns; j++) target[j] = tap[c * in_step + j * out_step];
                for (int64_t j = columns; j < nr; j++) target[j] = 0.0f;
            }
        }
    }
}

static bool all_finite(const float *values, int64_t count) {
    float sum = 0.0f; /* 0 x value is NaN for a value that is not finite */
    for (int64_t i = 0; i < count; i++) sum += 0.0f * values[i];
    return sum == 0.0f;
}

static lac_status pack_new(lac_context *ctx, lac_tensor *weight, const lac__packed *wanted,
                           lac__packed **out) {
    lac_tensor *plain = NULL;
    lac__packed *p = NULL;
    const int64_t panels = (wanted->cout + wanted->nr - 1) / wanted->nr;
    int64_t count = 0;
    lac_status status = LAC_OK;
    if (!lac__mul_size(panels * wanted->nr, wanted->cin, &count) ||
        !lac__mul_size(count, wanted->taps, &count) || !lac__mul_size(count, 4, &count))
        return lac__fail(LAC_ERR_SHAPE, "conv3d: weights of more than 2^63 bytes");
    LAC_TRY(lac__plain(ctx, weight, &plain));
    p = lac__object_alloc(ctx->pool, sizeof *p);
    if (p == NULL) {
        status = LAC_ERR_OOM;
        goto out;
    }
    *p = *wanted;
    atomic_init(&p->base.references, 1);
    p->base.destroy = destroy;
    p->pool = ctx->pool;
    lac__pool_retain(p->pool);
    LAC_TRY_OUT(lac__pool_alloc(p->pool, (size_t)count, &p->block));
    if (count > 0) fill_panels(p, lac__data(plain), p->block.data);
    p->data = p->block.data;
    p->finite = all_finite(lac__data(plain), lac_tensor_numel(plain));
    *out = p;
    p = NULL;
out:
    lac__packed_release(p);
    lac_tensor_release(plain);
    return status;
}

lac_status lac__pack(lac_context *ctx, lac_tensor *weight, int64_t taps, int64_t cin, int64_t cout,
                     bool transposed, lac__packed **out) {
    LAC_TRY(lac__read(ctx, weight));
    const lac__packed wanted = {.isa = ctx->backend->isa,
                                .version = lac_tensor_version(weight),
                                .taps = taps,
                                .cin = cin,
                                .cout = cout,
                                .nr = ctx->backend->panel,
                                .transposed = transposed};
    const uint64_t bytes = (uint64_t)lac_tensor_numel(weight) * lac_dtype_size(weight->dtype);
    const bool whole = weight->offset == 0 && lac_tensor_is_contiguous(weight) &&
                       weight->storage->block.capacity >= bytes &&
                       weight->storage->block.capacity <= bytes + bytes / 2 + 64;
    if (whole) {
        *out = take_cached(weight->storage, &wanted);
        if (*out != NULL) return LAC_OK;
    }
    LAC_TRY(pack_new(ctx, weight, &wanted, out));
    if (whole) lac__storage_attach(weight->storage, &(*out)->base);
    return LAC_OK;
}
