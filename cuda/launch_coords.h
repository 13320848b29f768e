/*
 * launch_coords.h - kernels over coordinate rows, their sorted keys and kernel maps.
 *
 * Rows are int32 [n][4], n < 2^31; those that are written are 16-byte aligned. An index is searched
 * by bisecting its keys; no hashing, so that every result is the same from run to run.
 */
#ifndef LAC_CUDA_LAUNCH_COORDS_H
#define LAC_CUDA_LAUNCH_COORDS_H

#include "launch.h"
#include "sparse/key.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An index as kernels search it; keys are narrow. */
typedef struct lac__search {
    const uint64_t *keys;
    const int32_t *order; /* NULL: rows are in the order of their keys */
    int64_t count, low[4], high[4];
    lac__packing packing;
} lac__search;

/** A site as kernels see it: output o meets input stride * o + anchor + dilation * j through tap j.
 *  */
typedef struct lac__geometry {
    int32_t kernel[3], stride[3], anchor[3], dilation[3];
    int32_t shift[3];           /* log2 of the stride where it is a power of two, else -1 */
    int32_t generative, floors; /* for the cells that an input reaches */
    int64_t keep_low[3], keep_high[3];
} lac__geometry;

/* ---- coords_index.cu */

/** bounds: lowest values of the four columns, highest values, and 1 where some row is not above the
 *  one before it (else 0): int32 [9]. */
void lac__launch_bounds(lac__gpu *gpu, const int32_t *rows, int64_t n, int32_t *bounds);
void lac__launch_pack_rows(lac__gpu *gpu, const int32_t *rows, int64_t n,
                           const lac__packing *packing, uint64_t *keys);
/** *first: the first position whose key equals the one before it, INT64_MAX where there is none. */
void lac__launch_first_repeat(lac__gpu *gpu, const uint64_t *keys, int64_t n, int64_t *first);
/** *differ: 1 where the rows are not the same, else 0. */
void lac__launch_rows_differ(lac__gpu *gpu, const int32_t *a, const int32_t *b, int64_t n,
                             int32_t *differ);
/** heads[i]: whether the key is not the one before it. */
void lac__launch_heads(lac__gpu *gpu, const uint64_t *keys, int64_t n, int32_t *heads);
/** Of sorted keys with their order: numbers[i] heads before position i. The group of each row, and
 *  the first row of each group. */
void lac__launch_write_groups(lac__gpu *gpu, const uint64_t *keys, const int32_t *order,
                              const int32_t *numbers, int64_t n, int32_t *group, int32_t *first);

/* ---- coords_derive.cu */

/** Cells that each row reaches. */
void lac__launch_count_cells(lac__gpu *gpu, const lac__geometry *geometry, const int32_t *rows,
                             int64_t n, int32_t *counts);
/** Their keys. starts[i]: position of the first of row i; NULL: every row reaches all its cells,
 *  `each` of them. */
void lac__launch_emit_cells(lac__gpu *gpu, const lac__geometry *geometry, const int32_t *rows,
                            int64_t n, const int32_t *starts, int64_t each,
                            const lac__packing *packing, uint64_t *keys);
/** rows [groups][4]: one of each of the sorted keys; numbers as in lac__launch_write_groups. */
void lac__launch_unpack_rows(lac__gpu *gpu, const uint64_t *keys, const int32_t *numbers, int64_t n,
                             const lac__packing *packing, int32_t *rows);

/* ---- coords_find.cu */

/** Row of the index for each of n rows, -1: none. */
void lac__launch_find_rows(lac__gpu *gpu, const lac__search *index, const int32_t *query, int64_t n,
                           int64_t *found);
/** Rows of the cells that hold points float32 [n][4]. */
void lac__launch_point_index(lac__gpu *gpu, const lac__search *index, const float *points,
                             int64_t n, const int32_t stride[3], int64_t *found);
/** The 8 cells around each point, and their weights. */
void lac__launch_point_corners(lac__gpu *gpu, const lac__search *index, const float *points,
                               int64_t n, const int32_t stride[3], int32_t nearest, int64_t *found,
                               float *weights);

/* ---- maps_table.cu */

/** table[tap * n + row] for rows [n] in the order of their keys (`order` NULL: as they stand): the
 *  row of `index` that the tap meets, -1: none. `reversed`: rows are inputs, the index is of the
 *  outputs. */
void lac__launch_map_table(lac__gpu *gpu, const lac__search *index, const lac__geometry *geometry,
                           const int32_t *rows, const int32_t *order, int64_t n, int32_t reversed,
                           int32_t *table);
/** *pairs: entries of the table that are not -1. */
void lac__launch_count_pairs(lac__gpu *gpu, const int32_t *table, int64_t entries, int64_t *pairs);

/* ---- maps_order.cu */

/** masks [words][rows]: which of the taps first..last-1 each row has, 64 a word. */
void lac__launch_tap_masks(lac__gpu *gpu, const int32_t *table, int64_t rows, int64_t first,
                           int64_t last, uint64_t *masks);
/** keys[i] = masks[order[i]]. */
void lac__launch_gather_masks(lac__gpu *gpu, const uint64_t *masks, const int32_t *order,
                              int64_t rows, uint64_t *keys);
/** tiles [ceil(rows / 32)][words]: the union of each 32 rows in order (NULL: as they stand), 32
 *  taps a word; `taps` of them are there. */
void lac__launch_tile_masks(lac__gpu *gpu, const uint64_t *masks, const int32_t *order,
                            int64_t rows, int64_t taps, int64_t words, uint32_t *tiles);
/** keys[g]: `most` less the taps of the union of tiles 4g..4g+3. */
void lac__launch_group_keys(lac__gpu *gpu, const uint32_t *tiles, int64_t tile_count, int64_t words,
                            int64_t most, uint64_t *keys);

/* ---- maps_lists.cu */

/** counts [taps][blocks of 256 rows]: pairs of each tap in each block; none for the tap `centre`.
 *  */
void lac__launch_count_blocks(lac__gpu *gpu, const int32_t *table, int64_t taps, int64_t rows,
                              int64_t centre, int64_t *counts);
/** From starts [taps * blocks + 1], the counts summed up: tap_starts [taps + 1]; segment
 *  [taps][blocks + 1], relative to each tap's start; cost [blocks], pairs and rows of each block.
 *  */
void lac__launch_segments(lac__gpu *gpu, const int64_t *starts, int64_t taps, int64_t rows,
                          int64_t centre, int64_t *tap_starts, int32_t *segment, int64_t *cost);
/** Pairs of tap k: its inputs at 2 * tap_starts[k], its outputs behind them. */
void lac__launch_fill_lists(lac__gpu *gpu, const int32_t *table, int64_t taps, int64_t rows,
                            int64_t centre, const int64_t *starts, int32_t *pairs);

#ifdef __cplusplus
}
#endif

#endif
