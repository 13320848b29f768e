/*
 * list_union.h - the union of ascending lists of keys, and where in it each element of each list lies.
 *
 * The keys are cut into parts, one a thread, each of which owns one slice of every list. Which parts there
 * are does not show in the result.
 */
#ifndef LAC_SPARSE_LIST_UNION_H
#define LAC_SPARSE_LIST_UNION_H

#include <stdint.h>

enum { LAC__MAX_LISTS = 32, LAC__MAX_PARTS = 64 };

typedef struct lac__list_union {
    /* From the caller: */
    int64_t lists, depth, threads;   /* depth lists make a column; it divides `lists` */
    int64_t list_of[LAC__MAX_LISTS]; /* columns one after the other */
    int64_t size[LAC__MAX_LISTS];
    uint64_t *keys[LAC__MAX_LISTS]; /* [size], each ascending, and UINT64_MAX */
    int32_t *out[LAC__MAX_LISTS];   /* [size]: numbers of the keys in the union */
    uint64_t *unique;               /* [sum of sizes]: the union, in parts */
    /* Results: */
    int64_t part_at[LAC__MAX_PARTS]; /* where a part's keys begin in `unique` */
    int64_t part_rows[LAC__MAX_PARTS], part_base[LAC__MAX_PARTS + 1]; /* how many, and before it */
    uint64_t split[LAC__MAX_PARTS + 1];
    int64_t begin[LAC__MAX_PARTS + 1][LAC__MAX_LISTS]; /* a part's slice of each list */
} lac__list_union;

/** Fills `unique`, and `out` with numbers that count from 0 in each part. */
void lac__list_union_number(lac__list_union *u);
/** Makes the numbers of one part count over all parts. */
void lac__list_union_renumber(const lac__list_union *u, int64_t part);

#endif
