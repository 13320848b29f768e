/*
 * sort_unique.cu - rows of integers by columns: sorted from the last column to the first, equal
 * rows stand together, the first of them first.
 */
#include "coords.cuh"
#include "launch_order.h"

enum { THREADS = LAC__COORDS_THREADS };

static __device__ inline int64_t value_at(const void *x, bool wide, int64_t i) {
    return wide ? static_cast<const int64_t *>(x)[i] : static_cast<const int32_t *>(x)[i];
}

static __global__ void __launch_bounds__(THREADS)
    find_column_keys(const void *x, bool wide, int64_t n, int64_t columns, int64_t column,
                     const int32_t *order, uint64_t *keys) {
    for (int64_t i = thread_number(); i < n; i += thread_count()) {
        const int64_t row = order != nullptr ? order[i] : i;
        const int64_t value = value_at(x, wide, row * columns + column);
        keys[i] = wide ? (uint64_t)value ^ (uint64_t)1 << 63 : (uint32_t)value ^ 0x80000000u;
    }
}

void lac__launch_column_keys(lac__gpu *gpu, const void *x, int32_t dtype, int64_t n,
                             int64_t columns, int64_t column, const int32_t *order,
                             uint64_t *keys) {
    if (n > 0)
        LAC_LAUNCH(gpu, find_column_keys, coords_blocks(n), THREADS, 0, x, dtype == LAC_DTYPE_I64,
                   n, columns, column, order, keys);
}

static __global__ void __launch_bounds__(THREADS)
    find_row_heads(const void *x, bool wide, int64_t n, int64_t columns, const int32_t *order,
                   int32_t *heads) {
    for (int64_t i = thread_number(); i < n; i += thread_count()) {
        bool equal = i > 0;
        for (int64_t c = 0; equal && c < columns; c++)
            equal = value_at(x, wide, order[i] * columns + c) ==
                    value_at(x, wide, order[i - 1] * columns + c);
        heads[i] = !equal;
    }
}

void lac__launch_row_heads(lac__gpu *gpu, const void *x, int32_t dtype, int64_t n, int64_t columns,
                           const int32_t *order, int32_t *heads) {
    if (n > 0)
        LAC_LAUNCH(gpu, find_row_heads, coords_blocks(n), THREADS, 0, x, dtype == LAC_DTYPE_I64, n,
                   columns, order, heads);
}

static __global__ void __launch_bounds__(THREADS)
    write_row_groups(const int32_t *order, const int32_t *heads, const int32_t *numbers, int64_t n,
                     int64_t *first, int64_t *inverse) {
    for (int64_t i = thread_number(); i < n; i += thread_count()) {
        const int64_t number = numbers[i] - (heads[i] ? 0 : 1);
        inverse[order[i]] = number;
        if (heads[i]) first[number] = order[i];
    }
}

void lac__launch_row_groups(lac__gpu *gpu, const int32_t *order, const int32_t *heads,
                            const int32_t *numbers, int64_t n, int64_t *first, int64_t *inverse) {
    if (n > 0)
        LAC_LAUNCH(gpu, write_row_groups, coords_blocks(n), THREADS, 0, order, heads, numbers, n,
                   first, inverse);
}
