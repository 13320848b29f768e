/*
 * conv3d.c - convolution over pair lists, stationary on blocks of output rows.
 *
 * For a block of LAC__BLOCK_ROWS output rows and one panel of output channels, the accumulators lie in a
 * scratch of 32 KB. Each tap's pairs that end in the block are one contiguous slice of its list, cut into
 * register tiles of even height. The centre tap, where there is one, comes last and reads contiguous
 * rows; as soon as one of its tiles is done the epilogue runs on those rows, which are in the nearest
 * cache, and stores them. Where every output row has exactly one pair, as behind a transposed
 * convolution, a tile is all there is to its rows. Threads take shares of consecutive blocks, smaller ones
 * as less is left, so that a core that is busy elsewhere holds nobody up; no result depends on who takes
 * which.
 *
 * With few channels the limit is memory: rows come in an order that no hardware prefetcher sees through.
 * So the first panel of a block fetches the rows of the next block into the second-level cache while it
 * multiplies (at 32 channels this is worth a third of the time), and large results are stored past the
 * caches (epilogue.c).
 */
#include "core/checked.h"
#include "core/threads.h"
#include "cpu/isa/lanes.h"
#include "cpu/isa/subnormals.h"
#include "ops/pack.h"
#include "sparse/pair_lists.h"

#include <string.h>

enum { CACHE_LINE = 64, SHARES_LEFT = 3 };

typedef struct job {
    const lac__pair_lists *lists; /* NULL: only the identity tap */
    const lac__tiles *tiles;
    bool flush; /* the kernels need subnormal numbers off */
    const char *x[2];
    int64_t cin[2], row_bytes[2]; /* channels and bytes of a row, of each source */
    const char *weight;
    int64_t tap_bytes; /* of one tap of a panel of weights */
    int64_t cout, taps, rows, blocks;
    int64_t centre; /* identity tap, -1: none */
    bool single;    /* one pair for every output row */
    const lac__epilogue *epilogue;
    lac_tensor *out;
} job;

/* One panel of output channels. */
typedef struct panel {
    const char *weight;
    const lac__tile_kernel *kernels;
    int64_t height; /* of the highest tile */
    lac__finish finish;
} panel;

/* Pairs cut into tiles of even height: 15 is 8 + 7, not 14 + 1. */
typedef struct cut {
    int64_t tiles, height, taller;
} cut;

static cut cut_pairs(const panel *p, int64_t count) {
    const int64_t tiles = (count + p->height - 1) / p->height;
    return (cut){tiles, tiles > 0 ? count / tiles : 0, tiles > 0 ? count % tiles : 0};
}

static int64_t cut_rows(const cut *c, int64_t tile) {
    return c->height + (tile < c->taller);
}

static void run_tile(const job *j, const panel *p, const lac__tile *t, int64_t rows) {
    const lac__tile_kernel kernel = p->kernels[rows];
    if (!j->flush) {
        kernel(t);
        return;
    }
    const unsigned mode = lac__subnormals_off();
    kernel(t);
    lac__subnormals_restore(mode);
}

static lac__tile make_tile(const job *j, const panel *p, int64_t tap, float *c) {
    return (lac__tile){.cin = {j->cin[0], j->cin[1]},
                       .a = {j->x[0], j->x[1]},
                       .b = p->weight + tap * j->tap_bytes,
                       .c = c};
}

/* Rows first.. of the sources on their way into the second-level cache. (Inlined, here and below: gcc
 * takes a function that does nothing but fetch for one without effect and drops its calls.) */
LAC__INLINE void fetch_rows(const job *j, int64_t first, int64_t count) {
    for (int s = 0; s < 2; s++) {
        const char *p = j->x[s] + first * j->row_bytes[s];
        for (int64_t at = 0; at < count * j->row_bytes[s]; at += CACHE_LINE)
            __builtin_prefetch(p + at, 0, 2);
    }
}

/* The part of the next block's rows that belongs to tap k. */
LAC__INLINE void fetch_next(const job *j, int64_t k, int64_t block) {
    if (block + 1 >= j->blocks) return;
    if (j->centre >= 0) { /* output rows are input rows */
        const int64_t first = (block + 1) * LAC__BLOCK_ROWS;
        const int64_t count = lac__min(LAC__BLOCK_ROWS, j->rows - first);
        const int64_t from = count * k / j->taps, to = count * (k + 1) / j->taps;
        fetch_rows(j, first + from, to - from);
        return;
    }
    const lac__slice s = lac__pair_slice(j->lists, k, block + 1);
    for (int64_t i = 0; i < s.count; i++) fetch_rows(j, s.in[i], 1);
}

/* Adds the pairs of a slice to the scratch, whose first row is `origin`. */
static void accumulate(const job *j, const panel *p, int64_t tap, lac__slice s, float *scratch,
                       int64_t origin) {
    const cut c = cut_pairs(p, s.count);
    lac__tile t = make_tile(j, p, tap, scratch);
    t.in = s.in;
    t.out = s.out;
    t.origin = origin;
    for (int64_t i = 0; i < c.tiles; i++) {
        const int64_t rows = cut_rows(&c, i);
        run_tile(j, p, &t, rows);
        t.in += rows;
        t.out += rows;
    }
}

/* The identity tap on rows first.., on top of the scratch unless that is NULL, and the epilogue. */
static void finish_identity(const job *j, const panel *p, float *scratch, int64_t first,
                            int64_t count) {
    float values[LAC__NARROW_TILE_ROWS * LAC__PANEL] __attribute__((aligned(64)));
    const cut c = cut_pairs(p, count);
    lac__tile t = make_tile(j, p, j->centre, scratch != NULL ? scratch : values);
    t.fresh = scratch == NULL;
    for (int s = 0; s < 2; s++) t.a[s] = j->x[s] + first * j->row_bytes[s];
    for (int64_t i = 0; i < c.tiles; i++) {
        const int64_t rows = cut_rows(&c, i);
        if (scratch == NULL) fetch_rows(j, first + rows, lac__min(rows, j->rows - first - rows));
        run_tile(j, p, &t, rows);
        lac__finish_rows(&p->finish, t.c, rows, first, NULL);
        first += rows;
        if (scratch != NULL) t.c += rows * LAC__PANEL;
        for (int s = 0; s < 2; s++) t.a[s] = (const char *)t.a[s] + rows * j->row_bytes[s];
    }
}

/* Pairs whose output rows have no others, and the epilogue. */
static void finish_single(const job *j, const panel *p, int64_t tap, lac__slice s) {
    float values[LAC__NARROW_TILE_ROWS * LAC__PANEL] __attribute__((aligned(64)));
    const cut c = cut_pairs(p, s.count);
    lac__tile t = make_tile(j, p, tap, values);
    t.in = s.in;
    t.fresh = true;
    for (int64_t i = 0; i < c.tiles; i++) {
        const int64_t rows = cut_rows(&c, i);
        run_tile(j, p, &t, rows);
        lac__finish_rows(&p->finish, values, rows, 0, s.out);
        t.in += rows;
        s.out += rows;
    }
}

static void begin_panel(const job *j, int64_t column, panel *p) {
    const bool narrow = j->cout - column <= LAC__PANEL / 2;
    p->weight = j->weight + column / LAC__PANEL * j->taps * j->tap_bytes;
    p->kernels = narrow ? j->tiles->narrow : j->tiles->whole;
    p->height = narrow ? LAC__NARROW_TILE_ROWS : LAC__TILE_ROWS;
    lac__finish_begin(&p->finish, j->epilogue, column, j->out);
}

static void run_block(const job *j, int64_t block) {
    float scratch[LAC__BLOCK_ROWS * LAC__PANEL] __attribute__((aligned(64)));
    const int64_t first = block * LAC__BLOCK_ROWS;
    const int64_t rows = lac__min(LAC__BLOCK_ROWS, j->rows - first);
    const bool scratched = j->lists != NULL && !j->single;
    panel p;
    for (int64_t column = 0; column < j->cout; column += LAC__PANEL) {
        begin_panel(j, column, &p);
        if (scratched) memset(scratch, 0, (size_t)(rows * LAC__PANEL) * sizeof *scratch);
        for (int64_t k = 0; j->lists != NULL && k < j->taps; k++) {
            if (column == 0) fetch_next(j, k, block);
            if (k == j->centre) continue;
            const lac__slice s = lac__pair_slice(j->lists, k, block);
            if (j->single)
                finish_single(j, &p, k, s);
            else
                accumulate(j, &p, k, s, scratch, first);
        }
        if (j->centre >= 0)
            finish_identity(j, &p, scratched ? scratch : NULL, first, rows);
        else if (scratched)
            lac__finish_rows(&p.finish, scratch, rows, first, NULL);
    }
}

static job make_job(const lac_context *ctx, const lac__conv3d_args *args) {
    const lac__packed *w = args->weight;
    const bool bf16 = w->dtype == LAC_DTYPE_BF16;
    job j = {.tiles = bf16 ? ctx->cpu.backend->bf16_tiles : &lac__tiles_f32,
             .flush = bf16 && !ctx->cpu.backend->bf16_instruction,
             .x = {lac__data(args->x), args->x2 != NULL ? lac__data(args->x2) : NULL},
             .cin = {args->x->shape[1], args->x2 != NULL ? args->x2->shape[1] : 0},
             .weight = w->data,
             .tap_bytes = lac__packed_tap_bytes(w),
             .cout = w->cout,
             .taps = w->taps,
             .rows = args->out->shape[0],
             .centre = args->map == NULL ? 0 : lac__map_centre(args->map),
             .single = args->map != NULL && lac__map_single(args->map, args->reversed),
             .epilogue = args->epilogue,
             .out = args->out};
    j.blocks = (j.rows + LAC__BLOCK_ROWS - 1) / LAC__BLOCK_ROWS;
    for (int s = 0; s < 2; s++) j.row_bytes[s] = j.cin[s] * (bf16 ? 2 : 4);
    return j;
}

static int64_t cost_before(const job *j, int64_t block) {
    return j->lists != NULL ? j->lists->cost[block] : block;
}

/* The end of the share that begins at `block`: an even part of what is left. */
static int64_t share_end(const job *j, int64_t block, int64_t team) {
    const int64_t done = cost_before(j, block);
    const int64_t target = done + (cost_before(j, j->blocks) - done) / (SHARES_LEFT * team);
    int64_t low = block + 1, high = j->blocks;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (cost_before(j, middle) < target)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The next share for a thread, false where nothing is left. */
static bool take_share(const job *j, atomic_llong *next, int64_t team, int64_t *first,
                       int64_t *end) {
    long long block = atomic_load(next);
    do {
        if (block >= j->blocks) return false;
        *first = block;
        *end = team == 1 ? j->blocks : share_end(j, block, team);
    } while (!atomic_compare_exchange_weak(next, &block, *end));
    return true;
}

lac_status LAC__ISA_NAME(conv3d)(lac_context *ctx, const lac__conv3d_args *args) {
    job j = make_job(ctx, args);
    if (args->map != NULL) LAC_TRY(lac__map_lists(ctx, args->map, args->reversed, &j.lists));
    const int64_t pairs = j.lists != NULL ? j.lists->cost[j.blocks] : j.rows;
    const int64_t macs = pairs * (j.cin[0] + j.cin[1]) / LAC__MACS_PER_ELEMENT * j.cout;
    const int64_t team = lac__max(1, lac__min(lac__team(ctx, macs), j.blocks));
    atomic_llong next = 0;
#pragma omp parallel num_threads((int)team)
    {
        int64_t block, end;
        while (take_share(&j, &next, team, &block, &end)) {
            for (; block < end && !lac__interrupted(ctx); block++) run_block(&j, block);
        }
        lac__finish_end();
    }
    return lac__check_interrupt(ctx);
}
