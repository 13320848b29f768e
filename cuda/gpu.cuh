/*
 * gpu.cuh - what every .cu needs: launches, dynamic shared memory, element conversions.
 *
 * The same source is compiled by nvcc for a GPU and by the host compiler for the emulator of
 * spec/simt.
 */
#ifndef LAC_CUDA_GPU_CUH
#define LAC_CUDA_GPU_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include "launch.h"

#include <stddef.h>
#include <stdint.h>

/* A kernel's name without the parentheses that a template kernel is given in: LAC__VANISH eats
 * itself whether it was called or left standing. */
#define LAC__BARE(name) LAC__BARE_1(LAC__PEEL name)
#define LAC__PEEL(...) LAC__PEEL __VA_ARGS__
#define LAC__BARE_1(...) LAC__BARE_2(__VA_ARGS__)
#define LAC__BARE_2(...) LAC__VANISH_##__VA_ARGS__
#define LAC__VANISH_LAC__PEEL
#define LAC__TEXT(...) LAC__TEXT_1(__VA_ARGS__)
#define LAC__TEXT_1(...) #__VA_ARGS__

#ifdef __CUDACC__
#define LAC__START(kernel, grid, block, smem, stream, ...)                                         \
    (kernel<<<grid, block, smem, stream>>>(__VA_ARGS__), cudaGetLastError())
/** Dynamic shared memory of the block as elements of T. */
#define DYN_SMEM(T, name)                                                                          \
    extern __shared__ __align__(1024) unsigned char lac__dynamic_shared[];                         \
    T *name = reinterpret_cast<T *>(lac__dynamic_shared)
#else
#define LAC__START(kernel, grid, block, smem, stream, ...)                                         \
    simt::configure(LAC__TEXT(LAC__BARE(kernel)), kernel, grid, block, smem, stream)(__VA_ARGS__)
#define DYN_SMEM(T, name) T *name = reinterpret_cast<T *>(simt::dynamic_shared)
#endif

static inline void lac__launch_failed(lac__gpu *gpu, cudaError_t error, const char *name) {
    gpu->error = (int32_t)error;
    gpu->kernel = name;
}

/**
 * Queues kernel(...) on gpu->stream; a template kernel stands in parentheses: (k<float, 4>).
 *
 * Nothing happens after an earlier failure or for an empty grid. The first failure leaves its code
 * in gpu->error and the kernel's name in gpu->kernel. `grid` and `block` are a count or a dim3.
 */
#define LAC_LAUNCH(gpu, kernel, grid, block, smem, ...)                                            \
    do {                                                                                           \
        lac__gpu *const lac_gpu_ = (gpu);                                                          \
        const dim3 lac_grid_(grid);                                                                \
        const size_t lac_smem_ = (smem);                                                           \
        if (lac_gpu_->error || !lac_grid_.x || !lac_grid_.y || !lac_grid_.z) break;                \
        cudaError_t lac_error_ = cudaSuccess;                                                      \
        if (lac_smem_ > (48 << 10))                                                                \
            lac_error_ = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, \
                                              (int)lac_smem_);                                     \
        if (!lac_error_)                                                                           \
            lac_error_ = LAC__START(kernel, lac_grid_, block, lac_smem_,                           \
                                    (cudaStream_t)lac_gpu_->stream, __VA_ARGS__);                  \
        if (!lac_error_ && lac_gpu_->sync)                                                         \
            lac_error_ = cudaStreamSynchronize((cudaStream_t)lac_gpu_->stream);                    \
        if (lac_error_) lac__launch_failed(lac_gpu_, lac_error_, LAC__TEXT(LAC__BARE(kernel)));    \
    } while (0)

/* ---- elements: computed in float, stored rounded to nearest even ----------------------------- */

template <class T> __host__ __device__ inline float to_float(T v);
template <class T> __host__ __device__ inline T from_float(float v);

template <> __host__ __device__ inline float to_float<float>(float v) {
    return v;
}
template <> __host__ __device__ inline float to_float<__half>(__half v) {
    return __half2float(v);
}
template <> __host__ __device__ inline float to_float<__nv_bfloat16>(__nv_bfloat16 v) {
    return __bfloat162float(v);
}
template <> __host__ __device__ inline float from_float<float>(float v) {
    return v;
}
template <> __host__ __device__ inline __half from_float<__half>(float v) {
    return __float2half_rn(v);
}
template <> __host__ __device__ inline __nv_bfloat16 from_float<__nv_bfloat16>(float v) {
    return __float2bfloat16_rn(v);
}

#endif
