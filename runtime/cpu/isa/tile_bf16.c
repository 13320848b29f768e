/*
 * tile_bf16.c - the bfloat16 register tile: float32 accumulators over pairs of channels (file built with
 * floating-point contraction).
 *
 * The arithmetic is that of VDPBF16PS: of channels 2k and 2k + 1, the odd one's product is added first, the
 * even one's second, one fused multiply-add each, subnormal numbers taken and given as zero. Where the
 * instruction is missing, float32 operations do the same (the caller switches subnormal numbers off), so
 * that all machines give the same bits. A last odd channel is paired with zero.
 */
#include "cpu/isa/accumulators.h"
#include "cpu/isa/tile_rows.h"

#include <string.h>

/* Two channels of a row, the even one in the low half. */
LAC__INLINE uint32_t pair_at(const uint16_t *p) {
    uint32_t pair;
    memcpy(&pair, p, sizeof pair);
    return pair;
}

#if defined(__AVX512BF16__)

typedef __m512bh weights;

LAC__INLINE weights load_weights(const uint16_t *p) {
    return (weights)_mm512_loadu_si512((const void *)p);
}

LAC__INLINE void add_pair(const int vectors, lac__floats *acc, uint32_t pair, const weights *w) {
    const __m512bh x = (__m512bh)_mm512_set1_epi32((int)pair);
    LAC__UNROLL for (int v = 0; v < vectors; v++) {
        acc[v] = (lac__floats)_mm512_dpbf16_ps((__m512)acc[v], x, w[v]);
    }
}

#else

typedef struct weights {
    lac__floats even, odd;
} weights;

LAC__INLINE weights load_weights(const uint16_t *p) {
    const lac__words pairs = *(const lac__words *)(const void *)p;
    /* NOLINTNEXTLINE(analyzer-shift-count-overflow): gcc takes a vector for one narrow integer */
    return (weights){(lac__floats)(pairs << 16), (lac__floats)(pairs & 0xffff0000u)};
}

LAC__INLINE void add_pair(const int vectors, lac__floats *acc, uint32_t pair, const weights *w) {
    const lac__floats odd = lac__broadcast(lac__bits_float(pair & 0xffff0000u));
    const lac__floats even = lac__broadcast(lac__bits_float(pair << 16));
    LAC__UNROLL for (int v = 0; v < vectors; v++) {
        acc[v] = lac__fused(even, w[v].even, lac__fused(odd, w[v].odd, acc[v]));
    }
}

#endif

LAC__INLINE void tile(const int rows, const int vectors, const lac__tile *t) {
    lac__accumulators acc;
    lac__tile_load(rows, vectors, t, acc);
    const uint16_t *b = t->b;
    for (int s = 0; s < 2 && t->cin[s] > 0; s++) {
        const int64_t cin = t->cin[s];
        const uint16_t *row[LAC__NARROW_TILE_ROWS];
        LAC__UNROLL for (int r = 0; r < rows; r++) row[r] = lac__tile_row(t, s, sizeof *row[0], r);
        for (int64_t k = 0; k + 1 < cin; k += 2, b += 2 * LAC__PANEL) {
            weights w[LAC__VECTORS];
            LAC__UNROLL for (int v = 0; v < vectors; v++) {
                w[v] = load_weights(b + 2 * v * LAC__LANES);
            }
            LAC__UNROLL for (int r = 0; r < rows; r++)
                add_pair(vectors, acc[r], pair_at(row[r] + k), w);
        }
        if (cin % 2 != 0) {
            weights w[LAC__VECTORS];
            LAC__UNROLL for (int v = 0; v < vectors; v++) {
                w[v] = load_weights(b + 2 * v * LAC__LANES);
            }
            LAC__UNROLL for (int r = 0; r < rows; r++)
                add_pair(vectors, acc[r], row[r][cin - 1], w);
            b += 2 * LAC__PANEL;
        }
    }
    lac__tile_store(rows, vectors, t, acc);
}

LAC__TILES(lac__tiles_bf16)
