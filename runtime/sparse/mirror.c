/*
 * mirror.c - see mirror.h.
 */
#include "sparse/mirror.h"

#include "core/checked.h"
#include "core/threads.h"

#include <omp.h>
#include <string.h>

/* Writes the pairs (in, out) of a list to (to_in, to_out), sorted by out. Each input takes the seat of its
 * output row; `taken` has a bit for every seat, all 0, and is left so. The target may be the source. */
static void sort_pairs(const int32_t *in, const int32_t *out, int64_t count, int64_t words,
                       int32_t *seat, uint64_t *taken, int32_t *to_in, int32_t *to_out) {
    for (int64_t i = 0; i < count; i++) {
        seat[out[i]] = in[i];
        taken[out[i] >> 6] |= (uint64_t)1 << (out[i] & 63);
    }
    for (int64_t w = 0; w < words; w++) {
        for (uint64_t bits = taken[w]; bits != 0; bits &= bits - 1) {
            const int64_t row = w << 6 | __builtin_ctzll(bits);
            *to_in++ = seat[row];
            *to_out++ = (int32_t)row;
        }
        taken[w] = 0;
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
    const int64_t words = (rows + 63) / 64;
    lac__block taken = {0}, seats = {0};
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)(threads * words) * sizeof(uint64_t), &taken));
    const lac_status status =
        lac__pool_alloc(ctx->pool, (size_t)(threads * rows) * sizeof(int32_t), &seats);
    if (status == LAC_OK && words > 0)
        memset(taken.data, 0, (size_t)(threads * words) * sizeof(uint64_t));
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1) if (status == LAC_OK)
    for (int64_t k = 0; k < (status == LAC_OK ? count : 0); k++) {
        const sort_job *j = &jobs[k];
        const int me = omp_get_thread_num();
        if (j->count > 0)
            sort_pairs(j->in, j->out, j->count, words, (int32_t *)seats.data + me * rows,
                       (uint64_t *)taken.data + me * words, j->to_in, j->to_out);
    }
    lac__pool_free(ctx->pool, &seats);
    lac__pool_free(ctx->pool, &taken);
    return status;
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
