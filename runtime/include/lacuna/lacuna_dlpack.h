/*
 * lacuna_dlpack.h - tensors to and from other libraries without a copy, by DLPack's structs.
 *
 * https://github.com/dmlc/dlpack. The structs below have the layout of DLPack 1.0 (versioned) and of 0.8 and
 * before (unversioned). A program that also uses DLPack's own dlpack.h includes that one first; its
 * definitions are then used. A sparse tensor goes as two: its coordinates int32 [N,4] (lac_coords_tensor)
 * and its features [N,C] (lac_sparse_feats).
 */
#ifndef LACUNA_DLPACK_H
#define LACUNA_DLPACK_H

#include "lacuna/lacuna.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef DLPACK_DLPACK_H_

typedef enum DLDeviceType {
    kDLCPU = 1,
    kDLCUDA = 2,
    kDLCUDAHost = 3,
    kDLCUDAManaged = 13
} DLDeviceType;

typedef struct DLDevice {
    DLDeviceType device_type;
    int32_t device_id;
} DLDevice;

typedef enum DLDataTypeCode {
    kDLInt = 0,
    kDLUInt = 1,
    kDLFloat = 2,
    kDLBfloat = 4,
    kDLBool = 6
} DLDataTypeCode;

typedef struct DLDataType {
    uint8_t code; /* DLDataTypeCode */
    uint8_t bits;
    uint16_t lanes;
} DLDataType;

typedef struct DLTensor {
    void *data;
    DLDevice device;
    int32_t ndim;
    DLDataType dtype;
    int64_t *shape;
    int64_t *strides; /* in elements; NULL: contiguous */
    uint64_t byte_offset;
} DLTensor;

typedef struct DLManagedTensor {
    DLTensor dl_tensor;
    void *manager_ctx;
    void (*deleter)(struct DLManagedTensor *self);
} DLManagedTensor;

#endif

/* A dlpack.h before 1.0 has no versioned struct. */
#if !defined(DLPACK_MAJOR_VERSION)

typedef struct DLPackVersion {
    uint32_t major;
    uint32_t minor;
} DLPackVersion;

typedef struct DLManagedTensorVersioned {
    DLPackVersion version;
    void *manager_ctx;
    void (*deleter)(struct DLManagedTensorVersioned *self);
    uint64_t flags; /* bit 0: read only; bit 1: the memory is a copy */
    DLTensor dl_tensor;
} DLManagedTensorVersioned;

#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/**
 * Gives a tensor to another library: the same memory, with strides, until the consumer calls the result's
 * deleter, on any thread; `t` may be released before. What reads `t` is computed now and at once from
 * then on, because the consumer may write; after it did, call lac_tensor_modified. A read-only tensor goes
 * with the read-only flag. Work queued for a GPU is waited for. Version 1.0.
 *
 * @param out [out] the consumer's, who calls out->deleter(out) once
 * @return OOM, or what computing `t` returns
 */
lac_status lac_tensor_to_dlpack(lac_context *ctx, lac_tensor *t,
                                struct DLManagedTensorVersioned **out);
/** The same as DLPack's older struct; a read-only tensor is an UNSUPPORTED error: the struct cannot say so. */
lac_status lac_tensor_to_dlpack_unversioned(lac_context *ctx, lac_tensor *t,
                                            struct DLManagedTensor **out);

/**
 * Takes another library's tensor: the same memory. On success `managed` belongs to `out`, and its deleter runs
 * when the last tensor or view over it is released, on that thread. On failure it stays the caller's,
 * whose business its deleter is, also where the major version is another one. On a GPU, the producer's
 * work must be complete or in order with the context's stream. Booleans become uint8.
 *
 * @return UNSUPPORTED (another major version), DEVICE, DTYPE (a type or lanes that tensors do not have),
 *         SHAPE (over 8 dimensions, a negative size or stride), ARGUMENT (unaligned), OOM
 */
lac_status lac_tensor_from_dlpack(lac_context *ctx, struct DLManagedTensorVersioned *managed,
                                  lac_tensor **out);
/** The same from DLPack's older struct. */
lac_status lac_tensor_from_dlpack_unversioned(lac_context *ctx, struct DLManagedTensor *managed,
                                              lac_tensor **out);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
