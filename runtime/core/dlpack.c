/*
 * dlpack.c - see lacuna_dlpack.h. An export owns a reference to its tensor, an import runs the producer's
 * deleter as its storage's.
 */
#include "lacuna/lacuna_dlpack.h"

#include "core/tensor.h"

#include <stdlib.h>
#include <string.h>

enum { MAJOR = 1, READ_ONLY = 1 }; /* version of the struct; bit of flags */

_Static_assert(sizeof(DLTensor) == 48 && offsetof(DLTensor, byte_offset) == 40, "DLPack's layout");
_Static_assert(offsetof(DLManagedTensorVersioned, dl_tensor) == 32, "DLPack's layout");

static const struct {
    uint8_t code, bits;
    lac_dtype dtype;
} types[] = {
    {kDLFloat, 32, LAC_DTYPE_F32},   {kDLFloat, 16, LAC_DTYPE_F16},
    {kDLBfloat, 16, LAC_DTYPE_BF16}, {kDLFloat, 64, LAC_DTYPE_F64},
    {kDLInt, 32, LAC_DTYPE_I32},     {kDLInt, 64, LAC_DTYPE_I64},
    {kDLUInt, 8, LAC_DTYPE_U8},      {6 /* kDLBool */, 8, LAC_DTYPE_U8},
};
enum { TYPES = sizeof types / sizeof *types };

/* ---- out ---- */

/* What a managed tensor points to, in one block with it. */
typedef struct {
    lac_tensor *tensor;
    int64_t shape[LAC__MAX_DIMS], stride[LAC__MAX_DIMS];
    union {
        DLManagedTensorVersioned versioned;
        DLManagedTensor plain;
    } managed;
} export_block;

static void destroy(void *block) {
    export_block *e = block;
    lac_tensor_release(e->tensor);
    free(e);
}
static void delete_versioned(struct DLManagedTensorVersioned *self) {
    if (self != NULL) destroy(self->manager_ctx);
}
static void delete_plain(struct DLManagedTensor *self) {
    if (self != NULL) destroy(self->manager_ctx);
}

static lac_status describe(lac_context *ctx, lac_tensor *t, export_block **out, DLTensor *dl) {
    void *data = NULL;
    LAC_TRY(lac_tensor_data(ctx, t, &data));
    if (!lac__on_cpu(t)) LAC_TRY(lac_synchronize(ctx));
    export_block *e = calloc(1, sizeof *e);
    if (e == NULL) return lac__fail(LAC_ERR_OOM, "to_dlpack: out of memory");
    e->tensor = t;
    lac_tensor_retain(t);
    memcpy(e->shape, t->shape, sizeof e->shape);
    memcpy(e->stride, t->stride, sizeof e->stride);
    int type = 0;
    while (types[type].dtype != t->dtype) type++;
    *dl = (DLTensor){.data = data,
                     .device = {lac__on_cpu(t) ? kDLCPU : kDLCUDA, lac__device_of(t)->index},
                     .ndim = t->ndim,
                     .dtype = {types[type].code, types[type].bits, 1},
                     .shape = e->shape,
                     .strides = e->stride};
    *out = e;
    return LAC_OK;
}

lac_status lac_tensor_to_dlpack(lac_context *ctx, lac_tensor *t,
                                struct DLManagedTensorVersioned **out) {
    LAC_NEED("tensor_to_dlpack", ctx, t, out);
    export_block *e = NULL;
    DLTensor dl;
    LAC_TRY(describe(ctx, t, &e, &dl));
    e->managed.versioned =
        (DLManagedTensorVersioned){.version = {MAJOR, 0},
                                   .manager_ctx = e,
                                   .deleter = delete_versioned,
                                   .flags = t->storage->read_only ? READ_ONLY : 0,
                                   .dl_tensor = dl};
    *out = &e->managed.versioned;
    return LAC_OK;
}

lac_status lac_tensor_to_dlpack_unversioned(lac_context *ctx, lac_tensor *t,
                                            struct DLManagedTensor **out) {
    LAC_NEED("tensor_to_dlpack_unversioned", ctx, t, out);
    export_block *e = NULL;
    DLTensor dl;
    if (t->storage->read_only)
        return lac__fail(LAC_ERR_UNSUPPORTED, "to_dlpack: the tensor is read only, which the "
                                              "unversioned struct cannot say");
    LAC_TRY(describe(ctx, t, &e, &dl));
    e->managed.plain =
        (DLManagedTensor){.dl_tensor = dl, .manager_ctx = e, .deleter = delete_plain};
    *out = &e->managed.plain;
    return LAC_OK;
}

/* ---- in ---- */

static lac_status find_dtype(DLDataType type, lac_dtype *out) {
    for (int i = 0; i < TYPES && type.lanes == 1; i++) {
        if (types[i].code != type.code || types[i].bits != type.bits) continue;
        *out = types[i].dtype;
        return LAC_OK;
    }
    return lac__fail(LAC_ERR_DTYPE,
                     "from_dlpack: type code %d of %d bits, %d lanes: tensors have float16, "
                     "bfloat16, float32, float64, int32, int64 and uint8",
                     type.code, type.bits, type.lanes);
}

static lac_status find_device(lac_context *ctx, DLDevice device, lac__device **out) {
    lac_status status = LAC_OK;
    switch ((int)device.device_type) {
    case kDLCPU:
    case kDLCUDAHost: return lac__device_need(ctx, LAC_DEVICE_CPU, 0, out);
    case kDLCUDA:
    case 13 /* kDLCUDAManaged */:
        status = lac__device_need(ctx, LAC_DEVICE_CUDA, device.device_id, out);
        return status == LAC_OK ? LAC_OK : lac__prefix(status, "from_dlpack");
    default:
        return lac__fail(LAC_ERR_DEVICE, "from_dlpack: device type %d, expected the CPU or CUDA",
                         (int)device.device_type);
    }
}

static lac_status check_strides(const DLTensor *dl) {
    for (int32_t i = 0; i < dl->ndim && dl->strides != NULL; i++) {
        if (dl->strides[i] < 0)
            return lac__fail(LAC_ERR_SHAPE, "from_dlpack: stride %lld of dimension %d is negative",
                             (long long)dl->strides[i], i);
    }
    return LAC_OK;
}

static lac_status import(lac_context *ctx, const DLTensor *dl, bool read_only,
                         void (*deleter)(void *user), void *user, lac_tensor **out) {
    lac__device *device = NULL;
    lac_dtype dtype = LAC_DTYPE_F32;
    lac_tensor *t = NULL;
    LAC_TRY(find_dtype(dl->dtype, &dtype));
    LAC_TRY(find_device(ctx, dl->device, &device));
    if (dl->ndim > 0 && dl->shape == NULL)
        return lac__fail(LAC_ERR_SHAPE, "from_dlpack: %d dimensions without a shape", dl->ndim);
    lac_status status = lac__tensor_new_unallocated(ctx, device, dtype, dl->ndim, dl->shape, &t);
    if (status != LAC_OK) return lac__prefix(status, "from_dlpack");
    status = check_strides(dl);
    const uintptr_t address = (uintptr_t)dl->data + (uintptr_t)dl->byte_offset;
    if (status == LAC_OK && dl->strides != NULL)
        status = lac__prefix(lac__tensor_set_strides(t, dl->strides), "from_dlpack");
    if (status == LAC_OK && lac_tensor_numel(t) > 0 &&
        (dl->data == NULL || address % lac_dtype_size(dtype) != 0))
        status = lac__fail(LAC_ERR_ARGUMENT,
                           "from_dlpack: data %p + %llu bytes, expected a multiple of %zu",
                           dl->data, (unsigned long long)dl->byte_offset, lac_dtype_size(dtype));
    if (status != LAC_OK) {
        lac_tensor_release(t);
        return status;
    }
    lac__storage *s = t->storage;
    s->data = dl->data == NULL ? NULL : (char *)dl->data + dl->byte_offset;
    s->read_only = read_only;
    s->deleter = deleter;
    s->user = user;
    atomic_store(&s->exposed, true);
    *out = t;
    return LAC_OK;
}

static void release_versioned(void *managed) {
    DLManagedTensorVersioned *m = managed;
    if (m->deleter != NULL) m->deleter(m);
}
static void release_plain(void *managed) {
    DLManagedTensor *m = managed;
    if (m->deleter != NULL) m->deleter(m);
}

lac_status lac_tensor_from_dlpack(lac_context *ctx, struct DLManagedTensorVersioned *managed,
                                  lac_tensor **out) {
    LAC_NEED("tensor_from_dlpack", ctx, managed, out);
    if (managed == NULL) return lac__fail(LAC_ERR_ARGUMENT, "from_dlpack: the tensor is NULL");
    if (managed->version.major != MAJOR)
        return lac__fail(LAC_ERR_UNSUPPORTED, "from_dlpack: DLPack %u.%u, expected 1",
                         managed->version.major, managed->version.minor);
    return import(ctx, &managed->dl_tensor, (managed->flags & READ_ONLY) != 0, release_versioned,
                  managed, out);
}

lac_status lac_tensor_from_dlpack_unversioned(lac_context *ctx, struct DLManagedTensor *managed,
                                              lac_tensor **out) {
    LAC_NEED("tensor_from_dlpack_unversioned", ctx, managed, out);
    if (managed == NULL) return lac__fail(LAC_ERR_ARGUMENT, "from_dlpack: the tensor is NULL");
    return import(ctx, &managed->dl_tensor, false, release_plain, managed, out);
}
