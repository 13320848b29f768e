/*
 * sort.h - the sorts behind indices and coordinate sets. Deterministic for any number of threads.
 */
#ifndef LAC_SPARSE_SORT_H
#define LAC_SPARSE_SORT_H

#include "core/context.h"

/** Sorts `count` values by their bits low_bit..high_bit-1, stable; `spare` holds as many. The result may
 *  lie in either array and is returned. Least-significant-digit radix sort. */
lac_status lac__sort_values(lac_context *ctx, uint64_t *values, uint64_t *spare, int64_t count,
                            int low_bit, int high_bit, uint64_t **sorted);
/** Row numbers in ascending order of their rows (int32 [count][4]); equal rows by number. Merge sort. */
lac_status lac__sort_rows(lac_context *ctx, const int32_t *rows, int64_t count, int32_t *order);
/** < 0, 0 or > 0 as row a comes before, equals or comes after row b. */
static inline int lac__compare_rows(const int32_t *a, const int32_t *b) {
    for (int i = 0; i < 4; i++) {
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    }
    return 0;
}

#endif
