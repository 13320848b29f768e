/*
 * launch_conv.h - kernels of convolution: products over a kernel map, the stages behind them, and
 * weights in the layout that they read.
 *
 * Packed weights are [taps][n][k] in the dtype of the kernels: output channels padded to n, input
 * channels to k, both multiples of 8, with zeros, so that every 16 bytes of a row are whole.
 *
 * Features may come from two tensors, the channels of the second behind those of the first. They
 * are read where they lie if the first has a multiple of 8 channels (a vector of a row never has
 * both then); the caller joins them otherwise, and always for the gather kernels.
 */
#ifndef LAC_CUDA_LAUNCH_CONV_H
#define LAC_CUDA_LAUNCH_CONV_H

#include "launch.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LAC__WEIGHT_PAD = 8,     /* n and k are multiples of it */
    LAC__TILE_ROWS_GPU = 32, /* rows of a tile mask */
    LAC__GROUP_ROWS = 128,   /* rows of an entry of the list of groups */
    LAC__FETCH_ROWS = 256,   /* rows of a segment of pair lists */
    LAC__FINISH_STAGES = 6,  /* at most */
    LAC__CUBLAS_WORKSPACE = 32 << 20
};

/* ---- epilogue.cu */

/** fma(x, scale, shift), + residual, activation. */
typedef enum lac__step_kind {
    LAC__STEP_AFFINE,
    LAC__STEP_RESIDUAL,
    LAC__STEP_ACTIVATION
} lac__step_kind;

typedef struct lac__finish_step {
    int32_t kind, activation, dtype; /* activation: lac_activation; dtype: of the residual */
    float slope;
    const float *scale, *shift; /* scale NULL: 1 */
    const void *residual;
} lac__finish_step;

/** What becomes of float32 sums [rows][width]: the steps in order, then a cast. */
typedef struct lac__finish {
    void *out;
    int32_t dtype, width, count;
    int32_t vectors; /* every 8 channels of all operands lie at a multiple of 16 bytes */
    lac__finish_step steps[LAC__FINISH_STAGES];
} lac__finish;

/** source [parts][rows][width] of `dtype` (float32 for several parts), added up in order, and
 *  finished. */
void lac__launch_epilogue(lac__gpu *gpu, const void *source, int32_t dtype, int32_t parts,
                          int64_t rows, const lac__finish *finish);

/* ---- pack.cu */

/** From [taps][cin][cout], or [cout][cin] where `transposed` (taps = 1), in float32, float16 or
 *  bfloat16. *not_finite, set to 0 by the caller, becomes 1 where a weight is NaN or infinite. */
void lac__launch_pack_weights(lac__gpu *gpu, const void *plain, int32_t dtype, int64_t taps,
                              int64_t cin, int64_t cout, bool transposed, void *packed,
                              int32_t *not_finite);

static inline int64_t lac__weight_padded(int64_t channels) {
    return (channels + LAC__WEIGHT_PAD - 1) / LAC__WEIGHT_PAD * LAC__WEIGHT_PAD;
}

/* ---- conv3d_simt.cu, conv3d_mma.cu: implicit GEMM */

/** Output rows times taps. The rows come in the order of `order`, those of one tile mask together.
 *  */
typedef struct lac__product {
    const void *x[2]; /* of `dtype`; the second NULL for one source */
    const void *weight;
    int32_t cin[2], cout;
    int32_t k, n;  /* channels of the packed weights */
    int32_t piece; /* rows of x are read in pieces of 16, 8, 4 or 2 bytes */
    int32_t dtype; /* of features and weights */
    int64_t rows;
    const int32_t *table;  /* [taps][rows], -1: none; NULL: row i is row i, one tap */
    const int32_t *order;  /* [splits][rows]; NULL: rows as they stand */
    const uint32_t *tiles; /* masks [splits][ceil(rows / 32)][words] */
    const int32_t *groups; /* [splits][ceil(rows / 128)]: the order in which they are taken */
    int32_t words, taps, splits;
    int32_t centre;     /* the tap that comes last in its part; -1: none does */
    lac__finish finish; /* with several splits: no steps, float32 [splits][rows][cout] */
} lac__product;

/** Tiles of rows x channels that a kernel makes. */
typedef enum lac__conv_tile {
    LAC__TILE_64X32,
    LAC__TILE_64X64,
    LAC__TILE_128X64,
    LAC__TILE_128X96,
    LAC__TILE_128X128,
    LAC__TILES
} lac__conv_tile;

/** float32, exact: one fused multiply-add for each channel of each tap, in their order. 64x32 or
 *  64x64. */
void lac__launch_conv3d_simt(lac__gpu *gpu, const lac__product *product, lac__conv_tile tile);
/** On tensor cores, weights finite: float16 and bfloat16 with any tile; float32 as TF32 with 64x32
 *  or 128x64. */
void lac__launch_conv3d_mma(lac__gpu *gpu, const lac__product *product, lac__conv_tile tile);

/* ---- conv3d_fetch.cu: pair lists */

typedef struct lac__fetch_tap {
    const int32_t *in, *out;
    int64_t count;
} lac__fetch_tap;

/** The product's table, order, tiles and groups are not used; any dtype, any weights; the same
 *  chain as lac__launch_conv3d_simt. taps [product->taps], segment [taps][blocks + 1] of
 *  LAC__FETCH_ROWS rows: device memory. The tap `centre` has no pairs: it meets row i with row i.
 *  */
void lac__launch_conv3d_fetch(lac__gpu *gpu, const lac__product *product,
                              const lac__fetch_tap *taps, const int32_t *segment);

/* ---- gather_scatter.cu */

/** out[i] = x[index[i]], rows of `bytes` bytes, a multiple of 2. */
void lac__launch_gather_rows(lac__gpu *gpu, const void *x, int64_t bytes, const int32_t *index,
                             int64_t count, void *out);
/** sums[index[i]] += products[i] (index NULL: i), rows of `width` floats; no index comes twice. */
void lac__launch_add_rows(lac__gpu *gpu, const float *products, int64_t width, const int32_t *index,
                          int64_t count, float *sums);

#ifdef __cplusplus
}
#endif

#endif
