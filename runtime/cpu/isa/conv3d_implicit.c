/*
 * conv3d_implicit.c - convolution as implicit GEMM, stationary on tiles of output rows: in order, or sorted
 * by tap mask so that a tile's rows share their taps. With several splits each part of the taps has an
 * order of its own, and the partial sums are added in the order of the parts.
 */
#include "core/checked.h"
#include "core/threads.h"
#include "cpu/isa/isa.h"
#include "ops/pack.h"
#include "sparse/neighbours.h"
#include "sparse/pair_lists.h"

#include <omp.h>
#include <string.h>

enum { TILES_PER_TASK = 16 };

typedef struct job {
    const lac__conv3d_args *args;
    const lac__neighbours *neighbours;
    const int32_t *order; /* of this split, NULL: rows in order */
    const float *zeros;
    float *sums;         /* [rows][cout] with several splits, else NULL */
    int64_t first, last; /* taps of this split */
    int64_t centre;
    bool add; /* not the first split */
} job;

/* Memory of one thread: the taps that a tile needs and the input rows of each. */
typedef struct scratch {
    int32_t *taps, *in;
} scratch;

static int64_t row_at(const job *j, int64_t position) {
    return j->order != NULL ? j->order[position] : position;
}

/* Adds tap k to the tile's list if one of its rows has it. */
static int64_t add_tap(const job *j, int64_t k, int64_t position, int64_t rows, scratch *s,
                       int64_t count) {
    const int32_t *table = j->neighbours->table + k * j->neighbours->rows;
    int32_t *in = s->in + count * LAC__TILE_ROWS;
    bool any = false;
    for (int64_t r = 0; r < rows; r++) {
        in[r] = table[row_at(j, position + r)];
        any = any || in[r] >= 0;
    }
    s->taps[count] = (int32_t)k;
    return count + any;
}

static void store(const job *j, int64_t position, int64_t rows, int64_t column, int64_t columns,
                  const float *values) {
    const int64_t cout = j->args->weight->cout;
    if (j->sums == NULL) {
        lac__finish finish;
        lac__finish_begin(&finish, j->args->epilogue, column, j->args->out);
        lac__finish_rows(&finish, values, rows, position,
                         j->order != NULL ? j->order + position : NULL);
        return;
    }
    for (int64_t r = 0; r < rows; r++) {
        const int64_t row = row_at(j, position + r);
        const float *from = values + r * LAC__PANEL;
        float *to = j->sums + row * cout + column;
        for (int64_t c = 0; c < columns; c++) to[c] = j->add ? to[c] + from[c] : from[c];
    }
}

static void run_tile(const job *j, int64_t position, int64_t rows, scratch *s) {
    float values[LAC__TILE_ROWS * LAC__PANEL] __attribute__((aligned(64)));
    const lac__packed *w = j->args->weight;
    int64_t count = 0;
    for (int64_t k = j->first; k < j->last; k++) {
        if (k != j->centre) count = add_tap(j, k, position, rows, s, count);
    }
    if (j->centre >= j->first && j->centre < j->last)
        count = add_tap(j, j->centre, position, rows, s, count);
    for (int64_t column = 0; column < w->cout; column += LAC__PANEL) {
        const lac__implicit tile = {.cin = w->cin,
                                    .count = count,
                                    .taps = s->taps,
                                    .in = s->in,
                                    .x = lac__data(j->args->x),
                                    .zeros = j->zeros,
                                    .panel = (const float *)w->data + column * w->taps * w->cin,
                                    .out = values};
        lac__implicit_kernels[rows](&tile);
        store(j, position, rows, column, lac__min(LAC__PANEL, w->cout - column), values);
    }
}

static lac_status run_split(lac_context *ctx, const job *j) {
    const int64_t rows = j->neighbours->rows, task = (int64_t)TILES_PER_TASK * LAC__TILE_ROWS;
    const int64_t tasks = (rows + task - 1) / task;
    const lac__packed *w = j->args->weight;
    const int64_t macs = rows * (j->last - j->first) * w->cin * w->cout;
    const int team = lac__team(ctx, macs / LAC__MACS_PER_ELEMENT);
    const int64_t taps = j->last - j->first + 1, threads = lac__max(1, lac__min(team, tasks));
    const int64_t size = taps * (1 + LAC__TILE_ROWS);
    lac__block memory = {0};
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)(threads * size) * sizeof(int32_t), &memory));
#pragma omp parallel num_threads((int)threads)
    {
        int32_t *mine = (int32_t *)memory.data + omp_get_thread_num() * size;
        scratch s = {.taps = mine, .in = mine + taps};
#pragma omp for schedule(dynamic, 1)
        for (int64_t t = 0; t < tasks; t++) {
            const int64_t end = lac__min(rows, (t + 1) * task);
            for (int64_t p = t * task; p < end && !lac__interrupted(ctx); p += LAC__TILE_ROWS)
                run_tile(j, p, lac__min(LAC__TILE_ROWS, end - p), &s);
        }
        lac__finish_end();
    }
    lac__pool_free(ctx->pool, &memory);
    return lac__check_interrupt(ctx);
}

lac_status LAC__ISA_NAME(conv3d_implicit)(lac_context *ctx, const lac__conv3d_args *args) {
    const lac__packed *w = args->weight;
    const int splits = args->flow->splits;
    job j = {.args = args, .centre = lac__map_centre(args->map)};
    const int32_t *orders = NULL;
    lac__block zeros = {0};
    lac_tensor *sums = NULL;
    lac_status status = LAC_OK;
    LAC_TRY(lac__map_neighbours(ctx, args->map, args->reversed, &j.neighbours));
    if (args->flow->sorted)
        LAC_TRY(lac__map_orders(ctx, args->map, args->reversed, splits, &orders));
    LAC_TRY_OUT(lac__pool_alloc(ctx->pool, (size_t)w->cin * sizeof(float), &zeros));
    if (w->cin > 0) memset(zeros.data, 0, (size_t)w->cin * sizeof(float));
    j.zeros = zeros.data;
    if (splits > 1) {
        LAC_TRY_OUT(lac__tensor_new(ctx, LAC_DTYPE_F32, 2, args->out->shape, &sums));
        j.sums = lac__data(sums);
    }
    for (int s = 0; s < splits; s++) {
        j.first = lac__split_start(w->taps, splits, s);
        j.last = lac__split_start(w->taps, splits, s + 1);
        j.order = orders != NULL ? orders + s * j.neighbours->rows : NULL;
        j.add = s > 0;
        LAC_TRY_OUT(run_split(ctx, &j));
    }
    if (sums != NULL) {
        const lac__epilogue_args finish = {
            .source = sums, .epilogue = args->epilogue, .out = args->out};
        status = LAC__ISA_NAME(epilogue)(ctx, &finish);
    }
out:
    lac_tensor_release(sums);
    lac__pool_free(ctx->pool, &zeros);
    return status;
}
