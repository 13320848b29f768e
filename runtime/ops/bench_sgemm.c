/*
 * bench_sgemm.c - the yardstick: OpenBLAS's sgemm in this process.
 */
#include "core/blas.h"
#include "core/context.h"

#include <time.h>

static double run(int64_t n, int repeats, float *a) {
    float *b = a + n * n, *c = b + n * n;
    for (int64_t i = 0; i < n * n * 3; i++) a[i] = (float)(i % 17) * 0.0625f;
    double best = 1e30;
    for (int r = 0; r <= repeats; r++) { /* one more to warm up */
        const double start = lac_clock();
        lac__sgemm(n, n, n, a, b, c);
        const double seconds = lac_clock() - start;
        if (r > 0 && seconds < best) best = seconds;
    }
    /* OpenBLAS's workers spin for a while after a call; whatever is timed next shall not share cores
     * with them. */
    const struct timespec pause = {.tv_nsec = 100000000};
    (void)nanosleep(&pause, NULL);
    return 2.0 * (double)n * (double)n * (double)n / best * 1e-9;
}

lac_status lac_bench_sgemm(lac_context *ctx, int64_t n, int32_t repeats, double *gflops) {
    LAC_NEED("bench_sgemm", ctx, gflops);
    if (n < 1 || n > 8192 || repeats < 1)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "bench_sgemm: n %lld, repeats %d, expected 1 to 8192 and at least 1",
                         (long long)n, repeats);
    lac__block memory = {0};
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)(3 * n * n) * sizeof(float), &memory));
    const lac_status status = lac__blas_begin("bench_sgemm", ctx->threads);
    if (status == LAC_OK) {
        *gflops = run(n, repeats, memory.data);
        lac__blas_end();
    }
    lac__pool_free(ctx->pool, &memory);
    return status;
}
