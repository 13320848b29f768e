/*
 * implicit_tile.c - the register tile of implicit GEMM (file built with floating-point contraction):
 * accumulators stay in registers over all taps; rows without a neighbour read zeros.
 */
#include "cpu/isa/lanes.h"
#include "cpu/isa/tile_rows.h"

LAC__INLINE void tile(const int rows, const lac__implicit *t) {
    lac__floats acc[LAC__TILE_ROWS][LAC__VECTORS];
    LAC__UNROLL for (int r = 0; r < rows; r++) {
        LAC__UNROLL for (int v = 0; v < LAC__VECTORS; v++) acc[r][v] = (lac__floats){0};
    }
    for (int64_t q = 0; q < t->count; q++) {
        const float *row[LAC__TILE_ROWS];
        const float *b = t->panel + t->taps[q] * t->cin * LAC__PANEL;
        LAC__UNROLL for (int r = 0; r < rows; r++) {
            const int32_t in = t->in[q * LAC__TILE_ROWS + r];
            row[r] = in < 0 ? t->zeros : t->x + in * t->cin;
        }
        for (int64_t k = 0; k < t->cin; k++, b += LAC__PANEL) {
            lac__floats w[LAC__VECTORS];
            LAC__UNROLL for (int v = 0; v < LAC__VECTORS; v++) {
                w[v] = lac__floats_load(b + v * LAC__LANES);
            }
            LAC__UNROLL for (int r = 0; r < rows; r++) {
                const lac__floats x = lac__broadcast(row[r][k]);
                LAC__UNROLL for (int v = 0; v < LAC__VECTORS; v++) {
                    acc[r][v] = lac__fused(x, w[v], acc[r][v]);
                }
            }
        }
    }
    LAC__UNROLL for (int r = 0; r < rows; r++) {
        LAC__UNROLL for (int v = 0; v < LAC__VECTORS; v++) {
            lac__floats_store(t->out + r * LAC__PANEL + v * LAC__LANES, acc[r][v]);
        }
    }
}

#define TILE(rows)                                                                                 \
    static __attribute__((noinline)) void tile_##rows(const lac__implicit *t) {                    \
        tile(rows, t);                                                                             \
    }
LAC__ROWS(TILE)

#define ENTRY(rows) tile_##rows,
const lac__implicit_kernel lac__implicit_kernels[LAC__TILE_ROWS + 1] = {NULL, LAC__ROWS(ENTRY)};
