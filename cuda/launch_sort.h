/*
 * launch_sort.h - building blocks over arrays of device memory: sums before each element, stable
 * sorting, positions of set flags.
 *
 * All are exact on integers, so that results do not depend on how blocks are scheduled. Every
 * function that needs memory says how much; the scratch is in use until the stream has passed the
 * call. n = 0 is legal and launches nothing but what a total needs.
 */
#ifndef LAC_CUDA_LAUNCH_SORT_H
#define LAC_CUDA_LAUNCH_SORT_H

#include "launch.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of scratch for lac__launch_scan_i32, lac__launch_scan_i64 and lac__launch_compact of n
 *  elements. */
size_t lac__scan_scratch(int64_t n);

/** out[i] = in[0] + .. + in[i-1]; *total (device memory, may be NULL) the sum of all. `out` may be
 *  `in`. */
void lac__launch_scan_i32(lac__gpu *gpu, const int32_t *in, int32_t *out, int64_t n, int64_t *total,
                          void *scratch);
void lac__launch_scan_i64(lac__gpu *gpu, const int64_t *in, int64_t *out, int64_t n, int64_t *total,
                          void *scratch);

/** Positions of the flags that are not 0, ascending; *count (device memory, may be NULL) how many
 *  there are. `positions` NULL: only count. */
void lac__launch_compact(lac__gpu *gpu, const uint8_t *flags, int64_t n, int64_t *positions,
                         int64_t *count, void *scratch);

/** Bytes of scratch for lac__launch_radix_sort of n keys; n < 2^31. */
size_t lac__radix_scratch(int64_t n);

/** Sorts keys by their bits begin_bit..end_bit-1, equal ones in their order: keys_out[i] is the key
 *  and values_out[i] the value of the i-th. `values_in` NULL: the numbers 0..n-1. `values_out`
 *  NULL: keys alone. Inputs are kept; no two of the arrays overlap. end_bit = begin_bit: a copy. */
void lac__launch_radix_sort(lac__gpu *gpu, const uint64_t *keys_in, uint64_t *keys_out,
                            const int32_t *values_in, int32_t *values_out, int64_t n,
                            int32_t begin_bit, int32_t end_bit, void *scratch);

/** Where groups begin in ascending keys: starts[g] is the first position whose key is >= g, for g
 *  in 0..groups (groups + 1 values), so that group g is starts[g]..starts[g+1]-1. */
void lac__launch_group_starts(lac__gpu *gpu, const uint64_t *keys, int64_t n, int64_t groups,
                              int64_t *starts);

/** Bits that hold 0..count-1. */
static inline int32_t lac__bits_of(int64_t count) {
    int32_t bits = 0;
    while (bits < 63 && ((int64_t)1 << bits) < count) bits++;
    return bits;
}

#ifdef __cplusplus
}
#endif

#endif
