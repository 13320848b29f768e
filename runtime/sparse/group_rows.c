/*
 * group_rows.c - see group_rows.h.
 */
#include "sparse/group_rows.h"

#include "sparse/index.h"
#include "sparse/sort.h"

lac_status lac__group_rows(lac_context *ctx, const int32_t *rows, int64_t count, int32_t *group,
                           int32_t *first, int64_t *groups) {
    lac__block memory = {0};
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)count * sizeof(int32_t), &memory));
    int32_t *order = memory.data;
    const lac_status status = lac__order_rows(ctx, rows, count, order);
    int64_t n = 0;
    for (int64_t i = 0; status == LAC_OK && i < count; i++) {
        const int32_t row = order[i];
        /* The sort is stable: the first row of a group comes first. */
        if (i == 0 || lac__compare_rows(rows + 4 * (int64_t)order[i - 1], rows + 4 * (int64_t)row))
            first[n++] = row;
        group[row] = (int32_t)(n - 1);
    }
    lac__pool_free(ctx->pool, &memory);
    if (status == LAC_OK) *groups = n;
    return status;
}
