/*
 * conv3d_gather.c - convolution by gather, matrix product and scatter (TorchSparse, Tang et al. 2022).
 *
 * Taps are taken in groups (ops/tap_groups.h): all taps of a group are gathered and multiplied, their chunks
 * in parallel, before the first is scattered; they are scattered tap by tap, ascending. Chunks have a fixed
 * size, so that neither OpenBLAS's rounding nor the order of additions depends on the number of threads.
 */
#include "core/backend.h"
#include "core/blas.h"
#include "core/checked.h"
#include "core/threads.h"
#include "ops/pack.h"
#include "ops/tap_groups.h"
#include "sparse/pair_lists.h"

#include <string.h>

enum { CHUNK = 1024 };

typedef struct job {
    const lac__pair_lists *lists;
    const float *x, *weight;
    int64_t cin, cout, centre;
    float *gathered, *products; /* of a group: [rows][cin] and [rows][cout] */
    float *sums;                /* [output rows][cout] */
} job;

static int64_t pairs_of(const job *j, int64_t tap) {
    return lac__tap_pairs(j->lists, j->centre, tap);
}

static void multiply_chunk(const job *j, int64_t tap, int64_t first, int64_t count, int64_t at) {
    float *in = j->gathered + at * j->cin;
    const float *rows = in;
    if (tap == j->centre)
        rows = j->x + first * j->cin;
    else
        for (int64_t i = 0; i < count; i++)
            memcpy(in + i * j->cin, j->x + j->lists->tap[tap].in[first + i] * j->cin,
                   (size_t)j->cin * sizeof *in);
    lac__sgemm(count, j->cout, j->cin, rows, j->weight + tap * j->cin * j->cout,
               j->products + at * j->cout);
}

static void scatter(const job *j, int64_t tap, int64_t first, int64_t count, int64_t at) {
    for (int64_t i = 0; i < count; i++) {
        const int64_t row = tap == j->centre ? first + i : j->lists->tap[tap].out[first + i];
        const float *from = j->products + (at + i) * j->cout;
        float *to = j->sums + row * j->cout;
        for (int64_t c = 0; c < j->cout; c++) to[c] += from[c];
    }
}

/* A group's chunks lie one after the other in the buffers. */
static lac_status run_group(lac_context *ctx, const job *j, int64_t first, int64_t end) {
    int64_t at = 0;
    for (int64_t k = first; k < end; k++) {
        const int64_t pairs = pairs_of(j, k), chunks = (pairs + CHUNK - 1) / CHUNK;
        /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): num_threads reads it */
        const int team = lac__team(ctx, pairs * j->cin * j->cout / LAC__MACS_PER_ELEMENT);
#pragma omp parallel for num_threads(team) schedule(dynamic, 1)
        for (int64_t c = 0; c < chunks; c++) {
            if (!lac__interrupted(ctx))
                multiply_chunk(j, k, c * CHUNK, lac__min(CHUNK, pairs - c * CHUNK), at + c * CHUNK);
        }
        at += pairs;
    }
    at = 0;
    for (int64_t k = first; k < end; k++) {
        const int64_t pairs = pairs_of(j, k), chunks = (pairs + CHUNK - 1) / CHUNK;
#pragma omp parallel for num_threads(lac__team(ctx, pairs * j->cout)) schedule(static)
        for (int64_t c = 0; c < chunks; c++) /* a tap meets an output row once: no conflict */
            scatter(j, k, c * CHUNK, lac__min(CHUNK, pairs - c * CHUNK), at + c * CHUNK);
        at += pairs;
    }
    return lac__check_interrupt(ctx);
}

static lac_status run_groups(lac_context *ctx, const lac__flow *flow, const job *j) {
    lac_status status = LAC_OK;
    for (int64_t k = 0; k < j->lists->taps && status == LAC_OK;) {
        const int64_t end = lac__tap_group_end(j->lists, j->centre, flow, k);
        status = run_group(ctx, j, k, end);
        k = end;
    }
    return status;
}

lac_status lac_conv3d_gather__cpu(lac_context *ctx, const lac__conv3d_gather_args *args) {
    const lac__packed *w = args->weight;
    lac_tensor *sums = NULL, *gathered = NULL, *products = NULL;
    lac_status status = LAC_OK;
    job j = {.x = lac__data(args->x),
             .weight = lac__data(args->plain),
             .cin = w->cin,
             .cout = w->cout,
             .centre = lac__map_centre(args->map)};
    LAC_TRY(lac__map_lists(ctx, args->map, args->reversed, &j.lists));
    const int64_t rows = lac__tap_group_most(j.lists, j.centre, args->flow);
    const int64_t in_shape[2] = {rows, w->cin}, out_shape[2] = {rows, w->cout};
    LAC_TRY_OUT(lac__tensor_new(ctx, LAC_DTYPE_F32, 2, in_shape, &gathered));
    LAC_TRY_OUT(lac__tensor_new(ctx, LAC_DTYPE_F32, 2, out_shape, &products));
    LAC_TRY_OUT(lac__tensor_new(ctx, LAC_DTYPE_F32, 2, args->out->shape, &sums));
    j.gathered = lac__data(gathered);
    j.products = lac__data(products);
    j.sums = lac__data(sums);
    const int64_t count = lac_tensor_numel(sums);
    if (count > 0) memset(j.sums, 0, (size_t)count * sizeof(float));
    if (count > 0) {
        LAC_TRY_OUT(lac__blas_begin("conv3d", 1));
        status = run_groups(ctx, args->flow, &j);
        lac__blas_end();
    }
    if (status == LAC_OK) {
        const lac__epilogue_args finish = {
            .source = sums, .epilogue = args->epilogue, .out = args->out};
        status = ctx->cpu.backend->epilogue(ctx, &finish);
    }
out:
    lac_tensor_release(products);
    lac_tensor_release(gathered);
    lac_tensor_release(sums);
    return status;
}
