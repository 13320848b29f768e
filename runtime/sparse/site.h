/*
 * site.h - the geometry of one convolution: what decides which input row meets which output row.
 *
 * Plain int32 fields without padding, so that two sites are compared as memory. y[o] takes
 * x[stride * o + anchor + dilation * j] through tap j. Rules: semantics of strided and submanifold sites
 * after SpConv (Yan et al. 2018), MinkowskiEngine (Choy et al. 2019) and TorchSparse (Tang et al. 2022).
 */
#ifndef LAC_SPARSE_SITE_H
#define LAC_SPARSE_SITE_H

#include "core/context.h"

typedef enum lac__site_kind { LAC__SUBMANIFOLD, LAC__STRIDED, LAC__GENERATIVE } lac__site_kind;

typedef struct lac__site {
    int32_t kind;
    int32_t kernel[3], stride[3], padding[3], dilation[3];
    int32_t anchor[3];
    int32_t downsample;     /* lac_downsample_mode, strided and generative only */
    int32_t floors;         /* strided: the outputs are floor(x / stride) */
    int32_t allow_negative; /* strided "spconv" without a range only */
    int32_t has_range;      /* strided and generative only */
    int32_t range[4];
} lac__site;

/** Site of a non-transposed (or generative) convolution; a site of stride 1 is submanifold. */
lac_status lac__site_make(const lac_context *ctx, const lac_conv3d_options *options,
                          const lac_sparse_desc *x, lac__site *out);
/** Spatial range of the output: X, Y, Z of R'. */
void lac__site_out_range(const lac__site *site, int32_t range[4]);
bool lac__site_equal(const lac__site *a, const lac__site *b);

/** Whether the middle tap of the map leads from every row to itself, and the others mirror each other. */
static inline bool lac__site_symmetric(const lac__site *s) {
    return s->kind == LAC__SUBMANIFOLD && (s->kernel[0] & s->kernel[1] & s->kernel[2] & 1) != 0;
}

static inline int64_t lac__site_taps(const lac__site *s) {
    return (int64_t)s->kernel[0] * s->kernel[1] * s->kernel[2];
}

/** Row of tap (j0,j1,j2) in the weight: axis 0 fastest when every kernel size is odd, else axis 2. */
static inline int64_t lac__site_tap(const lac__site *s, int64_t j0, int64_t j1, int64_t j2) {
    const bool odd = (s->kernel[0] & s->kernel[1] & s->kernel[2] & 1) != 0;
    return odd ? j0 + s->kernel[0] * (j1 + s->kernel[1] * j2)
               : j2 + s->kernel[2] * (j1 + s->kernel[1] * j0);
}

#endif
