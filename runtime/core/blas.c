/*
 * blas.c - see blas.h.
 */
#include "core/blas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

typedef void (*sgemm_function)(int order, int trans_a, int trans_b, int m, int n, int k,
                               float alpha, const float *a, int lda, const float *b, int ldb,
                               float beta, float *c, int ldc);
typedef void (*threads_function)(int threads);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sgemm_function sgemm;
static threads_function set_threads;

static void find_openblas(void) {
    if (sgemm != NULL) return;
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return;
    *(void **)&set_threads = dlsym(library, "openblas_set_num_threads");
    *(void **)&sgemm = dlsym(library, "cblas_sgemm");
}

lac_status lac__blas_begin(const char *op, int threads) {
    (void)pthread_mutex_lock(&lock);
    find_openblas();
    if (sgemm == NULL) {
        (void)pthread_mutex_unlock(&lock);
        return lac__fail(LAC_ERR_UNSUPPORTED, "%s: libopenblas.so.0 is not installed", op);
    }
    if (set_threads != NULL) set_threads(threads);
    return LAC_OK;
}

void lac__blas_end(void) {
    (void)pthread_mutex_unlock(&lock);
}

void lac__sgemm(int64_t m, int64_t n, int64_t k, const float *a, const float *b, float *c) {
    enum { ROW_MAJOR = 101, NO_TRANS = 111 };
    if (m == 0 || n == 0) return;
    if (k == 0) {
        memset(c, 0, (size_t)(m * n) * sizeof *c);
        return;
    }
    sgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, (int)m, (int)n, (int)k, 1.0f, a, (int)k, b, (int)n, 0.0f,
          c, (int)n);
}
