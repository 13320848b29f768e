/*
 * slots_coords_lists.c - pair lists of a table on a GPU.
 */
#include "slots_coords.h"

#include "launch_sort.h"

/* Counts the pairs: starts [taps * blocks + 1], then segments and costs; the taps' own starts are
   read, for which the host waits. */
static lac_status place_pairs(lac_context *ctx, lac__device *device, const lac__neighbours *n,
                              int64_t centre, int64_t *starts, int64_t *tap_starts,
                              lac__pair_lists *lists) {
    lac__gpu *gpu = device->gpu;
    const int64_t blocks = lists->blocks, counts = n->taps * blocks;
    int64_t *cost = lists->cost_block.data;
    lac__block scan = {0}, host = {0};
    size_t scratch = 0;
    const size_t counts_at = lac__piece(&scratch, lac__scan_scratch(counts) + 1);
    const size_t cost_at = lac__piece(&scratch, lac__scan_scratch(blocks) + 1);
    LAC_TRY(lac__pool_alloc(device->pool, scratch, &scan));
    const size_t bytes = (size_t)(n->taps + 1) * sizeof(int64_t);
    lac_status status = lac__pool_alloc(ctx->pool, bytes, &host);
    if (status == LAC_OK) {
        lac__launch_count_blocks(gpu, n->table, n->taps, n->rows, centre, starts);
        lac__launch_scan_i64(gpu, starts, starts, counts, starts + counts,
                             lac__piece_at(&scan, counts_at));
        lac__launch_segments(gpu, starts, n->taps, n->rows, centre, tap_starts,
                             lists->segment_block.data, cost);
        lac__launch_scan_i64(gpu, cost, cost, blocks, cost + blocks, lac__piece_at(&scan, cost_at));
        status = lac__gpu_read(gpu, host.data, tap_starts, bytes);
    }
    lac__pool_free(device->pool, &scan);
    const int64_t *start = host.data;
    const size_t pairs = status == LAC_OK ? (size_t)start[n->taps] : 0;
    if (status == LAC_OK)
        status = lac__pool_alloc(device->pool, 2 * pairs * sizeof(int32_t), &lists->owned);
    for (int64_t k = 0; status == LAC_OK && k < n->taps; k++) {
        const int64_t count = start[k + 1] - start[k];
        const int32_t *in = pairs > 0 ? (const int32_t *)lists->owned.data + 2 * start[k] : NULL;
        lists->tap[k] = (lac__tap){.in = in, .out = pairs > 0 ? in + count : NULL, .count = count};
    }
    lac__pool_free(ctx->pool, &host);
    return status;
}

lac_status lac__lists__cuda(lac_context *ctx, const lac__neighbours *n, int64_t centre,
                            lac__pair_lists *lists) {
    lac__device *device = n->device;
    (void)lac__gpu_enter(device);
    lac__block starts = {0};
    LAC_TRY(lac__check_interrupt(ctx));
    lists->taps = n->taps;
    lists->rows = n->rows;
    lists->blocks = (n->rows + LAC__BLOCK_ROWS - 1) / LAC__BLOCK_ROWS;
    const size_t segments = (size_t)(n->taps * (lists->blocks + 1));
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)n->taps * sizeof(lac__tap), &lists->tap_block));
    lists->tap = lists->tap_block.data;
    LAC_TRY(lac__pool_alloc(device->pool, segments * sizeof(int32_t), &lists->segment_block));
    LAC_TRY(lac__pool_alloc(device->pool, (size_t)(lists->blocks + 1) * sizeof(int64_t),
                            &lists->cost_block));
    const size_t counts = (size_t)(n->taps * lists->blocks + 1), taps = (size_t)(n->taps + 1);
    LAC_TRY(lac__pool_alloc(device->pool, (counts + taps) * sizeof(int64_t), &starts));
    int64_t *tap_starts = (int64_t *)starts.data + counts;
    lac_status status = place_pairs(ctx, device, n, centre, starts.data, tap_starts, lists);
    if (status == LAC_OK)
        lac__launch_fill_lists(device->gpu, n->table, n->taps, n->rows, centre, starts.data,
                               lists->owned.data);
    lac__pool_free(device->pool, &starts);
    lists->segment = lists->segment_block.data;
    lists->cost = lists->cost_block.data;
    return status == LAC_OK ? lac__gpu_check(device->gpu) : status;
}

lac_status lac__count_pairs__cuda(lac_context *ctx, const lac__neighbours *n, int64_t *pairs) {
    (void)ctx;
    lac__device *device = n->device;
    (void)lac__gpu_enter(device);
    lac__block count = {0};
    *pairs = 0;
    if (n->rows == 0) return LAC_OK;
    LAC_TRY(lac__pool_alloc(device->pool, sizeof *pairs, &count));
    lac__launch_count_pairs(device->gpu, n->table, n->taps * n->rows, count.data);
    lac_status status = lac__gpu_read(device->gpu, pairs, count.data, sizeof *pairs);
    if (status == LAC_OK) status = lac__gpu_check(device->gpu);
    lac__pool_free(device->pool, &count);
    return status;
}
