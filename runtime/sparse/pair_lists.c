/*
 * pair_lists.c - block segments of pair lists.
 */
#include "sparse/pair_lists.h"

#include "core/checked.h"
#include "core/threads.h"

static void find_segments(const lac__tap *tap, int64_t blocks, int32_t *segment) {
    int64_t pair = 0;
    for (int64_t b = 0; b < blocks; b++) {
        const int64_t first = b * LAC__BLOCK_ROWS;
        while (pair < tap->count && tap->out[pair] < first) pair++;
        segment[b] = (int32_t)pair;
    }
    segment[blocks] = (int32_t)tap->count;
}

lac_status lac__pair_lists_finish(lac_context *ctx, lac__pair_lists *lists, bool identity) {
    const int64_t blocks = (lists->rows + LAC__BLOCK_ROWS - 1) / LAC__BLOCK_ROWS;
    lists->blocks = blocks;
    const size_t segments = (size_t)(lists->taps * (blocks + 1));
    LAC_TRY(lac__pool_alloc(ctx->pool, segments * sizeof(int32_t), &lists->segment_block));
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)(blocks + 1) * sizeof(int64_t), &lists->cost_block));
    int32_t *segment = lists->segment_block.data;
    int64_t *cost = lists->cost_block.data;
    int64_t work = lists->taps * (blocks + 1);
    for (int64_t k = 0; k < lists->taps; k++) work += lists->tap[k].count;
#pragma omp parallel for num_threads(lac__team(ctx, work)) schedule(dynamic, 1)
    for (int64_t k = 0; k < lists->taps; k++)
        find_segments(&lists->tap[k], blocks, segment + k * (blocks + 1));
    cost[0] = 0;
    for (int64_t b = 0; b < blocks; b++) {
        int64_t pairs =
            lac__min(LAC__BLOCK_ROWS, lists->rows - b * LAC__BLOCK_ROWS) * (identity ? 2 : 1);
        for (int64_t k = 0; k < lists->taps; k++) {
            const int32_t *s = segment + k * (blocks + 1) + b;
            pairs += s[1] - s[0];
        }
        cost[b + 1] = cost[b] + pairs;
    }
    lists->segment = segment;
    lists->cost = cost;
    return LAC_OK;
}

void lac__pair_lists_free(lac__pool *host, lac__pool *pool, lac__pair_lists *lists) {
    lac__pool_free(host, &lists->tap_block);
    lac__pool_free(pool, &lists->segment_block);
    lac__pool_free(pool, &lists->cost_block);
    lac__pool_free(pool, &lists->owned);
    *lists = (lac__pair_lists){0};
}
