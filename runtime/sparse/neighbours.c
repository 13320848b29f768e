/*
 * neighbours.c - see neighbours.h.
 */
#include "sparse/neighbours.h"

#include "core/checked.h"
#include "core/threads.h"
#include "sparse/device_maps.h"

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
        if (k == map->centre) {
            for (int64_t i = 0; i < n->rows; i++) row[i] = (int32_t)i;
            continue;
        }
        if (n->rows > 0) memset(row, -1, (size_t)n->rows * sizeof *row);
        const lac__tap *tap = &lists->tap[k];
        for (int64_t i = 0; i < tap->count; i++) row[tap->out[i]] = tap->in[i];
    }
    n->table = table;
    return LAC_OK;
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

static int compare_masks(const uint64_t *a, const uint64_t *b, int64_t words) {
    for (int64_t w = words - 1; w >= 0; w--) {
        if (a[w] != b[w]) return a[w] < b[w] ? -1 : 1;
    }
    return 0;
}

/* Merge sort of row numbers by their masks [rows][words]; stable. The result ends in `order`. */
static void sort_by_mask(const uint64_t *masks, int64_t words, int64_t rows, int32_t *order,
                         int32_t *spare) {
    for (int64_t i = 0; i < rows; i++) order[i] = (int32_t)i;
    int32_t *from = order, *to = spare;
    for (int64_t width = 1; width < rows; width *= 2) {
        for (int64_t begin = 0; begin < rows; begin += 2 * width) {
            const int64_t middle = lac__min(begin + width, rows);
            const int64_t end = lac__min(begin + 2 * width, rows);
            int64_t a = begin, b = middle;
            for (int64_t i = begin; i < end; i++) {
                const bool second =
                    b < end && (a >= middle || compare_masks(masks + from[b] * words,
                                                             masks + from[a] * words, words) < 0);
                to[i] = second ? from[b++] : from[a++];
            }
        }
        int32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != order) memcpy(order, from, (size_t)rows * sizeof *order);
}

static lac_status sort_split(lac_context *ctx, const lac__neighbours *n, int64_t first,
                             int64_t last, int32_t *order) {
    const int64_t words = (last - first + 63) / 64;
    lac__block masks_block = {0}, spare = {0};
    if (n->rows == 0) return LAC_OK;
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)(n->rows * lac__max(words, 1)) * sizeof(uint64_t),
                            &masks_block));
    const lac_status status = lac__pool_alloc(ctx->pool, (size_t)n->rows * sizeof(int32_t), &spare);
    if (status == LAC_OK) {
        uint64_t *masks = masks_block.data;
        memset(masks, 0, (size_t)(n->rows * words) * sizeof *masks);
        for (int64_t k = first; k < last; k++) {
            const int32_t *row = n->table + k * n->rows;
            const int64_t word = (k - first) / 64;
            const uint64_t bit = (uint64_t)1 << ((k - first) % 64);
            for (int64_t i = 0; i < n->rows; i++) {
                if (row[i] >= 0) masks[i * words + word] |= bit;
            }
        }
        sort_by_mask(masks, words, n->rows, order, spare.data);
    }
    lac__pool_free(ctx->pool, &spare);
    lac__pool_free(ctx->pool, &masks_block);
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
