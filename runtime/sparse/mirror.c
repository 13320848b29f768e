/*
 * mirror.c - see mirror.h.
 */
#include "sparse/mirror.h"

#include "core/checked.h"
#include "core/threads.h"

#include <omp.h>
#include <string.h>

/* Writes the pairs (in, out) of a list to (to_in, to_out), sorted by out; `seat` has a place for every
 * output row, all -1, and is left so. The target may be the source. */
static void sort_pairs(const int32_t *in, const int32_t *out, int64_t count, int64_t rows,
                       int32_t *seat, int32_t *to_in, int32_t *to_out) {
    for (int64_t i = 0; i < count; i++) seat[out[i]] = in[i];
    int64_t n = 0;
    for (int64_t row = 0; row < rows && n < count; row++) {
        if (seat[row] < 0) continue;
        to_in[n] = seat[row];
        to_out[n++] = (int32_t)row;
        seat[row] = -1;
    }
}

typedef struct sort_job {
    const int32_t *in, *out;
    int64_t count;
    int32_t *to_in, *to_out;
} sort_job;

static lac_status sort_all(lac_context *ctx, const sort_job *jobs, int64_t count, int64_t rows) {
    const int team = lac__team(ctx, count * rows);
    const int threads = (int)lac__max(1, lac__min(lac__min(team, 64), count));
    lac__block seats = {0};
    const size_t bytes = (size_t)(threads * rows) * sizeof(int32_t);
    LAC_TRY(lac__pool_alloc(ctx->pool, bytes, &seats));
    if (bytes > 0) memset(seats.data, -1, bytes);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t k = 0; k < count; k++) {
        const sort_job *j = &jobs[k];
        int32_t *seat = (int32_t *)seats.data + omp_get_thread_num() * rows;
        if (j->count > 0) sort_pairs(j->in, j->out, j->count, rows, seat, j->to_in, j->to_out);
    }
    lac__pool_free(ctx->pool, &seats);
    return LAC_OK;
}

lac_status lac__sort_taps(lac_context *ctx, lac__tap *tap, int64_t taps, int64_t rows) {
    lac__block memory = {0};
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)taps * sizeof(sort_job), &memory));
    sort_job *jobs = memory.data;
    for (int64_t k = 0; k < taps; k++)
        jobs[k] = (sort_job){tap[k].in, tap[k].out, tap[k].count, (int32_t *)(uintptr_t)tap[k].in,
                             (int32_t *)(uintptr_t)tap[k].out};
    const lac_status status = sort_all(ctx, jobs, taps, rows);
    lac__pool_free(ctx->pool, &memory);
    return status;
}

/* Whether tap k of an odd kernel lies above the centre, axis 0 first. Its row in the weight counts axis 0
 * fastest, so these are not the taps behind the centre one. */
static bool above_centre(const int32_t kernel[3], int64_t k) {
    const int64_t offset[3] = {k % kernel[0] - kernel[0] / 2,
                               k / kernel[0] % kernel[1] - kernel[1] / 2,
                               k / kernel[0] / kernel[1] - kernel[2] / 2};
    for (int i = 0; i < 3; i++) {
        if (offset[i] != 0) return offset[i] > 0;
    }
    return false;
}

/* Exchanges all taps (`kernel` NULL), or those above the centre onto their mirror images. */
static lac_status exchange(lac_context *ctx, const lac__tap *source, lac__tap *target, int64_t taps,
                           const int32_t *kernel, int64_t rows, lac__block *owned) {
    int64_t total = 0, used = 0;
    for (int64_t k = 0; k < taps; k++)
        total += kernel == NULL || above_centre(kernel, k) ? source[k].count : 0;
    lac__block memory = {0};
    int32_t *next = NULL;
    if (owned != NULL) {
        LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)total * 2 * sizeof(int32_t), owned));
        LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)taps * sizeof(sort_job), &memory));
        next = owned->data;
    }
    sort_job *jobs = memory.data;
    for (int64_t k = 0; k < taps; k++) {
        if (kernel != NULL && !above_centre(kernel, k)) continue;
        const lac__tap from = source[k];
        lac__tap *to = &target[kernel != NULL ? taps - 1 - k : k];
        if (owned == NULL) {
            *to = (lac__tap){.in = from.out, .out = from.in, .count = from.count};
            continue;
        }
        jobs[used++] = (sort_job){from.out, from.in, from.count, next, next + from.count};
        *to = (lac__tap){.in = next, .out = next + from.count, .count = from.count};
        next += 2 * from.count;
    }
    const lac_status status = owned != NULL ? sort_all(ctx, jobs, used, rows) : LAC_OK;
    lac__pool_free(ctx->pool, &memory);
    return status;
}

lac_status lac__mirror_taps(lac_context *ctx, lac__tap *tap, const int32_t kernel[3], int64_t rows,
                            lac__block *owned) {
    return exchange(ctx, tap, tap, (int64_t)kernel[0] * kernel[1] * kernel[2], kernel, rows, owned);
}

lac_status lac__exchange_taps(lac_context *ctx, const lac__tap *source, lac__tap *target,
                              int64_t taps, int64_t rows, lac__block *owned) {
    return exchange(ctx, source, target, taps, NULL, rows, owned);
}
