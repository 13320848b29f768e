/*
 * dense_radix.c - insertion sort for a few items, else least-significant-digit radix sort, which
 * skips digits that are the same in all keys.
 */
#include "cpu/dense_radix.h"

#include <string.h>

enum { FEW = 48, DIGIT = 8, BUCKETS = 1 << DIGIT, DIGITS = 64 / DIGIT };

static void insertion_sort(lac__sort_item *items, int64_t n) {
    for (int64_t i = 1; i < n; i++) {
        const lac__sort_item item = items[i];
        int64_t j = i;
        for (; j > 0 && items[j - 1].key > item.key; j--) items[j] = items[j - 1];
        items[j] = item;
    }
}

void lac__radix_sort(lac_context *ctx, lac__sort_item *items, lac__sort_item *spare, int64_t n) {
    if (n <= FEW) {
        insertion_sort(items, n);
        return;
    }
    uint64_t all = ~(uint64_t)0, any = 0;
    for (int64_t i = 0; i < n; i++) {
        all &= items[i].key;
        any |= items[i].key;
    }
    const uint64_t varying = all ^ any;
    lac__sort_item *from = items, *to = spare;
    for (int d = 0; d < DIGITS && !lac__interrupted(ctx); d++) {
        const int shift = d * DIGIT;
        if ((varying >> shift & (BUCKETS - 1)) == 0) continue;
        int64_t start[BUCKETS + 1] = {0};
        for (int64_t i = 0; i < n; i++) start[(from[i].key >> shift & (BUCKETS - 1)) + 1]++;
        for (int b = 0; b < BUCKETS; b++) start[b + 1] += start[b];
        for (int64_t i = 0; i < n; i++) to[start[from[i].key >> shift & (BUCKETS - 1)]++] = from[i];
        lac__sort_item *swap = from;
        from = to;
        to = swap;
    }
    if (from != items) memcpy(items, from, (size_t)n * sizeof *items);
}
