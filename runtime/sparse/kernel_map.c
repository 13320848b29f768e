/*
 * kernel_map.c - kernel maps of a family: found or built, described, and read as pair lists.
 */
#include "core/checked.h"
#include "sparse/family.h"
#include "sparse/mirror.h"

#include <string.h>

void lac__map_free(lac_kernel_map *map) {
    lac__pool *pool = map->family->ctx->pool;
    lac__pair_lists_free(pool, &map->forward);
    lac__pair_lists_free(pool, &map->reverse);
    for (int i = 0; i < 2; i++) lac__neighbours_free(pool, &map->neighbours[i]);
    for (int64_t i = 0; i < map->column_count; i++) lac__pool_free(pool, &map->columns[i]);
    lac__pool_free(pool, &map->columns_block);
    lac__pool_free(pool, &map->tap_block);
    lac__object_free(pool, map, sizeof *map);
}

lac_status lac__map_need(lac_context *ctx, lac_coords *in, lac_coords *out, const lac__site *site,
                         lac_kernel_map **map) {
    lac__family *family = in->family;
    for (lac_kernel_map *m = family->maps; m != NULL; m = m->next) {
        if (m->in == in && m->out == out && lac__site_equal(&m->site, site)) {
            *map = m;
            return LAC_OK;
        }
    }
    LAC_TRY(lac__coords_need_index(ctx, in));
    LAC_TRY(lac__coords_need_index(ctx, out));
    lac_kernel_map *m = lac__object_alloc(ctx->pool, sizeof *m);
    if (m == NULL) return LAC_ERR_OOM;
    m->family = family;
    m->site = *site;
    m->in = in;
    m->out = out;
    m->taps = lac__site_taps(site);
    const lac_status status = lac__map_build_pairs(ctx, m);
    if (status != LAC_OK) {
        lac__map_free(m);
        return status;
    }
    m->next = family->maps;
    family->maps = m;
    ctx->counters.maps++;
    *map = m;
    return LAC_OK;
}

/* Fills `lists`, whose parts are freed by the caller on failure. */
static lac_status make_lists(lac_context *ctx, const lac_kernel_map *map, bool reversed,
                             lac__pair_lists *lists) {
    lists->taps = map->taps;
    lists->rows = lac_coords_count(reversed ? map->in : map->out);
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)map->taps * sizeof(lac__tap), &lists->tap_block));
    lists->tap = lists->tap_block.data;
    if (reversed)
        LAC_TRY(lac__exchange_taps(ctx, map->tap, lists->tap, map->taps, lists->rows,
                                   map->monotone ? NULL : &lists->owned));
    else
        memcpy(lists->tap, map->tap, (size_t)map->taps * sizeof(lac__tap));
    return lac__pair_lists_finish(ctx, lists, map->centre >= 0);
}

lac_status lac__map_lists(lac_context *ctx, const lac_kernel_map *map, bool reversed,
                          const lac__pair_lists **out) {
    lac_kernel_map *m =
        (lac_kernel_map *)(uintptr_t)map; /* derived data of an otherwise constant map */
    lac__pair_lists *lists = reversed ? &m->reverse : &m->forward;
    bool *present = reversed ? &m->has_reverse : &m->has_forward;
    if (!*present) {
        const double start = lac_clock();
        const lac_status status = make_lists(ctx, map, reversed, lists);
        ctx->counters.map_seconds += lac_clock() - start;
        if (status != LAC_OK) {
            lac__pair_lists_free(ctx->pool, lists);
            return status;
        }
        *present = true;
    }
    *out = lists;
    return LAC_OK;
}

int64_t lac__map_centre(const lac_kernel_map *map) {
    return map->centre;
}

bool lac__map_single(const lac_kernel_map *map, bool reversed) {
    const lac__site *s = &map->site;
    bool partition = s->kind == LAC__STRIDED; /* of the input rows: windows that do not overlap */
    for (int i = 0; i < 3; i++)
        partition = partition && s->kernel[i] == s->stride[i] && s->dilation[i] == 1;
    return partition && reversed && map->pairs == lac_coords_count(map->in);
}

void lac_kernel_map_describe(const lac_kernel_map *m, int64_t *taps, int64_t *pairs,
                             int64_t *in_rows, int64_t *out_rows) {
    if (taps != NULL) *taps = m->taps;
    if (pairs != NULL) *pairs = m->pairs;
    if (in_rows != NULL) *in_rows = lac_coords_count(m->in);
    if (out_rows != NULL) *out_rows = lac_coords_count(m->out);
}

lac_status lac_kernel_map_pairs(lac_context *ctx, lac_kernel_map *m, int64_t tap,
                                lac_tensor **out) {
    if (tap < 0 || tap >= m->taps)
        return lac__fail(LAC_ERR_RANGE, "kernel map: tap %lld of %lld", (long long)tap,
                         (long long)m->taps);
    const bool identity = tap == m->centre;
    const int64_t shape[2] = {identity ? lac_coords_count(m->out) : m->tap[tap].count, 2};
    lac_tensor *t = NULL;
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_I32, 2, shape, &t));
    int32_t *pairs = lac__data(t);
    for (int64_t i = 0; i < shape[0]; i++) {
        pairs[2 * i] = identity ? (int32_t)i : m->tap[tap].in[i];
        pairs[2 * i + 1] = identity ? (int32_t)i : m->tap[tap].out[i];
    }
    *out = t;
    return LAC_OK;
}
