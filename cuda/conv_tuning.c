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
 * decide by their ratios, which other devices share roughly. Measurements (conv_table.h) go before
 * them. Results do not depend on the choice beyond what semantics allow: every tile computes the
 * same chain.
 */
#include "conv_tuning.h"

#include "conv_table.h"

#include <cuda_runtime_api.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

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
    const double summed = 0.5 * (double)(t->rows * t->channels * SLICE) / SUMS_A_CYCLE;
    const double each = (moved > summed ? moved : summed) * (t->rows > 64 ? 1.1 : 1.0);
    const double busy = (double)shares(count, multiprocessors) * each;
    const double waiting = (double)shares(count, multiprocessors * t->resident) * LATENCY;
    return busy > waiting ? busy : waiting;
}

static bool has_tile(int32_t dtype, bool exact, const tile *t) {
    return dtype != LAC_DTYPE_F32 || (exact ? t->exact : t->tf32);
}

lac__conv_choice lac__conv_choose(const lac__gpu *gpu, int32_t dtype, bool tf32, int64_t rows,
                                  int64_t cout, int splits) {
    const bool exact = dtype == LAC_DTYPE_F32 && !tf32;
    lac__conv_choice choice = {.tensor_cores = !exact, .tile = LAC__TILE_64X32};
    double least = 0;
    for (int i = 0; i < LAC__TILES; i++) {
        const tile *t = &tiles[i];
        if (!has_tile(dtype, exact, t)) continue;
        const double mine = price(t, gpu->sm_count > 0 ? gpu->sm_count : 1, rows, cout, splits);
        if (i > 0 && mine >= least) continue;
        least = mine;
        choice.tile = (lac__conv_tile)i;
    }
    return choice;
}

/* ------------------------------------------------------------------------ measured tiles */

enum { CHANNELS = 32, FLOWS = 4 };

typedef struct measured {
    int32_t dtype;
    bool tensor_cores;
    int32_t cin, cout;
    int64_t rows;
    lac__conv_tile tiles[FLOWS]; /* unsorted; sorted in 1, 2, 3 parts */
} measured;

#define KERNEL_F16 LAC_DTYPE_F16, true
#define KERNEL_BF16 LAC_DTYPE_BF16, true
#define KERNEL_TF32 LAC_DTYPE_F32, true
#define ROW(kernel, cin, cout, rows, unsorted, sorted, two, three)                                 \
    {KERNEL_##kernel,                                                                              \
     cin,                                                                                          \
     cout,                                                                                         \
     rows,                                                                                         \
     {LAC__TILE_##unsorted, LAC__TILE_##sorted, LAC__TILE_##two, LAC__TILE_##three}},
/* The row behind the last one fits nothing. */
static const measured table[] = {LAC__TABLE(ROW){.dtype = -1}};
enum { ROWS = sizeof table / sizeof *table - 1 };

/* The row for a product: that of its power of two, else one beside it; NULL: none. */
static const measured *look_up(const lac__product *p, lac__conv_choice choice) {
    const int64_t cin = shares(p->cin[0] + p->cin[1], CHANNELS) * CHANNELS;
    const int64_t cout = shares(p->cout, CHANNELS) * CHANNELS;
    const measured *beside = NULL;
    for (int i = 0; i < ROWS; i++) {
        const measured *m = &table[i];
        if (m->dtype != p->dtype || m->tensor_cores != choice.tensor_cores || m->cin != cin ||
            m->cout != cout || p->rows < m->rows / 2 || p->rows >= m->rows * 4)
            continue;
        if (p->rows >= m->rows && p->rows < m->rows * 2) return m;
        if (beside == NULL) beside = m;
    }
    return beside;
}

/* ------------------------------------------------------------------------ launching */

/* The tile of this name; LAC__TILES: there is none. */
static int tile_named(const char *name) {
    static const char *const sizes[LAC__TILES] = {
        [LAC__TILE_64X32] = "64x32",     [LAC__TILE_64X64] = "64x64",
        [LAC__TILE_128X64] = "128x64",   [LAC__TILE_128X96] = "128x96",
        [LAC__TILE_128X128] = "128x128",
    };
    int i = 0;
    while (i < LAC__TILES && strcmp(name, sizes[i]) != 0) i++;
    return i;
}

/* The tile of `choice` for a product, or another that was asked for or measured; LAC__TILES: what
 * was asked for is none. */
static int settled_tile(const lac__gpu *gpu, const lac__product *p, lac__conv_choice choice) {
    const char *name = getenv("LACUNA_CUDA_TILE");
    if (name != NULL && *name != '\0') {
        const int asked = tile_named(name);
        const bool unable =
            asked < LAC__TILES && !has_tile(p->dtype, !choice.tensor_cores, &tiles[asked]);
        return unable ? (int)choice.tile : asked;
    }
    const int flow = p->order == NULL ? 0 : p->splits;
    if (gpu->capability != LAC__TABLE_CAPABILITY || flow >= FLOWS) return (int)choice.tile;
    const measured *m = look_up(p, choice);
    return m != NULL ? (int)m->tiles[flow] : (int)choice.tile;
}

const char *lac__conv_kernel_name(int32_t dtype, lac__conv_choice choice) {
    return names[choice.tile][choice.tensor_cores ? dtype : EXACT];
}

void lac__launch_conv3d(lac__gpu *gpu, const lac__product *product, lac__conv_choice choice) {
    const int chosen = settled_tile(gpu, product, choice);
    if (gpu->error != 0) return;
    if (chosen == LAC__TILES) {
        gpu->error = cudaErrorInvalidValue;
        gpu->kernel = "of LACUNA_CUDA_TILE, expected 64x32, 64x64, 128x64, 128x96 or 128x128";
    } else if (choice.tensor_cores) {
        lac__launch_conv3d_mma(gpu, product, (lac__conv_tile)chosen);
    } else {
        lac__launch_conv3d_simt(gpu, product, (lac__conv_tile)chosen);
    }
}
