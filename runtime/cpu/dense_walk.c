/*
 * dense_walk.c - see dense_walk.h.
 */
#include "cpu/dense_walk.h"

#include "core/checked.h"
#include "core/half.h"

#include <string.h>

enum { BLOCK = 16384, CHUNK = 256 };

lac__walk lac__walk_over(const lac_tensor *t) {
    lac__walk w = {.ndim = t->ndim};
    memcpy(w.shape, t->shape, sizeof w.shape);
    return w;
}

void lac__walk_add(lac__walk *w, const lac_tensor *t) {
    const int64_t size = (int64_t)lac_dtype_size(t->dtype);
    w->dtype[w->operands] = t->dtype;
    w->data[w->operands] = lac__data(t);
    for (int32_t i = 0; i < t->ndim; i++) w->step[w->operands][i] = t->stride[i] * size;
    w->operands++;
}

void lac__walk_add_value(lac__walk *w, const void *value, lac_dtype dtype) {
    w->dtype[w->operands] = dtype;
    w->data[w->operands] = (char *)(uintptr_t)value; /* row functions do not write it */
    memset(w->step[w->operands], 0, sizeof *w->step);
    w->operands++;
}

/* True when dimension i continues dimension i + 1 for every operand. */
static bool mergeable(const lac__walk *w, int32_t i) {
    for (int o = 0; o < w->operands; o++)
        if (w->step[o][i] != w->step[o][i + 1] * w->shape[i + 1]) return false;
    return true;
}

static void remove_dimension(lac__walk *w, int32_t i) {
    const size_t tail = (size_t)(w->ndim - i - 1) * sizeof *w->shape;
    memmove(w->shape + i, w->shape + i + 1, tail);
    for (int o = 0; o < w->operands; o++) memmove(w->step[o] + i, w->step[o] + i + 1, tail);
    w->ndim--;
}

static lac__walk merged(const lac__walk *from) {
    lac__walk w = *from;
    for (int32_t i = w.ndim - 1; i >= 0; i--)
        if (w.shape[i] == 1) remove_dimension(&w, i);
    for (int32_t i = w.ndim - 2; i >= 0; i--) {
        if (!mergeable(&w, i)) continue;
        w.shape[i + 1] *= w.shape[i];
        remove_dimension(&w, i);
    }
    if (w.ndim == 0) {
        w.ndim = 1;
        w.shape[0] = 1;
    }
    return w;
}

/* Elements [begin, end) in row-major order, row by row. */
static void run_range(const lac__walk *w, int64_t begin, int64_t end, lac__row row,
                      const void *extra) {
    const int32_t last = w->ndim - 1;
    int64_t at[LAC__MAX_DIMS] = {0};
    int64_t step[LAC__OPERANDS] = {0};
    char *p[LAC__OPERANDS] = {0};
    int64_t rest = begin;
    for (int o = 0; o < w->operands; o++) {
        p[o] = w->data[o];
        step[o] = w->step[o][last];
    }
    for (int32_t i = last; i >= 0; i--) {
        at[i] = rest % w->shape[i];
        rest /= w->shape[i];
        for (int o = 0; o < w->operands; o++) p[o] += at[i] * w->step[o][i];
    }
    while (begin < end) {
        const int64_t n = lac__min(w->shape[last] - at[last], end - begin);
        row(n, p, step, begin, extra);
        begin += n;
        for (int o = 0; o < w->operands; o++) p[o] -= at[last] * step[o];
        at[last] = 0;
        for (int32_t i = last - 1; i >= 0; i--) {
            const bool carry = ++at[i] == w->shape[i];
            const int64_t steps = carry ? 1 - at[i] : 1;
            for (int o = 0; o < w->operands; o++) p[o] += steps * w->step[o][i];
            if (!carry) break;
            at[i] = 0;
        }
    }
}

lac_status lac__walk_run(lac_context *ctx, const lac__walk *from, lac__row row, const void *extra) {
    const lac__walk w = merged(from);
    int64_t total = 1;
    for (int32_t i = 0; i < w.ndim; i++) total *= w.shape[i];
    if (total == 0) return LAC_OK;
    const int64_t blocks = (total + BLOCK - 1) / BLOCK;
#pragma omp parallel for schedule(static) num_threads(lac__team(ctx, total))
    for (int64_t b = 0; b < blocks; b++) {
        if (lac__interrupted(ctx)) continue;
        run_range(&w, b * BLOCK, lac__min(total, (b + 1) * BLOCK), row, extra);
    }
    return lac__check_interrupt(ctx);
}

typedef struct half_row {
    lac__row row;
    const void *extra;
    int operands;
    lac_dtype dtype[LAC__OPERANDS];
} half_row;

static void load(int64_t n, const char *p, int64_t step, lac_dtype dtype, float *to) {
    uint16_t h[CHUNK];
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): the walk has every operand of half_row */
    for (int64_t i = 0; i < n; i++) memcpy(h + i, p + i * step, sizeof *h);
    if (dtype == LAC_DTYPE_F16) {
        for (int64_t i = 0; i < n; i++) to[i] = lac__f16_to_float(h[i]);
    } else {
#pragma omp simd
        for (int64_t i = 0; i < n; i++) to[i] = lac__bf16_to_float(h[i]);
    }
}

static void store(int64_t n, const float *from, lac_dtype dtype, char *p, int64_t step) {
    uint16_t h[CHUNK];
    if (dtype == LAC_DTYPE_F16) {
        for (int64_t i = 0; i < n; i++) h[i] = lac__float_to_f16(from[i]);
    } else {
#pragma omp simd
        for (int64_t i = 0; i < n; i++) h[i] = lac__float_to_bf16(from[i]);
    }
    for (int64_t i = 0; i < n; i++) memcpy(p + i * step, h + i, sizeof *h);
}

static bool is_half(lac_dtype dtype) {
    return dtype == LAC_DTYPE_F16 || dtype == LAC_DTYPE_BF16;
}

/* The last operand is the result. */
static void run_half_row(int64_t n, char *const *p, const int64_t *step, int64_t first,
                         const void *extra) {
    const half_row *h = extra;
    const int last = h->operands - 1;
    float buffer[LAC__OPERANDS][CHUNK];
    for (int64_t begin = 0; begin < n; begin += CHUNK) {
        const int64_t m = lac__min(CHUNK, n - begin);
        char *q[LAC__OPERANDS] = {0};
        int64_t s[LAC__OPERANDS] = {0};
        for (int o = 0; o <= last; o++) {
            q[o] = p[o] + begin * step[o];
            s[o] = step[o];
            if (!is_half(h->dtype[o])) continue;
            if (o < last) load(step[o] == 0 ? 1 : m, q[o], step[o], h->dtype[o], buffer[o]);
            q[o] = (char *)buffer[o];
            s[o] = step[o] == 0 ? 0 : (int64_t)sizeof(float);
        }
        if (is_half(h->dtype[last])) s[last] = (int64_t)sizeof(float);
        h->row(m, q, s, first + begin, h->extra);
        if (is_half(h->dtype[last]))
            store(m, buffer[last], h->dtype[last], p[last] + begin * step[last], step[last]);
    }
}

lac_status lac__walk_run_halves(lac_context *ctx, const lac__walk *w, lac__row row,
                                const void *extra) {
    half_row h = {.row = row, .extra = extra, .operands = w->operands};
    memcpy(h.dtype, w->dtype, sizeof h.dtype);
    return lac__walk_run(ctx, w, run_half_row, &h);
}
