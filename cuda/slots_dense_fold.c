/*
 * slots_dense_fold.c - reductions, softmax, products of matrices, and the statistics of batch norm.
 */
#include "host.h"
#include "launch_dense.h"

/* Scratch memory for a plan; none where it needs none. */
static lac_status scratch_for(const lac__fold *fold, const lac_tensor *t, lac__block *out) {
    const size_t bytes = lac__fold_bytes(fold);
    return bytes == 0 ? LAC_OK : lac__scratch(t, bytes, out);
}

static void release(const lac_tensor *t, lac__block *scratch) {
    if (scratch->data != NULL) lac__pool_free(lac__device_of(t)->pool, scratch);
}

lac_status lac_reduce__cuda(lac_context *ctx, const lac__reduce_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->out);
    const lac__lanes l = args->lanes;
    const lac__fold fold = lac__fold_plan(l.outer, l.n, l.inner, 1);
    lac__block scratch = {0};
    LAC_TRY(scratch_for(&fold, args->out, &scratch));
    lac__launch_reduce(gpu, (int32_t)args->op, &fold, lac__data(args->x), (int32_t)args->x->dtype,
                       scratch.data, lac__data(args->out), (int32_t)args->out->dtype);
    release(args->out, &scratch);
    return lac__gpu_check(gpu);
}

lac_status lac_softmax__cuda(lac_context *ctx, const lac__softmax_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->out);
    const lac__lanes l = args->lanes;
    lac__launch_softmax(gpu, lac__data(args->x), (int32_t)args->x->dtype, l.outer, l.n, l.inner,
                        lac__data(args->out));
    return lac__gpu_check(gpu);
}

lac_status lac_matmul__cuda(lac_context *ctx, const lac__matmul_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->out);
    lac__launch_matmul(gpu, (int32_t)args->out->dtype, lac__data(args->a), lac__data(args->b),
                       args->a->shape[0], args->a->shape[1], args->b->shape[1],
                       lac__data(args->out));
    return lac__gpu_check(gpu);
}

lac_status lac_column_stats__cuda(lac_context *ctx, const lac__column_stats_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->mean);
    const lac__fold fold = lac__fold_plan(1, args->x->shape[0], args->x->shape[1], 0);
    lac__block scratch = {0};
    LAC_TRY(scratch_for(&fold, args->mean, &scratch));
    lac__launch_column_stats(gpu, &fold, lac__data(args->x), (int32_t)args->x->dtype, scratch.data,
                             lac__data(args->mean), lac__data(args->var));
    release(args->mean, &scratch);
    return lac__gpu_check(gpu);
}

static lac__per_channel per_channel(const lac_tensor *t) {
    if (t == NULL) return (lac__per_channel){0};
    return (lac__per_channel){.data = lac__data(t), .dtype = (int32_t)t->dtype};
}

lac_status lac_norm_affine__cuda(lac_context *ctx, const lac__norm_affine_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->scale);
    lac__launch_norm_affine(gpu, args->mean->shape[0], per_channel(args->mean),
                            per_channel(args->var), per_channel(args->weight),
                            per_channel(args->bias), args->eps, lac__data(args->scale),
                            lac__data(args->shift));
    return lac__gpu_check(gpu);
}

lac_status lac_norm_running__cuda(lac_context *ctx, const lac__norm_running_args *args) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(args->running);
    lac__launch_norm_running(gpu, args->running->shape[0], lac__data(args->running),
                             lac__data(args->batch), args->momentum, args->correction);
    return lac__gpu_check(gpu);
}
