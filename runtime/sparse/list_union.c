/*
 * list_union.c - see list_union.h.
 */
#include "sparse/list_union.h"

#include <stdbool.h>

static int64_t lower_bound(const uint64_t *keys, int64_t count, uint64_t wanted) {
    int64_t low = 0, high = count;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (keys[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A list on its way through a merge. */
typedef struct list {
    uint64_t head; /* *key */
    const uint64_t *key;
    int32_t *out;
} list;

/* Gives `number` to the lists of one column whose head is `key`, and moves these on; returns the column's
 * next head. No branches: which lists have the key follows no pattern. */
static inline uint64_t take(list *column, int64_t taps, uint64_t key, int32_t number) {
    uint64_t least = UINT64_MAX;
    int32_t nowhere;
#pragma GCC unroll 4
    for (int64_t j = 0; j < taps; j++) {
        list *l = column + j;
        const bool hit = l->head == key;
        *(hit ? l->out : &nowhere) = number;
        l->out += hit;
        l->key += hit;
        l->head = *l->key;
        least = l->head < least ? l->head : least;
    }
    return least;
}

/* Numbers the keys of one part from 0; returns how many there are. Lists are merged in two steps, columns
 * and then the lists of the columns that have the key: most keys are in few of the columns. */
static inline __attribute__((always_inline)) int64_t
merge_columns(const lac__list_union *u, int64_t part, const int64_t columns, const int64_t depth) {
    const uint64_t end = u->split[part + 1];
    uint64_t head[LAC__MAX_LISTS], *unique = u->unique + u->part_at[part];
    list lists[LAC__MAX_LISTS];
    for (int64_t c = 0; c < columns; c++) {
        head[c] = UINT64_MAX;
        for (int64_t j = 0; j < depth; j++) {
            const int64_t k = u->list_of[c * depth + j], at = u->begin[part][k];
            list *l = &lists[c * depth + j];
            *l = (list){u->keys[k][at], u->keys[k] + at, u->out[k] + at};
            head[c] = l->head < head[c] ? l->head : head[c];
        }
    }
    for (int64_t n = 0;; n++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): there is a column */
        uint64_t least = head[0]; /* cppcheck-suppress uninitvar; there is a column */
#pragma GCC unroll 16
        for (int64_t c = 1; c < columns; c++) least = head[c] < least ? head[c] : least;
        if (least >= end) return n;
        unique[n] = least;
        if (columns * depth <= 8) { /* too few for a second step */
#pragma GCC unroll 16
            for (int64_t c = 0; c < columns; c++)
                head[c] = take(lists + c * depth, depth, least, (int32_t)n);
            continue;
        }
        uint32_t hits = 0;
#pragma GCC unroll 16
        for (int64_t c = 0; c < columns; c++) hits |= (uint32_t)(head[c] == least) << c;
        for (; hits != 0; hits &= hits - 1) {
            const int c = __builtin_ctz(hits);
            head[c] = take(lists + c * depth, depth, least, (int32_t)n);
        }
    }
}

static int64_t merge_part(const lac__list_union *u, int64_t part) {
    const int64_t depth = u->depth, columns = u->lists / depth;
    if (columns == 4 && depth == 2) return merge_columns(u, part, 4, 2); /* known sizes unroll */
    if (columns == 9 && depth == 3) return merge_columns(u, part, 9, 3);
    return merge_columns(u, part, columns, depth);
}

/* Parts of the keys, as even as the longest list, and each list's share of them. */
static void split_parts(lac__list_union *u) {
    int64_t longest = 0;
    for (int64_t k = 0; k < u->lists; k++) longest = u->size[k] > u->size[longest] ? k : longest;
    for (int64_t t = 0; t <= u->threads; t++) {
        u->split[t] = t == 0            ? 0
                      : t == u->threads ? UINT64_MAX
                                        : u->keys[longest][u->size[longest] * t / u->threads];
        int64_t before = 0;
        for (int64_t k = 0; k < u->lists; k++) {
            u->begin[t][k] =
                t == u->threads ? u->size[k] : lower_bound(u->keys[k], u->size[k], u->split[t]);
            before += u->begin[t][k];
        }
        if (t < u->threads) u->part_at[t] = before;
    }
}

void lac__list_union_number(lac__list_union *u) {
    split_parts(u);
#pragma omp parallel for num_threads((int)u->threads) schedule(static, 1)
    for (int64_t t = 0; t < u->threads; t++) u->part_rows[t] = merge_part(u, t);
    u->part_base[0] = 0;
    for (int64_t t = 0; t < u->threads; t++)
        u->part_base[t + 1] = u->part_base[t] + u->part_rows[t];
}

void lac__list_union_renumber(const lac__list_union *u, int64_t part) {
    const int32_t base = (int32_t)u->part_base[part];
    for (int64_t k = 0; base > 0 && k < u->lists; k++) {
        for (int64_t i = u->begin[part][k]; i < u->begin[part + 1][k]; i++) u->out[k][i] += base;
    }
}
