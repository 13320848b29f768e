/*
 * pack.c - see pack.h.
 */
#include "ops/pack.h"

#include "core/backend.h"
#include "core/checked.h"
#include "core/half.h"

#include <string.h>

/* Halves to float32 by an epilogue without stages, which has the conversion in vectors. */
static lac_status widen(lac_context *ctx, lac_tensor *t, lac_tensor **out) {
    const lac__epilogue nothing = {0};
    lac_tensor *r = NULL;
    LAC_TRY(lac__read(ctx, t));
    LAC_TRY(lac__tensor_new_beside(ctx, t, LAC_DTYPE_F32, 2, t->shape, &r));
    const lac__epilogue_args args = {.source = t, .epilogue = &nothing, .out = r};
    const lac_status status = LAC__DISPATCH(ctx, r, epilogue, &args);
    if (status != LAC_OK) {
        lac_tensor_release(r);
        return status;
    }
    *out = r;
    return LAC_OK;
}

lac_status lac__plain(lac_context *ctx, lac_tensor *t, lac_tensor **out) {
    if (t->dtype == LAC_DTYPE_F32) return lac_contiguous(ctx, t, out);
    const bool halves = t->dtype == LAC_DTYPE_F16 || t->dtype == LAC_DTYPE_BF16;
    if (halves && t->ndim == 2 && lac_tensor_is_contiguous(t)) return widen(ctx, t, out);
    return lac_convert(ctx, t, LAC_DTYPE_F32, out);
}

static void destroy(lac__attachment *base) {
    lac__packed *packed = (lac__packed *)base;
    lac__pool *pool = packed->pool, *objects = packed->objects;
    lac__pool_free(pool, &packed->block);
    lac__object_free(objects, packed, sizeof *packed);
    lac__pool_release(pool);
    lac__pool_release(objects);
}

/* The storage's packed weights if they are the wanted ones, retained. Nothing else is attached to
 * storages. */
static lac__packed *take_cached(lac__storage *s, const lac__packed *wanted) {
    lac__packed *p = (lac__packed *)lac__storage_attachment(s);
    if (p == NULL) return NULL;
    if (p->version == wanted->version && p->isa == wanted->isa && p->taps == wanted->taps &&
        p->cin == wanted->cin && p->cout == wanted->cout && p->transposed == wanted->transposed &&
        p->dtype == wanted->dtype)
        return p;
    lac__packed_release(p);
    return NULL;
}

/* Output channels first.. of one input channel of a tap, `step` elements apart. */
static void fill_row(const float *from, int64_t out_step, int64_t columns, int64_t nr, float *to) {
    for (int64_t j = 0; j < columns; j++) to[j] = from[j * out_step];
    for (int64_t j = columns; j < nr; j++) to[j] = 0.0f;
}

/* The same for a pair of channels; `odd` NULL: zeros. */
static void fill_pair(const uint16_t *even, const uint16_t *odd, int64_t out_step, int64_t columns,
                      int64_t nr, uint16_t *to) {
    memset(to, 0, (size_t)(2 * nr) * sizeof *to);
    for (int64_t j = 0; j < columns; j++) {
        to[2 * j] = even[j * out_step];
        if (odd != NULL) to[2 * j + 1] = odd[j * out_step];
    }
}

static void fill_panels(const lac__packed *p, const void *source, void *target) {
    const int64_t nr = p->nr;
    const int64_t out_step = p->transposed ? p->cin : 1;
    const int64_t in_step = p->transposed ? 1 : p->cout;
    for (int64_t first = 0; first < p->cout; first += nr) {
        const int64_t columns = lac__min(nr, p->cout - first);
        for (int64_t k = 0; k < p->taps; k++) {
            const int64_t tap = k * p->cin * p->cout + first * out_step;
            if (p->dtype == LAC_DTYPE_F32) {
                float *to = target;
                for (int64_t c = 0; c < p->cin; c++, to += nr)
                    fill_row((const float *)source + tap + c * in_step, out_step, columns, nr, to);
                target = to;
                continue;
            }
            uint16_t *to = target;
            for (int64_t c = 0; c < p->cin; c += 2, to += 2 * nr) {
                const uint16_t *even = (const uint16_t *)source + tap + c * in_step;
                const uint16_t *odd = c + 1 < p->cin ? even + in_step : NULL;
                fill_pair(even, odd, out_step, columns, nr, to);
            }
            target = to;
        }
    }
}

/* Exact: the value came from this dtype. */
static void store_float(lac_dtype dtype, float value, int64_t index, void *data) {
    if (dtype == LAC_DTYPE_F32)
        ((float *)data)[index] = value;
    else if (dtype == LAC_DTYPE_F16)
        ((uint16_t *)data)[index] = lac__float_to_f16(value);
    else
        ((uint16_t *)data)[index] = lac__float_to_bf16(value);
}

/* The opposite of fill_panels, for the dtype of the weight. */
static void restore(const lac__attachment *base, void *data) {
    const lac__packed *p = (const lac__packed *)base;
    const int64_t out_step = p->transposed ? p->cin : 1, in_step = p->transposed ? 1 : p->cout;
    const bool pairs = p->dtype == LAC_DTYPE_BF16;
    for (int64_t o = 0; o < p->cout; o++) {
        const char *panel = (const char *)p->data + o / p->nr * p->taps * lac__packed_tap_bytes(p);
        for (int64_t k = 0; k < p->taps; k++, panel += lac__packed_tap_bytes(p)) {
            const int64_t tap = k * p->cin * p->cout + o * out_step;
            for (int64_t c = 0; c < p->cin; c++) {
                const int64_t to = tap + c * in_step, lane = o % p->nr;
                if (pairs)
                    ((uint16_t *)data)[to] =
                        ((const uint16_t *)panel)[(c / 2 * p->nr + lane) * 2 + c % 2];
                else
                    store_float(p->source, ((const float *)(const void *)panel)[c * p->nr + lane],
                                to, data);
            }
        }
    }
}

static bool all_finite(const lac_tensor *t) {
    const int64_t count = lac_tensor_numel(t);
    if (t->dtype == LAC_DTYPE_BF16) {
        const uint16_t *values = lac__data(t);
        bool finite = true;
        for (int64_t i = 0; i < count; i++) finite &= (values[i] & 0x7f80u) != 0x7f80u;
        return finite;
    }
    const float *values = lac__data(t);
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
    if (!lac__mul_size(panels * wanted->nr, wanted->cin + 1, &count) ||
        !lac__mul_size(count, wanted->taps, &count) || !lac__mul_size(count, 4, &count))
        return lac__fail(LAC_ERR_SHAPE, "conv3d: weights of more than 2^63 bytes");
    count = panels * wanted->taps * lac__packed_tap_bytes(wanted);
    const lac__device *device = lac__device_of(weight);
    if (wanted->dtype == weight->dtype)
        LAC_TRY(lac_contiguous(ctx, weight, &plain));
    else
        LAC_TRY(lac__plain(ctx, weight, &plain));
    p = lac__object_alloc(ctx->pool, sizeof *p);
    if (p == NULL) {
        status = LAC_ERR_OOM;
        goto out;
    }
    *p = *wanted;
    atomic_init(&p->base.references, 1);
    p->base.destroy = destroy;
    p->base.restore = restore;
    p->pool = device->pool;
    p->objects = ctx->pool;
    lac__pool_retain(p->pool);
    lac__pool_retain(p->objects);
    if (device->backend->pack_weights != NULL) {
        LAC_TRY_OUT(device->backend->pack_weights(ctx, plain, p));
        *out = p;
        p = NULL;
        goto out;
    }
    LAC_TRY_OUT(lac__pool_alloc(p->pool, (size_t)count, &p->block));
    if (count > 0) fill_panels(p, lac__data(plain), p->block.data);
    p->data = p->block.data;
    p->finite = all_finite(plain);
    *out = p;
    p = NULL;
out:
    lac__packed_release(p);
    lac_tensor_release(plain);
    return status;
}

lac_status lac__pack(lac_context *ctx, lac_tensor *weight, int64_t taps, int64_t cin, int64_t cout,
                     bool transposed, lac_dtype dtype, lac__packed **out) {
    if (weight->pending != NULL) LAC_TRY(lac__read(ctx, weight));
    const lac__backend *backend = lac__device_of(weight)->backend;
    const lac__packed wanted = {.isa = backend->isa,
                                .version = lac_tensor_version(weight),
                                .taps = taps,
                                .cin = cin,
                                .cout = cout,
                                .nr = backend->panel,
                                .transposed = transposed,
                                .dtype = dtype,
                                .source = weight->dtype};
    const uint64_t bytes = (uint64_t)lac_tensor_numel(weight) * lac_dtype_size(weight->dtype);
    lac__storage *s = weight->storage;
    const size_t capacity = s->given_up ? s->given_up_bytes : s->block.capacity;
    const bool whole = weight->offset == 0 && lac_tensor_is_contiguous(weight) &&
                       capacity >= bytes && capacity <= bytes + bytes / 2 + 64;
    if (whole) {
        *out = take_cached(s, &wanted);
        if (*out != NULL) return LAC_OK;
    }
    LAC_TRY(lac__read(ctx, weight));
    LAC_TRY(pack_new(ctx, weight, &wanted, out));
    if (!whole) return LAC_OK;
    lac__storage_attach(s, &(*out)->base);
    lac__storage_give_up(s);
    return LAC_OK;
}
