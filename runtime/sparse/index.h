/*
 * index.h - the sorted keys of a coordinate set. Features are never permuted: `order` leads from a
 * position in the index to the row.
 */
#ifndef LAC_SPARSE_INDEX_H
#define LAC_SPARSE_INDEX_H

#include "core/context.h"
#include "sparse/key.h"

typedef struct lac__index {
    int64_t count;
    lac__packing packing;
    int64_t low[4], high[4]; /* the rows' box; low > high when there are none */
    lac__block keys;         /* ascending, unique: uint64_t or lac__wide_key [count] */
    lac__block order; /* int32 [count]: row of each position; no memory when rows are sorted */
} lac__index;

/** Index of int32 rows [count][4]. LAC_ERR_DUPLICATE names two rows. */
lac_status lac__index_build(lac_context *ctx, const int32_t *rows, int64_t count, lac__index *out);
/** Row numbers in ascending order of their rows, equal rows by number: a stable sort. */
lac_status lac__order_rows(lac_context *ctx, const int32_t *rows, int64_t count, int32_t *order);
void lac__index_free(lac__pool *pool, lac__index *index);

static inline const int32_t *lac__index_order(const lac__index *index) {
    return index->order.data;
}
/** Row at an index position. */
static inline int32_t lac__index_row(const lac__index *index, int64_t position) {
    const int32_t *order = lac__index_order(index);
    return order != NULL ? order[position] : (int32_t)position;
}
/** Row equal to (b,x,y,z), -1 if none. */
int64_t lac__index_find(const lac__index *index, const int32_t row[4]);

#endif
