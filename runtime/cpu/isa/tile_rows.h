/*
 * tile_rows.h - LAC__ROWS(X) is X(1) X(2) .. for every height of a register tile; LAC__NARROW_ROWS(X) the
 * same for tiles of half a panel, which are twice as high; LAC__TILES(name) is the table of both.
 */
#ifndef LAC_CPU_ISA_TILE_ROWS_H
#define LAC_CPU_ISA_TILE_ROWS_H

#include "cpu/isa/isa.h"

#define LAC__ROWS_6(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define LAC__ROWS_12(X) LAC__ROWS_6(X) X(7) X(8) X(9) X(10) X(11) X(12)
#define LAC__ROWS_14(X) LAC__ROWS_12(X) X(13) X(14)
#if defined(__AVX512F__)
#define LAC__ROWS(X) LAC__ROWS_14(X)
#define LAC__NARROW_ROWS(X)                                                                        \
    LAC__ROWS_14(X)                                                                                \
    X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28)
#else
#define LAC__ROWS(X) LAC__ROWS_6(X)
#define LAC__NARROW_ROWS(X) LAC__ROWS_12(X)
#endif

/* The kernels of a dtype, for files that have an inline function tile(rows, vectors, t). */
#define LAC__TILE(name, rows, vectors)                                                             \
    static __attribute__((noinline)) void name##_##rows(const lac__tile *t) {                      \
        tile(rows, vectors, t);                                                                    \
    }
#define LAC__WHOLE_TILE(rows) LAC__TILE(whole, rows, LAC__VECTORS)
#define LAC__NARROW_TILE(rows) LAC__TILE(narrow, rows, LAC__VECTORS / 2)
#define LAC__WHOLE_ENTRY(rows) whole_##rows,
#define LAC__NARROW_ENTRY(rows) narrow_##rows,
#define LAC__TILES(name)                                                                           \
    LAC__ROWS(LAC__WHOLE_TILE)                                                                     \
    LAC__NARROW_ROWS(LAC__NARROW_TILE)                                                             \
    const lac__tiles name = {                                                                      \
        .whole = {NULL, LAC__ROWS(LAC__WHOLE_ENTRY)},                                              \
        .narrow = {NULL, LAC__NARROW_ROWS(LAC__NARROW_ENTRY)},                                     \
    };

#endif
