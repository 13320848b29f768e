/*
 * device.h - where a tensor's memory is and who computes on it. A context has the CPU from the start and a GPU
 * from the first call that names it.
 *
 * Tensors of two contexts that share weights may name two lac__device of one GPU, so devices are compared by
 * kind and index.
 */
#ifndef LAC_CORE_DEVICE_H
#define LAC_CORE_DEVICE_H

#include "core/pool.h"

struct lac__backend;

typedef struct lac__device {
    lac_device kind;
    int32_t index;
    const struct lac__backend *backend;
    lac__pool *pool;
    struct lac__gpu *gpu; /* the CUDA backend's state, NULL on the CPU */
} lac__device;

enum { LAC__MAX_GPUS = 16 };

static inline bool lac__device_equal(const lac__device *a, const lac__device *b) {
    return a->kind == b->kind && a->index == b->index;
}

/** The context's device of that kind and index, opened by the first call. DEVICE where it is not there. */
lac_status lac__device_need(lac_context *ctx, lac_device kind, int32_t index, lac__device **out);
/** For the end of a context. */
void lac__devices_close(lac_context *ctx);
/** Gives back what the drivers of opened GPUs cache. */
void lac__devices_trim(lac_context *ctx);
/** "cpu", "cuda:0" into `text`; returns it. */
enum { LAC__DEVICE_TEXT = 16 };
const char *lac__device_text(const lac__device *device, char text[LAC__DEVICE_TEXT]);
/** Copies bytes of memory on `from` to memory on `to`; host memory is the CPU's. When it returns, host memory
 *  may be reused, and holds the bytes where it is the target. */
lac_status lac__device_copy(const lac__device *to, void *target, const lac__device *from,
                            const void *source, size_t bytes);

#endif
