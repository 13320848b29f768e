/*
 * launch.h - what the C side and the kernels know of each other: plain data, no CUDA types.
 *
 * A launcher is an extern "C" function of a .cu: it gets the GPU's state, checked sizes and device
 * pointers, and queues kernels on the stream. It takes no memory, waits for nothing and returns nothing:
 * the first failed launch stays in `error` until lac__gpu_check turns it into a status.
 */
#ifndef LAC_CUDA_LAUNCH_H
#define LAC_CUDA_LAUNCH_H

#include "lacuna/lacuna.h"

/** State of one GPU in one context. */
typedef struct lac__gpu {
    void *stream;   /* cudaStream_t: everything of the context runs in its order */
    int32_t device; /* as the CUDA runtime counts */
    int32_t sm_count;
    int32_t capability;   /* 80, 90 .. */
    int32_t shared_bytes; /* of shared memory that a block may ask for */
    int32_t sync;  /* LACUNA_SYNC=1: wait after every launch, so that a fault names its kernel */
    int32_t error; /* cudaError_t of the first failed launch */
    const char *kernel; /* which one that was */
    int64_t *staging;   /* LAC__STAGING words of pinned host memory, for counts */
} lac__gpu;

enum { LAC__STAGING = 64 };

/** A tensor in device memory; strides in elements, 0 where it is broadcast. */
typedef struct lac__view {
    void *data;    /* first element */
    int32_t dtype; /* lac_dtype */
    int32_t ndim;
    int64_t shape[8], stride[8];
} lac__view;

#endif
