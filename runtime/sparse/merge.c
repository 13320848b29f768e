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

enum { GROUP_TAPS = 16, MIN_PER_THREAD = 1 << 11 };

typedef struct column {
    const lac__index *in, *out;
    const int32_t *out_rows;
    const lac__site *site;
    int64_t j[3];      /* the first tap */
    int64_t taps;      /* along axis 2 */
    int64_t offset[3]; /* input minus stride * output at the first tap */
    int64_t slot;      /* of the first tap in the emitters of its group */
    bool near;         /* see is_near */
} column;

/* Columns that are walked in one parallel region. */
typedef struct group {
    int64_t columns, taps;
    column column[GROUP_TAPS];
} group;

/* One thread's pairs of a group, as index positions: input in the low half, output in the high one. */
typedef struct emitter {
    int64_t capacity;
    uint64_t *pairs; /* [taps][capacity] */
    int64_t count[GROUP_TAPS];
} emitter;

static inline uint64_t pair_of(int64_t in, int64_t out) {
    return (uint64_t)in | (uint64_t)out << 32;
}

static inline void put(emitter *e, int64_t slot, int64_t in, int64_t out) {
    e->pairs[slot * e->capacity + e->count[slot]++] = pair_of(in, out);
}

#define KEY uint64_t
#define PACK lac__pack_narrow
#define NAME(name) narrow_##name
#include "sparse/merge.h"

#define KEY lac__wide_key
#define PACK lac__pack_wide
#define NAME(name) wide_##name
#include "sparse/merge.h"

/* What is added to the key of an output to get the key of the first cell that a near column reaches. */
static uint64_t near_delta(const column *c) {
    const lac__packing *p = &c->in->packing;
    return lac__pack_narrow(p, p->low[0], p->low[1] + c->offset[0], p->low[2] + c->offset[1],
                            p->low[3] + c->offset[2]);
}

/* The first position from `at` on whose key is >= wanted. Mostly few steps, in no pattern that a branch
 * predictor could learn: the first ones are counted instead. Reads up to LAC__KEY_PAD keys further. */
static inline int64_t advance(const uint64_t *keys, int64_t at, uint64_t wanted) {
    at += (keys[at] < wanted) + (keys[at + 1] < wanted) + (keys[at + 2] < wanted);
    while (keys[at] < wanted) at++;
    return at;
}

/* Outputs of a near column: the reached cell's key is the output's key plus a constant. */
static void column_near(const column *c, int64_t begin, int64_t end, emitter *e) {
    const uint64_t *keys = c->in->keys.data;
    const uint64_t delta = near_delta(c), span = (uint64_t)(c->taps - 1);
    int64_t at = narrow_lower_bound(keys, c->in->count, keys[begin] + delta);
    for (int64_t i = begin; i < end; i++) {
        const uint64_t first = keys[i] + delta;
        at = advance(keys, at, first);
        for (int64_t q = at; keys[q] - first <= span; q++)
            put(e, c->slot + (int64_t)(keys[q] - first), q, i);
    }
}

/* The single tap right above a cell itself: the next key, or none. */
static void column_above(const column *c, int64_t begin, int64_t end, emitter *e) {
    const uint64_t *keys = c->in->keys.data;
    uint64_t *pairs = e->pairs + c->slot * e->capacity;
    int64_t n = 0;
    for (int64_t i = begin; i < end; i++) {
        pairs[n] = pair_of(i + 1, i);
        n += keys[i + 1] - keys[i] == 1;
    }
    e->count[c->slot] = n;
}

/* A near column of three taps on its way through the keys. */
typedef struct walk {
    uint64_t delta;
    int64_t at, n0, n1, n2;
    uint64_t *p0, *p1, *p2;
} walk;

static inline walk walk_from(const column *c, int64_t begin, const emitter *e) {
    const uint64_t *keys = c->in->keys.data;
    walk w = {.delta = near_delta(c), .p0 = e->pairs + c->slot * e->capacity};
    w.p1 = w.p0 + e->capacity;
    w.p2 = w.p1 + e->capacity;
    w.at = narrow_lower_bound(keys, c->in->count, keys[begin] + w.delta);
    return w;
}

/* Every tap's pair is written, and kept where it is one: no branches. The cells wanted are among the next
 * three keys, which ascend. */
static inline void take_three(walk *w, const uint64_t *keys, int64_t i) {
    const uint64_t first = keys[i] + w->delta, pair = pair_of(w->at, i);
    const uint64_t a = keys[w->at] - first, b = keys[w->at + 1] - first,
                   c = keys[w->at + 2] - first;
    w->p0[w->n0] = pair;
    w->p1[w->n1] = pair + (a < 1);
    w->p2[w->n2] = pair + (a < 2) + (b < 2);
    w->n0 += a == 0;
    w->n1 += (a == 1) | (b == 1);
    w->n2 += (a == 2) | (b == 2) | (c == 2);
}

static inline void walk_end(const walk *w, const column *c, emitter *e) {
    e->count[c->slot] = w->n0;
    e->count[c->slot + 1] = w->n1;
    e->count[c->slot + 2] = w->n2;
}

/* Two near columns of three taps at once: each waits for its own loads, not for the other's. */
static void columns_near_3(const column *c, int64_t begin, int64_t end, emitter *e) {
    const uint64_t *restrict keys = c->in->keys.data;
    walk v = walk_from(&c[0], begin, e), w = walk_from(&c[1], begin, e);
    for (int64_t i = begin; i < end; i++) {
        v.at = advance(keys, v.at, keys[i] + v.delta);
        w.at = advance(keys, w.at, keys[i] + w.delta);
        take_three(&v, keys, i);
        take_three(&w, keys, i);
    }
    walk_end(&v, &c[0], e);
    walk_end(&w, &c[1], e);
}

static bool is_above(const column *c) {
    return c->near && c->taps == 1 && c->offset[0] == 0 && c->offset[1] == 0 && c->offset[2] == 1;
}

/* Outputs begin..end-1 of the columns of a group. */
static void run_range(const group *g, int64_t begin, int64_t end, emitter *e) {
    if (begin >= end || g->column[0].in->count == 0) return;
    for (int64_t i = 0; i < g->columns; i++) {
        const column *c = &g->column[i];
        const bool next = i + 1 < g->columns && c[1].near && c[1].taps == 3;
        if (c->near && c->taps == 3 && next)
            columns_near_3(c, begin, end, e), i++;
        else if (is_above(c))
            column_above(c, begin, end, e);
        else if (c->near)
            column_near(c, begin, end, e);
        else if (c->in->packing.wide)
            wide_column_general(c, begin, end, e);
        else
            narrow_column_general(c, begin, end, e);
    }
}

/* Turns positions into rows. */
static void join(const lac__index *from, const lac__index *to, const uint64_t *pairs, int64_t count,
                 int32_t *in, int32_t *out) {
    const int32_t *in_order = lac__index_order(from), *out_order = lac__index_order(to);
    for (int64_t i = 0; in_order == NULL && i < count; i++) in[i] = (int32_t)(uint32_t)pairs[i];
    for (int64_t i = 0; in_order != NULL && i < count; i++) in[i] = in_order[(uint32_t)pairs[i]];
    for (int64_t i = 0; out_order == NULL && i < count; i++) out[i] = (int32_t)(pairs[i] >> 32);
    for (int64_t i = 0; out_order != NULL && i < count; i++) out[i] = out_order[pairs[i] >> 32];
}

enum { MAX_THREADS = 64 };

/* Memory for the pairs that the emitters found, in the map, and where each tap's begin. */
static lac_status place(lac_context *ctx, lac_kernel_map *map, const group *g, const emitter *e,
                        int threads, int32_t *in[GROUP_TAPS], int32_t *out[GROUP_TAPS]) {
    int64_t count[GROUP_TAPS] = {0}, total = 0;
    for (int64_t k = 0; k < g->taps; k++) {
        for (int t = 0; t < threads; t++) count[k] += e[t].count[k];
        total += count[k];
    }
    lac__block *pairs = &map->columns[map->column_count++];
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)total * 2 * sizeof(int32_t), pairs));
    int32_t *next = pairs->data;
    for (const column *c = g->column; c < g->column + g->columns; c++) {
        for (int64_t k = 0; k < c->taps; k++) {
            const int64_t n = count[c->slot + k];
            in[c->slot + k] = next;
            out[c->slot + k] = next + n;
            map->tap[lac__site_tap(c->site, c->j[0], c->j[1], c->j[2] + k)] =
                (lac__tap){.in = next, .out = next + n, .count = n};
            next += 2 * n;
        }
    }
    return LAC_OK;
}

static lac_status build_group(lac_context *ctx, lac_kernel_map *map, const group *g) {
    const int64_t rows = map->out->index.count;
    const int threads =
        (int)lac__max(1, lac__min(lac__min(ctx->threads, MAX_THREADS), rows / MIN_PER_THREAD));
    const int64_t range = (rows + threads - 1) / threads, capacity = range + 1;
    int32_t *in[GROUP_TAPS], *out[GROUP_TAPS];
    lac__block buffer = {0};
    emitter emitters[MAX_THREADS];
    LAC_TRY(lac__check_interrupt(ctx));
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)(threads * g->taps * capacity) * sizeof(uint64_t),
                            &buffer));
    for (int t = 0; t < threads; t++)
        emitters[t] = (emitter){.capacity = capacity,
                                .pairs = (uint64_t *)buffer.data + t * g->taps * capacity};
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++)
        run_range(g, t * range, lac__min(rows, (t + 1) * range), &emitters[t]);
    const lac_status status = place(ctx, map, g, emitters, threads, in, out);
#pragma omp parallel for num_threads(threads) schedule(static, 1) if (status == LAC_OK)
    for (int t = 0; t < (status == LAC_OK ? threads : 0); t++) {
        for (int64_t k = 0; k < g->taps; k++) {
            int64_t before = 0;
            for (int u = 0; u < t; u++) before += emitters[u].count[k];
            join(&map->in->index, &map->out->index, emitters[t].pairs + k * capacity,
                 emitters[t].count[k], in[k] + before, out[k] + before);
        }
    }
    lac__pool_free(ctx->pool, &buffer);
    return status;
}

/* Whether output and input are one set and the column is within the keys' margin. */
static bool is_near(const lac_kernel_map *map, const column *c) {
    if (map->in != map->out || c->in->packing.wide || map->site.dilation[2] != 1) return false;
    for (int i = 0; i < 3; i++) {
        if (map->site.stride[i] != 1 || c->offset[i] < -LAC__KEY_MARGIN ||
            c->offset[i] > LAC__KEY_MARGIN)
            return false;
    }
    return c->offset[2] + c->taps - 1 <= LAC__KEY_MARGIN;
}

/* Adds a column to the group, which is built first where it has no room. Long columns stand alone, for the
 * sake of the emitters' memory. */
static lac_status add_column(lac_context *ctx, lac_kernel_map *map, group *g, column c) {
    if (g->columns > 0 && (g->taps + c.taps > GROUP_TAPS || c.taps > 3)) {
        LAC_TRY(build_group(ctx, map, g));
        *g = (group){0};
    }
    for (int i = 0; i < 3; i++)
        c.offset[i] = c.site->anchor[i] + (int64_t)c.site->dilation[i] * c.j[i];
    c.near = is_near(map, &c);
    c.slot = g->taps;
    g->taps += c.taps;
    g->column[g->columns++] = c;
    return LAC_OK;
}

/* All columns, or for symmetric maps those above the centre. */
static lac_status build_columns(lac_context *ctx, lac_kernel_map *map, bool symmetric) {
    const lac__site *s = &map->site;
    const int64_t c0 = s->kernel[0] / 2, c1 = s->kernel[1] / 2, c2 = s->kernel[2] / 2;
    group g = {0};
    for (int64_t j0 = symmetric ? c0 : 0; j0 < s->kernel[0]; j0++) {
        for (int64_t j1 = symmetric && j0 == c0 ? c1 : 0; j1 < s->kernel[1]; j1++) {
            const bool centre = symmetric && j0 == c0 && j1 == c1;
            for (int64_t j2 = centre ? c2 + 1 : 0; j2 < s->kernel[2]; j2 += GROUP_TAPS) {
                const column c = {.in = &map->in->index,
                                  .out = &map->out->index,
                                  .out_rows = lac__rows(map->out),
                                  .site = s,
                                  .j = {j0, j1, j2},
                                  .taps = lac__min(GROUP_TAPS, s->kernel[2] - j2)};
                LAC_TRY(add_column(ctx, map, &g, c));
            }
        }
    }
    return g.columns > 0 ? build_group(ctx, map, &g) : LAC_OK;
}

lac_status lac__map_build_pairs(lac_context *ctx, lac_kernel_map *map) {
    const lac__site *s = &map->site;
    const bool symmetric = lac__site_symmetric(s);
    const int64_t columns =
        (int64_t)s->kernel[0] * s->kernel[1] * ((s->kernel[2] + GROUP_TAPS - 1) / GROUP_TAPS) + 2;
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
