/*
 * tap_groups.h - the groups of taps that GatherScatter multiplies before it scatters (TorchSparse, Tang et
 * al. 2022, section 4.2).
 *
 * A group ends where padding its taps to one size would waste more than epsilon; a tap with more than
 * mm_thresh pairs stands alone. Inline, because every backend has a library of its own.
 */
#ifndef LAC_OPS_TAP_GROUPS_H
#define LAC_OPS_TAP_GROUPS_H

#include "core/checked.h"
#include "core/op_args_conv.h"
#include "sparse/pair_lists.h"

/** Pairs of a tap; those of the centre (-1: none) are all rows, and in no list. */
static inline int64_t lac__tap_pairs(const lac__pair_lists *lists, int64_t centre, int64_t tap) {
    return tap == centre ? lists->rows : lists->tap[tap].count;
}

/** The tap behind the last one of the group that starts at `first`. */
static inline int64_t lac__tap_group_end(const lac__pair_lists *lists, int64_t centre,
                                         const lac__flow *flow, int64_t first) {
    int64_t most = lac__tap_pairs(lists, centre, first), total = most, end = first + 1;
    if (flow->mm_thresh > 0 && most > flow->mm_thresh) return end;
    for (; end < lists->taps; end++) {
        const int64_t pairs = lac__tap_pairs(lists, centre, end);
        if (flow->mm_thresh > 0 && pairs > flow->mm_thresh) break;
        const int64_t largest = lac__max(most, pairs);
        const int64_t padded = largest * (end + 1 - first);
        if ((double)(padded - total - pairs) > flow->epsilon * (double)padded) break;
        most = largest;
        total += pairs;
    }
    return end;
}

/** Pairs of the largest group: rows of the buffers. */
static inline int64_t lac__tap_group_most(const lac__pair_lists *lists, int64_t centre,
                                          const lac__flow *flow) {
    int64_t most = 0;
    for (int64_t k = 0; k < lists->taps;) {
        const int64_t end = lac__tap_group_end(lists, centre, flow, k);
        int64_t rows = 0;
        for (; k < end; k++) rows += lac__tap_pairs(lists, centre, k);
        most = lac__max(most, rows);
    }
    return most;
}

#endif
