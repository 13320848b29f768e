/*
 * implicit_tile.c - the register tile of implicit GEMM (file built with floating-point contraction):
 * accumulators stay in registers over all taps; rows without a neighbour read zeros.
 */
#include "cpu/isa/isa.h"

#include <math.h>

#define UNROLL _Pragma("GCC unroll 32")

#if defined(__FMA__) || defined(__aarch64__)

typedef float vector __attribute__((vector_size(4 * LAC__LANES), aligned(4), may_alias));

static inline __attribute__((always_inline)) void tile(const int rows, const lac__implicit *t) {
    vector acc[LAC__TILE_ROWS][LAC__VECTORS];
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < LAC__VECTORS; v++) acc[r][v] = (vector){0};
    }
    for (int64_t q = 0; q < t->count; q++) {
        const float *row[LAC__TILE_ROWS];
        const float *b = t->panel + t->taps[q] * t->cin * LAC__PANEL;
        UNROLL for (int r = 0; r < rows; r++) {
            const int32_t in = t->in[q * LAC__TILE_ROWS + r];
            row[r] = in < 0 ? t->zeros : t->x + in * t->cin;
        }
        for (int64_t k = 0; k < t->cin; k++, b += LAC__PANEL) {
            vector w[LAC__VECTORS];
            UNROLL for (int v = 0; v < LAC__VECTORS; v++) {
                w[v] = *(const vector *)(b + v * LAC__LANES);
            }
            UNROLL for (int r = 0; r < rows; r++) {
                const vector x = row[r][k] - (vector){0}; /* broadcast */
                UNROLL for (int v = 0; v < LAC__VECTORS; v++) acc[r][v] = x * w[v] + acc[r][v];
            }
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < LAC__VECTORS; v++) {
            *(vector *)(t->out + r * LAC__PANEL + v * LAC__LANES) = acc[r][v];
        }
    }
}

#else

static inline void tile(const int rows, const lac__implicit *t) {
    for (int r = 0; r < rows; r++) {
        float *out = t->out + r * LAC__PANEL;
        for (int j = 0; j < LAC__PANEL; j++) out[j] = 0.0f;
        for (int64_t q = 0; q < t->count; q++) {
            const int32_t in = t->in[q * LAC__TILE_ROWS + r];
            const float *b = t->panel + t->taps[q] * t->cin * LAC__PANEL;
            for (int64_t k = 0; in >= 0 && k < t->cin; k++)
                for (int j = 0; j < LAC__PANEL; j++)
                    out[j] = fmaf(t->x[in * t->cin + k], b[k * LAC__PANEL + j], out[j]);
        }
    }
}

#endif

#define TILE(rows)                                                                                 \
    static __attribute__((noinline)) void tile_##rows(const lac__implicit *t) {                    \
        tile(rows, t);                                                                             \
    }
#define ROWS_6(X) X(1) X(2) X(3) X(4) X(5) X(6)
#if defined(__AVX512F__)
#define ROWS(X) ROWS_6(X) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#else
#define ROWS(X) ROWS_6(X)
#endif
ROWS(TILE)

#define ENTRY(rows) tile_##rows,
const lac__implicit_kernel lac__implicit_kernels[LAC__TILE_ROWS + 1] = {NULL, ROWS(ENTRY)};
