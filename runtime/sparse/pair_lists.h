/*
 * pair_lists.h - a kernel map as the convolution kernels read it, in one direction.
 *
 * Invariant: the pairs of a tap are sorted by output row, so a block of LAC__BLOCK_ROWS output rows owns
 * one contiguous slice of every tap's list. The identity tap of a submanifold map has no list.
 */
#ifndef LAC_SPARSE_PAIR_LISTS_H
#define LAC_SPARSE_PAIR_LISTS_H

#include "core/tensor.h"

enum { LAC__BLOCK_ROWS = 256 };

typedef struct lac__tap {
    const int32_t *in, *out;
    int64_t count;
} lac__tap;

typedef struct lac__pair_lists {
    int64_t taps, blocks, rows; /* rows: output rows */
    lac__tap *tap;              /* [taps] */
    const int32_t *segment;     /* [taps][blocks + 1]: first pair of each block */
    const int64_t *cost;        /* [blocks + 1]: work before each block, in pairs and rows */
    lac__block tap_block;       /* host memory, also for lists of a GPU */
    lac__block segment_block, cost_block;
    lac__block owned; /* pairs that belong to these lists, not to the map */
} lac__pair_lists;

typedef struct lac__slice {
    const int32_t *in, *out;
    int64_t count;
} lac__slice;

static inline lac__slice lac__pair_slice(const lac__pair_lists *lists, int64_t tap, int64_t block) {
    const int32_t *segment = lists->segment + tap * (lists->blocks + 1) + block;
    return (lac__slice){lists->tap[tap].in + segment[0], lists->tap[tap].out + segment[0],
                        segment[1] - segment[0]};
}

/** Fills segments and costs of lists whose taps are set; `identity`: each output row has one pair more. */
lac_status lac__pair_lists_finish(lac_context *ctx, lac__pair_lists *lists, bool identity);
/** `host`: of the tap array, `pool`: of the rest. */
void lac__pair_lists_free(lac__pool *host, lac__pool *pool, lac__pair_lists *lists);

/** The lists of a map, built at first use. `reversed`: from its outputs to its inputs. */
lac_status lac__map_lists(lac_context *ctx, const lac_kernel_map *map, bool reversed,
                          const lac__pair_lists **out);
/** Counts a convolution's multiply-adds: `each` for every pair of the map, or of `rows` where it is NULL. Does not
 *  wait for a GPU. */
void lac__count_macs(lac_context *ctx, lac_kernel_map *map, double rows, double each);
/** The tap that maps every row to itself, -1 where there is none. */
int64_t lac__map_centre(const lac_kernel_map *map);
/** Whether every output row, in this direction, has exactly one pair. */
bool lac__map_single(const lac_kernel_map *map, bool reversed);

#endif
