/*
 * blas.h - OpenBLAS's sgemm, looked up when it is first asked for. OpenBLAS has one thread count for the
 * whole process, so a user of it holds the lock, with the count that it wants, until it is done.
 */
#ifndef LAC_CORE_BLAS_H
#define LAC_CORE_BLAS_H

#include "core/status.h"

#include <stdint.h>

/** Takes the lock; LAC_ERR_UNSUPPORTED, with the lock free, where no OpenBLAS is installed. */
lac_status lac__blas_begin(const char *op, int threads);
void lac__blas_end(void);
/** c [m,n] = a [m,k] b [k,n], row-major, contiguous. Between begin and end, from any thread. */
void lac__sgemm(int64_t m, int64_t n, int64_t k, const float *a, const float *b, float *c);

#endif
