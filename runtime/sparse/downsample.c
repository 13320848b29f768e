/*
 * downsample.c - output rows of strided and generative convolutions: every cell that some tap reaches,
 * or floor(x / stride), unique and sorted by (b,x,y,z).
 *
 * Strided sites mostly get their rows, index and map at once (strided_map.c). For the others candidates
 * are written as packed keys (or as rows, where the box is too large for keys), sorted, and reduced to one
 * of each.
 */
#include "core/checked.h"
#include "core/threads.h"
#include "sparse/device_maps.h"
#include "sparse/sort.h"
#include "sparse/strided_map.h"

#include <string.h>

typedef struct cells {
    const lac__site *site;
    bool bounded_below; /* "spconv" without a range and without negative coordinates */
    int32_t range[4];   /* of the output, if the site has one and rows are limited by it */
    bool limited;
    int shift[3];  /* log2 of the stride where it is a power of two, else -1 */
    bool one_each; /* every input has exactly one candidate */
} cells;

/* Floor of x / stride. */
static inline int64_t cell_of(const cells *c, int axis, int64_t x) {
    return c->shift[axis] >= 0 ? x >> c->shift[axis] : lac__floor_div(x, c->site->stride[axis]);
}

/* Output indices on one axis that an input at `x` meets, ascending or descending; returns how many. */
static int axis_cells(const cells *c, int axis, int64_t x, int64_t *out) {
    const lac__site *s = c->site;
    int n = 0;
    const int taps = s->floors ? 1 : s->kernel[axis];
    for (int j = 0; j < taps; j++) {
        const int64_t reach = (int64_t)s->dilation[axis] * j;
        int64_t o;
        if (s->kind == LAC__GENERATIVE) {
            o = x * s->stride[axis] + s->anchor[axis] + reach;
        } else if (s->floors) {
            o = cell_of(c, axis, x);
        } else {
            const int64_t scaled = x - s->anchor[axis] - reach;
            o = cell_of(c, axis, scaled);
            if (o * s->stride[axis] != scaled) continue;
        }
        if (c->bounded_below && o < 0) continue;
        if (c->limited && (o < 0 || o >= c->range[axis + 1])) continue;
        out[n++] = o;
    }
    return n;
}

enum { MAX_AXIS = 1 << 10 };

typedef struct candidates {
    const lac__packing *packing;
    uint64_t *keys; /* narrow */
    int32_t *rows;  /* wide */
} candidates;

/* Writes the candidates of one input row from position `at` on; returns their number. */
static int64_t emit(const cells *c, const int32_t *row, const candidates *to, int64_t at) {
    int64_t axis[3][MAX_AXIS];
    int n[3];
    for (int i = 0; i < 3; i++) n[i] = axis_cells(c, i, row[i + 1], axis[i]);
    if (to == NULL) return (int64_t)n[0] * n[1] * n[2];
    int64_t p = at;
    for (int i = 0; i < n[0]; i++)
        for (int j = 0; j < n[1]; j++)
            for (int k = 0; k < n[2]; k++, p++) {
                if (to->keys != NULL) {
                    to->keys[p] =
                        lac__pack_narrow(to->packing, row[0], axis[0][i], axis[1][j], axis[2][k]);
                } else {
                    const int32_t cell[4] = {row[0], (int32_t)axis[0][i], (int32_t)axis[1][j],
                                             (int32_t)axis[2][k]};
                    memcpy(to->rows + 4 * p, cell, sizeof cell);
                }
            }
    return p - at;
}

/* The box that candidates can lie in; false where it leaves int32. */
static bool candidate_box(const cells *c, const lac__index *in, int64_t low[4], int64_t high[4]) {
    const lac__site *s = c->site;
    low[0] = in->low[0];
    high[0] = in->high[0];
    for (int i = 0; i < 3; i++) {
        const int64_t reach = (int64_t)s->dilation[i] * (s->kernel[i] - 1);
        if (s->kind == LAC__GENERATIVE) {
            low[i + 1] = in->low[i + 1] * s->stride[i] + s->anchor[i];
            high[i + 1] = in->high[i + 1] * s->stride[i] + s->anchor[i] + reach;
        } else {
            const int64_t shift = s->floors ? 0 : s->anchor[i];
            low[i + 1] =
                lac__floor_div(in->low[i + 1] - shift - (s->floors ? 0 : reach), s->stride[i]);
            high[i + 1] = lac__floor_div(in->high[i + 1] - shift, s->stride[i]);
        }
        if (c->bounded_below || c->limited) low[i + 1] = lac__max(low[i + 1], 0);
        if (c->limited) high[i + 1] = lac__min(high[i + 1], (int64_t)c->range[i + 1] - 1);
        if (high[i + 1] < low[i + 1]) high[i + 1] = low[i + 1];
        if (low[i + 1] < INT32_MIN || high[i + 1] > INT32_MAX) return false;
    }
    return true;
}

/* Sorts packed candidates and decodes one of each into a tensor. */
static lac_status unique_keys(lac_context *ctx, const lac__packing *p, uint64_t *keys,
                              int64_t count, lac_tensor **out) {
    uint64_t *sorted = NULL;
    LAC_TRY(lac__sort_values(ctx, keys, keys + count, count, 0, p->bits, &sorted));
    int64_t unique = 0;
    for (int64_t i = 0; i < count; i++) {
        sorted[unique] = sorted[i];
        unique += i + 1 == count || sorted[i + 1] != sorted[i];
    }
    const int64_t shape[2] = {unique, 4};
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_I32, 2, shape, out));
    int32_t *rows = lac__data(*out);
#pragma omp parallel for num_threads(ctx->threads) schedule(static) if (unique > 1 << 14)
    for (int64_t i = 0; i < unique; i++) {
        for (int f = 0; f < 4; f++) {
            const int width = (f == 0 ? p->bits : p->shift[f - 1]) - p->shift[f];
            const uint64_t field =
                width == 0 ? 0 : sorted[i] >> p->shift[f] & (~(uint64_t)0 >> (64 - width));
            rows[4 * i + f] = (int32_t)((int64_t)field + p->low[f]);
        }
    }
    return LAC_OK;
}

static lac_status unique_rows(lac_context *ctx, const int32_t *rows, int64_t count,
                              lac_tensor **out) {
    lac__block memory = {0};
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)count * sizeof(int32_t), &memory));
    int32_t *order = memory.data;
    lac_status status = lac__sort_rows(ctx, rows, count, order);
    int64_t unique = 0;
    for (int64_t i = 0; status == LAC_OK && i < count; i++) {
        const bool again = unique > 0 && lac__compare_rows(rows + 4 * (int64_t)order[unique - 1],
                                                           rows + 4 * (int64_t)order[i]) == 0;
        if (!again) order[unique++] = order[i];
    }
    const int64_t shape[2] = {unique, 4};
    if (status == LAC_OK) status = lac__tensor_new(ctx, LAC_DTYPE_I32, 2, shape, out);
    if (status == LAC_OK) {
        int32_t *target = lac__data(*out);
        for (int64_t i = 0; i < unique; i++)
            memcpy(target + 4 * i, rows + 4 * (int64_t)order[i], 4 * sizeof *target);
    }
    lac__pool_free(ctx->pool, &memory);
    return status;
}

enum { CHUNK = 4096 };

/* Where each chunk of input rows puts its candidates: starts [chunks + 1]. */
static void count_candidates(lac_context *ctx, const cells *c, const int32_t *rows, int64_t n,
                             int64_t *starts, int64_t chunks) {
    starts[0] = 0;
#pragma omp parallel for num_threads(lac__team(ctx, 4 * n)) schedule(static)
    for (int64_t chunk = 0; chunk < chunks; chunk++) {
        int64_t sum = c->one_each ? lac__min(n - chunk * CHUNK, CHUNK) : 0;
        for (int64_t i = c->one_each ? n : chunk * CHUNK; i < lac__min(n, (chunk + 1) * CHUNK); i++)
            sum += emit(c, rows + 4 * i, NULL, 0);
        starts[chunk + 1] = sum;
    }
    for (int64_t chunk = 0; chunk < chunks; chunk++) starts[chunk + 1] += starts[chunk];
}

static lac_status derive_rows(lac_context *ctx, const lac_coords *in, const cells *c,
                              const lac__packing *box, lac_tensor **out) {
    const int32_t *rows = lac__rows(in);
    const int64_t n = in->index.count, chunks = (n + CHUNK - 1) / CHUNK;
    const lac__packing packing = *box;
    lac__block starts_block = {0}, memory = {0};
    lac_status status = LAC_OK;
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)(chunks + 1) * sizeof(int64_t), &starts_block));
    int64_t *starts = starts_block.data;
    count_candidates(ctx, c, rows, n, starts, chunks);
    const int64_t count = starts[chunks];
    if (count > INT32_MAX) {
        status = lac__fail(LAC_ERR_SHAPE,
                           "conv3d: %lld candidate output rows, expected at most 2^31 - 1",
                           (long long)count);
        goto out;
    }
    LAC_TRY_OUT(
        lac__pool_alloc(ctx->pool, (size_t)count * 16 + 16, &memory)); /* two keys, or one row */
    const candidates to = {.packing = &packing,
                           .keys = packing.wide ? NULL : memory.data,
                           .rows = packing.wide ? memory.data : NULL};
#pragma omp parallel for num_threads(lac__team(ctx, 4 * n)) schedule(static)
    for (int64_t chunk = 0; chunk < chunks; chunk++) {
        int64_t at = starts[chunk];
        for (int64_t i = chunk * CHUNK; i < lac__min(n, (chunk + 1) * CHUNK); i++)
            at += emit(c, rows + 4 * i, &to, at);
    }
    status = packing.wide ? unique_rows(ctx, to.rows, count, out)
                          : unique_keys(ctx, &packing, to.keys, count, out);
out:
    lac__pool_free(ctx->pool, &memory);
    lac__pool_free(ctx->pool, &starts_block);
    return status;
}

/* The box of the candidates, and what is kept of it. */
static lac_status find_reach(const cells *c, const lac_coords *in, lac__reach *reach) {
    int64_t low[4], high[4];
    *reach = (lac__reach){0};
    if (in->index.count == 0) return LAC_OK;
    if (!candidate_box(c, &in->index, low, high))
        return lac__fail(
            LAC_ERR_RANGE,
            "conv3d: output coordinates beyond int32, expected smaller input coordinates");
    memcpy(reach->low, low, sizeof low);
    memcpy(reach->high, high, sizeof high);
    lac__packing_make(low, high, &reach->packing);
    for (int i = 0; i < 3; i++) {
        reach->keep_low[i] = c->bounded_below || c->limited ? 0 : INT32_MIN;
        reach->keep_high[i] = c->limited ? (int64_t)c->range[i + 1] - 1 : INT32_MAX;
    }
    return LAC_OK;
}

lac_status lac__coords_derive(lac_context *ctx, lac_coords *in, const lac__site *site,
                              lac_coords **out) {
    for (lac_coords *c = in->family->sets; c != NULL; c = c->next) {
        if (c->parent == in && lac__site_equal(&c->made_by, site)) {
            *out = c;
            return LAC_OK;
        }
    }
    LAC_TRY(lac__coords_need_index(ctx, in));
    const bool spconv = site->downsample == LAC_DOWNSAMPLE_SPCONV;
    cells c = {.site = site};
    c.limited = site->has_range && (spconv || site->kind == LAC__GENERATIVE);
    c.bounded_below =
        site->kind == LAC__STRIDED && spconv && !site->has_range && !site->allow_negative;
    if (c.limited) lac__site_out_range(site, c.range);
    c.one_each = site->floors != 0;
    for (int i = 0; i < 3; i++) {
        const bool power_of_two = (site->stride[i] & (site->stride[i] - 1)) == 0;
        c.shift[i] = power_of_two ? __builtin_ctz((unsigned)site->stride[i]) : -1;
        if (c.bounded_below || c.limited) c.one_each = c.one_each && in->index.low[i + 1] >= 0;
        if (c.limited)
            c.one_each = c.one_each && cell_of(&c, i, in->index.high[i + 1]) < c.range[i + 1];
    }
    lac_tensor *rows = NULL;
    lac__reach reach;
    LAC_TRY(find_reach(&c, in, &reach));
    const lac__device_maps *gpu = lac__device_maps_of(in);
    if (gpu == NULL && in->index.count > 0 && lac__strided_map_fits(site, &reach.packing))
        return lac__strided_map(ctx, in, site, &reach, out);
    if (in->index.count == 0)
        LAC_TRY(lac__tensor_new_beside(ctx, in->rows, LAC_DTYPE_I32, 2, (int64_t[]){0, 4}, &rows));
    else if (gpu != NULL)
        LAC_TRY(gpu->derive(ctx, in, site, &reach, &rows));
    else
        LAC_TRY(derive_rows(ctx, in, &c, &reach.packing, &rows));
    lac_coords *set = NULL;
    LAC_TRY(lac__family_add_set(in->family, rows, &set));
    set->parent = in;
    set->made_by = *site;
    set->has_box = gpu != NULL;
    memcpy(set->box, reach.low, sizeof reach.low);
    memcpy(set->box + 4, reach.high, sizeof reach.high);
    *out = set;
    return LAC_OK;
}
