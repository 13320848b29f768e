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
/* A last panel of few channels is half as wide and its tiles twice as high. */
enum { LAC__PANEL = LAC__LANES * LAC__VECTORS, LAC__NARROW_TILE_ROWS = 2 * LAC__TILE_ROWS };

/**
 * A register tile of pairs: C[out[r]] += A[in[r]] * B for as many rows as the kernel's number in its table
 * says. The channels of A may lie in two tensors, one behind the other.
 */
typedef struct lac__tile {
    int64_t cin[2];     /* channels of each source; the second may be 0 */
    const void *a[2];   /* [..][cin], float32, or bfloat16 for the kernels that say so */
    const int32_t *in;  /* rows of A, NULL: 0, 1, .. */
    const void *b;      /* a tap of a panel of packed weights (ops/pack.h) */
    float *c;           /* [..][LAC__PANEL] */
    const int32_t *out; /* rows of C, NULL: 0, 1, .. */
    int64_t origin;     /* subtracted from `out` */
    bool fresh;         /* accumulators start at 0 instead of C */
} lac__tile;

typedef void (*lac__tile_kernel)(const lac__tile *tile);

/** The kernels of one dtype by their number of rows, for whole panels and for half of one. */
typedef struct lac__tiles {
    lac__tile_kernel whole[LAC__TILE_ROWS + 1], narrow[LAC__NARROW_TILE_ROWS + 1];
} lac__tiles;

/* float32: channels ascending, one fused multiply-add each. */
#define lac__tiles_f32 LAC__ISA_NAME(tiles_f32)
extern const lac__tiles lac__tiles_f32;
/* bfloat16 features and weights, float32 accumulators: tile_bf16.c. */
#define lac__tiles_bf16 LAC__ISA_NAME(tiles_bf16)
extern const lac__tiles lac__tiles_bf16;

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

/** An epilogue on one panel of columns of `out`, ready for its rows. */
typedef struct lac__finish_stage {
    lac__stage_kind kind;
    lac_activation activation;
    float slope;
    const float *scale, *shift; /* [LAC__PANEL] */
    lac_dtype dtype;            /* of the residual */
    const void *residual;       /* like `out` */
} lac__finish_stage;

typedef struct lac__finish {
    int count;
    lac_dtype dtype;
    void *out;
    bool streamed;                  /* stores go past the caches */
    int64_t width, column, columns; /* a row of `out`; the panel's first channel, and how many */
    lac__finish_stage stages[LAC__MAX_STAGES];
    float part[2 * LAC__MAX_STAGES][LAC__PANEL]; /* the last panel's scales and shifts, filled up */
} lac__finish;

#define lac__finish_begin LAC__ISA_NAME(finish_begin)
void lac__finish_begin(lac__finish *finish, const lac__epilogue *epilogue, int64_t column,
                       lac_tensor *out);
/** Runs the epilogue over `values` [rows][LAC__PANEL] and stores them as rows `index` of the output, or
 *  first.. where `index` is NULL. */
#define lac__finish_rows LAC__ISA_NAME(finish_rows)
void lac__finish_rows(const lac__finish *finish, const float *values, int64_t rows, int64_t first,
                      const int32_t *index);

/** Behind the last rows that a thread finished. */
#define lac__finish_end LAC__ISA_NAME(finish_end)
void lac__finish_end(void);

lac_status LAC__ISA_NAME(conv3d)(lac_context *ctx, const lac__conv3d_args *args);
lac_status LAC__ISA_NAME(conv3d_implicit)(lac_context *ctx, const lac__conv3d_args *args);
lac_status LAC__ISA_NAME(epilogue)(lac_context *ctx, const lac__epilogue_args *args);

#endif
