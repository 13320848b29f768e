/*
 * device_maps.h - what a GPU's backend does for coordinate sets: the counterpart of index.c, merge.c,
 * downsample.c, neighbours.c and point_index.c, over memory of the device.
 *
 * The sparse layer stays in charge: it finds or makes sets and maps, keeps what these functions derive, and
 * calls them through the table of the family's device. Sizes and boxes are host values; a function waits for
 * the device only where its comment says so.
 */
#ifndef LAC_SPARSE_DEVICE_MAPS_H
#define LAC_SPARSE_DEVICE_MAPS_H

#include "sparse/family.h"
#include "sparse/strided_map.h"

typedef struct lac__device_maps {
    /** Box, packing, keys (uint64_t [count], ascending) and order (int32 [count], none where the rows are
     *  sorted) of rows int32 [N,4], contiguous. `box`: low[4], high[4] where the caller knows a box that
     *  holds all rows, and that they are sorted and unique: nothing is waited for then. Else NULL: waits once.
     *  DUPLICATE names two rows (the first pair in key order, lower row first); UNSUPPORTED where the box
     *  does not fit 63 bits. */
    lac_status (*index_build)(lac_context *ctx, const lac_tensor *rows, const int64_t *box,
                              lac__index *out);
    /** Output rows of a strided or generative site, unique and sorted: int32 [M,4]. `reach`: the box of what
     *  the inputs reach and what of it is kept. Waits for the number of rows. */
    lac_status (*derive)(lac_context *ctx, const lac_coords *in, const lac__site *site,
                         const lac__reach *reach, lac_tensor **rows);
    /** The table of a map, int32 [taps][rows] (-1: none), from the keys of both sets. Fills taps, rows, table
     *  and table_block. `reversed`: rows of map->in, entries rows of map->out. A map whose site kind is
     *  negative is the transpose of the map of site ~kind between the same sets, exchanged. */
    lac_status (*neighbours)(lac_context *ctx, const lac_kernel_map *map, bool reversed,
                             lac__neighbours *out);
    /** Rows sorted by tap mask, as lac__map_orders, into n->order_blocks[splits] (int32 [splits][rows]); and
     *  tile masks for that order into n->tile_blocks[splits]: uint32 [splits][tiles][words], tiles of 32
     *  rows, words = ceil(most taps of a split / 32), bit k the k-th tap of the split; then int32
     *  [splits][ceil(rows / 128)]: groups of 128 rows (4 tiles), those with most taps first, equal ones in order.
     *  splits 0: no order block, tile masks of the rows as they stand, one split. */
    lac_status (*orders)(lac_context *ctx, lac__neighbours *n, int splits);
    /** Pair lists of a table: taps' pairs sorted by row, per tap and block of LAC__BLOCK_ROWS rows. The tap of
     *  number `centre` has no list. Pointers are device memory, `lists->tap` a host array. Waits for the
     *  counts. */
    lac_status (*lists)(lac_context *ctx, const lac__neighbours *n, int64_t centre,
                        lac__pair_lists *lists);
    /** Entries of a table that are not -1. Waits. */
    lac_status (*count_pairs)(lac_context *ctx, const lac__neighbours *n, int64_t *pairs);
    /** Row of the indexed set for each row of query int32 [Q,4]; int64 [Q], -1: none. */
    lac_status (*find)(lac_context *ctx, const lac__index *index, const lac_tensor *query,
                       lac_tensor *found);
    /** As lac_point_index and lac_point_corners: points float32 [N,4]; found int64 [N] or [N,8], weights
     *  float32 [N,8]. The same arithmetic as point_index.c, so that both devices agree to the bit. */
    lac_status (*point_index)(lac_context *ctx, const lac_tensor *points, const lac__index *index,
                              const int32_t stride[3], lac_tensor *found);
    lac_status (*point_corners)(lac_context *ctx, const lac_tensor *points, const lac__index *index,
                                const int32_t stride[3], bool nearest, lac_tensor *found,
                                lac_tensor *weights);
    /** *equal: whether two row tensors of the same count hold the same. Waits. */
    lac_status (*rows_equal)(lac_context *ctx, const lac_tensor *a, const lac_tensor *b,
                             bool *equal);
    /** Groups equal rows (int32 [N,4]): group int32 [N] numbers the distinct rows ascending, first int32 [N]
     *  (the first *groups of them) the first row of each. Waits. */
    lac_status (*group_rows)(lac_context *ctx, const lac_tensor *rows, int32_t *group,
                             int32_t *first, int64_t *groups);
} lac__device_maps;

#endif
