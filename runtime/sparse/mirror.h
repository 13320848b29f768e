/*
 * mirror.h - pair lists walked the other way, and lists whose rows are not in index order.
 */
#ifndef LAC_SPARSE_MIRROR_H
#define LAC_SPARSE_MIRROR_H

#include "sparse/pair_lists.h"

/** Sorts the pairs of every tap by output row, in place; `rows` output rows. A tap has at most one pair
 *  for an output row, so this is a scatter and a scan. */
lac_status lac__sort_taps(lac_context *ctx, lac__tap *tap, int64_t taps, int64_t rows);
/** Of a symmetric map with odd `kernel` sizes: tap[taps - 1 - k] = tap[k] with inputs and outputs
 *  exchanged, for the taps k whose offset (axis 0 first) is above 0. `owned` NULL: the lists are sorted
 *  both ways and are shared; else it gets sorted copies. */
lac_status lac__mirror_taps(lac_context *ctx, lac__tap *tap, const int32_t kernel[3], int64_t rows,
                            lac__block *owned);
/** target[k] = source[k] with inputs and outputs exchanged, shared or sorted likewise. */
lac_status lac__exchange_taps(lac_context *ctx, const lac__tap *source, lac__tap *target,
                              int64_t taps, int64_t rows, lac__block *owned);

#endif
