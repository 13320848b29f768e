/*
 * slots_coords_maps.c - kernel maps on a GPU: their tables, and the orders and tiles in which
 * implicit GEMM walks them.
 */
#include "slots_coords.h"

#include "core/checked.h"
#include "launch_sort.h"

lac_status lac__neighbours__cuda(lac_context *ctx, const lac_kernel_map *map, bool reversed,
                                 lac__neighbours *out) {
    /* A transposed map is the map of the complement's site between the same sets, exchanged. */
    const bool transposed = map->site.kind < 0;
    const lac_coords *inputs = transposed ? map->out : map->in;
    const lac_coords *outputs = transposed ? map->in : map->out;
    const bool of_inputs = reversed != transposed;
    const lac_coords *set = of_inputs ? inputs : outputs, *other = of_inputs ? outputs : inputs;
    const lac__geometry geometry = lac__geometry_of(&map->site);
    const lac__search search = lac__search_of(&other->index);
    lac__gpu *gpu = lac__gpu_of(set->rows);
    lac__neighbours n = {.taps = map->taps, .rows = set->rows->shape[0]};
    int64_t bytes = 0;
    LAC_TRY(lac__check_interrupt(ctx));
    if (!lac__mul_size(n.taps, n.rows, &bytes) || !lac__mul_size(bytes, sizeof(int32_t), &bytes))
        return lac__fail(LAC_ERR_SHAPE, "conv3d: a neighbour table of more than 2^63 bytes");
    LAC_TRY(lac__scratch(set->rows, (size_t)bytes, &n.table_block));
    n.table = n.table_block.data;
    lac__launch_map_table(gpu, &search, &geometry, lac__data(set->rows),
                          lac__index_order(&set->index), n.rows, of_inputs, n.table_block.data);
    const lac_status status = lac__gpu_check(gpu);
    if (status != LAC_OK) {
        lac__pool_free(lac__device_of(set->rows)->pool, &n.table_block);
        return status;
    }
    out->taps = n.taps;
    out->rows = n.rows;
    out->table = n.table;
    out->table_block = n.table_block;
    return LAC_OK;
}

enum { WORD = 64, TILE_ROWS = 32, TILE_WORD = 32, GROUP_ROWS = 128 };

/* Scratch memory of orders, for the largest part of the taps. */
typedef struct parts {
    int64_t most, tiles, groups;
    int64_t words; /* of a tile's mask */
    lac__block scratch;
    uint64_t *masks;         /* [ceil(most / WORD)][rows] */
    uint64_t *keys, *sorted; /* [rows] */
    int32_t *spare;          /* [rows] */
    void *sort;
} parts;

static lac_status make_parts(lac__device *device, const lac__neighbours *n, int splits, parts *p) {
    *p = (parts){0};
    for (int s = 0; s < (splits > 0 ? splits : 1); s++) {
        const int count = splits > 0 ? splits : 1;
        p->most = lac__max(p->most, lac__split_start(n->taps, count, s + 1) -
                                        lac__split_start(n->taps, count, s));
    }
    p->tiles = (n->rows + TILE_ROWS - 1) / TILE_ROWS;
    p->groups = (n->rows + GROUP_ROWS - 1) / GROUP_ROWS;
    p->words = (p->most + TILE_WORD - 1) / TILE_WORD;
    const size_t rows = (size_t)n->rows, deep = (size_t)((p->most + WORD - 1) / WORD);
    size_t bytes = 0;
    const size_t masks_at = lac__piece(&bytes, deep * rows * sizeof(uint64_t));
    const size_t keys_at = lac__piece(&bytes, rows * sizeof(uint64_t));
    const size_t sorted_at = lac__piece(&bytes, rows * sizeof(uint64_t));
    const size_t spare_at = lac__piece(&bytes, rows * sizeof(int32_t));
    const size_t sort_at = lac__piece(&bytes, lac__radix_scratch(n->rows));
    LAC_TRY(lac__pool_alloc(device->pool, bytes, &p->scratch));
    p->masks = lac__piece_at(&p->scratch, masks_at);
    p->keys = lac__piece_at(&p->scratch, keys_at);
    p->sorted = lac__piece_at(&p->scratch, sorted_at);
    p->spare = lac__piece_at(&p->scratch, spare_at);
    p->sort = lac__piece_at(&p->scratch, sort_at);
    return LAC_OK;
}

/* Rows by the masks of `taps` taps, the least significant word first: the last sort decides. */
static lac_status sort_by_mask(lac__gpu *gpu, const parts *p, int64_t rows, int64_t taps,
                               int32_t *order) {
    const int64_t words = lac__max((taps + WORD - 1) / WORD, 1);
    const int32_t *from = NULL;
    if (taps == 0) /* a part without taps: rows stay as they are */
        LAC_TRY(lac__gpu_set(gpu, p->masks, 0, (size_t)rows * sizeof *p->masks));
    for (int64_t w = 0; w < words; w++) {
        const uint64_t *keys = p->masks + w * rows;
        int32_t *to = (words - w) % 2 == 1 ? order : p->spare;
        if (from != NULL) {
            lac__launch_gather_masks(gpu, keys, from, rows, p->keys);
            keys = p->keys;
        }
        lac__launch_radix_sort(gpu, keys, p->sorted, from, to, rows, 0,
                               (int32_t)lac__min(taps - w * WORD, WORD), p->sort);
        from = to;
    }
    return LAC_OK;
}

/* One part of the taps: its order (NULL: none is wanted), tiles and groups. */
static lac_status order_part(lac__gpu *gpu, const lac__neighbours *n, const parts *p, int64_t first,
                             int64_t last, int32_t *order, uint32_t *tiles, int32_t *groups) {
    lac__launch_tap_masks(gpu, n->table, n->rows, first, last, p->masks);
    if (order != NULL) LAC_TRY(sort_by_mask(gpu, p, n->rows, last - first, order));
    lac__launch_tile_masks(gpu, p->masks, order, n->rows, last - first, p->words, tiles);
    lac__launch_group_keys(gpu, tiles, p->tiles, p->words, p->most, p->keys);
    lac__launch_radix_sort(gpu, p->keys, p->sorted, NULL, groups, p->groups, 0,
                           lac__bits_of(p->most + 1), p->sort);
    return LAC_OK;
}

lac_status lac__orders__cuda(lac_context *ctx, lac__neighbours *n, int splits) {
    const int count = splits > 0 ? splits : 1;
    lac__block order = {0}, tiles = {0};
    parts p;
    LAC_TRY(lac__check_interrupt(ctx));
    if (n->rows == 0) return LAC_OK;
    lac__device *device = n->device;
    lac__gpu *gpu = lac__gpu_enter(device);
    lac_status status = make_parts(device, n, splits, &p);
    if (status != LAC_OK) return status;
    if (splits > 0)
        LAC_TRY_OUT(
            lac__pool_alloc(device->pool, (size_t)(splits * n->rows) * sizeof(int32_t), &order));
    const int64_t masks = p.tiles * p.words;
    LAC_TRY_OUT(lac__pool_alloc(device->pool,
                                (size_t)(count * (masks + p.groups)) * sizeof(int32_t), &tiles));
    for (int s = 0; s < count; s++) {
        int32_t *part_order = splits > 0 ? (int32_t *)order.data + s * n->rows : NULL;
        LAC_TRY_OUT(order_part(gpu, n, &p, lac__split_start(n->taps, count, s),
                               lac__split_start(n->taps, count, s + 1), part_order,
                               (uint32_t *)tiles.data + s * masks,
                               (int32_t *)tiles.data + count * masks + s * p.groups));
    }
    LAC_TRY_OUT(lac__gpu_check(gpu));
    n->order_blocks[splits] = order;
    n->tile_blocks[splits] = tiles;
    order = tiles = (lac__block){0};
out:
    lac__pool_free(device->pool, &p.scratch);
    lac__pool_free(device->pool, &order);
    lac__pool_free(device->pool, &tiles);
    return status;
}
