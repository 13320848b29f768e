/*
 * kernel_map.c - kernel maps of a family: found or built, described, and read as pair lists.
 */
#include "core/checked.h"
#include "sparse/device_maps.h"
#include "sparse/mirror.h"

#include <string.h>

lac_status lac__map_pairs(lac_context *ctx, lac_kernel_map *map, int64_t *out) {
    if (map->pairs < 0) {
        const lac__neighbours *table = NULL;
        const bool reversed = map->neighbours[0].taps == 0 && map->neighbours[1].taps != 0;
        int64_t pairs = 0;
        LAC_TRY(lac__map_neighbours(ctx, map, reversed, &table));
        LAC_TRY(lac__device_maps_of(map->out)->count_pairs(ctx, table, &pairs));
        map->pairs = pairs;
    }
    *out = map->pairs;
    return LAC_OK;
}

/* The same for functions that cannot fail: nobody would repeat them after a collection of garbage, so that
 * memory is taken without one. */
static bool pairs_now(lac_kernel_map *map, int64_t *out) {
    lac__pool *pool = map->family->device->pool;
    const bool before = lac__pool_collected(pool, true);
    const lac_status status = lac__map_pairs(map->family->ctx, map, out);
    (void)lac__pool_collected(pool, before);
    return status == LAC_OK;
}

/* A convolution on a GPU does not wait for its map's pairs: the counters get them when somebody asks, or when
 * the map goes. */
static void settle_debt(lac_kernel_map *map) {
    lac_context *ctx = map->family->ctx;
    int64_t pairs = 0;
    if (map->owed == 0) return;
    if (pairs_now(map, &pairs)) ctx->counters.macs += (double)pairs * map->owed;
    map->owed = 0;
    lac_kernel_map **link = &ctx->owing;
    while (*link != map) link = &(*link)->next_owing;
    *link = map->next_owing;
}

void lac__count_macs(lac_context *ctx, lac_kernel_map *map, double rows, double each) {
    if (map == NULL || map->pairs >= 0) {
        ctx->counters.macs += (map == NULL ? rows : (double)map->pairs) * each;
        return;
    }
    if (map->owed == 0) {
        map->next_owing = ctx->owing;
        ctx->owing = map;
    }
    map->owed += each;
}

void lac_context_counters(lac_context *ctx, lac_counters *out) {
    if (ctx == NULL || out == NULL) return;
    while (ctx->owing != NULL) settle_debt(ctx->owing);
    *out = ctx->counters;
}

void lac__map_free(lac_kernel_map *map) {
    lac__pool *pool = map->family->ctx->pool, *device = map->family->device->pool;
    settle_debt(map);
    lac__pair_lists_free(pool, device, &map->forward);
    lac__pair_lists_free(pool, device, &map->reverse);
    for (int i = 0; i < 2; i++) lac__neighbours_free(device, &map->neighbours[i]);
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
    if (lac__device_maps_of(in) != NULL) {
        m->centre = lac__site_symmetric(site) ? m->taps / 2 : -1;
        m->pairs = -1;
    } else {
        const lac_status status = lac__map_build_pairs(ctx, m);
        if (status != LAC_OK) {
            lac__map_free(m);
            return status;
        }
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
    const lac__device_maps *gpu = lac__device_maps_of(map->out);
    if (gpu != NULL) {
        const lac__neighbours *table = NULL;
        LAC_TRY(lac__map_neighbours(ctx, map, reversed, &table));
        return gpu->lists(ctx, table, map->centre, lists);
    }
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
            lac__pair_lists_free(ctx->pool, map->family->device->pool, lists);
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
    if (m == NULL) return;
    if (taps != NULL) *taps = m->taps;
    if (pairs != NULL && !pairs_now((lac_kernel_map *)(uintptr_t)m, pairs)) *pairs = -1;
    if (in_rows != NULL) *in_rows = lac_coords_count(m->in);
    if (out_rows != NULL) *out_rows = lac_coords_count(m->out);
}

lac_status lac_kernel_map_pairs(lac_context *ctx, lac_kernel_map *m, int64_t tap,
                                lac_tensor **out) {
    LAC_NEED("kernel_map_pairs", ctx, m, out);
    if (tap < 0 || tap >= m->taps)
        return lac__fail(LAC_ERR_RANGE, "kernel map: tap %lld of %lld", (long long)tap,
                         (long long)m->taps);
    const lac__device *device = m->family->device;
    const lac__tap *taps = m->tap;
    if (device->kind != LAC_DEVICE_CPU) {
        const lac__pair_lists *lists = NULL;
        LAC_TRY(lac__map_lists(ctx, m, false, &lists));
        taps = lists->tap;
    }
    const bool identity = tap == m->centre;
    const int64_t n = identity ? lac_coords_count(m->out) : taps[tap].count, shape[2] = {n, 2};
    const size_t bytes = (size_t)n * sizeof(int32_t);
    lac_tensor *t = NULL;
    lac__block side = {0};
    lac_status status = LAC_OK;
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_I32, 2, shape, &t));
    int32_t *pairs = lac__data(t);
    for (int64_t i = 0; identity && i < n; i++) pairs[2 * i] = pairs[2 * i + 1] = (int32_t)i;
    if (!identity && n > 0) {
        LAC_TRY_OUT(lac__pool_alloc(ctx->pool, bytes, &side));
        const int32_t *column = side.data;
        for (int j = 0; j < 2; j++) {
            const int32_t *from = j == 0 ? taps[tap].in : taps[tap].out;
            LAC_TRY_OUT(lac__device_copy(&ctx->cpu, side.data, device, from, bytes));
            for (int64_t i = 0; i < n; i++) pairs[2 * i + j] = column[i];
        }
    }
    status = lac__move_result(ctx, m->family->device, &t);
    if (status == LAC_OK) *out = t, t = NULL;
out:
    lac__pool_free(ctx->pool, &side);
    lac_tensor_release(t);
    return status;
}
