/*
 * strided_map.c - output rows and pairs of a strided site by merging sorted lists.
 *
 * Inputs are walked in sorted order. Those that meet an output through one given tap all lie on one grid,
 * so that their outputs ascend as they do: a tap's list of inputs comes out in its final order, beside the
 * keys of its outputs. The union of these lists is the output rows, sorted; merging them numbers the rows,
 * which completes the pairs, and leaves the keys of the rows' index. Nothing is sorted.
 */
#include "sparse/strided_map.h"

#include "core/checked.h"
#include "sparse/list_union.h"

#include <string.h>

enum { MAX_TAPS = LAC__MAX_LISTS, MAX_RESIDUES = 64, MIN_PER_THREAD = 1 << 12 };

/* A tap that an input of some residue meets: its output is the input's quotient minus `back`. */
typedef struct meeting {
    int64_t tap, back[3];
    uint64_t key; /* of `back` */
} meeting;

typedef struct strided {
    const lac__site *site;
    const lac__reach *reach;
    const lac__index *in;
    const int32_t *rows;
    int shift[3];     /* log2 of the stride where it is a power of two, else -1 */
    bool shifts, all; /* every stride is a power of two; every output is kept */
    int64_t residues, taps, total;
    int64_t first[MAX_RESIDUES + 1]; /* meetings of each residue */
    meeting *meeting;                /* each tap belongs to one residue: [taps] */
    int64_t most_back[3];
    int64_t (*count)[MAX_TAPS]; /* [threads], then where each thread begins in each tap's list */
    int32_t *to_in[MAX_TAPS];
    lac__list_union outputs; /* of the taps' output keys */
    uint64_t *base;          /* [inputs]: keys of the quotients, in index order */
    uint8_t *residue;
    lac__block count_block, base_block, residue_block, keys_block, unique_block;
} strided;

bool lac__strided_map_fits(const lac__site *s, const lac__packing *packing) {
    int64_t residues = 1;
    if (s->kind != LAC__STRIDED || packing->wide || lac__site_taps(s) > MAX_TAPS) return false;
    for (int i = 0; i < 3; i++) {
        if (s->stride[i] > MAX_RESIDUES) return false;
        residues *= s->stride[i];
        /* floor(x / stride) misses outputs that a larger kernel reaches */
        if (s->floors && (s->kernel[i] != s->stride[i] || s->dilation[i] != 1 || s->anchor[i] != 0))
            return false;
    }
    return residues <= MAX_RESIDUES;
}

/* x = stride * quotient + residue, residue >= 0. */
static inline int64_t divide(const strided *b, int axis, int64_t x, int64_t *residue) {
    const int64_t s = b->site->stride[axis];
    const int64_t q = b->shift[axis] >= 0 ? x >> b->shift[axis] : lac__floor_div(x, s);
    *residue = x - q * s;
    return q;
}

/* The taps by the residue of the inputs that they take. */
static void find_meetings(strided *b) {
    const lac__site *s = b->site;
    const lac__packing *p = &b->reach->packing;
    b->taps = lac__site_taps(s);
    b->shifts = b->all = true;
    b->residues = (int64_t)s->stride[0] * s->stride[1] * s->stride[2];
    for (int i = 0; i < 3; i++) {
        const bool power_of_two = (s->stride[i] & (s->stride[i] - 1)) == 0;
        b->shift[i] = power_of_two ? __builtin_ctz((unsigned)s->stride[i]) : -1;
        b->shifts = b->shifts && power_of_two;
        b->most_back[i] = (int64_t)s->dilation[i] * (s->kernel[i] - 1) / s->stride[i];
    }
    for (int i = 0; i < 3; i++) {
        int64_t part;
        const int64_t low = divide(b, i, b->in->low[i + 1] - s->anchor[i], &part),
                      high = divide(b, i, b->in->high[i + 1] - s->anchor[i], &part);
        b->all = b->all && low - b->most_back[i] >= b->reach->keep_low[i] &&
                 high <= b->reach->keep_high[i];
    }
    b->outputs.lists = b->taps;
    b->outputs.depth = s->kernel[2];
    int64_t n = 0;
    for (int64_t r = 0; r < b->residues; r++) {
        b->first[r] = n;
        for (int64_t j = 0; j < b->taps; j++) {
            const int64_t at[3] = {j / s->kernel[2] / s->kernel[1], j / s->kernel[2] % s->kernel[1],
                                   j % s->kernel[2]};
            meeting m = {.tap = lac__site_tap(s, at[0], at[1], at[2])};
            int64_t residue = 0;
            b->outputs.list_of[j] = m.tap;
            for (int i = 0; i < 3; i++) {
                int64_t part;
                m.back[i] = divide(b, i, s->dilation[i] * at[i], &part);
                residue = residue * s->stride[i] + part;
            }
            m.key = ((uint64_t)m.back[0] << p->shift[1]) + ((uint64_t)m.back[1] << p->shift[2]) +
                    (uint64_t)m.back[2];
            if (residue == r) b->meeting[n++] = m;
        }
    }
    b->first[b->residues] = n;
}

/* Quotients of an input; returns its residue. */
static inline int64_t quotients(const strided *b, const int32_t *row, int64_t q[3]) {
    const lac__site *s = b->site;
    int64_t r[3];
    if (b->shifts) { /* most sites: without a branch an axis */
        for (int i = 0; i < 3; i++) {
            const int64_t x = (int64_t)row[i + 1] - s->anchor[i];
            q[i] = x >> b->shift[i];
            r[i] = x & (s->stride[i] - 1);
        }
        return ((r[0] << b->shift[1] | r[1]) << b->shift[2]) | r[2];
    }
    for (int i = 0; i < 3; i++) q[i] = divide(b, i, (int64_t)row[i + 1] - s->anchor[i], &r[i]);
    return (r[0] * s->stride[1] + r[1]) * s->stride[2] + r[2];
}

/* Whether all outputs at these quotients are kept. */
static inline bool inside(const strided *b, const int64_t q[3]) {
    const lac__reach *r = b->reach;
    if (b->all) return true;
    return q[0] <= r->keep_high[0] && q[1] <= r->keep_high[1] && q[2] <= r->keep_high[2] &&
           q[0] - b->most_back[0] >= r->keep_low[0] && q[1] - b->most_back[1] >= r->keep_low[1] &&
           q[2] - b->most_back[2] >= r->keep_low[2];
}

static inline bool kept(const strided *b, const int64_t q[3], const meeting *m) {
    for (int i = 0; i < 3; i++) {
        const int64_t o = q[i] - m->back[i];
        if (o < b->reach->keep_low[i] || o > b->reach->keep_high[i]) return false;
    }
    return true;
}

enum { CROSSES = 128 }; /* added to a residue where some output is not kept */

/* Keys and residues of the inputs at index positions begin..end-1, and the pairs of every tap. */
static void count_pairs(const strided *b, int64_t begin, int64_t end, int64_t *count) {
    const lac__packing p = b->reach->packing;
    uint64_t *restrict base = b->base;
    uint8_t *restrict residue = b->residue;
    int64_t whole[MAX_RESIDUES] = {0};
    memset(count, 0, MAX_TAPS * sizeof *count);
    for (int64_t i = begin; i < end; i++) {
        const int32_t *cell = b->rows + 4 * (int64_t)lac__index_row(b->in, i);
        int64_t q[3];
        const int64_t r = quotients(b, cell, q);
        base[i] = lac__pack_narrow(&p, cell[0], q[0], q[1], q[2]);
        residue[i] = (uint8_t)r;
        if (inside(b, q)) {
            whole[r]++;
            continue;
        }
        residue[i] |= CROSSES;
        for (const meeting *m = b->meeting + b->first[r]; m < b->meeting + b->first[r + 1]; m++)
            count[m->tap] += kept(b, q, m);
    }
    for (int64_t r = 0; r < b->residues; r++) {
        for (int64_t m = b->first[r]; m < b->first[r + 1]; m++)
            count[b->meeting[m].tap] += whole[r];
    }
}

/* Inputs and output keys of these pairs; `at`: where they go in each tap's list. */
static void fill_pairs(const strided *b, int64_t begin, int64_t end, const int64_t *at) {
    uint64_t *key[MAX_TAPS];
    int32_t *in[MAX_TAPS];
    for (int64_t k = 0; k < b->taps; k++) {
        key[k] = b->outputs.keys[k] + at[k];
        in[k] = b->to_in[k] + at[k];
    }
    for (int64_t i = begin; i < end; i++) {
        const int32_t row = lac__index_row(b->in, i);
        const bool all = b->residue[i] < CROSSES;
        const int64_t r = b->residue[i] & (CROSSES - 1);
        int64_t q[3];
        if (!all) quotients(b, b->rows + 4 * (int64_t)row, q);
        for (const meeting *m = b->meeting + b->first[r]; m < b->meeting + b->first[r + 1]; m++) {
            if (!all && !kept(b, q, m)) continue;
            *in[m->tap]++ = row;
            *key[m->tap]++ = b->base[i] - m->key;
        }
    }
}

/* Counts the pairs, and gets memory for the lists. */
static lac_status place_lists(lac_context *ctx, strided *b, lac_kernel_map *map) {
    const int64_t n = b->in->count;
    LAC_TRY(
        lac__pool_alloc(ctx->pool, (size_t)b->outputs.threads * sizeof *b->count, &b->count_block));
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)n * sizeof(uint64_t), &b->base_block));
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)n, &b->residue_block));
    b->count = b->count_block.data;
    b->base = b->base_block.data;
    b->residue = b->residue_block.data;
#pragma omp parallel for num_threads((int)b->outputs.threads) schedule(static, 1)
    for (int64_t t = 0; t < b->outputs.threads; t++)
        count_pairs(b, n * t / b->outputs.threads, n * (t + 1) / b->outputs.threads, b->count[t]);
    for (int64_t k = 0; k < b->taps; k++) {
        for (int64_t t = 0; t < b->outputs.threads; t++) {
            const int64_t count = b->count[t][k];
            b->count[t][k] = b->outputs.size[k];
            b->outputs.size[k] += count;
        }
        b->total += b->outputs.size[k];
    }
    if (b->total > INT32_MAX)
        return lac__fail(LAC_ERR_SHAPE,
                         "conv3d: %lld candidate output rows, expected at most 2^31 - 1",
                         (long long)b->total);
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)b->total * 2 * sizeof(int32_t), &map->columns[0]));
    map->column_count = 1;
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)(b->total + b->taps) * sizeof(uint64_t),
                            &b->keys_block));
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)b->total * sizeof(uint64_t), &b->unique_block));
    b->outputs.unique = b->unique_block.data;
    uint64_t *keys = b->keys_block.data;
    int32_t *pairs = map->columns[0].data;
    for (int64_t k = 0; k < b->taps; k++) {
        b->outputs.keys[k] = keys;
        b->outputs.keys[k][b->outputs.size[k]] = UINT64_MAX;
        keys += b->outputs.size[k] + 1;
        b->to_in[k] = pairs;
        b->outputs.out[k] = pairs + b->outputs.size[k];
        pairs += 2 * b->outputs.size[k];
        map->tap[k] =
            (lac__tap){.in = b->to_in[k], .out = b->outputs.out[k], .count = b->outputs.size[k]};
    }
    map->pairs = b->total;
    return LAC_OK;
}

static lac_status merge_lists(lac_context *ctx, strided *b, lac_kernel_map *map) {
    const int64_t n = b->in->count;
    LAC_TRY(place_lists(ctx, b, map));
    LAC_TRY(lac__check_interrupt(ctx));
#pragma omp parallel for num_threads((int)b->outputs.threads) schedule(static, 1)
    for (int64_t t = 0; t < b->outputs.threads; t++)
        fill_pairs(b, n * t / b->outputs.threads, n * (t + 1) / b->outputs.threads, b->count[t]);
    lac__list_union_number(&b->outputs);
    return LAC_OK;
}

/* The rows of one part's keys, and their box. */
static void decode_rows(const strided *b, int64_t part, uint64_t *keys, int32_t *rows,
                        int64_t low[4], int64_t high[4]) {
    const lac__packing *p = &b->reach->packing;
    const uint64_t *unique = b->outputs.unique + b->outputs.part_at[part];
    uint64_t mask[4];
    for (int f = 0; f < 4; f++) {
        const int width = (f == 0 ? p->bits : p->shift[f - 1]) - p->shift[f];
        mask[f] = width == 0 ? 0 : ~(uint64_t)0 >> (64 - width);
        low[f] = INT32_MAX;
        high[f] = INT32_MIN;
    }
    for (int64_t i = 0; i < b->outputs.part_rows[part]; i++) {
        keys[i] = unique[i];
        for (int f = 0; f < 4; f++) {
            const int64_t value = (int64_t)(unique[i] >> p->shift[f] & mask[f]) + p->low[f];
            rows[4 * i + f] = (int32_t)value;
            low[f] = lac__min(low[f], value);
            high[f] = lac__max(high[f], value);
        }
    }
}

/* Output numbers over all parts; rows and their index. */
static lac_status make_rows(lac_context *ctx, const strided *b, lac_tensor **rows,
                            lac__index *index) {
    const int64_t count = b->outputs.part_base[b->outputs.threads];
    const int64_t shape[2] = {count, 4};
    int64_t low[LAC__MAX_PARTS][4], high[LAC__MAX_PARTS][4];
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_I32, 2, shape, rows));
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)(count + LAC__KEY_PAD) * sizeof(uint64_t),
                            &index->keys));
    uint64_t *keys = index->keys.data;
    memset(keys + count, -1, LAC__KEY_PAD * sizeof *keys);
    int32_t *row = lac__data(*rows);
#pragma omp parallel for num_threads((int)b->outputs.threads) schedule(static, 1)
    for (int64_t t = 0; t < b->outputs.threads; t++) {
        const int32_t base = (int32_t)b->outputs.part_base[t];
        decode_rows(b, t, keys + base, row + 4 * (int64_t)base, low[t], high[t]);
        lac__list_union_renumber(&b->outputs, t);
    }
    index->count = count;
    index->packing = b->reach->packing;
    for (int f = 0; f < 4; f++) {
        index->low[f] = low[0][f];
        index->high[f] = high[0][f];
        for (int64_t t = 1; t < b->outputs.threads; t++) {
            index->low[f] = lac__min(index->low[f], low[t][f]);
            index->high[f] = lac__max(index->high[f], high[t][f]);
        }
    }
    return LAC_OK;
}

static lac_status make_map(lac_context *ctx, lac_coords *in, const lac__site *site,
                           lac_kernel_map *map) {
    map->family = in->family;
    map->site = *site;
    map->in = in;
    map->taps = lac__site_taps(site);
    map->centre = -1;
    map->monotone = lac__index_order(&in->index) == NULL;
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)map->taps * sizeof(lac__tap), &map->tap_block));
    LAC_TRY(lac__pool_alloc(ctx->pool, sizeof(lac__block), &map->columns_block));
    map->tap = map->tap_block.data;
    map->columns = map->columns_block.data;
    map->columns[0] = (lac__block){0};
    return LAC_OK;
}

lac_status lac__strided_map(lac_context *ctx, lac_coords *in, const lac__site *site,
                            const lac__reach *reach, lac_coords **out) {
    const int64_t n = in->index.count;
    meeting meetings[MAX_TAPS];
    strided b = {
        .site = site, .reach = reach, .in = &in->index, .rows = lac__rows(in), .meeting = meetings};
    lac_status status = LAC_OK;
    lac_tensor *rows = NULL;
    lac__index index = {0};
    lac_coords *set = NULL;
    b.outputs.threads =
        lac__max(1, lac__min(lac__min(ctx->threads, LAC__MAX_PARTS), n / MIN_PER_THREAD));
    find_meetings(&b);
    lac_kernel_map *map = lac__object_alloc(ctx->pool, sizeof *map);
    if (map == NULL) return LAC_ERR_OOM;
    LAC_TRY_OUT(make_map(ctx, in, site, map));
    LAC_TRY_OUT(merge_lists(ctx, &b, map));
    LAC_TRY_OUT(make_rows(ctx, &b, &rows, &index));
    status = lac__family_add_set(in->family, rows, &set);
    rows = NULL;
    if (status != LAC_OK) goto out;
    set->parent = in;
    set->made_by = *site;
    set->index = index;
    set->indexed = true;
    map->out = set;
    map->next = in->family->maps;
    in->family->maps = map;
    ctx->counters.maps++;
    *out = set;
out:
    lac__pool_free(ctx->pool, &b.count_block);
    lac__pool_free(ctx->pool, &b.base_block);
    lac__pool_free(ctx->pool, &b.residue_block);
    lac__pool_free(ctx->pool, &b.keys_block);
    lac__pool_free(ctx->pool, &b.unique_block);
    if (status != LAC_OK) {
        lac_tensor_release(rows);
        lac__index_free(ctx->pool, &index);
        lac__map_free(map);
    }
    return status;
}
