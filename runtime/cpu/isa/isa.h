/*
 * isa.h - the sources of this folder are built once for each instruction set (LAC_ISA: cpu, avx2,
 * avx512), so everything that crosses files carries its name: LAC__ISA_NAME(conv3d) is
 * lac_conv3d__avx2 in one of the builds. `cpu` is the baseline of the target.
 */
#ifndef LAC_CPU_ISA_ISA_H
#define LAC_CPU_ISA_ISA_H

#include "core/backend.h"

#define LAC__PASTE3(a, b, c) a##b##c
#define LAC__PASTE(a, b, c) LAC__PASTE3(a, b, c)
#define LAC__ISA_NAME(name) LAC__PASTE(lac_##name, __, LAC_ISA)

/* Lanes of a vector, vectors of a panel, rows of a register tile: accumulators, a panel row and one
 * broadcast fill the registers. */
#if defined(__AVX512F__)
enum { LAC__LANES = 16, LAC__VECTORS = 2, LAC__TILE_ROWS = 14 };
#elif defined(__AVX2__) && defined(__FMA__)
enum { LAC__LANES = 8, LAC__VECTORS = 2, LAC__TILE_ROWS = 6 };
#else
enum { LAC__LANES = 4, LAC__VECTORS = 4, LAC__TILE_ROWS = 6 };
#endif
enum { LAC__PANEL = LAC__LANES * LAC__VECTORS };

/** C[out[r] - origin] += A[in[r]] * B for as many pairs as the kernel's number in the table says; A is
 *  [..][cin], B [cin][LAC__PANEL], C [..][LAC__PANEL]. `in` and `out` NULL: row r. Channels ascending,
 *  one fused multiply-add each. */
typedef void (*lac__tile_kernel)(int64_t cin, const int32_t *in, const float *a, const float *b,
                                 const int32_t *out, int64_t origin, float *c);
#define lac__tile_kernels LAC__ISA_NAME(tile_kernels)
extern const lac__tile_kernel lac__tile_kernels[LAC__TILE_ROWS + 1];

/** A tile of implicit GEMM: out [rows][LAC__PANEL] = sum over q of x[in[q][r]] * panel[taps[q]]. */
typedef struct lac__implicit {
    int64_t cin, count;
    const int32_t *taps; /* [count] */
    const int32_t *in;   /* [count][LAC__TILE_ROWS], -1: none */
    const float *x, *zeros, *panel;
    float *out;
} lac__implicit;

typedef void (*lac__implicit_kernel)(const lac__implicit *tile);
#define lac__implicit_kernels LAC__ISA_NAME(implicit_kernels)
extern const lac__implicit_kernel lac__implicit_kernels[LAC__TILE_ROWS + 1];

/** Runs an epilogue over `rows` rows of `columns` floats in `values` (rows LAC__PANEL floats apart), which
 *  are channels first_column.. of rows first_row.. of `out`, and stores them there. */
#define lac__finish_rows LAC__ISA_NAME(finish_rows)
void lac__finish_rows(const lac__epilogue *epilogue, float *values, int64_t rows, int64_t columns,
                      int64_t first_row, int64_t first_column, lac_tensor *out);

lac_status LAC__ISA_NAME(conv3d)(lac_context *ctx, const lac__conv3d_args *args);
lac_status LAC__ISA_NAME(conv3d_implicit)(lac_context *ctx, const lac__conv3d_args *args);
lac_status LAC__ISA_NAME(epilogue)(lac_context *ctx, const lac__epilogue_args *args);

#endif
