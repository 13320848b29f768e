/*
 * conv3d.c - convolution over pair lists, stationary on blocks of output rows.
 *
 * For a block of LAC__BLOCK_ROWS output rows and one panel of output channels, the accumulators lie in a
 * scratch of 32 KB. Each tap's pairs that end in the block are one contiguous slice of its list, cut into
 * register tiles of even height. The centre tap, where there is one, comes last and reads contiguous rows.
 * Then the epilogue runs on the scratch and the rows are stored once. Threads take shares of consecutive
 * blocks with equal pair counts, a few each, so that a core that is busy elsewhere holds nobody up; no
 * result depends on who takes which.
 */
#include "core/checked.h"
#include "core/threads.h"
#include "cpu/isa/isa.h"
#include "ops/pack.h"
#include "sparse/pair_lists.h"

#include <string.h>

enum { SHARES_PER_THREAD = 8 };

typedef struct job {
    const lac__pair_lists *lists; /* NULL: only the identity tap */
    const float *x, *weight;
    int64_t cin, cout, taps, rows;
    int64_t centre; /* identity tap, -1: none */
    const lac__epilogue *epilogue;
    lac_tensor *out;
} job;

/* Pairs cut into tiles of even height: 15 is 8 + 7, not 14 + 1. */
static void run_tiles(const job *j, int64_t count, const int32_t *in, const float *a,
                      const float *b, const int32_t *out, int64_t origin, float *c) {
    const int64_t tiles = (count + LAC__TILE_ROWS - 1) / LAC__TILE_ROWS;
    if (tiles == 0) return;
    const int64_t height = count / tiles, taller = count % tiles;
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t rows = height + (t < taller);
        lac__tile_kernels[rows](j->cin, in, a, b, out, origin, c);
        if (in != NULL) {
            in += rows;
            out += rows;
        } else {
            a += rows * j->cin;
            c += rows * LAC__PANEL;
        }
    }
}

static void run_block(const job *j, int64_t block) {
    float scratch[LAC__BLOCK_ROWS * LAC__PANEL] __attribute__((aligned(64)));
    const int64_t first = block * LAC__BLOCK_ROWS;
    const int64_t rows = lac__min(LAC__BLOCK_ROWS, j->rows - first);
    const int64_t tap_size = j->cin * LAC__PANEL;
    for (int64_t column = 0; column < j->cout; column += LAC__PANEL) {
        const float *panel = j->weight + column / LAC__PANEL * j->taps * tap_size;
        memset(scratch, 0, (size_t)(rows * LAC__PANEL) * sizeof *scratch);
        for (int64_t k = 0; j->lists != NULL && k < j->taps; k++) {
            if (k == j->centre) continue;
            const lac__slice s = lac__pair_slice(j->lists, k, block);
            run_tiles(j, s.count, s.in, j->x, panel + k * tap_size, s.out, first, scratch);
        }
        if (j->centre >= 0)
            run_tiles(j, rows, NULL, j->x + first * j->cin, panel + j->centre * tap_size, NULL, 0,
                      scratch);
        lac__finish_rows(j->epilogue, scratch, rows, lac__min(LAC__PANEL, j->cout - column), first,
                         column, j->out);
    }
}

lac_status LAC__ISA_NAME(conv3d)(lac_context *ctx, const lac__conv3d_args *args) {
    job j = {.x = lac__data(args->x),
             .weight = args->weight->data,
             .cin = args->weight->cin,
             .cout = args->weight->cout,
             .taps = args->weight->taps,
             .rows = args->out->shape[0],
             .centre = args->map == NULL ? 0 : lac__map_centre(args->map),
             .epilogue = args->epilogue,
             .out = args->out};
    if (args->map != NULL) LAC_TRY(lac__map_lists(ctx, args->map, args->reversed, &j.lists));
    const int64_t blocks = (j.rows + LAC__BLOCK_ROWS - 1) / LAC__BLOCK_ROWS;
    const int64_t pairs = j.lists != NULL ? j.lists->cost[blocks] : j.rows;
    const int64_t team = lac__team(ctx, pairs * j.cin / LAC__MACS_PER_ELEMENT * j.cout);
    const int64_t shares = lac__max(1, lac__min(team * SHARES_PER_THREAD, blocks));
#pragma omp parallel for num_threads((int)lac__min(team, shares)) schedule(dynamic, 1)
    for (int64_t share = 0; share < shares; share++) {
        const int64_t end = lac__share(j.lists, blocks, shares, share + 1);
        for (int64_t block = lac__share(j.lists, blocks, shares, share); block < end; block++) {
            if (!lac__interrupted(ctx)) run_block(&j, block);
        }
    }
    return lac__check_interrupt(ctx);
}
