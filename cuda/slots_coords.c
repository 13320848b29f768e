/*
 * slots_coords.c - sets of coordinates on a GPU: their index, equality and grouping; the table of
 * all that the sparse layer asks of a GPU.
 */
#include "slots_coords.h"

#include "launch_sort.h"

#include <string.h>

lac_status lac__narrow_packing(const int64_t low[4], const int64_t high[4], lac__packing *packing) {
    lac__packing p = {.wide = false};
    for (int i = 3; i >= 0; i--) {
        const uint64_t extent = high[i] > low[i] ? (uint64_t)(high[i] - low[i]) : 0;
        p.low[i] = low[i];
        p.extent[i] = (int64_t)extent;
        p.shift[i] = p.bits;
        p.bits += extent == 0 ? 0 : 64 - __builtin_clzll(extent);
    }
    if (p.bits <= 63) {
        *packing = p;
        return LAC_OK;
    }
    return lac__fail(
        LAC_ERR_UNSUPPORTED,
        "coords: rows from (%lld, %lld, %lld, %lld) to (%lld, %lld, %lld, %lld), expected "
        "a box that packs into 63 bits: use device \"cpu\" for such coordinates",
        (long long)low[0], (long long)low[1], (long long)low[2], (long long)low[3],
        (long long)high[0], (long long)high[1], (long long)high[2], (long long)high[3]);
}

/* The box of rows, and whether they are sorted and unique. Waits. */
static lac_status find_bounds(const lac_tensor *rows, int64_t low[4], int64_t high[4],
                              bool *sorted) {
    lac__gpu *gpu = lac__gpu_of(rows);
    int32_t bounds[9];
    lac__block scratch = {0};
    LAC_TRY(lac__scratch(rows, sizeof bounds, &scratch));
    lac__launch_bounds(gpu, lac__data(rows), rows->shape[0], scratch.data);
    const lac_status status = lac__gpu_read(gpu, bounds, scratch.data, sizeof bounds);
    lac__pool_free(lac__device_of(rows)->pool, &scratch);
    if (status != LAC_OK) return status;
    for (int f = 0; f < 4; f++) {
        low[f] = bounds[f];
        high[f] = bounds[4 + f];
    }
    *sorted = bounds[8] == 0;
    return LAC_OK;
}

/* Names the rows at `position` and the one before it. */
static lac_status duplicate_rows(const lac_tensor *rows, const lac__index *index,
                                 int64_t position) {
    lac__gpu *gpu = lac__gpu_of(rows);
    int32_t pair[2], r[4];
    LAC_TRY(lac__gpu_read(gpu, pair, lac__index_order(index) + position - 1, sizeof pair));
    LAC_TRY(
        lac__gpu_read(gpu, r, (const int32_t *)lac__data(rows) + 4 * (int64_t)pair[0], sizeof r));
    return lac__fail(
        LAC_ERR_DUPLICATE,
        "coords: rows %d and %d are both (%d, %d, %d, %d), expected unique rows: quantize removes duplicates",
        pair[0], pair[1], r[0], r[1], r[2], r[3]);
}

/* Sorts the keys of rows into the index; equal rows stay in order. Waits, to see that there are
   none. */
static lac_status sort_rows(const lac_tensor *rows, lac__index *index) {
    lac__gpu *gpu = lac__gpu_of(rows);
    const int64_t n = index->count;
    size_t bytes = 0;
    const size_t first_at = lac__piece(&bytes, sizeof(int64_t));
    const size_t keys_at = lac__piece(&bytes, (size_t)n * sizeof(uint64_t));
    const size_t sort_at = lac__piece(&bytes, lac__radix_scratch(n));
    lac__block scratch = {0};
    int64_t first = INT64_MAX;
    LAC_TRY(lac__scratch(rows, bytes, &scratch));
    lac_status status = lac__scratch(rows, (size_t)n * sizeof(int32_t), &index->order);
    if (status == LAC_OK) {
        uint64_t *keys = lac__piece_at(&scratch, keys_at);
        lac__launch_pack_rows(gpu, lac__data(rows), n, &index->packing, keys);
        lac__launch_radix_sort(gpu, keys, index->keys.data, NULL, index->order.data, n, 0,
                               index->packing.bits, lac__piece_at(&scratch, sort_at));
        lac__launch_first_repeat(gpu, index->keys.data, n, lac__piece_at(&scratch, first_at));
        status = lac__gpu_read(gpu, &first, lac__piece_at(&scratch, first_at), sizeof first);
    }
    lac__pool_free(lac__device_of(rows)->pool, &scratch);
    if (status == LAC_OK && first != INT64_MAX) status = duplicate_rows(rows, index, first);
    return status;
}

static lac_status fill_index(const lac_tensor *rows, bool sorted, lac__index *index) {
    LAC_TRY(lac__scratch(rows, (size_t)index->count * sizeof(uint64_t), &index->keys));
    if (!sorted) return sort_rows(rows, index);
    lac__launch_pack_rows(lac__gpu_of(rows), lac__data(rows), index->count, &index->packing,
                          index->keys.data);
    return LAC_OK;
}

static lac_status index_build(lac_context *ctx, const lac_tensor *rows, const int64_t *box,
                              lac__index *out) {
    lac__index index = {.count = rows->shape[0]};
    bool sorted = true;
    (void)ctx;
    if (index.count > INT32_MAX)
        return lac__fail(LAC_ERR_SHAPE, "coords: %lld rows, expected at most 2^31 - 1",
                         (long long)index.count);
    if (index.count == 0) {
        for (int f = 0; f < 4; f++) {
            index.low[f] = INT32_MAX;
            index.high[f] = INT32_MIN;
        }
        *out = index;
        return LAC_OK;
    }
    if (box != NULL) {
        memcpy(index.low, box, sizeof index.low);
        memcpy(index.high, box + 4, sizeof index.high);
    } else {
        LAC_TRY(find_bounds(rows, index.low, index.high, &sorted));
    }
    LAC_TRY(lac__narrow_packing(index.low, index.high, &index.packing));
    lac_status status = fill_index(rows, sorted, &index);
    if (status == LAC_OK) status = lac__gpu_check(lac__gpu_of(rows));
    if (status != LAC_OK) {
        lac__pool_free(lac__device_of(rows)->pool, &index.keys);
        lac__pool_free(lac__device_of(rows)->pool, &index.order);
        return status;
    }
    *out = index;
    return LAC_OK;
}

static lac_status rows_equal(lac_context *ctx, const lac_tensor *a, const lac_tensor *b,
                             bool *equal) {
    lac__gpu *gpu = lac__gpu_of(a);
    int32_t differ = 0;
    lac__block scratch = {0};
    (void)ctx;
    LAC_TRY(lac__scratch(a, sizeof differ, &scratch));
    lac__launch_rows_differ(gpu, lac__data(a), lac__data(b), a->shape[0], scratch.data);
    lac_status status = lac__gpu_read(gpu, &differ, scratch.data, sizeof differ);
    if (status == LAC_OK) status = lac__gpu_check(gpu);
    lac__pool_free(lac__device_of(a)->pool, &scratch);
    *equal = differ == 0;
    return status;
}

static lac_status group_rows(lac_context *ctx, const lac_tensor *rows, int32_t *group,
                             int32_t *first, int64_t *groups) {
    lac__gpu *gpu = lac__gpu_of(rows);
    const int64_t n = rows->shape[0];
    int64_t low[4], high[4];
    bool sorted;
    lac__packing packing;
    (void)ctx;
    *groups = 0;
    if (n == 0) return LAC_OK;
    LAC_TRY(find_bounds(rows, low, high, &sorted));
    LAC_TRY(lac__narrow_packing(low, high, &packing));
    size_t bytes = 0;
    const size_t total_at = lac__piece(&bytes, sizeof(int64_t));
    const size_t keys_at = lac__piece(&bytes, (size_t)n * sizeof(uint64_t));
    const size_t sorted_at = lac__piece(&bytes, (size_t)n * sizeof(uint64_t));
    const size_t order_at = lac__piece(&bytes, (size_t)n * sizeof(int32_t));
    const size_t numbers_at = lac__piece(&bytes, (size_t)n * sizeof(int32_t));
    const size_t scan_at = lac__piece(&bytes, lac__scan_scratch(n));
    const size_t sort_at = lac__piece(&bytes, lac__radix_scratch(n));
    lac__block scratch = {0};
    LAC_TRY(lac__scratch(rows, bytes, &scratch));
    int64_t *total = lac__piece_at(&scratch, total_at);
    uint64_t *keys = lac__piece_at(&scratch, keys_at);
    uint64_t *in_order = lac__piece_at(&scratch, sorted_at);
    int32_t *order = lac__piece_at(&scratch, order_at);
    int32_t *numbers = lac__piece_at(&scratch, numbers_at);
    lac__launch_pack_rows(gpu, lac__data(rows), n, &packing, keys);
    lac__launch_radix_sort(gpu, keys, in_order, NULL, order, n, 0, packing.bits,
                           lac__piece_at(&scratch, sort_at));
    lac__launch_heads(gpu, in_order, n, numbers);
    lac__launch_scan_i32(gpu, numbers, numbers, n, total, lac__piece_at(&scratch, scan_at));
    lac__launch_write_groups(gpu, in_order, order, numbers, n, group, first);
    lac_status status = lac__gpu_read(gpu, groups, total, sizeof *groups);
    lac__pool_free(lac__device_of(rows)->pool, &scratch);
    return status == LAC_OK ? lac__gpu_check(gpu) : status;
}

const lac__device_maps lac__cuda_maps = {
    .index_build = index_build,
    .derive = lac__derive__cuda,
    .neighbours = lac__neighbours__cuda,
    .orders = lac__orders__cuda,
    .lists = lac__lists__cuda,
    .count_pairs = lac__count_pairs__cuda,
    .find = lac__find__cuda,
    .point_index = lac__point_index__cuda,
    .point_corners = lac__point_corners__cuda,
    .rows_equal = rows_equal,
    .group_rows = group_rows,
};
