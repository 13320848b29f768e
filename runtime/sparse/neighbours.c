/*
 * neighbours.c - see neighbours.h.
 */
#include "sparse/neighbours.h"

#include "core/checked.h"
#include "core/threads.h"
#include "sparse/device_maps.h"
#include "sparse/sort.h"

#include <string.h>

static lac_status fill_table(lac_context *ctx, const lac_kernel_map *map, bool reversed,
                             lac__neighbours *n) {
    const lac__pair_lists *lists = NULL;
    LAC_TRY(lac__map_lists(ctx, map, reversed, &lists));
    int64_t bytes = 0;
    if (!lac__mul_size(lists->taps, lists->rows, &bytes) || !lac__mul_size(bytes, 4, &bytes))
        return lac__fail(LAC_ERR_SHAPE, "conv3d: a neighbour table of more than 2^63 bytes");
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)bytes, &n->table_block));
    n->taps = lists->taps;
    n->rows = lists->rows;
    int32_t *table = n->table_block.data;
#pragma omp parallel for num_threads(lac__team(ctx, n->taps * n->rows)) schedule(dynamic, 1)
    for (int64_t k = 0; k < n->taps; k++) {
        int32_t *row = table + k * n->rows;
        if (lac__interrupted(ctx)) continue;
        if (k == map->centre) {
            for (int64_t i = 0; i < n->rows; i++) row[i] = (int32_t)i;
            continue;
        }
        if (n->rows > 0) memset(row, -1, (size_t)n->rows * sizeof *row);
        const lac__tap *tap = &lists->tap[k];
        for (int64_t i = 0; i < tap->count; i++) row[tap->out[i]] = tap->in[i];
    }
    n->table = table;
    return lac__check_interrupt(ctx);
}

lac_status lac__map_neighbours(lac_context *ctx, const lac_kernel_map *map, bool reversed,
                               const lac__neighbours **out) {
    lac_kernel_map *m = (lac_kernel_map *)(uintptr_t)map; /* derived data of a constant map */
    lac__neighbours *n = &m->neighbours[reversed];
    if (n->taps == 0) {
        const double start = lac_clock();
        const lac__device_maps *gpu = lac__device_maps_of(map->out);
        n->device = map->family->device;
        const lac_status status = gpu != NULL ? gpu->neighbours(ctx, map, reversed, n)
                                              : fill_table(ctx, map, reversed, n);
        ctx->counters.map_seconds += lac_clock() - start;
        if (status != LAC_OK) {
            lac__neighbours_free(map->family->device->pool, n);
            return status;
        }
    }
    *out = n;
    return LAC_OK;
}

/* Row numbers by the masks of the taps first..last-1, equal masks by number: 32 taps at a time, the lowest
 * first, beside the row number in one value. */
static lac_status sort_split(lac_context *ctx, const lac__neighbours *n, int64_t first,
                             int64_t last, int32_t *order) {
    enum { TAPS = 32 };
    lac__block values_block = {0}, spare = {0};
    lac_status status =
        lac__pool_alloc(ctx->pool, (size_t)n->rows * sizeof(uint64_t), &values_block);
    if (status == LAC_OK)
        status = lac__pool_alloc(ctx->pool, (size_t)n->rows * sizeof(uint64_t), &spare);
    for (int64_t i = 0; i < n->rows; i++) order[i] = (int32_t)i;
    for (int64_t begin = first; begin < last && status == LAC_OK; begin += TAPS) {
        const int64_t end = lac__min(begin + TAPS, last);
        uint64_t *values = values_block.data, *sorted = NULL;
#pragma omp parallel for num_threads(lac__team(ctx, n->rows *(end - begin))) schedule(static)
        for (int64_t i = 0; i < n->rows; i++) {
            const int32_t *row = n->table + order[i];
            uint64_t mask = 0;
            for (int64_t k = begin; k < end; k++)
                mask |= (uint64_t)(row[k * n->rows] >= 0) << (k - begin);
            values[i] = mask << 32 | (uint32_t)order[i];
        }
        status = lac__sort_values(ctx, values, spare.data, n->rows, 32, (int)(32 + end - begin),
                                  &sorted);
        for (int64_t i = 0; i < n->rows && status == LAC_OK; i++) order[i] = (int32_t)sorted[i];
    }
    lac__pool_free(ctx->pool, &spare);
    lac__pool_free(ctx->pool, &values_block);
    return status;
}

lac_status lac__map_orders(lac_context *ctx, const lac_kernel_map *map, bool reversed, int splits,
                           const int32_t **out) {
    const lac__neighbours *n = NULL;
    LAC_TRY(lac__map_neighbours(ctx, map, reversed, &n));
    const lac__device_maps *gpu = lac__device_maps_of(map->out);
    if (gpu != NULL) {
        lac__neighbours *own = &((lac_kernel_map *)(uintptr_t)map)->neighbours[reversed];
        if (own->tile_blocks[splits].data == NULL && n->rows > 0)
            LAC_TRY(gpu->orders(ctx, own, splits));
        *out = own->order_blocks[splits].data;
        return LAC_OK;
    }
    lac__block *kept =
        &((lac_kernel_map *)(uintptr_t)map)->neighbours[reversed].order_blocks[splits];
    if (kept->data == NULL && n->rows > 0) {
        const double start = lac_clock();
        lac__block order = {0};
        lac_status status =
            lac__pool_alloc(ctx->pool, (size_t)(splits * n->rows) * sizeof(int32_t), &order);
        for (int s = 0; s < splits && status == LAC_OK; s++)
            status = sort_split(ctx, n, lac__split_start(n->taps, splits, s),
                                lac__split_start(n->taps, splits, s + 1),
                                (int32_t *)order.data + s * n->rows);
        ctx->counters.map_seconds += lac_clock() - start;
        if (status != LAC_OK) {
            lac__pool_free(ctx->pool, &order);
            return status;
        }
        *kept = order;
    }
    *out = kept->data;
    return LAC_OK;
}

void lac__neighbours_free(lac__pool *pool, lac__neighbours *n) {
    lac__pool_free(pool, &n->table_block);
    for (int i = 0; i <= LAC__MAX_SPLITS; i++) {
        lac__pool_free(pool, &n->order_blocks[i]);
        lac__pool_free(pool, &n->tile_blocks[i]);
    }
    *n = (lac__neighbours){0};
}
