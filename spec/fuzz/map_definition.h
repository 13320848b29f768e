/*
 * map_definition.h - output rows and pairs of a convolution as the definition says, one loop a letter:
 * y[o] = sum over taps j of x[s o + a + d j]. In 64-bit numbers, where nothing overflows.
 */
#ifndef LACUNA_SPEC_MAP_DEFINITION_H
#define LACUNA_SPEC_MAP_DEFINITION_H

#include "fuzz.h"

enum { MOST_ROWS = 48, MOST_TAPS = 64, MOST_OUT = MOST_ROWS * MOST_TAPS };

typedef struct {
    int64_t v[4];
} cell;

typedef struct {
    lac_conv3d_options o; /* everything given */
    int submanifold, negative, ranged;
    int32_t range[4];
    int64_t anchor[3];
    int floors;
    int far; /* rows near the end of int32: an error is an answer */
} geometry;

static inline int cell_compare(const void *a, const void *b) {
    const cell *p = a, *q = b;
    for (int i = 0; i < 4; i++)
        if (p->v[i] != q->v[i]) return p->v[i] < q->v[i] ? -1 : 1;
    return 0;
}

static inline int64_t cells_unique(cell *list, int64_t n) {
    qsort(list, (size_t)n, sizeof *list, cell_compare);
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++)
        if (m == 0 || cell_compare(&list[m - 1], &list[i]) != 0) list[m++] = list[i];
    return m;
}

static inline int64_t divide_down(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static inline void geometry_finish(geometry *g) {
    g->submanifold = g->floors = 1;
    for (int a = 0; a < 3; a++) {
        if (g->o.stride[a] != 1) g->submanifold = 0;
        if ((g->o.stride[a] != 1 && g->o.stride[a] != g->o.kernel_size[a]) ||
            g->o.padding[a] != 0 || g->o.dilation[a] != 1)
            g->floors = 0;
    }
    const int minkowski = g->o.downsample_mode == LAC_DOWNSAMPLE_MINKOWSKI;
    for (int a = 0; a < 3; a++) {
        const int64_t k = g->o.kernel_size[a], centre = -g->o.dilation[a] * ((k - 1) / 2);
        const int from_corner = k % 2 == 0 && g->o.kmap_mode == LAC_KMAP_ON_THE_FLY;
        if (g->submanifold)
            g->anchor[a] = from_corner ? 0 : centre;
        else
            g->anchor[a] = minkowski ? centre : -g->o.padding[a];
    }
    if (minkowski) g->floors = 1;
}

static inline int64_t range_out(const geometry *g, int a) {
    const int64_t s = g->o.stride[a], reach = g->o.dilation[a] * (g->o.kernel_size[a] - 1);
    return divide_down(g->range[a + 1] + 2 * g->o.padding[a] - reach - 1, s) + 1;
}

/* Whether the output row stays, as the rules of "spconv" say. */
static inline int stays(const geometry *g, const cell *c) {
    if (g->o.downsample_mode == LAC_DOWNSAMPLE_MINKOWSKI) return 1;
    for (int a = 0; a < 3; a++) {
        if (c->v[a + 1] < 0 && (g->ranged || !g->negative)) return 0;
        if (g->ranged && c->v[a + 1] >= range_out(g, a)) return 0;
    }
    return 1;
}

/* Output rows of the cells `in`; of a submanifold convolution these. */
static inline int64_t define_rows(geometry *g, const cell *in, int64_t n, cell *out) {
    if (g->submanifold) {
        memcpy(out, in, (size_t)n * sizeof *out);
        return n;
    }
    const int32_t *k = g->o.kernel_size, taps = g->floors ? 1 : k[0] * k[1] * k[2];
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++)
        for (int32_t t = 0; t < taps; t++) {
            const int64_t j[3] = {t % k[0], t / k[0] % k[1], t / k[0] / k[1]};
            cell c = in[i];
            int meets = 1;
            for (int a = 0; a < 3; a++) {
                int64_t x = in[i].v[a + 1];
                if (!g->floors) x -= g->anchor[a] + g->o.dilation[a] * j[a];
                c.v[a + 1] = divide_down(x, g->o.stride[a]);
                meets = meets && (g->floors || c.v[a + 1] * g->o.stride[a] == x);
            }
            if (!meets || !stays(g, &c)) continue;
            for (int a = 1; a < 4; a++) REQUIRE(c.v[a] >= INT32_MIN && c.v[a] <= INT32_MAX);
            out[m++] = c;
        }
    return cells_unique(out, m);
}

/* The input row that output `o` sees through tap j, or -1. */
static inline int64_t define_input(const geometry *g, const cell *in, int64_t n, const cell *o,
                                   const int64_t j[3]) {
    cell wanted = *o;
    for (int a = 0; a < 3; a++)
        wanted.v[a + 1] = g->o.stride[a] * o->v[a + 1] + g->anchor[a] + g->o.dilation[a] * j[a];
    for (int64_t i = 0; i < n; i++)
        if (cell_compare(&in[i], &wanted) == 0) return i;
    return -1;
}

#endif
