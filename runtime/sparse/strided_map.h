/*
 * strided_map.h - output rows, their index and the pairs of a strided site, all in one pass.
 */
#ifndef LAC_SPARSE_STRIDED_MAP_H
#define LAC_SPARSE_STRIDED_MAP_H

#include "sparse/family.h"

/** Where candidates may lie: the box of what the inputs reach, and the rows that the site keeps. */
typedef struct lac__reach {
    int64_t low[4], high[4];           /* the box */
    lac__packing packing;              /* of it */
    int64_t keep_low[3], keep_high[3]; /* both included; high < low: nothing is kept */
} lac__reach;

/** Whether lac__strided_map can make this site: every candidate of a tap is a pair of that tap, and there
 *  are few taps. */
bool lac__strided_map_fits(const lac__site *site, const lac__packing *packing);

/** Adds the set of output rows of a strided site and the map from `in`, whose index exists, to the family.
 *  *out is borrowed. */
lac_status lac__strided_map(lac_context *ctx, lac_coords *in, const lac__site *site,
                            const lac__reach *reach, lac_coords **out);

#endif
