/*
 * dense_softmax.c - exp(x - max) / sum along one dimension of contiguous lanes; the sum in float64.
 */
#include "cpu/dense_walk.h"

#include <math.h>

#define T float
#define NAME lane_f32
#define EXP expf
#include "cpu/dense_softmax_lane.h"
#define T double
#define NAME lane_f64
#define EXP exp
#include "cpu/dense_softmax_lane.h"

lac_status lac_softmax__cpu(lac_context *ctx, const lac__softmax_args *args) {
    const lac__lanes lanes = args->lanes;
    const int64_t count = lanes.n == 0 ? 0 : lanes.outer * lanes.inner;
    const bool single = args->x->dtype == LAC_DTYPE_F32;
    const void *x = lac__data(args->x);
    void *out = lac__data(args->out);
#pragma omp parallel for schedule(static) num_threads(lac__team(ctx, 8 * count * lanes.n))
    for (int64_t i = 0; i < count; i++) {
        if (lac__interrupted(ctx)) continue;
        const int64_t from = i / lanes.inner * lanes.n * lanes.inner + i % lanes.inner;
        if (single)
            lane_f32((const float *)x + from, lanes.n, lanes.inner, (float *)out + from);
        else
            lane_f64((const double *)x + from, lanes.n, lanes.inner, (double *)out + from);
    }
    return lac__check_interrupt(ctx);
}
