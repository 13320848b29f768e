/*
 * tile_rows.h - LAC__ROWS(X) is X(1) X(2) .. for every height of a register tile; LAC__NARROW_ROWS(X) the
 * same for tiles of half a panel, which are twice as high.
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

#endif
