/*
 * key.h - a coordinate row as one integer that sorts like the row: (b,x,y,z), z in the lowest bits.
 *
 * Narrow keys have 64 bits with fields just wide enough for the set's box and a margin on the spatial
 * axes, so that a key plus the packed offset of a nearby cell is that cell's key and never borrows from
 * another field. Sets whose box does not fit 63 bits get wide keys of 128 bits with 32 bits a field.
 * Keys are exact: equal keys are equal rows.
 */
#ifndef LAC_SPARSE_KEY_H
#define LAC_SPARSE_KEY_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 lac__wide_key;

enum { LAC__KEY_MARGIN = 8 };

/** Narrow keys of an index are followed by so many that are greater than any. */
enum { LAC__KEY_PAD = 4 };

typedef struct lac__packing {
    bool wide;
    int64_t low[4];    /* value of a field that packs to 0 */
    int64_t extent[4]; /* largest packed value of a field */
    int shift[4];
    int bits;
} lac__packing;

/* Sums, not ors: differences of keys are packed offsets, whose fields may be negative. */
static inline uint64_t lac__pack_narrow(const lac__packing *p, int64_t b, int64_t x, int64_t y,
                                        int64_t z) {
    return ((uint64_t)(b - p->low[0]) << p->shift[0]) + ((uint64_t)(x - p->low[1]) << p->shift[1]) +
           ((uint64_t)(y - p->low[2]) << p->shift[2]) + (uint64_t)(z - p->low[3]);
}

static inline lac__wide_key lac__pack_wide(const lac__packing *p, int64_t b, int64_t x, int64_t y,
                                           int64_t z) {
    return ((lac__wide_key)(b - p->low[0]) << 96) + ((lac__wide_key)(x - p->low[1]) << 64) +
           ((lac__wide_key)(y - p->low[2]) << 32) + (lac__wide_key)(z - p->low[3]);
}

/** Packing for rows within [low, high] (four values each). */
void lac__packing_make(const int64_t low[4], const int64_t high[4], lac__packing *out);

#endif
