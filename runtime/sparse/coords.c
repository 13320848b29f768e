/*
 * coords.c - coordinate sets and their families: creation, equality, look-up.
 */
#include "core/checked.h"
#include "sparse/device_maps.h"

#include <string.h>

static void family_release(lac__family *family) {
    if (atomic_fetch_sub(&family->references, 1) != 1) return;
    lac_context *ctx = family->ctx;
    for (lac_kernel_map *m = family->maps; m != NULL;) {
        lac_kernel_map *next = m->next;
        lac__map_free(m);
        m = next;
    }
    for (lac_coords *c = family->sets; c != NULL;) {
        lac_coords *next = c->next;
        lac__index_free(family->device->pool, &c->index);
        lac_tensor_release(c->rows);
        lac__object_free(ctx->pool, c, sizeof *c);
        c = next;
    }
    lac__object_free(ctx->pool, family, sizeof *family);
    lac_context_release(ctx);
}

void lac_coords_retain(lac_coords *c) {
    if (c == NULL) return;
    atomic_fetch_add(&c->family->references, 1);
}
void lac_coords_release(lac_coords *c) {
    if (c != NULL) family_release(c->family);
}
void lac_kernel_map_retain(lac_kernel_map *m) {
    if (m == NULL) return;
    atomic_fetch_add(&m->family->references, 1);
}
void lac_kernel_map_release(lac_kernel_map *m) {
    if (m != NULL) family_release(m->family);
}

lac_status lac__family_add_set(lac__family *family, lac_tensor *rows, lac_coords **out) {
    lac_coords *c = lac__object_alloc(family->ctx->pool, sizeof *c);
    if (c == NULL) {
        lac_tensor_release(rows);
        return LAC_ERR_OOM;
    }
    c->family = family;
    c->rows = rows;
    c->next = family->sets;
    family->sets = c;
    *out = c;
    return LAC_OK;
}

lac_status lac__coords_adopt(lac_context *ctx, lac_tensor *rows, lac_coords **out) {
    lac__family *family = lac__object_alloc(ctx->pool, sizeof *family);
    if (family == NULL) {
        lac_tensor_release(rows);
        return LAC_ERR_OOM;
    }
    atomic_init(&family->references, 1);
    family->ctx = ctx;
    family->device = lac__device_of(rows);
    lac_context_retain(ctx);
    lac_coords *set = NULL;
    const lac_status status = lac__family_add_set(family, rows, &set);
    if (status != LAC_OK) {
        family_release(family);
        return status;
    }
    *out = set;
    return LAC_OK;
}

/* int64 rows of a GPU, whose values are checked on the CPU. */
static lac_status create_by_host(lac_context *ctx, lac_tensor *rows, lac_coords **out) {
    lac_tensor *here = NULL;
    lac_coords *set = NULL;
    const lac__device *device = lac__device_of(rows);
    LAC_TRY(lac__on_host(ctx, rows, &here));
    lac_status status = lac_coords_create(ctx, here, &set);
    if (status == LAC_OK) status = lac_coords_to(ctx, set, device->kind, device->index, out);
    lac_tensor_release(here);
    lac_coords_release(set);
    return status;
}

lac_status lac_coords_create(lac_context *ctx, lac_tensor *rows, lac_coords **out) {
    LAC_NEED("coords_create", ctx, rows, out);
    if (rows->dtype != LAC_DTYPE_I32 && rows->dtype != LAC_DTYPE_I64)
        return lac__fail(LAC_ERR_DTYPE, "coords: %s rows, expected int32 or int64",
                         lac_dtype_name(rows->dtype));
    char text[LAC__SHAPE_TEXT];
    if (rows->ndim != 2 || rows->shape[1] != 4)
        return lac__fail(LAC_ERR_SHAPE, "coords: shape %s, expected [N, 4] with rows (b, x, y, z)",
                         lac__shape_text(rows, text));
    if (rows->shape[0] > INT32_MAX)
        return lac__fail(LAC_ERR_SHAPE, "coords: %lld rows, expected at most 2^31 - 1",
                         (long long)rows->shape[0]);
    if (rows->dtype == LAC_DTYPE_I64 && !lac__on_cpu(rows)) return create_by_host(ctx, rows, out);
    lac_tensor *copy = NULL;
    LAC_TRY(lac_convert(ctx, rows, LAC_DTYPE_I32, &copy));
    if (rows->dtype ==
        LAC_DTYPE_I64) { /* the conversion saturates: values must come back unchanged */
        lac_tensor *wide = NULL;
        lac_status status = lac_contiguous(ctx, rows, &wide);
        for (int64_t i = 0; status == LAC_OK && i < 4 * rows->shape[0]; i++) {
            const int64_t value = ((const int64_t *)lac__data(wide))[i];
            if (value != ((const int32_t *)lac__data(copy))[i])
                status =
                    lac__fail(LAC_ERR_RANGE, "coords: value %lld in row %lld does not fit int32",
                              (long long)value, (long long)(i / 4));
        }
        lac_tensor_release(wide);
        if (status != LAC_OK) {
            lac_tensor_release(copy);
            return status;
        }
    }
    return lac__coords_adopt(ctx, copy, out);
}

int64_t lac_coords_count(const lac_coords *c) {
    if (c == NULL) return 0;
    return c->rows->shape[0];
}

lac_status lac_coords_tensor(lac_context *ctx, lac_coords *c, lac_tensor **out) {
    LAC_NEED("coords_tensor", ctx, c, out);
    (void)ctx;
    lac_tensor_retain(c->rows);
    *out = c->rows;
    return LAC_OK;
}

lac_status lac_coords_equal(lac_context *ctx, lac_coords *a, lac_coords *b, int32_t *out) {
    LAC_NEED("coords_equal", ctx, a, b, out);
    const int64_t n = lac_coords_count(a);
    const lac__device_maps *gpu = lac__device_maps_of(a);
    LAC_TRY(lac__same_device("coords: the second set", a->rows, b->rows));
    bool equal = a == b;
    if (!equal && n == lac_coords_count(b)) {
        if (gpu != NULL && n > 0)
            LAC_TRY(gpu->rows_equal(ctx, a->rows, b->rows, &equal));
        else
            equal =
                n == 0 || memcmp(lac__rows(a), lac__rows(b), (size_t)n * 4 * sizeof(int32_t)) == 0;
    }
    *out = equal;
    return LAC_OK;
}

lac_status lac__coords_need_index(lac_context *ctx, lac_coords *c) {
    if (c->indexed) return LAC_OK;
    const lac__device_maps *gpu = lac__device_maps_of(c);
    c->loose = gpu != NULL && c->has_box && lac_coords_count(c) > 0;
    LAC_TRY(gpu != NULL ? gpu->index_build(ctx, c->rows, c->loose ? c->box : NULL, &c->index)
                        : lac__index_build(ctx, lac__rows(c), lac_coords_count(c), &c->index));
    c->indexed = true;
    return LAC_OK;
}

lac_status lac__coords_tighten(lac_context *ctx, lac_coords *c, bool *changed) {
    *changed = c->loose;
    if (!c->loose) return LAC_OK;
    lac__index tight = {0};
    LAC_TRY(lac__device_maps_of(c)->index_build(ctx, c->rows, NULL, &tight));
    lac__index_free(c->family->device->pool, &c->index);
    c->index = tight;
    c->loose = false;
    return LAC_OK;
}

lac_status lac_coords_index(lac_context *ctx, lac_coords *c) {
    LAC_NEED("coords_index", ctx, c);
    const double start = lac_clock();
    const lac_status status = lac__coords_need_index(ctx, c);
    ctx->counters.map_seconds += lac_clock() - start;
    return status;
}

lac_status lac_coords_find(lac_context *ctx, lac_coords *c, lac_tensor *query, lac_tensor **out) {
    LAC_NEED("coords_find", ctx, c, query, out);
    char text[LAC__SHAPE_TEXT];
    if (query->dtype != LAC_DTYPE_I32 || query->ndim != 2 || query->shape[1] != 4)
        return lac__fail(LAC_ERR_SHAPE, "coords: query %s %s, expected int32 [Q, 4]",
                         lac_dtype_name(query->dtype), lac__shape_text(query, text));
    LAC_TRY(lac__same_device("coords: query", c->rows, query));
    LAC_TRY(lac_coords_index(ctx, c));
    const lac__device_maps *gpu = lac__device_maps_of(c);
    lac_tensor *plain = NULL, *found = NULL;
    LAC_TRY(lac__read(ctx, query));
    LAC_TRY(lac_contiguous(ctx, query, &plain));
    const int64_t n = query->shape[0];
    lac_status status = lac__tensor_new_beside(ctx, query, LAC_DTYPE_I64, 1, &n, &found);
    if (status == LAC_OK && gpu != NULL) {
        status = gpu->find(ctx, &c->index, plain, found);
        if (status == LAC_OK)
            *out = found;
        else
            lac_tensor_release(found);
    } else if (status == LAC_OK) {
        const int32_t *rows = lac__data(plain);
        int64_t *target = lac__data(found);
#pragma omp parallel for num_threads(ctx->threads) schedule(static) if (n > 1 << 12)
        for (int64_t i = 0; i < n; i++) target[i] = lac__index_find(&c->index, rows + 4 * i);
        *out = found;
    }
    lac_tensor_release(plain);
    return status;
}
