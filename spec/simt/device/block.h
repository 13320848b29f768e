/*
 * block.h - qualifiers, shared memory, barriers and fences.
 */
#ifndef SIMT_DEVICE_BLOCK_H
#define SIMT_DEVICE_BLOCK_H

#include "../simt.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __restrict__ __restrict
/* One block at a time and one OS thread: a static is a block's own. */
#define __shared__ static

#define __syncthreads() simt::barrier(__FILE__, __LINE__)
#define __syncthreads_count(predicate) simt::barrier_count(!!(predicate), __FILE__, __LINE__)
#define __syncthreads_or(predicate) (simt::barrier_count(!!(predicate), __FILE__, __LINE__) != 0)
#define __syncthreads_and(predicate) (simt::barrier_count(!(predicate), __FILE__, __LINE__) == 0)

/* Memory is sequentially consistent here; only the race checker wants to know of fences. */
inline void __threadfence() {
    simt::fence();
}
inline void __threadfence_block() {}
inline void __threadfence_system() {
    __threadfence();
}
inline void __nanosleep(unsigned) {
    simt::scheduling_point();
}
[[noreturn]] inline void __trap() {
    simt::die("__trap()");
}

/* A count of switches stands in for the clock: it grows, and it is the same in every run. */
inline long long clock64() {
    return (long long)simt::ticks();
}

#endif
