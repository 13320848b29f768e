/*
 * group_rows.h - equal rows of a list: which are the same cell, in the order of the cells.
 */
#ifndef LAC_SPARSE_GROUP_ROWS_H
#define LAC_SPARSE_GROUP_ROWS_H

#include "core/context.h"

/** Numbers the distinct rows of int32 [count][4] ascending: group[i] is the number of row i, first[g] the
 *  first row of group g (both hold `count` values); *groups is how many there are. */
lac_status lac__group_rows(lac_context *ctx, const int32_t *rows, int64_t count, int32_t *group,
                           int32_t *first, int64_t *groups);

#endif
