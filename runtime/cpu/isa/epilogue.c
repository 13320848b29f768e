/*
 * epilogue.c - the stages behind a convolution, on rows that are in cache: fma(x, scale, shift),
 * + residual, activation, cast. A row of a panel passes all of them in registers. The pointwise
 * operations by themselves run the same code, which is why fused and unfused results are equal to the
 * bit. (File built with floating-point contraction.)
 */
#include "core/checked.h"
#include "cpu/isa/lanes.h"

#include <string.h>

enum { CACHE_LINE = 64, STREAM_FROM = 4 << 20 };

/* `columns` elements from `index` on, filled up with zeros. */
static void load_part(lac_dtype dtype, const void *base, int64_t index, int64_t columns,
                      float *out) {
    const uint16_t *halves = (const uint16_t *)base + index;
    memset(out, 0, LAC__PANEL * sizeof *out);
    if (dtype == LAC_DTYPE_F32)
        memcpy(out, (const float *)base + index, (size_t)columns * sizeof *out);
    else if (dtype == LAC_DTYPE_F16)
        for (int64_t j = 0; j < columns; j++) out[j] = lac__f16_to_float(halves[j]);
    else
        for (int64_t j = 0; j < columns; j++) out[j] = lac__bf16_to_float(halves[j]);
}

static void store_part(lac_dtype dtype, void *base, int64_t index, int64_t columns,
                       const float *row) {
    uint16_t *halves = (uint16_t *)base + index;
    /* NOLINTBEGIN(clang-analyzer-core.CallAndMessage): a row has `columns` and more */
    if (dtype == LAC_DTYPE_F32)
        memcpy((float *)base + index, row, (size_t)columns * sizeof *row);
    else if (dtype == LAC_DTYPE_F16)
        for (int64_t j = 0; j < columns; j++) halves[j] = lac__float_to_f16(row[j]);
    else
        for (int64_t j = 0; j < columns; j++) halves[j] = lac__float_to_bf16(row[j]);
    /* NOLINTEND(clang-analyzer-core.CallAndMessage) */
}

/* How rows of a panel are walked: whole vectors, or one panel that is filled up. */
typedef struct shape {
    int vectors;
    bool whole;
} shape;

LAC__INLINE void load_row(const shape p, lac_dtype dtype, const void *base, int64_t index,
                          int64_t columns, lac__floats *x) {
    float part[LAC__PANEL];
    if (!p.whole) {
        load_part(dtype, base, index, columns, part);
        LAC__UNROLL for (int v = 0; v < p.vectors; v++) {
            x[v] = lac__floats_load(part + v * LAC__LANES);
        }
        return;
    }
    LAC__UNROLL for (int v = 0; v < p.vectors; v++) {
        const int64_t at = index + v * LAC__LANES;
        switch ((int)dtype) {
        case LAC_DTYPE_F32: x[v] = lac__floats_load((const float *)base + at); break;
        case LAC_DTYPE_F16: x[v] = lac__floats_from_f16((const uint16_t *)base + at); break;
        default: x[v] = lac__floats_from_bf16((const uint16_t *)base + at);
        }
    }
}

LAC__INLINE void store_row(const shape p, const lac__finish *f, int64_t index,
                           const lac__floats *x) {
    float part[LAC__PANEL];
    if (!p.whole) {
        LAC__UNROLL for (int v = 0; v < p.vectors; v++) {
            lac__floats_store(part + v * LAC__LANES, x[v]);
        }
        store_part(f->dtype, f->out, index, f->columns, part);
        return;
    }
    LAC__UNROLL for (int v = 0; v < p.vectors; v++) {
        const int64_t at = index + v * LAC__LANES;
        if (f->streamed && f->dtype == LAC_DTYPE_F32)
            lac__floats_stream((float *)f->out + at, x[v]);
        else if (f->streamed)
            lac__floats_stream_bf16((uint16_t *)f->out + at, x[v]);
        else if (f->dtype == LAC_DTYPE_F32)
            lac__floats_store((float *)f->out + at, x[v]);
        else if (f->dtype == LAC_DTYPE_F16)
            lac__floats_to_f16((uint16_t *)f->out + at, x[v]);
        else
            lac__floats_to_bf16((uint16_t *)f->out + at, x[v]);
    }
}

LAC__INLINE lac__floats silu(lac__floats x) {
    for (int i = 0; i < LAC__LANES; i++) x[i] = x[i] / (1.0f + expf(-x[i]));
    return x;
}

/* The factor of a lane that is below 0: NaN is not and stays. */
LAC__INLINE lac__floats where_negative(lac__floats x, lac__floats then) {
    const lac__words negative = (lac__words)(x < 0.0f);
    return (lac__floats)((negative & (lac__words)then) | (~negative & (lac__words)x));
}

LAC__INLINE void apply(const shape p, const lac__finish_stage *s, int64_t index, int64_t columns,
                       lac__floats *x) {
    lac__floats other[LAC__VECTORS];
    switch (s->kind) {
    case LAC__AFFINE:
        LAC__UNROLL for (int v = 0; v < p.vectors; v++) {
            const lac__floats shift = lac__floats_load(s->shift + v * LAC__LANES);
            if (s->scale == NULL)
                x[v] = x[v] + shift;
            else
                x[v] = lac__fused(x[v], lac__floats_load(s->scale + v * LAC__LANES), shift);
        }
        break;
    case LAC__RESIDUAL:
        load_row(p, s->dtype, s->residual, index, columns, other);
        LAC__UNROLL for (int v = 0; v < p.vectors; v++) x[v] = x[v] + other[v];
        break;
    case LAC__ACTIVATION:
        LAC__UNROLL for (int v = 0; v < p.vectors; v++) {
            switch (s->activation) {
            case LAC_ACT_NONE: break;
            case LAC_ACT_RELU: x[v] = where_negative(x[v], (lac__floats){0}); break;
            case LAC_ACT_LEAKY_RELU: x[v] = where_negative(x[v], x[v] * s->slope); break;
            case LAC_ACT_SILU: x[v] = silu(x[v]); break;
            }
        }
        break;
    }
}

/* A whole panel of a vector of channels, or what is left of it in `part`. */
static const float *of_panel(const lac_tensor *t, int64_t column, int64_t columns, float *part) {
    if (t == NULL) return NULL;
    const float *from = (const float *)lac__data(t) + column;
    if (columns == LAC__PANEL) return from;
    load_part(LAC_DTYPE_F32, from, 0, columns, part);
    return part;
}

/* Large results are stored past the caches: they would not stay there until they are read, and a
 * store that goes through a cache reads its line first. Whole lines only. */
static bool can_stream(const lac__finish *f, int64_t rows) {
    const int64_t bytes = f->width * (int64_t)lac_dtype_size(f->dtype);
    return f->dtype != LAC_DTYPE_F16 && f->columns % (LAC__PANEL / 2) == 0 &&
           bytes % CACHE_LINE == 0 && (uintptr_t)f->out % CACHE_LINE == 0 &&
           rows >= STREAM_FROM / bytes;
}

void lac__finish_end(void) {
    lac__stream_fence();
}

void lac__finish_begin(lac__finish *f, const lac__epilogue *epilogue, int64_t column,
                       lac_tensor *out) {
    f->count = epilogue->count;
    f->dtype = out->dtype;
    f->out = lac__data(out);
    f->width = out->shape[1];
    f->column = column;
    f->columns = lac__min(LAC__PANEL, f->width - column);
    f->streamed = can_stream(f, out->shape[0]);
    for (int i = 0; i < epilogue->count; i++) {
        const lac__stage *from = &epilogue->stages[i];
        lac__finish_stage *to = &f->stages[i];
        to->kind = from->kind;
        to->activation = from->activation;
        to->slope = from->slope;
        to->scale = of_panel(from->scale, column, f->columns, f->part[2 * i]);
        to->shift = of_panel(from->shift, column, f->columns, f->part[2 * i + 1]);
        if (from->residual == NULL) continue;
        to->dtype = from->residual->dtype;
        to->residual = lac__data(from->residual);
    }
}

LAC__INLINE void finish_rows(const shape p, const lac__finish *f, const float *values, int64_t rows,
                             int64_t first, const int32_t *index) {
    for (int64_t r = 0; r < rows; r++, values += LAC__PANEL) {
        const int64_t at = (index != NULL ? index[r] : first + r) * f->width + f->column;
        lac__floats x[LAC__VECTORS];
        LAC__UNROLL for (int v = 0; v < p.vectors; v++) {
            x[v] = lac__floats_load(values + v * LAC__LANES);
        }
        for (int s = 0; s < f->count; s++) apply(p, &f->stages[s], at, f->columns, x);
        store_row(p, f, at, x);
    }
}

void lac__finish_rows(const lac__finish *f, const float *values, int64_t rows, int64_t first,
                      const int32_t *index) {
    if (f->columns == LAC__PANEL)
        finish_rows((shape){LAC__VECTORS, true}, f, values, rows, first, index);
    else if (f->columns == LAC__PANEL / 2)
        finish_rows((shape){LAC__VECTORS / 2, true}, f, values, rows, first, index);
    else
        finish_rows((shape){LAC__VECTORS, false}, f, values, rows, first, index);
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
            lac__finish finish;
            lac__finish_begin(&finish, args->epilogue, column, args->out);
            for (int64_t r = 0; r < count; r++) {
                lac__floats x[LAC__VECTORS];
                load_row((shape){LAC__VECTORS, finish.columns == LAC__PANEL}, dtype,
                         lac__data(args->source), (first + r) * width + column, finish.columns, x);
                LAC__UNROLL for (int v = 0; v < LAC__VECTORS; v++) {
                    lac__floats_store(values + r * LAC__PANEL + v * LAC__LANES, x[v]);
                }
            }
            lac__finish_rows(&finish, values, count, first, NULL);
        }
        lac__finish_end();
    }
    return lac__check_interrupt(ctx);
}
