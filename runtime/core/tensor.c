/*
 * tensor.c - creation, sharing and description of tensors.
 */
#include "core/tensor.h"

#include "core/checked.h"
#include "core/pending.h"

#include <stdio.h>
#include <string.h>

static lac__storage *storage_new(lac__pool *pool, lac__device *device) {
    lac__storage *s = lac__object_alloc(pool, sizeof *s);
    if (s == NULL) return NULL;
    atomic_init(&s->references, 1);
    atomic_flag_clear(&s->attachment_lock);
    s->pool = pool;
    s->device = device;
    lac__pool_retain(pool);
    return s;
}

static void storage_release(lac__storage *s) {
    if (s == NULL || atomic_fetch_sub(&s->references, 1) != 1) return;
    lac__pool *pool = s->pool;
    lac__attachment_release(s->attachment);
    if (s->deleter != NULL) s->deleter(s->user);
    if (s->block.data != NULL) lac__pool_free(s->device->pool, &s->block);
    lac__object_free(pool, s, sizeof *s);
    lac__pool_release(pool);
}

static lac_status check_shape(lac_dtype dtype, int32_t ndim, const int64_t *shape, int64_t *bytes) {
    if (lac_dtype_size(dtype) == 0)
        return lac__fail(LAC_ERR_DTYPE, "tensor: %d is no dtype", (int)dtype);
    if (ndim < 0 || ndim > LAC__MAX_DIMS)
        return lac__fail(LAC_ERR_SHAPE, "tensor: %d dimensions, expected 0 to %d", ndim,
                         LAC__MAX_DIMS);
    *bytes = (int64_t)lac_dtype_size(dtype);
    for (int32_t i = 0; i < ndim; i++) {
        if (shape[i] < 0)
            return lac__fail(LAC_ERR_SHAPE, "tensor: size %lld of dimension %d is negative",
                             (long long)shape[i], i);
    }
    /* Also an empty tensor has strides and a product of sizes, which must not overflow. */
    bool empty = false;
    for (int32_t i = 0; i < ndim; i++) {
        empty = empty || shape[i] == 0;
        if (!lac__mul_size(*bytes, lac__max(shape[i], 1), bytes))
            return lac__fail(LAC_ERR_SHAPE, "tensor: more than 2^63 bytes");
    }
    if (empty) *bytes = 0;
    return LAC_OK;
}

lac_status lac__tensor_new_unallocated(lac_context *ctx, lac__device *device, lac_dtype dtype,
                                       int32_t ndim, const int64_t *shape, lac_tensor **out) {
    int64_t bytes = 0;
    LAC_TRY(check_shape(dtype, ndim, shape, &bytes));
    lac_tensor *t = lac__object_alloc(ctx->pool, sizeof *t);
    if (t == NULL) return LAC_ERR_OOM;
    t->storage = storage_new(ctx->pool, device);
    if (t->storage == NULL) {
        lac__object_free(ctx->pool, t, sizeof *t);
        return LAC_ERR_OOM;
    }
    atomic_init(&t->references, 1);
    t->ctx = ctx;
    lac_context_retain(ctx);
    t->dtype = dtype;
    t->ndim = ndim;
    int64_t step = 1;
    for (int32_t i = ndim - 1; i >= 0; i--) {
        t->shape[i] = shape[i];
        t->stride[i] = step;
        if (!lac__mul_size(step, lac__max(shape[i], 1), &step))
            step = 0; /* only where there are no elements */
    }
    *out = t;
    return LAC_OK;
}

lac_status lac__tensor_allocate(lac_tensor *t) {
    int64_t bytes = 0;
    LAC_TRY(check_shape(t->dtype, t->ndim, t->shape, &bytes));
    lac__storage *s = t->storage;
    LAC_TRY(lac__pool_alloc(s->device->pool, (size_t)bytes, &s->block));
    s->data = s->block.data;
    return LAC_OK;
}

lac_status lac__tensor_new_on(lac_context *ctx, lac__device *device, lac_dtype dtype, int32_t ndim,
                              const int64_t *shape, lac_tensor **out) {
    lac_tensor *t = NULL;
    LAC_TRY(lac__tensor_new_unallocated(ctx, device, dtype, ndim, shape, &t));
    const lac_status status = lac__tensor_allocate(t);
    if (status != LAC_OK) {
        lac_tensor_release(t);
        return status;
    }
    *out = t;
    return LAC_OK;
}

lac_status lac__tensor_view(lac_tensor *t, lac_tensor **out) {
    lac_tensor *v = lac__object_alloc(t->ctx->pool, sizeof *v);
    if (v == NULL) return LAC_ERR_OOM;
    *v = *t;
    atomic_init(&v->references, 1);
    v->pending = NULL;
    lac_context_retain(v->ctx);
    atomic_fetch_add(&v->storage->references, 1);
    *out = v;
    return LAC_OK;
}

void lac_tensor_allow_packed(lac_tensor *t) {
    if (t == NULL) return;
    if (!t->storage->read_only) t->storage->one_thread = true;
}

int32_t lac_tensor_is_read_only(const lac_tensor *t) {
    if (t == NULL) return 0;
    return t->storage->read_only;
}

lac_status lac__tensor_set_strides(lac_tensor *t, const int64_t *strides) {
    int64_t reach = 0;
    for (int32_t i = 0; i < t->ndim; i++) {
        int64_t span = 0;
        if (t->shape[i] <= 1) continue; /* no step is ever made: the contiguous one stays */
        if (__builtin_mul_overflow(t->shape[i] - 1, strides[i], &span) ||
            __builtin_mul_overflow(span, (int64_t)lac_dtype_size(t->dtype), &span) ||
            __builtin_add_overflow(reach, span, &reach))
            return lac__fail(LAC_ERR_SHAPE,
                             "tensor: stride %lld of dimension %d: more than 2^63 bytes",
                             (long long)strides[i], i);
        t->stride[i] = strides[i];
    }
    return LAC_OK;
}

static lac_status find_device(lac_context *ctx, const lac_tensor_desc *desc, lac__device **out) {
    if (desc == NULL || desc->size != sizeof *desc)
        return lac__fail(LAC_ERR_ARGUMENT, "tensor: desc.size is not sizeof(lac_tensor_desc)");
    const lac_status status = lac__device_need(ctx, desc->device, desc->device_index, out);
    return status == LAC_OK ? LAC_OK : lac__prefix(status, "tensor");
}

lac_status lac_tensor_create(lac_context *ctx, const lac_tensor_desc *desc, lac_tensor **out) {
    LAC_NEED("tensor_create", ctx, desc, out);
    lac__device *device = NULL;
    LAC_TRY(find_device(ctx, desc, &device));
    return lac__tensor_new_on(ctx, device, desc->dtype, desc->ndim, desc->shape, out);
}

lac_status lac_tensor_wrap(lac_context *ctx, const lac_tensor_desc *desc, void *data,
                           void (*deleter)(void *user), void *user, lac_tensor **out) {
    LAC_NEED("tensor_wrap", ctx, desc, out);
    lac__device *device = NULL;
    lac_tensor *t = NULL;
    LAC_TRY(find_device(ctx, desc, &device));
    LAC_TRY(lac__tensor_new_unallocated(ctx, device, desc->dtype, desc->ndim, desc->shape, &t));
    bool strided = false;
    for (int32_t i = 0; i < desc->ndim; i++) strided = strided || desc->stride[i] != 0;
    lac_status status = strided ? lac__tensor_set_strides(t, desc->stride) : LAC_OK;
    if (status == LAC_OK && data == NULL && lac_tensor_numel(t) > 0)
        status = lac__fail(LAC_ERR_ARGUMENT, "tensor: wrap of a NULL pointer");
    if (status != LAC_OK) {
        lac_tensor_release(t);
        return status;
    }
    t->storage->data = data;
    t->storage->deleter = deleter;
    t->storage->user = user;
    atomic_store(&t->storage->exposed, true);
    *out = t;
    return LAC_OK;
}

void lac_tensor_retain(lac_tensor *t) {
    if (t == NULL) return;
    atomic_fetch_add(&t->references, 1);
}

void lac_tensor_release(lac_tensor *t) {
    if (t == NULL || atomic_fetch_sub(&t->references, 1) != 1) return;
    lac_context *ctx = t->ctx;
    if (t->pending != NULL) lac__pending_destroy(ctx, t->pending);
    storage_release(t->storage);
    lac__object_free(ctx->pool, t, sizeof *t);
    lac_context_release(ctx);
}

void lac_tensor_describe(const lac_tensor *t, lac_tensor_desc *out) {
    if (t == NULL || out == NULL) return;
    *out = (lac_tensor_desc){.size = sizeof *out,
                             .dtype = t->dtype,
                             .device = t->storage->device->kind,
                             .device_index = t->storage->device->index,
                             .ndim = t->ndim};
    memcpy(out->shape, t->shape, sizeof out->shape);
    memcpy(out->stride, t->stride, sizeof out->stride);
}

int64_t lac_tensor_numel(const lac_tensor *t) {
    if (t == NULL) return 0;
    int64_t n = 1;
    for (int32_t i = 0; i < t->ndim; i++) n *= t->shape[i];
    return n;
}

int32_t lac_tensor_is_contiguous(const lac_tensor *t) {
    if (t == NULL) return 0;
    int64_t step = 1;
    if (lac_tensor_numel(t) == 0) return 1;
    for (int32_t i = t->ndim - 1; i >= 0; i--) {
        if (t->shape[i] != 1 && t->stride[i] != step) return 0;
        step *= t->shape[i];
    }
    return 1;
}

uint64_t lac_tensor_version(const lac_tensor *t) {
    if (t == NULL) return 0;
    return atomic_load(&t->storage->version);
}
void lac_tensor_modified(lac_tensor *t) {
    if (t == NULL) return;
    atomic_fetch_add(&t->storage->version, 1);
}

lac_status lac_tensor_data(lac_context *ctx, lac_tensor *t, void **out) {
    LAC_NEED("tensor_data", ctx, t, out);
    if (t->storage->read_only) {
        LAC_TRY(lac__read(ctx, t));
    } else {
        LAC_TRY(lac__write(ctx, t));
        atomic_store(&t->storage->exposed, true);
    }
    *out = lac__data(t);
    return LAC_OK;
}

static lac_status check_transfer(const char *op, const lac_tensor *t, uint64_t bytes) {
    const uint64_t size = (uint64_t)lac_tensor_numel(t) * lac_dtype_size(t->dtype);
    if (!lac_tensor_is_contiguous(t))
        return lac__fail(LAC_ERR_SHAPE, "%s: the tensor is not contiguous", op);
    if (bytes != size)
        return lac__fail(LAC_ERR_SHAPE, "%s: %llu bytes for a tensor of %llu", op,
                         (unsigned long long)bytes, (unsigned long long)size);
    return LAC_OK;
}

lac_status lac_tensor_upload(lac_context *ctx, lac_tensor *t, const void *data, uint64_t bytes) {
    LAC_NEED("tensor_upload", ctx, t);
    if (bytes > 0) LAC_NEED("tensor_upload", data);
    LAC_TRY(check_transfer("upload", t, bytes));
    LAC_TRY(lac__write(ctx, t));
    return lac__device_copy(t->storage->device, lac__data(t), &ctx->cpu, data, bytes);
}

lac_status lac_tensor_download(lac_context *ctx, lac_tensor *t, void *data, uint64_t bytes) {
    LAC_NEED("tensor_download", ctx, t);
    if (bytes > 0) LAC_NEED("tensor_download", data);
    LAC_TRY(check_transfer("download", t, bytes));
    LAC_TRY(lac__read(ctx, t));
    return lac__device_copy(&ctx->cpu, data, t->storage->device, lac__data(t), bytes);
}

lac_status lac__dimension(const char *op, const lac_tensor *t, int32_t dim, int32_t *out) {
    const int32_t d = dim < 0 ? dim + t->ndim : dim;
    if (d < 0 || d >= t->ndim)
        return lac__fail(LAC_ERR_RANGE, "%s: dimension %d of a tensor with %d", op, dim, t->ndim);
    *out = d;
    return LAC_OK;
}

const char *lac__shape_text(const lac_tensor *t, char text[LAC__SHAPE_TEXT]) {
    size_t used = 0;
    text[used++] = '[';
    for (int32_t i = 0; i < t->ndim; i++)
        used += (size_t)snprintf(text + used, LAC__SHAPE_TEXT - used, "%s%lld", i > 0 ? ", " : "",
                                 (long long)t->shape[i]);
    (void)snprintf(text + used, LAC__SHAPE_TEXT - used, "]");
    return text;
}

bool lac__same_shape(const lac_tensor *a, const lac_tensor *b) {
    return a->ndim == b->ndim &&
           memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof *a->shape) == 0;
}
