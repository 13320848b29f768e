/*
 * to_dense.c - zeros, then every row into its cell. Rows are unique, so threads never meet.
 */
#include "core/checked.h"
#include "cpu/dense_walk.h"

#include <string.h>

enum { ROWS = 1024, BYTES = 1 << 20 };

static inline void spread(char *to, const char *from, int64_t channels, int64_t step,
                          int64_t size) {
    for (int64_t c = 0; c < channels; c++)
        memcpy(to + c * step * size, from + c * size, (size_t)size);
}

/* One row: its channels lie `step` elements apart. */
static void put(char *to, const char *from, int64_t channels, int64_t step, int64_t size) {
    if (step == 1) {
        memcpy(to, from, (size_t)(channels * size));
        return;
    }
    switch (size) {
    case 1: spread(to, from, channels, step, 1); break;
    case 2: spread(to, from, channels, step, 2); break;
    case 4: spread(to, from, channels, step, 4); break;
    default: spread(to, from, channels, step, 8);
    }
}

lac_status lac_to_dense__cpu(lac_context *ctx, const lac__to_dense_args *args) {
    const lac_tensor *cells = args->cells;
    const int64_t n = args->feats->shape[0], channels = args->feats->shape[1];
    const int64_t size = (int64_t)lac_dtype_size(args->feats->dtype);
    const int64_t bytes = lac_tensor_numel(args->out) * size;
    if (bytes == 0) return LAC_OK;
    const char *feats = lac__data(args->feats);
    const int32_t *rows = lac__data(args->rows);
    char *out = lac__data(args->out);
    const int64_t pieces = (bytes + BYTES - 1) / BYTES, blocks = (n + ROWS - 1) / ROWS;
#pragma omp parallel for schedule(static) num_threads(lac__team(ctx, bytes / size))
    for (int64_t p = 0; p < pieces; p++) {
        if (!lac__interrupted(ctx))
            memset(out + p * BYTES, 0, (size_t)lac__min(BYTES, bytes - p * BYTES));
    }
#pragma omp parallel for schedule(static) num_threads(lac__team(ctx, n *channels))
    for (int64_t b = 0; b < blocks; b++) {
        if (lac__interrupted(ctx)) continue;
        for (int64_t i = b * ROWS; i < lac__min(n, (b + 1) * ROWS); i++) {
            int64_t at = 0;
            for (int axis = 0; axis < 4; axis++) at += rows[4 * i + axis] * cells->stride[axis];
            put(out + at * size, feats + i * channels * size, channels, cells->stride[4], size);
        }
    }
    return lac__check_interrupt(ctx);
}
