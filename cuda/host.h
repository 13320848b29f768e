/*
 * host.h - the C side of the CUDA backend: services of liblacuna under the names that the core uses, and
 * what every slot does first and last.
 *
 * A slot is `lac_status lac_<op>__cuda(lac_context *ctx, const lac__<op>_args *args)`: inputs are computed
 * tensors of one device, outputs are allocated. It takes scratch memory from the device's pool, calls launchers
 * and ends with lac__gpu_check. Memory given back to the pool is reused in stream order, so scratch is freed
 * right after the launch.
 */
#ifndef LAC_CUDA_HOST_H
#define LAC_CUDA_HOST_H

#include "core/backend.h"
#include "core/device.h"
#include "launch.h"
#include "sparse/device_maps.h"

/** The GPU of a device, made the calling thread's current one. */
lac__gpu *lac__gpu_enter(lac__device *device);
/** The same of the device that holds `t`. */
lac__gpu *lac__gpu_of(const lac_tensor *t);
/** A view of `t` as launchers take it. */
lac__view lac__view_of(const lac_tensor *t);
/** The failure of an earlier launch, if there was one, as a status that names the kernel. */
lac_status lac__gpu_check(lac__gpu *gpu);
/** Scratch memory on the device of `t`; given back with lac__pool_free(lac__device_of(t)->pool, block). */
lac_status lac__scratch(const lac_tensor *t, size_t bytes, lac__block *out);
/** Copies to host memory and waits for the stream. */
lac_status lac__gpu_read(lac__gpu *gpu, void *host, const void *device, size_t bytes);
/** Copies from host memory, which may be reused at once. */
lac_status lac__gpu_write(lac__gpu *gpu, void *device, const void *host, size_t bytes);
/** Sets bytes. */
lac_status lac__gpu_set(lac__gpu *gpu, void *device, int value, size_t bytes);

/* Of liblacuna, with the same meaning as there: lac__fail, lac__pool_alloc, lac__pool_free,
 * lac__check_interrupt, lac__object_alloc, lac__object_free, lac__tensor_new_on, lac_tensor_release,
 * lac_tensor_retain, lac_tensor_numel, lac_tensor_is_contiguous, lac_dtype_size, lac_dtype_name,
 * lac_coords_count, lac__map_neighbours, lac__map_orders, lac__map_lists, lac_clock. */
#endif
