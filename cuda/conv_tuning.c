/*
 * conv_tuning.c - see conv_tuning.h.
 *
 * A tile is priced by what it moves and multiplies for each slice of 64 bytes of input channels, in
 * cycles of its multiprocessor: (M + N) rows of 64 bytes out of the second-level cache, at
 * BYTES_A_CYCLE, against M x N sums at SUMS_A_CYCLE; the larger counts. A multiprocessor makes its
 * share of the tiles one after the other at that price, but however few it has, a round of the
 * tiles that it holds at a time takes LATENCY. So large tiles win, since they load least for each
 * sum, until there are too few of them to occupy the device or the channels do not fill them. Rows
 * of a tile that lack its taps are multiplied too; groups of 128 rows have 1.1 times as many as
 * those of 64.
 *
 * The constants are those of an H100 as its data sheet and published measurements have them; they
 * decide by their ratios, which other devices share roughly. Results do not depend on the choice
 * beyond what semantics allow: every tile computes the same chain.
 */
#include "conv_tuning.h"

#include <stddef.h>

enum { BYTES_A_CYCLE = 24, SUMS_A_CYCLE = 1100, SLICE = 64, LATENCY = 500 };

typedef struct tile {
    int32_t rows, channels, resident; /* resident: as many as a multiprocessor holds at a time */
    bool exact, tf32;                 /* float32 has it; halves have all */
} tile;

static const tile tiles[LAC__TILES] = {
    [LAC__TILE_64X32] = {64, 32, 4, true, true},
    [LAC__TILE_64X64] = {64, 64, 4, true, false},
    [LAC__TILE_128X64] = {128, 64, 3, false, true},
    [LAC__TILE_128X96] = {128, 96, 2, false, false},
    [LAC__TILE_128X128] = {128, 128, 2, false, false},
};

/* By dtype, and of the exact kernel. */
enum { EXACT = LAC_DTYPE_BF16 + 1 };
static const char *const names[LAC__TILES][EXACT + 1] = {
    [LAC__TILE_64X32] = {"mma tf32 64x32", "mma f16 64x32", "mma bf16 64x32", "simt f32 64x32"},
    [LAC__TILE_64X64] = {NULL, "mma f16 64x64", "mma bf16 64x64", "simt f32 64x64"},
    [LAC__TILE_128X64] = {"mma tf32 128x64", "mma f16 128x64", "mma bf16 128x64", NULL},
    [LAC__TILE_128X96] = {NULL, "mma f16 128x96", "mma bf16 128x96", NULL},
    [LAC__TILE_128X128] = {NULL, "mma f16 128x128", "mma bf16 128x128", NULL},
};

static int64_t shares(int64_t n, int64_t size) {
    return (n + size - 1) / size;
}

static double price(const tile *t, int64_t multiprocessors, int64_t rows, int64_t cout,
                    int splits) {
    const int64_t count = shares(rows, t->rows) * shares(cout, t->channels) * splits;
    const double moved = (double)((t->rows + t->channels) * SLICE) / BYTES_A_CYCLE;
    const double summed = (double)(t->rows * t->channels * SLICE / 2) / SUMS_A_CYCLE;
    const double each = (moved > summed ? moved : summed) * (t->rows > 64 ? 1.1 : 1.0);
    const double busy = (double)shares(count, multiprocessors) * each;
    const double waiting = (double)shares(count, multiprocessors * t->resident) * LATENCY;
    return busy > waiting ? busy : waiting;
}

lac__conv_choice lac__conv_choose(const lac__gpu *gpu, int32_t dtype, bool tf32, int64_t rows,
                                  int64_t cout, int splits) {
    const bool exact = dtype == LAC_DTYPE_F32 && !tf32;
    lac__conv_choice choice = {.tensor_cores = !exact, .tile = LAC__TILE_64X32};
    double least = 0;
    for (int i = 0; i < LAC__TILES; i++) {
        const tile *t = &tiles[i];
        if (dtype == LAC_DTYPE_F32 && !(exact ? t->exact : t->tf32)) continue;
        const double mine = price(t, gpu->sm_count > 0 ? gpu->sm_count : 1, rows, cout, splits);
        if (i > 0 && mine >= least) continue;
        least = mine;
        choice.tile = (lac__conv_tile)i;
    }
    return choice;
}

const char *lac__conv_kernel_name(int32_t dtype, lac__conv_choice choice) {
    return names[choice.tile][choice.tensor_cores ? dtype : EXACT];
}

void lac__launch_conv3d(lac__gpu *gpu, const lac__product *product, lac__conv_choice choice) {
    if (choice.tensor_cores)
        lac__launch_conv3d_mma(gpu, product, choice.tile);
    else
        lac__launch_conv3d_simt(gpu, product, choice.tile);
}
