/*
 * tuning_test.c - the table of the tuner's choices, and that AUTO follows it.
 */
#include "harness.h"

static lac_tuning_key key_of(int32_t taps, int32_t rows) {
    return (lac_tuning_key){
        .dtype = LAC_DTYPE_F32, .taps = taps, .cin = 1, .cout = 2, .rows = rows, .density = 3};
}

static void test_table(lac_context *ctx) {
    const lac_tuning_choice sorted = {LAC_DATAFLOW_IMPLICIT_GEMM, 1, 1};
    const lac_tuning_choice lists = {LAC_DATAFLOW_FETCH_ON_DEMAND, 0, 0};
    lac_tuning_choice found = {0};
    lac_tuning_key key = key_of(27, 10);
    CHECK(lac_tuning_count(ctx) == 0);
    CHECK(!lac_tuning_get(ctx, &key, &found));
    OK(lac_tuning_set(ctx, &key, &sorted));
    CHECK(lac_tuning_get(ctx, &key, &found) && found.dataflow == LAC_DATAFLOW_IMPLICIT_GEMM &&
          found.sorted == 1 && found.splits == 1);
    OK(lac_tuning_set(ctx, &key, &lists));
    CHECK(lac_tuning_count(ctx) == 1);
    CHECK(lac_tuning_get(ctx, &key, &found) && found.dataflow == LAC_DATAFLOW_FETCH_ON_DEMAND);

    /* Every field counts. */
    lac_tuning_key other = key;
    other.dtype = LAC_DTYPE_BF16;
    CHECK(!lac_tuning_get(ctx, &other, &found));
    other = key, other.cin = 2;
    CHECK(!lac_tuning_get(ctx, &other, &found));
    other = key, other.cout = 1;
    CHECK(!lac_tuning_get(ctx, &other, &found));
    other = key, other.density = 4;
    CHECK(!lac_tuning_get(ctx, &other, &found));
    other = key, other.device = 1;
    CHECK(!lac_tuning_get(ctx, &other, &found));

    /* The table grows. */
    for (int32_t i = 0; i < 100; i++) {
        key = key_of(i + 1, i % 30);
        OK(lac_tuning_set(ctx, &key, i % 2 ? &sorted : &lists));
    }
    for (int32_t i = 0; i < 100; i++) {
        key = key_of(i + 1, i % 30);
        CHECK(lac_tuning_get(ctx, &key, &found) && found.sorted == i % 2);
    }
    lac_tuning_clear(ctx);
    CHECK(lac_tuning_count(ctx) == 0);
    CHECK(!lac_tuning_get(ctx, &key, &found));
}

static void test_mistakes(lac_context *ctx) {
    lac_tuning_key key = key_of(27, 10);
    lac_tuning_choice choice = {LAC_DATAFLOW_AUTO, 0, 0};
    FAILS(LAC_ERR_ARGUMENT, lac_tuning_set(ctx, &key, &choice));
    choice = (lac_tuning_choice){LAC_DATAFLOW_IMPLICIT_GEMM, 0, 2};
    FAILS(LAC_ERR_ARGUMENT, lac_tuning_set(ctx, &key, &choice));
    choice = (lac_tuning_choice){LAC_DATAFLOW_IMPLICIT_GEMM, 1, 5};
    FAILS(LAC_ERR_ARGUMENT, lac_tuning_set(ctx, &key, &choice));
    choice = (lac_tuning_choice){LAC_DATAFLOW_IMPLICIT_GEMM, 1, 1};
    key.taps = 0;
    FAILS(LAC_ERR_ARGUMENT, lac_tuning_set(ctx, &key, &choice));
    key = key_of(27, 10);
    key.density = 17;
    FAILS(LAC_ERR_ARGUMENT, lac_tuning_set(ctx, &key, &choice));
    CHECK(lac_tuning_count(ctx) == 0);
}

static void run_layer(lac_context *ctx, lac_sparse *x, lac_tensor *weight,
                      const lac_conv3d_options *o, lac_dataflow wanted, float *result) {
    lac_counters before, after;
    lac_sparse *y = NULL;
    lac_context_counters(ctx, &before);
    OK(lac_conv3d(ctx, x, weight, o, &y));
    lac_tensor *feats = lac_sparse_feats(y);
    OK(lac_tensor_download(ctx, feats, result, 6 * sizeof *result));
    lac_context_counters(ctx, &after);
    CHECK(after.dataflows[wanted] == before.dataflows[wanted] + 1);
    lac_tensor_release(feats);
    lac_sparse_release(y);
}

static void test_auto(lac_context *ctx) {
    const int32_t rows[3][4] = {{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 6, 0, 0}};
    const float feats[3] = {1, 2, 3};
    float values[54], plain[6], tuned[6];
    for (int i = 0; i < 54; i++) values[i] = (float)(i % 7) * 0.3f;
    lac_tensor *r = tensor(ctx, LAC_DTYPE_I32, rows, 2, 3, 4, 0);
    lac_tensor *f = tensor(ctx, LAC_DTYPE_F32, feats, 2, 3, 1, 0);
    lac_tensor *weight = tensor(ctx, LAC_DTYPE_F32, values, 3, 27, 1, 2);
    lac_coords *c = NULL;
    lac_sparse *x = NULL;
    OK(lac_coords_create(ctx, r, &c));
    OK(lac_sparse_create(ctx, f, c, NULL, &x));
    lac_conv3d_options o = {.size = sizeof o,
                            .kernel_size = {3, 3, 3},
                            .stride = {1, 1, 1},
                            .padding = {-1, -1, -1},
                            .dilation = {1, 1, 1},
                            .kmap_mode = -1,
                            .downsample_mode = -1};
    lac_tuning_key key;
    OK(lac_tuning_key_make(ctx, x, &o, 2, &key));
    CHECK(key.dtype == LAC_DTYPE_F32 && key.taps == 27 && key.cin == 1 && key.cout == 1);
    CHECK(key.rows == 1);    /* three rows */
    CHECK(key.density == 0); /* 5 pairs of 81 */
    FAILS(LAC_ERR_ARGUMENT, lac_tuning_key_make(ctx, x, &o, -1, &key));

    run_layer(ctx, x, weight, &o, LAC_DATAFLOW_FETCH_ON_DEMAND, plain);
    const lac_tuning_choice choice = {LAC_DATAFLOW_IMPLICIT_GEMM, 1, 1};
    OK(lac_tuning_set(ctx, &key, &choice));
    run_layer(ctx, x, weight, &o, LAC_DATAFLOW_IMPLICIT_GEMM, tuned);
    CHECK(memcmp(plain, tuned, sizeof plain) == 0);
    o.dataflow = LAC_DATAFLOW_FETCH_ON_DEMAND; /* what is asked for goes first */
    run_layer(ctx, x, weight, &o, LAC_DATAFLOW_FETCH_ON_DEMAND, tuned);

    /* Row by row there is no map and nothing to choose. */
    o = (lac_conv3d_options){.size = sizeof o,
                             .kernel_size = {1, 1, 1},
                             .stride = {1, 1, 1},
                             .padding = {-1, -1, -1},
                             .dilation = {1, 1, 1},
                             .kmap_mode = -1,
                             .downsample_mode = -1};
    OK(lac_tuning_key_make(ctx, x, &o, 2, &key));
    CHECK(key.taps == 0);
    lac_sparse_release(x);
    lac_coords_release(c);
    lac_tensor_release(weight);
    lac_tensor_release(f);
    lac_tensor_release(r);
}

static void test_bandwidth(lac_context *ctx) {
    double rate = 0;
    OK(lac_bench_bandwidth(ctx, 1 << 20, 2, &rate));
    CHECK(rate > 0.01 && rate < 1e5);
    FAILS(LAC_ERR_ARGUMENT, lac_bench_bandwidth(ctx, 100, 2, &rate));
    FAILS(LAC_ERR_ARGUMENT, lac_bench_bandwidth(ctx, 1 << 20, 0, &rate));
}

int main(void) {
    begin();
    lac_context *ctx = NULL;
    OK(lac_context_create(NULL, &ctx));
    test_table(ctx);
    test_mistakes(ctx);
    test_auto(ctx);
    test_bandwidth(ctx);
    lac_tuning_clear(ctx);
    lac_tuning_key key = key_of(8, 3); /* a table that is not cleared is freed with the context */
    const lac_tuning_choice choice = {LAC_DATAFLOW_FETCH_ON_DEMAND, 0, 0};
    OK(lac_tuning_set(ctx, &key, &choice));
    close_context(ctx);
    return finish();
}
