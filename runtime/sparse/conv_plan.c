/*
 * conv_plan.c - from options to a map: submanifold, strided, transposed by lineage, generative.
 */
#include "sparse/conv_plan.h"

#include "core/checked.h"

#include <string.h>

/* Rows outside of the spatial range are found when the first map is built. */
static lac_status check_range(lac_context *ctx, lac_sparse *x) {
    if (!x->desc.has_range || lac_coords_count(x->coords) == 0) return LAC_OK;
    LAC_TRY(lac__coords_need_index(ctx, x->coords));
    static const char *const axes[4] = {"b", "x", "y", "z"};
    const lac__index *index = &x->coords->index;
    bool loose = false;
    for (int i = 0; i < 4; i++) {
        if (index->low[i] >= 0 && index->high[i] < x->desc.range[i]) continue;
        LAC_TRY(lac__coords_tighten(ctx, x->coords, &loose));
        if (index->low[i] < 0 || index->high[i] >= x->desc.range[i])
            return lac__fail(
                LAC_ERR_RANGE,
                "conv3d: coordinates %s in [%lld, %lld] leave the spatial_range (%d, %d, %d, %d), "
                "expected 0 to %d: enlarge the range or crop the rows",
                axes[i], (long long)index->low[i], (long long)index->high[i], x->desc.range[0],
                x->desc.range[1], x->desc.range[2], x->desc.range[3], x->desc.range[i] - 1);
    }
    return LAC_OK;
}

/* An error where the caller gave a value and it is another than that of the site. */
static lac_status agree(const char *what, const int32_t given[3], int32_t not_given,
                        const int32_t made[3], const lac__site *s) {
    for (int i = 0; i < 3; i++) {
        if (given[i] == not_given || given[i] == made[i]) continue;
        return lac__fail(LAC_ERR_LINEAGE,
                         "conv3d: transposed with %s (%d, %d, %d), but these rows were made with "
                         "kernel (%d, %d, %d), stride (%d, %d, %d), padding (%d, %d, %d), "
                         "dilation (%d, %d, %d): use the same",
                         what, given[0], given[1], given[2], s->kernel[0], s->kernel[1],
                         s->kernel[2], s->stride[0], s->stride[1], s->stride[2], s->padding[0],
                         s->padding[1], s->padding[2], s->dilation[0], s->dilation[1],
                         s->dilation[2]);
    }
    return LAC_OK;
}

/* The site that a transposed convolution inverts, checked against what the caller said of it. */
static lac_status check_lineage(const lac_coords *c, const lac_conv3d_options *o) {
    const lac__site *s = &c->made_by;
    LAC_TRY(agree("kernel", o->kernel_size, 0, s->kernel, s));
    LAC_TRY(agree("stride", o->stride, 0, s->stride, s));
    LAC_TRY(agree("padding", o->padding, -1, s->padding, s));
    return agree("dilation", o->dilation, 0, s->dilation, s);
}

static bool all_are(const int32_t v[3], int32_t value) {
    return v[0] == value && v[1] == value && v[2] == value;
}

static lac_status divide_stride(const lac__site *s, lac_sparse_desc *desc) {
    for (int i = 0; i < 3; i++) {
        if (desc->stride[i] % s->stride[i] != 0)
            return lac__fail(
                LAC_ERR_SHAPE,
                "conv3d: transposed with stride %d on axis %d of a tensor of stride %d, expected a divisor",
                s->stride[i], i + 1, desc->stride[i]);
        desc->stride[i] /= s->stride[i];
    }
    return LAC_OK;
}

static lac_status multiply_stride(const lac__site *s, lac_sparse_desc *desc) {
    for (int i = 0; i < 3; i++) {
        const int64_t stride = (int64_t)desc->stride[i] * s->stride[i];
        if (stride > INT32_MAX)
            return lac__fail(LAC_ERR_RANGE,
                             "conv3d: tensor stride %lld on axis %d does not fit int32",
                             (long long)stride, i + 1);
        desc->stride[i] = (int32_t)stride;
    }
    return LAC_OK;
}

/* Walks the coarse set back to the finer one it was made from. */
static lac_status plan_inverse(lac_context *ctx, lac_sparse *x, const lac_conv3d_options *o,
                               lac__conv_plan *plan) {
    lac_coords *c = x->coords;
    LAC_TRY(check_lineage(c, o));
    const lac__site *s = &c->made_by;
    LAC_TRY(divide_stride(s, &plan->out));
    plan->out.has_range = s->has_range;
    memcpy(plan->out.range, s->range, sizeof s->range);
    plan->out_rows = c->parent;
    plan->reversed = true;
    return lac__map_need(ctx, c->parent, c, s, &plan->map);
}

static lac_status plan_forward(lac_context *ctx, lac_sparse *x, const lac__site *s,
                               lac__conv_plan *plan) {
    if (s->kind == LAC__SUBMANIFOLD) {
        plan->out_rows = x->coords;
        return lac__map_need(ctx, x->coords, x->coords, s, &plan->map);
    }
    LAC_TRY(lac__coords_derive(ctx, x->coords, s, &plan->out_rows));
    LAC_TRY(s->kind == LAC__STRIDED ? multiply_stride(s, &plan->out)
                                    : divide_stride(s, &plan->out));
    if (s->has_range) lac__site_out_range(s, plan->out.range);
    if (s->kind == LAC__STRIDED)
        return lac__map_need(ctx, x->coords, plan->out_rows, s, &plan->map);
    /* Generative: the outputs see the inputs as a strided convolution would see the outputs. */
    plan->reversed = true;
    return lac__map_need(ctx, plan->out_rows, x->coords, s, &plan->map);
}

static lac_status make(lac_context *ctx, lac_sparse *x, const lac_conv3d_options *o, bool need_map,
                       lac__conv_plan *plan) {
    lac__site site;
    LAC_TRY(lac__site_make(ctx, o, &x->desc, &site));
    plan->taps = lac__site_taps(&site);
    plan->out = x->desc;
    plan->out_rows = x->coords;
    const bool stride_one = all_are(site.stride, 1);
    plan->pointwise = plan->taps == 1 && stride_one;
    const bool inverse = o->transposed && !o->generative;
    const bool from_stride = x->coords->parent != NULL && x->coords->made_by.kind == LAC__STRIDED;
    if (inverse && o->require_forward && !from_stride)
        return lac__fail(
            LAC_ERR_LINEAGE,
            "conv3d: inverse with kernel (%d, %d, %d), but no strided convolution made these rows: "
            "run that convolution first and give this one rows that come from it",
            site.kernel[0], site.kernel[1], site.kernel[2]);
    /* A 1x1x1 kernel reads its own row, unless it inverts a strided 1x1x1 convolution. */
    const bool inverts_pointwise =
        inverse && from_stride && all_are(o->stride, 0) && all_are(x->coords->made_by.kernel, 1);
    if (plan->pointwise && !need_map && !inverts_pointwise) return LAC_OK;
    LAC_TRY(check_range(ctx, x));
    if (inverse && from_stride && !all_are(o->stride, 1)) return plan_inverse(ctx, x, o, plan);
    if (inverse && !stride_one)
        return lac__fail(
            LAC_ERR_LINEAGE,
            "conv3d: transposed with kernel (%d, %d, %d), stride (%d, %d, %d), but no strided convolution made these rows: "
            "run that convolution first or use generative=true",
            site.kernel[0], site.kernel[1], site.kernel[2], site.stride[0], site.stride[1],
            site.stride[2]);
    if (o->generative && plan->pointwise) site.kind = LAC__SUBMANIFOLD;
    LAC_TRY(plan_forward(ctx, x, &site, plan));
    if (inverse) plan->reversed = true;
    return LAC_OK;
}

lac_status lac__conv_plan_make(lac_context *ctx, lac_sparse *x, const lac_conv3d_options *options,
                               bool need_map, lac__conv_plan *out) {
    if (options == NULL || options->size != sizeof *options)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "conv3d: options.size is not sizeof(lac_conv3d_options)");
    LAC_TRY(lac__check_interrupt(ctx));
    lac__conv_plan plan = {0};
    const double start = lac_clock();
    const lac_status status = make(ctx, x, options, need_map, &plan);
    ctx->counters.map_seconds += lac_clock() - start;
    if (status == LAC_OK) *out = plan;
    return status;
}

lac_status lac_kernel_map_build(lac_context *ctx, lac_sparse *x, const lac_conv3d_options *options,
                                lac_kernel_map **out, lac_coords **out_rows) {
    LAC_NEED("kernel_map_build", ctx, x, out);
    lac__conv_plan plan;
    LAC_TRY(lac__conv_plan_make(ctx, x, options, true, &plan));
    lac_kernel_map_retain(plan.map);
    *out = plan.map;
    if (out_rows != NULL) {
        lac_coords_retain(plan.out_rows);
        *out_rows = plan.out_rows;
    }
    return LAC_OK;
}
