/*
 * dense_radix.h - stable sorting of row numbers by 64-bit keys.
 */
#ifndef LAC_CPU_DENSE_RADIX_H
#define LAC_CPU_DENSE_RADIX_H

#include "core/context.h"

typedef struct lac__sort_item {
    uint64_t key;
    int64_t row;
} lac__sort_item;

/** Sorts `items` by key, equal keys in their present order. `spare` is scratch of the same length. An
 *  interrupt stops it between two digits: the items are then in some order. */
void lac__radix_sort(lac_context *ctx, lac__sort_item *items, lac__sort_item *spare, int64_t n);

/** Keys that order as the values do. */
static inline uint64_t lac__integer_key(int64_t v) {
    return (uint64_t)v ^ 0x8000000000000000u;
}

#endif
