/*
 * tile.c - the float32 register tile of the pair-list convolution (file built with floating-point
 * contraction).
 *
 * A tile is up to LAC__TILE_ROWS pairs by one panel of output channels. The accumulators live in vector
 * registers over the whole channel loop; A is read through row indices, one broadcast a row and channel,
 * so nothing is gathered and no multiply-add is wasted.
 */
#include "cpu/isa/accumulators.h"
#include "cpu/isa/tile_rows.h"

/* Channel k of every row times its row of weights. */
LAC__INLINE void add_channel(const int rows, const int vectors, lac__accumulators acc,
                             const float *const *row, int64_t k, const float *b) {
    lac__floats w[LAC__VECTORS];
    LAC__UNROLL for (int v = 0; v < vectors; v++) w[v] = lac__floats_load(b + v * LAC__LANES);
    LAC__UNROLL for (int r = 0; r < rows; r++) {
        const lac__floats x = lac__broadcast(row[r][k]);
        LAC__UNROLL for (int v = 0; v < vectors; v++) {
            acc[r][v] = lac__fused(x, w[v], acc[r][v]);
        }
    }
}

LAC__INLINE void tile(const int rows, const int vectors, const lac__tile *t) {
    lac__accumulators acc;
    lac__tile_load(rows, vectors, t, acc);
    const float *b = t->b;
    for (int s = 0; s < 2 && t->cin[s] > 0; s++) {
        const int64_t cin = t->cin[s];
        const float *row[LAC__NARROW_TILE_ROWS];
        LAC__UNROLL for (int r = 0; r < rows; r++) row[r] = lac__tile_row(t, s, sizeof *row[0], r);
        int64_t k = 0;
        for (; k + 1 < cin; k += 2, b += 2 * LAC__PANEL) {
            add_channel(rows, vectors, acc, row, k, b);
            add_channel(rows, vectors, acc, row, k + 1, b + LAC__PANEL);
        }
        if (k < cin) {
            add_channel(rows, vectors, acc, row, k, b);
            b += LAC__PANEL;
        }
    }
    lac__tile_store(rows, vectors, t, acc);
}

LAC__TILES(lac__tiles_f32)
