/*
 * bench_bandwidth.c - the other yardstick: what a triad over memory reaches, after J. McCalpin's STREAM.
 */
#include "core/context.h"
#include "core/pool.h"

static double run(int64_t n, int repeats, int team, float *a) {
    float *b = a + n, *c = b + n;
    /* Each thread touches its own part first, so that its pages lie near it. */
#pragma omp parallel for num_threads(team) schedule(static)
    for (int64_t i = 0; i < n; i++) {
        a[i] = 0.0f;
        b[i] = (float)(i & 15);
        c[i] = 0.5f;
    }
    double best = 1e30;
    for (int r = 0; r <= repeats; r++) { /* one more to warm up */
        const float scale = 0.25f + (float)r;
        const double start = lac_clock();
#pragma omp parallel for num_threads(team) schedule(static)
        for (int64_t i = 0; i < n; i++) a[i] = b[i] + scale * c[i];
        const double seconds = lac_clock() - start;
        if (r > 0 && seconds < best) best = seconds;
    }
    return 3.0 * (double)n * (double)sizeof(float) / best * 1e-9;
}

lac_status lac_bench_bandwidth(lac_context *ctx, int64_t bytes, int32_t repeats, double *gbs) {
    LAC_NEED("bench_bandwidth", ctx, gbs);
    if (bytes < 4096 || bytes > ((int64_t)1 << 32) || repeats < 1)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "bench_bandwidth: %lld bytes, repeats %d, expected 4096 to 4 GiB and at "
                         "least 1",
                         (long long)bytes, repeats);
    const int64_t n = bytes / (3 * (int64_t)sizeof(float));
    lac__block memory = {0};
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)(3 * n) * sizeof(float), &memory));
    *gbs = run(n, repeats, ctx->threads, memory.data);
    lac__pool_free(ctx->pool, &memory);
    return LAC_OK;
}
