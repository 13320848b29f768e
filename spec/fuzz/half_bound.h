/*
 * half_bound.h - a convolution of 16-bit features beside that of the same numbers in float32.
 *
 * Both round at each of n multiply-adds, which moves a result by at most 2^-24 of the sum of magnitudes,
 * whatever the order; the 16-bit one is rounded once more where it is stored. The bfloat16 kernel
 * takes subnormal numbers as zero: magnitudes are taken as larger by what that may lose.
 */
#ifndef LACUNA_SPEC_HALF_BOUND_H
#define LACUNA_SPEC_HALF_BOUND_H

#include "op_machine.h"

/* What x, w and the bias are in float32, or at most in magnitude. */
static inline lac_tensor *widen(machine *m, lac_tensor *t, int magnitudes) {
    if (t == NULL) return NULL;
    lac_tensor_desc d;
    lac_tensor_describe(t, &d);
    float *values = floats_of(m->ctx, t);
    for (int64_t i = 0; magnitudes && i < lac_tensor_numel(t); i++)
        values[i] = fabsf(values[i]) + 0x1p-103f;
    lac_tensor *wide =
        fuzz_tensor(m->ctx, LAC_DTYPE_F32, values, d.ndim, d.shape[0], d.shape[1], d.shape[2]);
    free(values);
    return wide;
}

static inline float *convolve_wide(machine *m, lac_sparse *x, lac_tensor *w, lac_conv3d_options o,
                                   int magnitudes) {
    lac_tensor *feats = lac_sparse_feats(x), *wide = widen(m, feats, magnitudes);
    lac_tensor *weight = widen(m, w, magnitudes), *bias = widen(m, o.bias, magnitudes);
    lac_sparse *xs = NULL, *ys = NULL;
    o.bias = bias;
    REQUIRE(lac_sparse_with_feats(m->ctx, x, wide, &xs) == LAC_OK);
    REQUIRE(lac_conv3d(m->ctx, xs, weight, &o, &ys) == LAC_OK);
    lac_tensor *y = lac_sparse_feats(ys);
    float *values = floats_of(m->ctx, y);
    lac_tensor *all[] = {feats, wide, weight, bias, y};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) lac_tensor_release(all[i]);
    lac_sparse_release(xs);
    lac_sparse_release(ys);
    return values;
}

/* `y`, the convolution of 16-bit `x` and `w`, is within the bound wherever nothing overflows. */
static inline void require_half_bound(machine *m, lac_sparse *x, lac_tensor *w,
                                      const lac_conv3d_options *o, lac_sparse *y) {
    lac_tensor_desc wd;
    lac_tensor_describe(w, &wd);
    const int f16 = feats_of(y).dtype == LAC_DTYPE_F16;
    const double steps = (double)(wd.shape[0] * wd.shape[1] + 2), unit = f16 ? 0x1p-11 : 0x1p-8;
    const double tiny = steps * 0x1p-126 + (f16 ? 0x1p-25 : 0), most = f16 ? 65504 : 0x1p127;
    lac_tensor *feats = lac_sparse_feats(y);
    float *half = floats_of(m->ctx, feats), *exact = convolve_wide(m, x, w, *o, 0);
    float *magnitude = convolve_wide(m, x, w, *o, 1);
    for (int64_t i = 0; i < lac_tensor_numel(feats); i++) {
        if (!(magnitude[i] < most)) continue; /* or NaN */
        const double slack = steps * 0x1p-23 * (double)magnitude[i];
        const double bound = slack + unit * (fabs((double)exact[i]) + slack) + tiny;
        REQUIRE(fabs((double)half[i] - (double)exact[i]) <= bound);
    }
    free(half);
    free(exact);
    free(magnitude);
    lac_tensor_release(feats);
}

#endif
