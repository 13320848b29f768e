/*
 * wide.c N - a convolution of 1000 to 1000 channels on N voxels against the chain by the book: taps ascending with
 * the centre last, channels ascending, one fused multiply-add each; equal to the bit.
 */
#include "../c/harness.h"

#include <math.h>
#include <stdlib.h>

enum { CHANNELS = 1000, TAPS = 27, CENTRE = 13, SIDE = 8 };

static uint32_t state = 1;

static float draw(void) {
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) * 0x1p-24f - 0.5f;
}

static int row_at[SIDE * SIDE * SIDE]; /* 1 + the row of a cell, 0: none */

static int neighbour(const int32_t *row, int tap) {
    const int at[3] = {row[1] + tap % 3 - 1, row[2] + tap / 3 % 3 - 1, row[3] + tap / 9 - 1};
    for (int i = 0; i < 3; i++)
        if (at[i] < 0 || at[i] >= SIDE) return -1;
    return row_at[(at[0] * SIDE + at[1]) * SIDE + at[2]] - 1;
}

/* sums += x W[tap] for one row. */
static void add_tap(const float *x, const float *w, float *sums) {
    for (int c = 0; c < CHANNELS; c++)
        for (int o = 0; o < CHANNELS; o++) sums[o] = fmaf(x[c], w[c * CHANNELS + o], sums[o]);
}

int main(int argc, char **argv) {
    begin();
    const int n = argc > 1 ? atoi(argv[1]) : 300;
    if (n < 1 || n > SIDE * SIDE * SIDE) return 2;
    int32_t(*rows)[4] = calloc((size_t)n, sizeof *rows);
    float *x = malloc((size_t)n * CHANNELS * sizeof *x);
    float *y = malloc((size_t)n * CHANNELS * sizeof *y);
    float *w = malloc(sizeof(float) * TAPS * CHANNELS * CHANNELS);
    if (!rows || !x || !y || !w) exit(2);
    for (int i = 0; i < n; i++) {
        const int cell = i * 5 % (SIDE * SIDE * SIDE); /* 5 and 512 share no factor */
        row_at[cell] = i + 1;
        rows[i][1] = cell / (SIDE * SIDE);
        rows[i][2] = cell / SIDE % SIDE;
        rows[i][3] = cell % SIDE;
    }
    for (int i = 0; i < n * CHANNELS; i++) x[i] = draw();
    for (int i = 0; i < TAPS * CHANNELS * CHANNELS; i++) w[i] = draw();

    lac_context *ctx = NULL;
    OK(lac_context_create(NULL, &ctx));
    lac_tensor *r = tensor(ctx, LAC_DTYPE_I32, rows, 2, n, 4, 0);
    lac_tensor *f = tensor(ctx, LAC_DTYPE_F32, x, 2, n, CHANNELS, 0);
    lac_tensor *kernel = tensor(ctx, LAC_DTYPE_F32, w, 3, TAPS, CHANNELS, CHANNELS);
    lac_coords *c = NULL;
    lac_sparse *in = NULL, *out = NULL;
    OK(lac_coords_create(ctx, r, &c));
    OK(lac_sparse_create(ctx, f, c, NULL, &in));
    const lac_conv3d_options o = {.size = sizeof o,
                                  .kernel_size = {3, 3, 3},
                                  .padding = {-1, -1, -1},
                                  .kmap_mode = -1,
                                  .downsample_mode = -1};
    OK(lac_conv3d(ctx, in, kernel, &o, &out));
    lac_tensor *sums = lac_sparse_feats(out);
    OK(lac_tensor_download(ctx, sums, y, (uint64_t)n * CHANNELS * sizeof *y));
    for (int i = 0; i < n; i++) {
        float wanted[CHANNELS] = {0};
        for (int j = 0; j <= TAPS; j++) {
            const int tap = j == TAPS ? CENTRE : j;
            const int from = j == CENTRE ? -1 : neighbour(rows[i], tap);
            if (from < 0) continue;
            add_tap(x + from * CHANNELS, w + tap * CHANNELS * CHANNELS, wanted);
        }
        if (!CHECK(memcmp(wanted, y + i * CHANNELS, sizeof wanted) == 0))
            printf("wide %d: row %d\n", n, i);
    }
    lac_tensor_release(sums);
    lac_sparse_release(out);
    lac_sparse_release(in);
    lac_coords_release(c);
    lac_tensor_release(kernel);
    lac_tensor_release(f);
    lac_tensor_release(r);
    close_context(ctx);
    free(rows), free(x), free(y), free(w);
    return finish();
}
