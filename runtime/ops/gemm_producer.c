/*
 * gemm_producer.c - see gemm_producer.h.
 */
#include "ops/gemm_producer.h"

#include "core/checked.h"
#include "ops/cat_producer.h"
#include "ops/dataflow.h"
#include "ops/pack.h"
#include "sparse/pair_lists.h"

typedef struct gemm_producer {
    lac__producer base;
    lac_context *ctx;
    lac__gemm gemm;
} gemm_producer;

static void destroy(lac__producer *base) {
    gemm_producer *p = (gemm_producer *)base;
    lac_context *ctx = p->ctx;
    lac_tensor_release(p->gemm.x);
    lac_tensor_release(p->gemm.x2);
    lac_tensor_release(p->gemm.weight);
    lac_kernel_map_release(p->gemm.map);
    lac__object_free(ctx->pool, p, sizeof *p);
    lac_context_release(ctx);
}

static bool on_gpu(const lac__gemm *g) {
    return !lac__on_cpu(g->x);
}

/* GPUs compute in the dtype of the features. On the CPU bfloat16 has kernels of its own for FetchOnDemand, which is AUTO's choice for it; the rest computes in
 * float32. */
static lac_dtype kernel_dtype(const lac__gemm *g) {
    if (on_gpu(g)) return g->x->dtype;
    const bool pairs = g->map == NULL || g->flow.dataflow == LAC_DATAFLOW_AUTO ||
                       g->flow.dataflow == LAC_DATAFLOW_FETCH_ON_DEMAND;
    return g->x->dtype == LAC_DTYPE_BF16 && pairs ? LAC_DTYPE_BF16 : LAC_DTYPE_F32;
}

/* AUTO's ImplicitGEMM, sorted in one part, or what was asked for. */
static lac__flow choose_flow(const lac__gemm *g, const lac__packed *weight) {
    lac__flow flow = g->flow;
    if (g->map == NULL || (weight->dtype == LAC_DTYPE_BF16 && !on_gpu(g))) {
        flow.dataflow = LAC_DATAFLOW_FETCH_ON_DEMAND;
        return flow;
    }
    if (flow.dataflow == LAC_DATAFLOW_AUTO) {
        flow.sorted = true;
        flow.splits = 1;
    }
    flow.dataflow = lac__flow_choose(&g->flow, g->map, weight, on_gpu(g));
    return flow;
}

/* `t` as the kernels of `dtype` read it. */
static lac_status readable(lac_context *ctx, lac_tensor *t, lac_dtype dtype, lac_tensor **out) {
    return dtype == t->dtype ? lac_contiguous(ctx, t, out) : lac__plain(ctx, t, out);
}

/* The features: from where they lie, or joined for a dataflow that reads one tensor. */
static lac_status read_sources(lac_context *ctx, const lac__gemm *g, lac_dtype dtype, bool joined,
                               lac_tensor **x, lac_tensor **x2) {
    if (g->x2 == NULL || !joined) {
        LAC_TRY(readable(ctx, g->x, dtype, x));
        return g->x2 != NULL ? readable(ctx, g->x2, dtype, x2) : LAC_OK;
    }
    lac_tensor *sources[2] = {g->x, g->x2}, *whole = NULL;
    const int64_t shape[2] = {g->x->shape[0], g->cin};
    LAC_TRY(lac__tensor_new_beside(ctx, g->x, g->x->dtype, 2, shape, &whole));
    lac_status status = lac__cat_copy(ctx, sources, 2, 1, whole);
    if (status == LAC_OK) status = readable(ctx, whole, dtype, x);
    lac_tensor_release(whole);
    return status;
}

/* Whether the kernel of the dataflow takes the second source where it lies. */
static bool reads_two(const lac__gemm *g, lac_dtype dtype, lac_dataflow dataflow) {
    const int64_t first = g->x->shape[1];
    if (on_gpu(g)) return first % 8 == 0 && dataflow != LAC_DATAFLOW_GATHER_SCATTER;
    return dataflow == LAC_DATAFLOW_FETCH_ON_DEMAND && (dtype != LAC_DTYPE_BF16 || first % 2 == 0);
}

static lac_status dispatch(lac_context *ctx, const lac__gemm *g, lac__conv3d_args *args) {
    if (g->map != NULL) ctx->counters.dataflows[args->flow->dataflow]++;
    if (args->flow->dataflow == LAC_DATAFLOW_FETCH_ON_DEMAND)
        return LAC__DISPATCH(ctx, args->out, conv3d, args);
    if (args->flow->dataflow == LAC_DATAFLOW_IMPLICIT_GEMM)
        return LAC__DISPATCH(ctx, args->out, conv3d_implicit, args);
    lac_tensor *plain = NULL;
    LAC_TRY(lac__read(ctx, g->weight));
    LAC_TRY(readable(ctx, g->weight, args->weight->dtype, &plain));
    args->plain = plain;
    const lac_status status = LAC__DISPATCH(ctx, args->out, conv3d_gather, args);
    lac_tensor_release(plain);
    return status;
}

static lac_status run(lac_context *ctx, lac__producer *base, const lac__epilogue *epilogue,
                      lac_tensor *out) {
    const lac__gemm *g = &((gemm_producer *)base)->gemm;
    const lac_dtype dtype = kernel_dtype(g);
    lac_tensor *x = NULL, *x2 = NULL;
    lac__packed *weight = NULL;
    lac_status status = LAC_OK;
    LAC_TRY(
        lac__pack(ctx, g->weight, g->taps, g->cin, g->cout, g->weight_transposed, dtype, &weight));
    const lac__flow flow = choose_flow(g, weight);
    const bool joined = !reads_two(g, dtype, flow.dataflow);
    LAC_TRY_OUT(read_sources(ctx, g, dtype, joined, &x, &x2));
    lac__conv3d_args args = {.x = x,
                             .x2 = x2,
                             .weight = weight,
                             .map = g->map,
                             .reversed = g->reversed,
                             .epilogue = epilogue,
                             .out = out,
                             .flow = &flow};
    LAC_TRY_OUT(dispatch(ctx, g, &args));
    ctx->counters.convs++;
    lac__count_macs(ctx, g->map, (double)g->rows, (double)g->cin * (double)g->cout);
out:
    lac__packed_release(weight);
    lac_tensor_release(x);
    lac_tensor_release(x2);
    return status;
}

lac_status lac__gemm_defer(lac_context *ctx, const char *name, const lac__gemm *gemm,
                           lac_tensor **out) {
    LAC_TRY(lac__same_device(name, gemm->x, gemm->weight));
    lac_tensor *x = gemm->x, *x2 = NULL;
    (void)lac__cat_sources(gemm->x, &x, &x2);
    /* Nothing can be fused into what is read here any more: computed now, its own inputs may go. */
    LAC_TRY(lac__read(ctx, x));
    if (x2 != NULL) LAC_TRY(lac__read(ctx, x2));
    gemm_producer *p = lac__object_alloc(ctx->pool, sizeof *p);
    if (p == NULL) return LAC_ERR_OOM;
    atomic_init(&p->base.references, 1);
    p->base.name = name;
    p->base.run = run;
    p->base.destroy = destroy;
    p->ctx = ctx;
    p->gemm = *gemm;
    p->gemm.x = x;
    p->gemm.x2 = x2;
    p->base.own_reading = gemm->weight;
    lac_tensor *const inputs[3] = {x, gemm->weight, x2};
    p->base.inputs = x2 != NULL ? 3 : 2;
    for (int i = 0; i < p->base.inputs; i++) {
        p->base.input[i] = inputs[i];
        lac_tensor_retain(inputs[i]);
    }
    lac_context_retain(ctx);
    if (gemm->map != NULL) lac_kernel_map_retain(gemm->map);
    const int64_t shape[2] = {gemm->rows, gemm->cout};
    return lac__defer(ctx, &p->base, gemm->x->dtype, 2, shape, out);
}

/* `x` as rows of its last dimension, so that channels keep their meaning. */
static lac_status as_rows(lac_context *ctx, lac_tensor *x, lac_tensor **out) {
    const int64_t width = x->ndim > 0 ? x->shape[x->ndim - 1] : 1;
    const int64_t shape[2] = {width > 0 ? lac_tensor_numel(x) / width : 0, width};
    return lac_tensor_reshape(ctx, x, 2, shape, 0, out);
}

lac_status lac__apply_stage(lac_context *ctx, const char *name, lac_tensor *x,
                            const lac__stage *stage, lac_tensor **out) {
    if (!lac__is_floating(x->dtype) || x->dtype == LAC_DTYPE_F64)
        return lac__fail(LAC_ERR_DTYPE, "%s: %s features, expected float32, float16 or bfloat16",
                         name, lac_dtype_name(x->dtype));
    lac_tensor *result = NULL, *source = NULL, *target = NULL;
    LAC_TRY(lac__append_stage(ctx, x, stage, &result));
    if (result != NULL) {
        LAC_TRY(lac__settle(ctx, &result));
        *out = result;
        return LAC_OK;
    }
    lac_status status = LAC_OK;
    LAC_TRY(lac__read(ctx, x));
    LAC_TRY_OUT(as_rows(ctx, x, &source));
    LAC_TRY_OUT(lac__tensor_new_beside(ctx, x, x->dtype, x->ndim, x->shape, &result));
    LAC_TRY_OUT(as_rows(ctx, result, &target));
    const lac__epilogue epilogue = {.count = 1, .stages = {*stage}};
    const lac__epilogue_args args = {.source = source, .epilogue = &epilogue, .out = target};
    LAC_TRY_OUT(LAC__DISPATCH(ctx, target, epilogue, &args));
    *out = result;
    result = NULL;
out:
    lac_tensor_release(target);
    lac_tensor_release(source);
    lac_tensor_release(result);
    return status;
}

lac_status lac__apply_bias(lac_context *ctx, const char *name, lac_tensor *bias, int64_t channels,
                           lac_tensor **t) {
    if (bias == NULL) return LAC_OK;
    char text[LAC__SHAPE_TEXT];
    if (bias->ndim != 1 || bias->shape[0] != channels)
        return lac__fail(LAC_ERR_SHAPE, "%s: bias of shape %s, expected [%lld]", name,
                         lac__shape_text(bias, text), (long long)channels);
    LAC_TRY(lac__same_device(name, *t, bias));
    lac_tensor *shift = NULL, *result = NULL;
    LAC_TRY(lac__plain(ctx, bias, &shift));
    const lac__stage stage = {.kind = LAC__AFFINE, .shift = shift};
    const lac_status status = lac__apply_stage(ctx, name, *t, &stage, &result);
    lac_tensor_release(shift);
    if (status != LAC_OK) return status;
    lac_tensor_release(*t);
    *t = result;
    return LAC_OK;
}
