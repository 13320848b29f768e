/*
 * cublas.h - matrix products of cuBLAS, which is opened when it is first needed.
 */
#ifndef LAC_CUDA_CUBLAS_H
#define LAC_CUDA_CUBLAS_H

#include "core/status.h"
#include "launch.h"

#include <stdbool.h>

/**
 * Takes cuBLAS for products on gpu's stream until lac__cublas_end; other threads wait.
 *
 * @param op         for messages
 * @param workspace  device memory that belongs to the stream until the products are done
 * @param tf32       whether float32 may be rounded to it
 * @return LAC_ERR_UNSUPPORTED where there is no cuBLAS; nothing is taken then, as on any failure
 */
lac_status lac__cublas_begin(const char *op, lac__gpu *gpu, void *workspace, size_t bytes,
                             bool tf32);
/** out float32 [m,n] = a [m,k] times b [k,n], both of `dtype`: float32, float16 or bfloat16. */
lac_status lac__cublas_multiply(const char *op, int32_t dtype, int64_t m, int64_t n, int64_t k,
                                const void *a, const void *b, float *out);
void lac__cublas_end(void);

#endif
