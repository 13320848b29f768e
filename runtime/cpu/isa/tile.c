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
    const int32_t *in = t->in;
    lac__tile_load(rows, vectors, t, acc);
    const float *b = t->b;
    for (int s = 0; s < 2 && t->cin[s] > 0; s++) {
        const int64_t cin = t->cin[s];
        const float *row[LAC__NARROW_TILE_ROWS];
        if (in != NULL) {
            LAC__UNROLL for (int r = 0; r < rows; r++) {
                row[r] = (const float *)t->a[s] + in[r] * cin;
            }
        } else {
            LAC__UNROLL for (int r = 0; r < rows; r++) row[r] = (const float *)t->a[s] + r * cin;
        }
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

#define TILE(rows)                                                                                 \
    static __attribute__((noinline)) void tile_##rows(const lac__tile *t) {                        \
        tile(rows, LAC__VECTORS, t);                                                               \
    }
#define NARROW_TILE(rows)                                                                          \
    static __attribute__((noinline)) void narrow_tile_##rows(const lac__tile *t) {                 \
        tile(rows, LAC__VECTORS / 2, t);                                                           \
    }
LAC__ROWS(TILE)
LAC__NARROW_ROWS(NARROW_TILE)

#define ENTRY(rows) tile_##rows,
#define NARROW_ENTRY(rows) narrow_tile_##rows,
const lac__tiles lac__tiles_f32 = {
    .whole = {NULL, LAC__ROWS(ENTRY)},
    .narrow = {NULL, LAC__NARROW_ROWS(NARROW_ENTRY)},
};
