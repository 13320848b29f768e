/*
 * tile.c - the register tile of the pair-list convolution (file built with floating-point contraction,
 * so that every a * b + c below is one fused multiply-add).
 *
 * A tile is up to LAC__TILE_ROWS pairs by one panel of output channels. The accumulators live in vector
 * registers over the whole channel loop; A is read through row indices, one broadcast a row and channel,
 * so nothing is gathered and no multiply-add is wasted. Every loop over the accumulators must unroll
 * completely: one that does not puts them all on the stack.
 */
#include "cpu/isa/isa.h"

#include <math.h>

#define UNROLL _Pragma("GCC unroll 32")

#if defined(__FMA__) || defined(__aarch64__)

typedef float vector __attribute__((vector_size(4 * LAC__LANES), aligned(4), may_alias));

static inline __attribute__((always_inline)) vector load(const float *p) {
    return *(const vector *)p;
}

static inline __attribute__((always_inline)) void tile(const int rows, int64_t cin,
                                                       const int32_t *in, const float *a,
                                                       const float *b, const int32_t *out,
                                                       int64_t origin, float *c) {
    vector acc[LAC__TILE_ROWS][LAC__VECTORS];
    const float *row[LAC__TILE_ROWS];
    UNROLL for (int r = 0; r < rows; r++) {
        row[r] = a + (in != NULL ? in[r] : r) * cin;
        const float *source = c + (out != NULL ? out[r] - origin : r) * LAC__PANEL;
        UNROLL for (int v = 0; v < LAC__VECTORS; v++) acc[r][v] = load(source + v * LAC__LANES);
    }
    for (int64_t k = 0; k < cin; k++, b += LAC__PANEL) {
        vector w[LAC__VECTORS];
        UNROLL for (int v = 0; v < LAC__VECTORS; v++) w[v] = load(b + v * LAC__LANES);
        UNROLL for (int r = 0; r < rows; r++) {
            const vector x = row[r][k] - (vector){0}; /* broadcast */
            UNROLL for (int v = 0; v < LAC__VECTORS; v++) acc[r][v] = x * w[v] + acc[r][v];
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        float *target = c + (out != NULL ? out[r] - origin : r) * LAC__PANEL;
        UNROLL for (int v = 0; v < LAC__VECTORS; v++) {
            *(vector *)(target + v * LAC__LANES) = acc[r][v];
        }
    }
}

#else

/* No fused multiply-add in this instruction set: fmaf gives the same bits, slowly. */
static inline void tile(const int rows, int64_t cin, const int32_t *in, const float *a,
                        const float *b, const int32_t *out, int64_t origin, float *c) {
    for (int r = 0; r < rows; r++) {
        const float *row = a + (in != NULL ? in[r] : r) * cin;
        float *target = c + (out != NULL ? out[r] - origin : r) * LAC__PANEL;
        for (int64_t k = 0; k < cin; k++)
            for (int j = 0; j < LAC__PANEL; j++)
                target[j] = fmaf(row[k], b[k * LAC__PANEL + j], target[j]);
    }
}

#endif

#define TILE(rows)                                                                                 \
    static __attribute__((noinline)) void tile_##rows(                                             \
        int64_t cin, const int32_t *in, const float *a, const float *b, const int32_t *out,        \
        int64_t origin, float *c) {                                                                \
        tile(rows, cin, in, a, b, out, origin, c);                                                 \
    }
#define ROWS_6(X) X(1) X(2) X(3) X(4) X(5) X(6)
#if defined(__AVX512F__)
#define ROWS(X) ROWS_6(X) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#else
#define ROWS(X) ROWS_6(X)
#endif
ROWS(TILE)

#define ENTRY(rows) tile_##rows,
const lac__tile_kernel lac__tile_kernels[LAC__TILE_ROWS + 1] = {NULL, ROWS(ENTRY)};
