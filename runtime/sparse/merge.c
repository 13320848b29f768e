/*
 * merge.c - the pairs of a kernel map, column by column (merge.h).
 *
 * Threads own ranges of output positions and write into buffers of their own; ranges are then joined in
 * order, so that the lists do not depend on the number of threads. Where every kernel size is odd and the
 * stride 1, taps above the centre are found and the ones below are their mirror image.
 */
#include "core/checked.h"
#include "sparse/family.h"
#include "sparse/mirror.h"

#include <omp.h>
#include <string.h>

enum { COLUMN_TAPS = 16, MIN_PER_THREAD = 1 << 11 };

typedef struct column {
    const lac__index *in, *out;
    const int32_t *out_rows;
    const lac__site *site;
    int64_t j[3];      /* the first tap */
    int64_t taps;      /* along axis 2 */
    int64_t offset[3]; /* input minus stride * output at the first tap */
    bool near;         /* see column_near */
} column;

/* One thread's pairs of a column, as index positions. */
typedef struct emitter {
    int64_t capacity;
    int32_t *pairs; /* [taps][capacity] inputs and as many outputs */
    int64_t count[COLUMN_TAPS];
} emitter;

static inline void put(emitter *e, int64_t tap, int32_t in, int32_t out) {
    int32_t *slot = e->pairs + 2 * (tap * e->capacity + e->count[tap]++);
    slot[0] = in;
    slot[1] = out;
}

#define KEY uint64_t
#define PACK lac__pack_narrow
#define NAME(name) narrow_##name
#include "sparse/merge.h"

#define KEY lac__wide_key
#define PACK lac__pack_wide
#define NAME(name) wide_##name
#include "sparse/merge.h"

/* The same where output and input are one set and the column is within the keys' margin: the reached
 * cell's key is the output's key plus a constant. */
static void column_near(const column *c, int64_t begin, int64_t end, emitter *e) {
    const lac__index *in = c->in;
    const lac__packing *p = &in->packing;
    const uint64_t *keys = in->keys.data;
    const uint64_t origin = lac__pack_narrow(p, p->low[0], p->low[1], p->low[2], p->low[3]);
    const uint64_t delta = lac__pack_narrow(p, p->low[0], p->low[1] + c->offset[0],
                                            p->low[2] + c->offset[1], p->low[3] + c->offset[2]) -
                           origin;
    const int64_t count = in->count;
    const uint64_t span = (uint64_t)(c->taps - 1);
    int64_t at = narrow_lower_bound(keys, count, keys[begin] + delta);
    for (int64_t i = begin; i < end; i++) {
        const uint64_t first = keys[i] + delta;
        while (at < count && keys[at] < first) at++;
        for (int64_t q = at; q < count && keys[q] - first <= span; q++)
            put(e, (int64_t)(keys[q] - first), (int32_t)q, (int32_t)i);
    }
}

static void run_range(const column *c, int64_t begin, int64_t end, emitter *e) {
    if (begin >= end || c->in->count == 0) return;
    if (c->near)
        column_near(c, begin, end, e);
    else if (c->in->packing.wide)
        wide_column_general(c, begin, end, e);
    else
        narrow_column_general(c, begin, end, e);
}

/* Joins the threads' pairs of one tap, positions turned into rows. */
static void join(const column *c, const emitter *e, int threads, int64_t tap, int32_t *in,
                 int32_t *out) {
    const int32_t *in_order = lac__index_order(c->in), *out_order = lac__index_order(c->out);
    for (int t = 0; t < threads; t++) {
        const int32_t *pair = e[t].pairs + 2 * tap * e[t].capacity;
        for (int64_t i = 0; i < e[t].count[tap]; i++, pair += 2) {
            *in++ = in_order != NULL ? in_order[pair[0]] : pair[0];
            *out++ = out_order != NULL ? out_order[pair[1]] : pair[1];
        }
    }
}

enum { MAX_THREADS = 64 };

static lac_status build_column(lac_context *ctx, lac_kernel_map *map, const column *c) {
    const int64_t rows = c->out->count;
    const int threads =
        (int)lac__max(1, lac__min(lac__min(ctx->threads, MAX_THREADS), rows / MIN_PER_THREAD));
    const int64_t range = (rows + threads - 1) / threads;
    lac__block buffer = {0};
    emitter emitters[MAX_THREADS];
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)(threads * c->taps * range) * 2 * sizeof(int32_t),
                            &buffer));
    for (int t = 0; t < threads; t++)
        emitters[t] =
            (emitter){.capacity = range, .pairs = (int32_t *)buffer.data + 2 * t * c->taps * range};
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++)
        run_range(c, t * range, lac__min(rows, (t + 1) * range), &emitters[t]);

    int64_t count[COLUMN_TAPS] = {0}, total = 0;
    for (int64_t k = 0; k < c->taps; k++) {
        for (int t = 0; t < threads; t++) count[k] += emitters[t].count[k];
        total += count[k];
    }
    lac__block *pairs = &map->columns[map->column_count++];
    const lac_status status =
        lac__pool_alloc(ctx->pool, (size_t)total * 2 * sizeof(int32_t), pairs);
    if (status == LAC_OK) {
        int32_t *next = pairs->data;
        for (int64_t k = 0; k < c->taps; k++) {
            lac__tap *tap = &map->tap[lac__site_tap(c->site, c->j[0], c->j[1], c->j[2] + k)];
            *tap = (lac__tap){.in = next, .out = next + count[k], .count = count[k]};
            next += 2 * count[k];
        }
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
        for (int64_t k = 0; k < c->taps; k++) {
            const lac__tap *tap = &map->tap[lac__site_tap(c->site, c->j[0], c->j[1], c->j[2] + k)];
            join(c, emitters, threads, k,
                 (int32_t *)pairs->data + (tap->in - (int32_t *)pairs->data),
                 (int32_t *)pairs->data + (tap->out - (int32_t *)pairs->data));
        }
    }
    lac__pool_free(ctx->pool, &buffer);
    return status;
}

static bool is_near(const lac_kernel_map *map, const column *c) {
    if (map->in != map->out || c->in->packing.wide || map->site.dilation[2] != 1) return false;
    for (int i = 0; i < 3; i++) {
        if (map->site.stride[i] != 1 || c->offset[i] < -LAC__KEY_MARGIN ||
            c->offset[i] > LAC__KEY_MARGIN)
            return false;
    }
    return c->offset[2] + c->taps - 1 <= LAC__KEY_MARGIN;
}

/* All columns, or for symmetric maps those above the centre. */
static lac_status build_columns(lac_context *ctx, lac_kernel_map *map, bool symmetric) {
    const lac__site *s = &map->site;
    const int64_t c0 = s->kernel[0] / 2, c1 = s->kernel[1] / 2, c2 = s->kernel[2] / 2;
    for (int64_t j0 = symmetric ? c0 : 0; j0 < s->kernel[0]; j0++) {
        for (int64_t j1 = symmetric && j0 == c0 ? c1 : 0; j1 < s->kernel[1]; j1++) {
            const bool centre = symmetric && j0 == c0 && j1 == c1;
            for (int64_t j2 = centre ? c2 + 1 : 0; j2 < s->kernel[2]; j2 += COLUMN_TAPS) {
                LAC_TRY(lac__check_interrupt(ctx));
                column c = {.in = &map->in->index,
                            .out = &map->out->index,
                            .out_rows = lac__rows(map->out),
                            .site = s,
                            .j = {j0, j1, j2},
                            .taps = lac__min(COLUMN_TAPS, s->kernel[2] - j2)};
                for (int i = 0; i < 3; i++) c.offset[i] = s->anchor[i] + s->dilation[i] * c.j[i];
                c.near = is_near(map, &c);
                LAC_TRY(build_column(ctx, map, &c));
            }
        }
    }
    return LAC_OK;
}

lac_status lac__map_build_pairs(lac_context *ctx, lac_kernel_map *map) {
    const lac__site *s = &map->site;
    const bool symmetric =
        s->kind == LAC__SUBMANIFOLD && (s->kernel[0] & s->kernel[1] & s->kernel[2] & 1) != 0;
    const int64_t columns =
        (int64_t)s->kernel[0] * s->kernel[1] * ((s->kernel[2] + COLUMN_TAPS - 1) / COLUMN_TAPS) + 2;
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)map->taps * sizeof(lac__tap), &map->tap_block));
    map->tap = memset(map->tap_block.data, 0, (size_t)map->taps * sizeof(lac__tap));
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)columns * sizeof(lac__block), &map->columns_block));
    map->columns = memset(map->columns_block.data, 0, (size_t)columns * sizeof(lac__block));
    map->centre = symmetric ? map->taps / 2 : -1;
    LAC_TRY(build_columns(ctx, map, symmetric));
    const bool sorted_out = lac__index_order(&map->out->index) == NULL;
    map->monotone = sorted_out && lac__index_order(&map->in->index) == NULL;
    if (!sorted_out) LAC_TRY(lac__sort_taps(ctx, map->tap, map->taps, lac_coords_count(map->out)));
    if (symmetric) {
        lac__block *owned = map->monotone ? NULL : &map->columns[map->column_count++];
        LAC_TRY(lac__mirror_taps(ctx, map->tap, s->kernel, lac_coords_count(map->out), owned));
    }
    map->pairs = map->centre >= 0 ? lac_coords_count(map->out) : 0;
    for (int64_t k = 0; k < map->taps; k++) map->pairs += map->tap[k].count;
    return LAC_OK;
}
