/*
 * epilogue.c - the stages behind a convolution, on rows that are in cache: fma(x, scale, shift),
 * + residual, activation, cast. The pointwise operations by themselves run the same code, which is why
 * fused and unfused results are equal to the bit.
 */
#include "core/checked.h"
#include "core/half.h"
#include "cpu/isa/isa.h"

#include <math.h>
#include <string.h>

static void load_row(lac_dtype dtype, const void *base, int64_t index, int64_t n,
                     float *restrict out) {
    switch ((int)dtype) {
    case LAC_DTYPE_F32: memcpy(out, (const float *)base + index, (size_t)n * sizeof *out); break;
    case LAC_DTYPE_F16:
        for (int64_t j = 0; j < n; j++)
            out[j] = lac__f16_to_float(((const uint16_t *)base)[index + j]);
        break;
    case LAC_DTYPE_BF16:
        for (int64_t j = 0; j < n; j++)
            out[j] = lac__bf16_to_float(((const uint16_t *)base)[index + j]);
        break;
    default: break;
    }
}

static void store_row(lac_dtype dtype, void *base, int64_t index, int64_t n,
                      const float *restrict row) {
    switch ((int)dtype) {
    case LAC_DTYPE_F32: memcpy((float *)base + index, row, (size_t)n * sizeof *row); break;
    case LAC_DTYPE_F16:
        for (int64_t j = 0; j < n; j++) ((uint16_t *)base)[index + j] = lac__float_to_f16(row[j]);
        break;
    case LAC_DTYPE_BF16:
        for (int64_t j = 0; j < n; j++) ((uint16_t *)base)[index + j] = lac__float_to_bf16(row[j]);
        break;
    default: break;
    }
}

static void affine(float *restrict x, int64_t n, const float *restrict scale,
                   const float *restrict shift) {
    if (scale == NULL)
        for (int64_t j = 0; j < n; j++) x[j] = x[j] + shift[j];
    else
        for (int64_t j = 0; j < n; j++) x[j] = fmaf(x[j], scale[j], shift[j]);
}

static void activate(float *restrict x, int64_t n, lac_activation kind, float slope) {
    switch (kind) {
    case LAC_ACT_NONE: break;
    case LAC_ACT_RELU: /* NaN is not below 0 and stays */
        for (int64_t j = 0; j < n; j++) x[j] = x[j] < 0.0f ? 0.0f : x[j];
        break;
    case LAC_ACT_LEAKY_RELU:
        for (int64_t j = 0; j < n; j++) x[j] = x[j] < 0.0f ? x[j] * slope : x[j];
        break;
    case LAC_ACT_SILU:
        for (int64_t j = 0; j < n; j++) x[j] = x[j] / (1.0f + expf(-x[j]));
        break;
    }
}

void lac__finish_rows(const lac__epilogue *epilogue, float *values, int64_t rows, int64_t columns,
                      int64_t first_row, int64_t first_column, lac_tensor *out) {
    const int64_t width = out->shape[1];
    for (int s = 0; s < epilogue->count; s++) {
        const lac__stage *stage = &epilogue->stages[s];
        for (int64_t r = 0; r < rows; r++) {
            float *row = values + r * LAC__PANEL;
            switch (stage->kind) {
            case LAC__AFFINE:
                affine(row, columns,
                       stage->scale != NULL ? (const float *)lac__data(stage->scale) + first_column
                                            : NULL,
                       (const float *)lac__data(stage->shift) + first_column);
                break;
            case LAC__RESIDUAL: {
                float other[LAC__PANEL];
                load_row(stage->residual->dtype, lac__data(stage->residual),
                         (first_row + r) * width + first_column, columns, other);
                affine(row, columns, NULL, other);
                break;
            }
            case LAC__ACTIVATION: activate(row, columns, stage->activation, stage->slope); break;
            }
        }
    }
    for (int64_t r = 0; r < rows; r++)
        store_row(out->dtype, lac__data(out), (first_row + r) * width + first_column, columns,
                  values + r * LAC__PANEL);
}

lac_status LAC__ISA_NAME(epilogue)(lac_context *ctx, const lac__epilogue_args *args) {
    enum { BLOCK = 64 };
    const int64_t rows = args->out->shape[0], width = args->out->shape[1];
    const int64_t blocks = (rows + BLOCK - 1) / BLOCK;
    const lac_dtype dtype = args->source->dtype;
#pragma omp parallel for num_threads(ctx->threads) schedule(static) if (rows * width > 1 << 16)
    for (int64_t block = 0; block < blocks; block++) {
        if (lac__interrupted(ctx)) continue;
        float values[BLOCK * LAC__PANEL] __attribute__((aligned(64)));
        const int64_t first = block * BLOCK, count = lac__min(BLOCK, rows - first);
        for (int64_t column = 0; column < width; column += LAC__PANEL) {
            const int64_t columns = lac__min(LAC__PANEL, width - column);
            for (int64_t r = 0; r < count; r++)
                load_row(dtype, lac__data(args->source), (first + r) * width + column, columns,
                         values + r * LAC__PANEL);
            lac__finish_rows(args->epilogue, values, count, columns, first, column, args->out);
        }
    }
    return lac__check_interrupt(ctx);
}
