/*
 * plugin.h - parts of the C side of liblacuna_cuda that slots do not need.
 */
#ifndef LAC_CUDA_PLUGIN_H
#define LAC_CUDA_PLUGIN_H

#include "core/plugin_cuda.h"
#include "launch.h"

/** Set once, by the entry point, before anything else of this library runs. */
extern const lac__cuda_host *lac__host;

/** Copies of at most so many bytes from pageable memory have left it when the call returns (CUDA's "API
 *  synchronization behavior"). */
enum { LAC__STAGED_BYTES = 64 << 10 };

/** A cudaError_t of an API call as a status; `what` names the call. */
lac_status lac__gpu_status(lac__gpu *gpu, const char *what, unsigned error);

/* device.c: what the core's table asks of a GPU. */
int32_t lac__cuda_count(char *why, size_t capacity);
lac_status lac__cuda_open(int32_t index, void *stream, struct lac__gpu **out);
void lac__cuda_close(void *gpu);
void *lac__cuda_alloc(void *gpu, size_t bytes, size_t alignment);
void lac__cuda_free(void *gpu, void *pointer, size_t bytes);
lac_status lac__cuda_copy(struct lac__gpu *gpu, void *target, const void *source, size_t bytes,
                          lac__transfer way);
lac_status lac__cuda_synchronize(struct lac__gpu *gpu);
lac_status lac__cuda_describe(int32_t index, lac_device_info *out);
void lac__cuda_trim(struct lac__gpu *gpu);

#endif
