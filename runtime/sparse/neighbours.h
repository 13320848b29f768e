/*
 * neighbours.h - a kernel map as implicit GEMM reads it: for every tap and output row the input row, and
 * orders of the output rows in which rows with the same taps stand together.
 *
 * Derived from the pair lists when first needed and kept with the map. Tap masks have as many words as
 * the taps need, so no kernel is too large. On a GPU the table is what a map is made of, and lies there.
 */
#ifndef LAC_SPARSE_NEIGHBOURS_H
#define LAC_SPARSE_NEIGHBOURS_H

#include "core/tensor.h"

enum { LAC__MAX_SPLITS = 4 };

typedef struct lac__neighbours {
    lac__device *device; /* that holds it */
    int64_t taps, rows;
    lac__block table_block;
    lac__block order_blocks[LAC__MAX_SPLITS + 1]; /* by number of splits; 0 is not used */
    lac__block tile_blocks[LAC__MAX_SPLITS + 1]; /* of a GPU: see device_maps.h; 0: rows in order */
    const int32_t *table;                        /* [taps][rows], -1: none */
} lac__neighbours;

/** Taps first..last-1 of one of `splits` parts. */
static inline int64_t lac__split_start(int64_t taps, int splits, int split) {
    return taps * split / splits;
}

/** The table of a map in one direction. */
lac_status lac__map_neighbours(lac_context *ctx, const lac_kernel_map *map, bool reversed,
                               const lac__neighbours **out);
/** Output rows sorted by tap mask, for each part of the taps one permutation: int32 [splits][rows]. Rows
 *  with equal masks stay in order. On a GPU also fills tile_blocks[splits], and splits may be 0. */
lac_status lac__map_orders(lac_context *ctx, const lac_kernel_map *map, bool reversed, int splits,
                           const int32_t **out);
void lac__neighbours_free(lac__pool *pool, lac__neighbours *neighbours);

#endif
