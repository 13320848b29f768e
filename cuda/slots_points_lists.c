/*
 * slots_points_lists.c - see slots_points.h. Lists are a stable sort of row numbers by the number
 * of each row, over as many bits as the largest number has.
 */
#include "slots_points.h"

#include "core/checked.h"
#include "launch_sort.h"

#include <string.h>

lac_status lac__blocks_take(lac__blocks *blocks, int64_t count, size_t size, void *out) {
    int64_t bytes = 0;
    if (blocks->count == LAC__MOST_BLOCKS)
        return lac__fail(LAC_ERR_INTERNAL, "cuda: more than %d scratch blocks", LAC__MOST_BLOCKS);
    if (!lac__mul_size(count, (int64_t)size, &bytes))
        return lac__fail(LAC_ERR_OOM, "cuda: scratch memory of more than 2^63 bytes");
    lac__block *block = &blocks->block[blocks->count];
    LAC_TRY(lac__scratch(blocks->like, (size_t)bytes, block));
    blocks->count++;
    memcpy(out, &block->data, sizeof block->data); /* the caller's pointer has a type of its own */
    return LAC_OK;
}

lac_status lac__blocks_word(lac__blocks *blocks, uint64_t value, uint64_t **out) {
    LAC_TRY(lac__blocks_take(blocks, 1, sizeof value, out));
    return lac__gpu_write(lac__gpu_of(blocks->like), *out, &value, sizeof value);
}

lac_status lac__read_word(const lac__blocks *blocks, const uint64_t *word, uint64_t *value) {
    lac__gpu *gpu = lac__gpu_of(blocks->like);
    LAC_TRY(lac__gpu_check(gpu));
    return lac__gpu_read(gpu, value, word, sizeof *value);
}

void lac__blocks_free(lac__blocks *blocks) {
    while (blocks->count > 0)
        lac__pool_free(lac__device_of(blocks->like)->pool, &blocks->block[--blocks->count]);
}

lac_status lac__check_rows_fit(const char *op, int64_t n) {
    if (n <= INT32_MAX) return LAC_OK;
    return lac__fail(LAC_ERR_UNSUPPORTED, "%s: %lld rows on a GPU, expected at most 2^31 - 1", op,
                     (long long)n);
}

lac_status lac__list_all(lac__blocks *blocks, int64_t n, lac__row_lists *out) {
    int64_t *starts = NULL;
    LAC_TRY(lac__blocks_take(blocks, 2, sizeof *starts, &starts));
    *out = (lac__row_lists){.starts = starts, .groups = 1};
    lac__launch_one_list(lac__gpu_of(blocks->like), n, starts);
    return LAC_OK;
}

lac_status lac__make_lists(lac__blocks *blocks, const void *number, lac_dtype dtype, int64_t n,
                           int64_t groups, lac__row_lists *out) {
    lac__gpu *gpu = lac__gpu_of(blocks->like);
    int64_t *starts = NULL;
    int32_t *order = NULL;
    uint64_t *keys = NULL, *sorted = NULL;
    void *scratch = NULL;
    LAC_TRY(lac__blocks_take(blocks, groups + 1, sizeof *starts, &starts));
    LAC_TRY(lac__blocks_take(blocks, n, sizeof *order, &order));
    LAC_TRY(lac__blocks_take(blocks, n, sizeof *keys, &keys));
    LAC_TRY(lac__blocks_take(blocks, n, sizeof *keys, &sorted));
    LAC_TRY(lac__blocks_take(blocks, (int64_t)lac__radix_scratch(n), 1, &scratch));
    if (dtype == LAC_DTYPE_I32)
        lac__launch_list_keys_i32(gpu, number, n, groups, keys);
    else
        lac__launch_list_keys_i64(gpu, number, n, groups, keys);
    lac__launch_radix_sort(gpu, keys, sorted, NULL, order, n, 0, lac__bits_of(groups + 1), scratch);
    lac__launch_group_starts(gpu, sorted, n, groups, starts);
    *out = (lac__row_lists){.order = order, .starts = starts, .groups = groups};
    return LAC_OK;
}

lac_status lac__group_device_rows(lac_context *ctx, lac__blocks *blocks, const lac_tensor *rows,
                                  int32_t **group, int32_t **first, int64_t *groups) {
    const int64_t n = rows->shape[0];
    LAC_TRY(lac__blocks_take(blocks, n, sizeof **group, group));
    LAC_TRY(lac__blocks_take(blocks, n, sizeof **first, first));
    *groups = 0;
    if (n == 0) return LAC_OK;
    return lac__device_of(rows)->backend->maps->group_rows(ctx, rows, *group, *first, groups);
}
