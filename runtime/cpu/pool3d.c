/*
 * pool3d.c - maximum and mean over pair lists, stationary on blocks of output rows.
 *
 * The order is that of the convolution: taps ascending, the centre tap, where there is one, last. So a
 * mean does not depend on threads or on the rest of the batch.
 */
#include "core/checked.h"
#include "cpu/dense_walk.h"
#include "sparse/pair_lists.h"

#include <math.h>

typedef struct job {
    lac_pool_kind kind;
    const lac__pair_lists *lists;
    const float *x;
    int64_t channels, rows, centre;
    float *out;
} job;

static void fill(float *to, int64_t n, float value) {
    for (int64_t i = 0; i < n; i++) to[i] = value;
}

static void take(const job *j, int64_t in, int64_t out) {
    const float *restrict from = j->x + in * j->channels;
    float *restrict to = j->out + out * j->channels;
    const int64_t n = j->channels;
    /* NOLINTNEXTLINE(bugprone-branch-clone): it sees two loops for simd, not what is in them */
    if (j->kind == LAC_POOL_MEAN) {
#pragma omp simd
        for (int64_t c = 0; c < n; c++) to[c] += from[c];
    } else {
#pragma omp simd
        for (int64_t c = 0; c < n; c++) /* a NaN comes in and is not replaced */
            to[c] = from[c] > to[c] || isnan(from[c]) ? from[c] : to[c];
    }
}

static void finish(const job *j, int64_t row, int32_t inputs) {
    float *to = j->out + row * j->channels;
    if (inputs == 0)
        fill(to, j->channels, 0);
    else if (j->kind == LAC_POOL_MEAN)
        for (int64_t c = 0; c < j->channels; c++) to[c] /= (float)inputs;
}

static void run_block(const job *j, int64_t block) {
    int32_t inputs[LAC__BLOCK_ROWS] = {0};
    const int64_t first = block * LAC__BLOCK_ROWS;
    const int64_t rows = lac__min(LAC__BLOCK_ROWS, j->rows - first);
    fill(j->out + first * j->channels, rows * j->channels,
         j->kind == LAC_POOL_MEAN ? 0 : -INFINITY);
    for (int64_t k = 0; k < j->lists->taps; k++) {
        if (k == j->centre) continue;
        const lac__slice s = lac__pair_slice(j->lists, k, block);
        for (int64_t p = 0; p < s.count; p++) {
            take(j, s.in[p], s.out[p]);
            inputs[s.out[p] - first]++;
        }
    }
    for (int64_t r = 0; r < rows; r++) {
        if (j->centre >= 0) {
            take(j, first + r, first + r);
            inputs[r]++;
        }
        finish(j, first + r, inputs[r]);
    }
}

lac_status lac_pool3d__cpu(lac_context *ctx, const lac__pool3d_args *args) {
    job j = {.kind = args->kind,
             .x = lac__data(args->x),
             .channels = args->x->shape[1],
             .rows = args->out->shape[0],
             .centre = lac__map_centre(args->map),
             .out = lac__data(args->out)};
    LAC_TRY(lac__map_lists(ctx, args->map, false, &j.lists));
    if (j.channels == 0) return LAC_OK;
    const int64_t blocks = j.lists->blocks;
    /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): num_threads reads it */
    const int64_t work = blocks == 0 ? 0 : j.lists->cost[blocks] * j.channels;
#pragma omp parallel for schedule(dynamic, 1) num_threads(lac__team(ctx, work))
    for (int64_t block = 0; block < blocks; block++) {
        if (!lac__interrupted(ctx)) run_block(&j, block);
    }
    return lac__check_interrupt(ctx);
}
