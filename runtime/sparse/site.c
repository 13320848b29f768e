/*
 * site.c - see site.h.
 */
#include "sparse/site.h"

#include "core/checked.h"

#include <string.h>

enum { MAX_KERNEL = 1 << 10, MAX_TAPS = 1 << 15 };

static lac_status check_sizes(const lac_conv3d_options *o) {
    int64_t taps = 1;
    for (int i = 0; i < 3; i++) {
        if (o->kernel_size[i] < 1 || o->kernel_size[i] > MAX_KERNEL)
            return lac__fail(LAC_ERR_ARGUMENT,
                             "conv3d: kernel_size %d on axis %d, expected 1 to %d",
                             o->kernel_size[i], i + 1, MAX_KERNEL);
        if (o->stride[i] < 0)
            return lac__fail(LAC_ERR_ARGUMENT, "conv3d: stride %d on axis %d, expected at least 1",
                             o->stride[i], i + 1);
        if (o->padding[i] < -1 || o->padding[i] > 1 << 20)
            return lac__fail(LAC_ERR_ARGUMENT, "conv3d: padding %d on axis %d, expected 0 to %d",
                             o->padding[i], i + 1, 1 << 20);
        if (o->dilation[i] < 0 || o->dilation[i] > 1 << 20)
            return lac__fail(LAC_ERR_ARGUMENT, "conv3d: dilation %d on axis %d, expected 1 to %d",
                             o->dilation[i], i + 1, 1 << 20);
        taps *= o->kernel_size[i];
    }
    if (taps > MAX_TAPS)
        return lac__fail(LAC_ERR_ARGUMENT, "conv3d: kernel of %lld taps, expected at most %d",
                         (long long)taps, MAX_TAPS);
    return LAC_OK;
}

static int32_t submanifold_anchor(int32_t kernel, int32_t dilation, int32_t kmap_mode) {
    if (kernel % 2 == 0 && kmap_mode == LAC_KMAP_ON_THE_FLY) return 0;
    return -dilation * ((kernel - 1) / 2);
}

lac_status lac__site_make(const lac_context *ctx, const lac_conv3d_options *o,
                          const lac_sparse_desc *x, lac__site *out) {
    LAC_TRY(check_sizes(o));
    const int32_t kmap = o->kmap_mode >= 0 ? o->kmap_mode : ctx->flags[LAC_FLAG_KMAP_MODE];
    const int32_t downsample =
        o->downsample_mode >= 0 ? o->downsample_mode : ctx->flags[LAC_FLAG_DOWNSAMPLE_MODE];
    if (kmap > LAC_KMAP_HASHMAP || o->kmap_mode < -1)
        return lac__fail(LAC_ERR_ARGUMENT, "conv3d: kmap_mode %d, expected -1 to 1", o->kmap_mode);
    if (downsample > LAC_DOWNSAMPLE_MINKOWSKI || o->downsample_mode < -1)
        return lac__fail(LAC_ERR_ARGUMENT, "conv3d: downsample_mode %d, expected -1 to 1",
                         o->downsample_mode);
    lac__site s = {.kind = LAC__SUBMANIFOLD, .floors = 1};
    for (int i = 0; i < 3; i++) {
        s.kernel[i] = o->kernel_size[i];
        s.stride[i] = o->stride[i] > 0 ? o->stride[i] : 1;
        s.padding[i] = o->padding[i] > 0 ? o->padding[i] : 0;
        s.dilation[i] = o->dilation[i] > 0 ? o->dilation[i] : 1;
        if (s.stride[i] > 1) s.kind = LAC__STRIDED;
        if ((s.stride[i] != 1 && s.stride[i] != s.kernel[i]) || s.padding[i] != 0 ||
            s.dilation[i] != 1)
            s.floors = 0;
    }
    if (o->generative) s.kind = LAC__GENERATIVE;
    if (s.kind == LAC__SUBMANIFOLD) {
        s.floors = 0;
        for (int i = 0; i < 3; i++) {
            s.padding[i] = 0;
            s.anchor[i] = submanifold_anchor(s.kernel[i], s.dilation[i], kmap);
        }
        *out = s;
        return LAC_OK;
    }
    s.downsample = downsample;
    const bool minkowski = downsample == LAC_DOWNSAMPLE_MINKOWSKI;
    if (s.kind == LAC__GENERATIVE) s.floors = 0;
    if (s.kind == LAC__STRIDED && minkowski) s.floors = 1;
    for (int i = 0; i < 3; i++)
        s.anchor[i] = minkowski ? -s.dilation[i] * ((s.kernel[i] - 1) / 2) : -s.padding[i];
    s.has_range = x->has_range != 0;
    if (s.has_range) memcpy(s.range, x->range, sizeof s.range);
    if (s.kind == LAC__STRIDED && !minkowski && !s.has_range)
        s.allow_negative = ctx->flags[LAC_FLAG_ALLOW_NEGATIVE];
    *out = s;
    return LAC_OK;
}

void lac__site_out_range(const lac__site *s, int32_t range[4]) {
    range[0] = s->range[0];
    for (int i = 0; i < 3; i++) {
        const int64_t r = s->range[i + 1], reach = (int64_t)s->dilation[i] * (s->kernel[i] - 1);
        int64_t size;
        if (s->kind == LAC__GENERATIVE)
            size = (r - 1) * s->stride[i] + 2 * (int64_t)s->anchor[i] + reach + 1;
        else if (s->kind == LAC__SUBMANIFOLD)
            size = r;
        else if (s->downsample == LAC_DOWNSAMPLE_MINKOWSKI)
            size = (r + s->stride[i] - 1) / s->stride[i];
        else
            size = lac__floor_div(r + 2 * (int64_t)s->padding[i] - reach - 1, s->stride[i]) + 1;
        range[i + 1] = (int32_t)lac__min(lac__max(size, 0), INT32_MAX);
    }
}

bool lac__site_equal(const lac__site *a, const lac__site *b) {
    return memcmp(a, b, sizeof *a) == 0;
}
