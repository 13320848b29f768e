/*
 * dlpack_fuzz.c - DLPack structs of any content, in both versions. Where the import takes one whose
 * elements lie in the buffer that it describes, all of it is read; the deleter runs once, and on
 * failure not at all.
 */
#include "fuzz.h"

#include <lacuna/lacuna_dlpack.h>

static int deleted;
static void delete_versioned(struct DLManagedTensorVersioned *self) {
    (void)self;
    deleted++;
}
static void delete_plain(struct DLManagedTensor *self) {
    (void)self;
    deleted++;
}

enum { BUFFER = 512 };

/* Whether every element lies in the buffer; in floating point, since strides may be anything. */
static int lies_inside(lac_tensor *t, uint64_t offset) {
    lac_tensor_desc desc;
    lac_tensor_describe(t, &desc);
    double last = 0;
    for (int32_t i = 0; i < desc.ndim; i++)
        last += (double)(desc.shape[i] - 1) * (double)desc.stride[i];
    return lac_tensor_numel(t) == 0 ||
           (last + 1) * (double)lac_dtype_size(desc.dtype) + (double)offset <= BUFFER;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t codes[] = {kDLInt, kDLUInt, kDLFloat, kDLBfloat, kDLBool};
    bytes b = {data, data + size};
    _Alignas(64) static char buffer[BUFFER];
    int64_t shape[16] = {0}, strides[16] = {0};
    const int32_t choice = take(&b);
    DLTensor dl = {.data = choice & 1 ? buffer : NULL, .device = {kDLCPU, 0}, .ndim = 0};
    dl.dtype = (DLDataType){codes[take_in(&b, 0, 4)], (uint8_t)(8 << take_in(&b, 0, 3)), 1};
    dl.ndim = take_in(&b, 0, 10) - 1;
    for (int32_t i = 0; i < 16; i++) {
        shape[i] = take_in(&b, 0, 6) - (choice >> 7);
        strides[i] = take_in(&b, 0, 12) - 1;
    }
    if (choice & 2) take_into(&b, &shape[take_in(&b, 0, 9)], 8);
    if (choice & 4) take_into(&b, &strides[take_in(&b, 0, 9)], 8);
    if (choice & 8) take_into(&b, &dl.dtype, sizeof dl.dtype);
    if (choice & 16) dl.device.device_type = (DLDeviceType)take(&b);
    dl.byte_offset = (uint64_t)take(&b);
    if (choice & 32) take_into(&b, &dl.byte_offset, 8);
    dl.shape = (choice & 64) && take(&b) == 0 ? NULL : shape;
    dl.strides = take(&b) & 1 ? strides : NULL;
    if (dl.device.device_type == kDLCUDA || (int)dl.device.device_type == 13) return 0;

    lac_context *ctx = fuzz_context();
    DLManagedTensorVersioned new = {.version = {(uint32_t)take_in(&b, 0, 3) % 2 + 1, 9},
                                    .flags = (uint64_t)take(&b),
                                    .deleter = delete_versioned,
                                    .dl_tensor = dl};
    DLManagedTensor old = {.dl_tensor = dl, .deleter = delete_plain};
    for (int plain = 0; plain < 2; plain++) {
        lac_tensor *t = NULL;
        deleted = 0;
        const lac_status status = plain ? lac_tensor_from_dlpack_unversioned(ctx, &old, &t)
                                        : lac_tensor_from_dlpack(ctx, &new, &t);
        if (well(status, "from_dlpack") && lies_inside(t, dl.byte_offset)) fuzz_read(ctx, t);
        REQUIRE(deleted == 0);
        lac_tensor_release(t);
        REQUIRE(deleted == (status == LAC_OK));
    }
    fuzz_close(ctx);
    return 0;
}
