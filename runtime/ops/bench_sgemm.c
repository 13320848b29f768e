/*
 * bench_sgemm.c - the yardstick: OpenBLAS's sgemm in this process. OpenBLAS is looked up when first asked
 * for; its thread count is a process global, set here under a lock.
 */
#include "core/context.h"

#include <dlfcn.h>
#include <pthread.h>
#include <time.h>

typedef void (*sgemm_function)(int order, int trans_a, int trans_b, int m, int n, int k,
                               float alpha, const float *a, int lda, const float *b, int ldb,
                               float beta, float *c, int ldc);
typedef void (*threads_function)(int threads);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sgemm_function sgemm;
static threads_function set_threads;

static bool find_openblas(void) {
    if (sgemm != NULL) return true;
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return false;
    *(void **)&set_threads = dlsym(library, "openblas_set_num_threads");
    *(void **)&sgemm = dlsym(library, "cblas_sgemm");
    return sgemm != NULL;
}

static double run(int n, int repeats, float *a) {
    enum { ROW_MAJOR = 101, NO_TRANS = 111 };
    float *b = a + (size_t)n * (size_t)n, *c = b + (size_t)n * (size_t)n;
    for (int64_t i = 0; i < (int64_t)n * n * 3; i++) a[i] = (float)(i % 17) * 0.0625f;
    double best = 1e30;
    for (int r = 0; r <= repeats; r++) { /* one more to warm up */
        const double start = lac_clock();
        sgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, n, n, n, 1.0f, a, n, b, n, 0.0f, c, n);
        const double seconds = lac_clock() - start;
        if (r > 0 && seconds < best) best = seconds;
    }
    /* OpenBLAS's workers spin for a while after a call; whatever is timed next shall not share cores with them. */
    const struct timespec pause = {.tv_nsec = 100000000};
    (void)nanosleep(&pause, NULL);
    return 2.0 * n * (double)n * n / best * 1e-9;
}

lac_status lac_bench_sgemm(lac_context *ctx, int64_t n, int32_t repeats, double *gflops) {
    if (n < 1 || n > 8192 || repeats < 1)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "bench_sgemm: n %lld, repeats %d, expected 1 to 8192 and at least 1",
                         (long long)n, repeats);
    lac__block memory = {0};
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)(3 * n * n) * sizeof(float), &memory));
    lac_status status = LAC_OK;
    (void)pthread_mutex_lock(&lock);
    if (find_openblas()) {
        if (set_threads != NULL) set_threads(ctx->threads);
        *gflops = run((int)n, repeats, memory.data);
    } else {
        status = lac__fail(LAC_ERR_UNSUPPORTED, "bench_sgemm: libopenblas.so.0 is not installed");
    }
    (void)pthread_mutex_unlock(&lock);
    lac__pool_free(ctx->pool, &memory);
    return status;
}
