/*
 * accumulators.h - a register tile's accumulators: where they come from and go to.
 */
#ifndef LAC_CPU_ISA_ACCUMULATORS_H
#define LAC_CPU_ISA_ACCUMULATORS_H

#include "cpu/isa/lanes.h"

typedef lac__floats lac__accumulators[LAC__NARROW_TILE_ROWS][LAC__VECTORS];

LAC__INLINE void lac__tile_load(const int rows, const int vectors, const lac__tile *t,
                                lac__accumulators acc) {
    if (t->fresh) {
        LAC__UNROLL for (int r = 0; r < rows; r++) {
            LAC__UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = (lac__floats){0};
        }
        return;
    }
    const int32_t *out = t->out;
    const float *c = t->c - (out != NULL ? t->origin * LAC__PANEL : 0);
    LAC__UNROLL for (int r = 0; r < rows; r++) {
        const float *source = c + (out != NULL ? (int64_t)out[r] : r) * LAC__PANEL;
        LAC__UNROLL for (int v = 0; v < vectors; v++) {
            acc[r][v] = lac__floats_load(source + v * LAC__LANES);
        }
    }
}

LAC__INLINE void lac__tile_store(const int rows, const int vectors, const lac__tile *t,
                                 lac__accumulators acc) {
    const int32_t *out = t->out;
    float *c = t->c - (out != NULL ? t->origin * LAC__PANEL : 0);
    LAC__UNROLL for (int r = 0; r < rows; r++) {
        float *target = c + (out != NULL ? (int64_t)out[r] : r) * LAC__PANEL;
        LAC__UNROLL for (int v = 0; v < vectors; v++) {
            lac__floats_store(target + v * LAC__LANES, acc[r][v]);
        }
    }
}

/** Row r of source `s`, whose elements have `size` bytes. */
LAC__INLINE const void *lac__tile_row(const lac__tile *t, int s, int64_t size, int r) {
    const int64_t index = t->in != NULL ? (int64_t)t->in[r] : r;
    return (const char *)t->a[s] + index * (t->cin[s] * size);
}

#endif
