/*
 * tuning.c - from a convolution to its entry in the tuning table.
 *
 * Time depends on channels, rows and density smoothly, so that neighbours may share an entry: a scan
 * has other counts than the one that was tuned on, and finds its choices all the same.
 */
#include "ops/tuning.h"

#include "core/context.h"

enum { CHANNELS = 16, DENSITIES = 16 };

static int32_t log2_of(int64_t n) {
    int32_t log = 0;
    while (n > 1) {
        n >>= 1;
        log++;
    }
    return log;
}

static int32_t channels_of(int64_t n) {
    const int64_t bucket = (n + CHANNELS - 1) / CHANNELS;
    return bucket > INT32_MAX ? INT32_MAX : (int32_t)bucket;
}

/* taps = 0 where there is no map, and nothing to choose. */
static lac_tuning_key make_key(const lac__conv_plan *plan, const lac_tensor *feats, int64_t cout) {
    lac_tuning_key key = {.device = (int32_t)lac__device_of(feats)->kind,
                          .dtype = (int32_t)feats->dtype,
                          .cin = channels_of(feats->shape[1]),
                          .cout = channels_of(cout)};
    if (plan->map == NULL) return key;
    /* A GPU's pairs would be a wait: its keys do without the density. */
    int64_t taps, pairs = 0;
    lac_kernel_map_describe(plan->map, &taps, lac__on_cpu(feats) ? &pairs : NULL, NULL, NULL);
    const int64_t rows = lac_coords_count(plan->out_rows);
    const double cells = (double)taps * (double)rows;
    const double density = cells > 0 ? (double)pairs / cells : 0;
    key.taps = (int32_t)taps;
    key.rows = log2_of(rows);
    key.density = density >= 1 ? DENSITIES : (int32_t)(density * DENSITIES);
    return key;
}

lac_status lac_tuning_key_make(lac_context *ctx, lac_sparse *x, const lac_conv3d_options *options,
                               int64_t cout, lac_tuning_key *out) {
    LAC_NEED("tuning_key_make", ctx, x, out);
    if (cout < 0)
        return lac__fail(LAC_ERR_ARGUMENT, "tuning_key_make: %lld output channels, expected some",
                         (long long)cout);
    lac__conv_plan plan;
    LAC_TRY(lac__conv_plan_make(ctx, x, options, false, &plan));
    *out = make_key(&plan, x->feats, cout);
    return LAC_OK;
}

void lac__flow_tune(const lac_context *ctx, const lac__conv_plan *plan, const lac_tensor *feats,
                    int64_t cout, lac__flow *flow) {
    if (ctx->tuning.count == 0 || plan->map == NULL || flow->dataflow != LAC_DATAFLOW_AUTO) return;
    const lac_tuning_key key = make_key(plan, feats, cout);
    const lac_tuning_choice *choice = lac__tuning_find(&ctx->tuning, &key);
    if (choice == NULL) return;
    flow->dataflow = (lac_dataflow)choice->dataflow;
    flow->sorted = choice->sorted != 0;
    flow->splits = choice->splits > 0 ? choice->splits : 1;
}
