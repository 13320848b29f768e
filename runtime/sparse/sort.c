/*
 * sort.c - see sort.h.
 */
#include "sparse/sort.h"

#include "core/checked.h"

#include <omp.h>
#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, MIN_PER_THREAD = 1 << 13 };

/* One pass over one digit: every thread counts its part, finds where its elements of each digit go
 * (after those of all smaller digits, and of this digit in earlier parts), and moves them. */
static void pass(const uint64_t *from, uint64_t *to, int64_t count, int shift, uint64_t mask,
                 uint32_t *counts, int threads) {
#pragma omp parallel num_threads(threads)
    {
        const int team = omp_get_num_threads(), me = omp_get_thread_num();
        const int64_t begin = count * me / team, end = count * (me + 1) / team;
        uint32_t *mine = counts + (int64_t)me * DIGITS;
        memset(mine, 0, DIGITS * sizeof *mine);
        for (int64_t i = begin; i < end; i++) mine[from[i] >> shift & mask]++;
#pragma omp barrier
        uint32_t next[DIGITS];
        uint32_t sum = 0;
        for (int d = 0; d < DIGITS; d++) {
            next[d] = sum;
            for (int t = 0; t < team; t++) {
                const uint32_t part = counts[(int64_t)t * DIGITS + d];
                if (t < me) next[d] += part;
                sum += part;
            }
        }
        for (int64_t i = begin; i < end; i++) to[next[from[i] >> shift & mask]++] = from[i];
    }
}

lac_status lac__sort_values(lac_context *ctx, uint64_t *values, uint64_t *spare, int64_t count,
                            int low_bit, int high_bit, uint64_t **sorted) {
    const int64_t wanted = lac__max(1, count / MIN_PER_THREAD);
    const int threads = (int)lac__min(wanted, lac__min(ctx->threads, 64));
    const int passes = (high_bit - low_bit + DIGIT_BITS - 1) / DIGIT_BITS;
    lac__block counts = {0};
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)threads * DIGITS * sizeof(uint32_t), &counts));
    int shift = low_bit;
    for (int p = 0; p < passes && !lac__interrupted(ctx); p++) {
        const int bits = (high_bit - shift + passes - p - 1) / (passes - p);
        pass(values, spare, count, shift, ((uint64_t)1 << bits) - 1, counts.data, threads);
        shift += bits;
        uint64_t *swap = values;
        values = spare;
        spare = swap;
    }
    lac__pool_free(ctx->pool, &counts);
    *sorted = values;
    return lac__check_interrupt(ctx);
}

static void merge(const int32_t *rows, const int32_t *from, int32_t *to, int64_t begin,
                  int64_t middle, int64_t end) {
    int64_t a = begin, b = middle;
    for (int64_t i = begin; i < end; i++) {
        const bool second =
            b < end && (a >= middle || lac__compare_rows(rows + 4 * (int64_t)from[b],
                                                         rows + 4 * (int64_t)from[a]) < 0);
        to[i] = second ? from[b++] : from[a++];
    }
}

lac_status lac__sort_rows(lac_context *ctx, const int32_t *rows, int64_t count, int32_t *order) {
    lac__block spare = {0};
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)count * sizeof *order, &spare));
    for (int64_t i = 0; i < count; i++) order[i] = (int32_t)i;
    int32_t *from = order, *to = spare.data;
    for (int64_t width = 1; width < count && !lac__interrupted(ctx); width *= 2) {
        for (int64_t begin = 0; begin < count; begin += 2 * width)
            merge(rows, from, to, begin, lac__min(begin + width, count),
                  lac__min(begin + 2 * width, count));
        int32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != order) memcpy(order, from, (size_t)count * sizeof *order);
    lac__pool_free(ctx->pool, &spare);
    return lac__check_interrupt(ctx);
}
