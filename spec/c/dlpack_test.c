/*
 * dlpack_test.c - tensors out and in without a copy: memory, strides, lifetimes, flags, refusals.
 */
#include "harness.h"

#include <lacuna/lacuna_dlpack.h>

static int deleted;

static void count_versioned(struct DLManagedTensorVersioned *self) {
    (void)self;
    deleted++;
}
static void count_plain(struct DLManagedTensor *self) {
    (void)self;
    deleted++;
}

static void test_out(lac_context *ctx) {
    const float values[] = {1, 2, 3, 4, 5, 6};
    lac_tensor *t = tensor(ctx, LAC_DTYPE_F32, values, 2, 2, 3, 0), *turned = NULL;
    OK(lac_tensor_permute(ctx, t, (const int32_t[]){1, 0}, &turned));
    struct DLManagedTensorVersioned *m = NULL;
    void *data = NULL;
    if (!OK(lac_tensor_to_dlpack(ctx, turned, &m))) return;
    OK(lac_tensor_data(ctx, t, &data));
    const DLTensor *dl = &m->dl_tensor;
    CHECK(dl->data == data && dl->byte_offset == 0 && m->flags == 0 && m->version.major == 1);
    CHECK(dl->ndim == 2 && dl->shape[0] == 3 && dl->shape[1] == 2);
    CHECK(dl->strides[0] == 1 && dl->strides[1] == 3);
    CHECK(dl->dtype.code == kDLFloat && dl->dtype.bits == 32 && dl->dtype.lanes == 1);
    CHECK(dl->device.device_type == kDLCPU && dl->device.device_id == 0);
    lac_tensor_release(t);
    lac_tensor_release(turned);
    ((float *)dl->data)[5] = 60; /* the consumer's from here on */

    /* And back: the same memory, kept by the export. */
    lac_tensor *back = NULL;
    if (OK(lac_tensor_from_dlpack(ctx, m, &back))) {
        void *again = NULL;
        OK(lac_tensor_data(ctx, back, &again));
        CHECK(again == data);
        lac_tensor *plain = NULL;
        OK(lac_contiguous(ctx, back, &plain));
        CHECK(holds(ctx, plain, (const float[]){1, 4, 2, 5, 3, 60}, 6));
        lac_tensor_release(plain);
    }
    lac_tensor_release(back); /* calls the deleter */
}

static void test_dtypes(lac_context *ctx) {
    static const struct {
        lac_dtype dtype;
        uint8_t code, bits;
    } types[] = {{LAC_DTYPE_F16, kDLFloat, 16}, {LAC_DTYPE_BF16, kDLBfloat, 16},
                 {LAC_DTYPE_F64, kDLFloat, 64}, {LAC_DTYPE_I32, kDLInt, 32},
                 {LAC_DTYPE_I64, kDLInt, 64},   {LAC_DTYPE_U8, kDLUInt, 8}};
    const char zeros[64] = {0};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        lac_tensor *t = tensor(ctx, types[i].dtype, zeros, 1, 4, 0, 0), *back = NULL;
        struct DLManagedTensor *m = NULL;
        if (OK(lac_tensor_to_dlpack_unversioned(ctx, t, &m))) {
            CHECK(m->dl_tensor.dtype.code == types[i].code);
            CHECK(m->dl_tensor.dtype.bits == types[i].bits);
            lac_tensor_desc desc;
            if (OK(lac_tensor_from_dlpack_unversioned(ctx, m, &back))) {
                lac_tensor_describe(back, &desc);
                CHECK(desc.dtype == types[i].dtype && desc.shape[0] == 4);
            }
        }
        lac_tensor_release(back);
        lac_tensor_release(t);
    }
}

static DLTensor matrix(float *data, int64_t *shape) {
    return (DLTensor){
        .data = data, .device = {kDLCPU, 0}, .ndim = 2, .dtype = {kDLFloat, 32, 1}, .shape = shape};
}

static void test_in(lac_context *ctx) {
    float data[] = {0, 1, 2, 3, 4, 5, 6};
    int64_t shape[] = {2, 3};
    DLManagedTensorVersioned m = {.version = {1, 7}, .deleter = count_versioned, .flags = 1};
    m.dl_tensor = matrix(data, shape);
    m.dl_tensor.byte_offset = sizeof *data;
    lac_tensor *t = NULL, *row = NULL;
    deleted = 0;
    if (!OK(lac_tensor_from_dlpack(ctx, &m, &t))) return;
    CHECK(holds(ctx, t, data + 1, 6));
    CHECK(lac_tensor_is_read_only(t) == 1);
    FAILS(LAC_ERR_ARGUMENT, lac_fill(ctx, t, 1, 1));
    FAILS(LAC_ERR_ARGUMENT, lac_tensor_upload(ctx, t, data, 24));
    struct DLManagedTensor *plain = NULL;
    FAILS(LAC_ERR_UNSUPPORTED, lac_tensor_to_dlpack_unversioned(ctx, t, &plain));
    struct DLManagedTensorVersioned *again = NULL;
    if (OK(lac_tensor_to_dlpack(ctx, t, &again))) {
        CHECK((again->flags & 1) == 1);
        again->deleter(again);
    }
    OK(lac_tensor_select(ctx, t, 0, 1, &row));
    lac_tensor_release(t);
    CHECK(deleted == 0); /* a view is left */
    CHECK(holds(ctx, row, data + 4, 3));
    lac_tensor_release(row);
    CHECK(deleted == 1);

    DLManagedTensor old = {.dl_tensor = matrix(data, shape), .deleter = count_plain};
    OK(lac_tensor_from_dlpack_unversioned(ctx, &old, &t));
    OK(lac_fill(ctx, t, 9, 0));
    CHECK(data[0] == 9 && data[5] == 9 && data[6] == 6);
    lac_tensor_release(t);
    CHECK(deleted == 2);
}

static void test_refusals(lac_context *ctx) {
    float data[8] = {0};
    int64_t shape[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, negative[] = {-1, 3}, strides[] = {-3, 1};
    lac_tensor *t = NULL;
    deleted = 0;
    DLManagedTensorVersioned m = {.version = {2, 0}, .deleter = count_versioned};
    m.dl_tensor = matrix(data, shape);
    FAILS(LAC_ERR_UNSUPPORTED, lac_tensor_from_dlpack(ctx, &m, &t));
    m.version.major = 1;
    m.dl_tensor.dtype.lanes = 4;
    FAILS(LAC_ERR_DTYPE, lac_tensor_from_dlpack(ctx, &m, &t));
    m.dl_tensor.dtype = (DLDataType){kDLInt, 8, 1};
    FAILS(LAC_ERR_DTYPE, lac_tensor_from_dlpack(ctx, &m, &t));
    m.dl_tensor = matrix(data, negative);
    FAILS(LAC_ERR_SHAPE, lac_tensor_from_dlpack(ctx, &m, &t));
    m.dl_tensor = matrix(data, NULL);
    FAILS(LAC_ERR_SHAPE, lac_tensor_from_dlpack(ctx, &m, &t));
    m.dl_tensor = matrix(data, shape);
    m.dl_tensor.ndim = 9;
    FAILS(LAC_ERR_SHAPE, lac_tensor_from_dlpack(ctx, &m, &t));
    CHECK(strncmp(lac_last_error(), "from_dlpack: ", 13) == 0);
    m.dl_tensor = matrix(data, shape);
    m.dl_tensor.strides = strides;
    FAILS(LAC_ERR_SHAPE, lac_tensor_from_dlpack(ctx, &m, &t));
    m.dl_tensor = matrix(data, shape);
    strides[0] = INT64_MAX / 2;
    m.dl_tensor.shape = (int64_t[]){4, 3}; /* the last element is beyond all memory */
    m.dl_tensor.strides = strides;
    FAILS(LAC_ERR_SHAPE, lac_tensor_from_dlpack(ctx, &m, &t));
    m.dl_tensor = matrix(data, (int64_t[]){24, INT64_MAX / 2}); /* nor if it is empty */
    m.dl_tensor.ndim = 3;
    m.dl_tensor.shape = (int64_t[]){24, INT64_MAX / 2, 0};
    FAILS(LAC_ERR_SHAPE, lac_tensor_from_dlpack(ctx, &m, &t));
    m.dl_tensor = matrix(data, shape);
    m.dl_tensor.byte_offset = 2;
    FAILS(LAC_ERR_ARGUMENT, lac_tensor_from_dlpack(ctx, &m, &t));
    m.dl_tensor = matrix(NULL, shape);
    FAILS(LAC_ERR_ARGUMENT, lac_tensor_from_dlpack(ctx, &m, &t));
    m.dl_tensor = matrix(data, shape);
    m.dl_tensor.device.device_type = (DLDeviceType)7; /* Vulkan */
    FAILS(LAC_ERR_DEVICE, lac_tensor_from_dlpack(ctx, &m, &t));
    FAILS(LAC_ERR_ARGUMENT, lac_tensor_from_dlpack(ctx, NULL, &t));
    FAILS(LAC_ERR_ARGUMENT, lac_tensor_from_dlpack_unversioned(ctx, NULL, &t));
    CHECK(t == NULL && deleted == 0); /* the producer's still */
}

int main(void) {
    begin();
    lac_context *ctx = NULL;
    OK(lac_context_create(NULL, &ctx));
    test_out(ctx);
    test_dtypes(ctx);
    test_in(ctx);
    test_refusals(ctx);
    close_context(ctx);
    return finish();
}
