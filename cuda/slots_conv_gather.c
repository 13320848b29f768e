/*
 * slots_conv_gather.c - conv3d_gather: gather, matrix product by cuBLAS, scatter (TorchSparse, Tang
 * et al. 2022).
 *
 * As on the CPU, taps are taken in groups (ops/tap_groups.h): all of a group are gathered and multiplied
 * before the first is added to the sums, tap by tap, ascending.
 */
#include "slots_conv.h"

#include "cublas.h"
#include "ops/pack.h"
#include "ops/tap_groups.h"
#include "sparse/family.h"

typedef struct job {
    lac__gpu *gpu;
    const lac__pair_lists *lists;
    const char *x, *weight;
    int32_t dtype;
    int64_t cin, cout, centre;
    int64_t in_bytes, tap_bytes; /* of a row of x, of a tap of weights */
    char *gathered;              /* of a group: [rows][cin] */
    float *products;             /* [rows][cout] */
    float *sums;                 /* [output rows][cout] */
} job;

static int64_t pairs_of(const job *j, int64_t tap) {
    return lac__tap_pairs(j->lists, j->centre, tap);
}

/* A group's taps lie one after the other in the buffers. */
static lac_status run_group(const job *j, int64_t first, int64_t end) {
    int64_t at = 0;
    for (int64_t k = first; k < end; at += pairs_of(j, k), k++) {
        const int64_t pairs = pairs_of(j, k);
        const char *rows = j->x;
        if (pairs == 0) continue;
        if (k != j->centre) {
            char *to = j->gathered + at * j->in_bytes;
            lac__launch_gather_rows(j->gpu, j->x, j->in_bytes, j->lists->tap[k].in, pairs, to);
            rows = to;
        }
        LAC_TRY(lac__cublas_multiply("conv3d", j->dtype, pairs, j->cout, j->cin, rows,
                                     j->weight + k * j->tap_bytes, j->products + at * j->cout));
    }
    at = 0;
    for (int64_t k = first; k < end; at += pairs_of(j, k), k++)
        lac__launch_add_rows(j->gpu, j->products + at * j->cout, j->cout,
                             k == j->centre ? NULL : j->lists->tap[k].out, pairs_of(j, k), j->sums);
    return LAC_OK;
}

static lac_status run_groups(lac_context *ctx, const lac__flow *flow, const job *j) {
    for (int64_t k = 0; k < j->lists->taps;) {
        const int64_t end = lac__tap_group_end(j->lists, j->centre, flow, k);
        LAC_TRY(run_group(j, k, end));
        LAC_TRY(lac__check_interrupt(ctx));
        k = end;
    }
    return LAC_OK;
}

lac_status lac_conv3d_gather__cuda(lac_context *ctx, const lac__conv3d_gather_args *args) {
    const lac__packed *w = args->weight;
    const int64_t element = (int64_t)lac_dtype_size(w->dtype);
    const size_t size = (size_t)lac_tensor_numel(args->out) * sizeof(float);
    lac__pool *pool = lac__device_of(args->out)->pool;
    lac__block sums = {0}, gathered = {0}, products = {0}, workspace = {0};
    lac_status status = LAC_OK;
    job j = {.gpu = lac__gpu_of(args->out),
             .x = lac__data(args->x),
             .weight = lac__data(args->plain),
             .dtype = (int32_t)w->dtype,
             .cin = w->cin,
             .cout = w->cout,
             .centre = args->map->centre,
             .in_bytes = w->cin * element,
             .tap_bytes = w->cin * w->cout * element};
    if (size == 0) return LAC_OK;
    LAC_TRY(lac__map_lists(ctx, args->map, args->reversed, &j.lists));
    const size_t rows = (size_t)lac__tap_group_most(j.lists, j.centre, args->flow);
    LAC_TRY_OUT(lac__scratch(args->out, size, &sums));
    LAC_TRY_OUT(lac__gpu_set(j.gpu, sums.data, 0, size));
    if (rows > 0 && w->cin > 0) {
        LAC_TRY_OUT(lac__scratch(args->out, rows * (size_t)j.in_bytes, &gathered));
        LAC_TRY_OUT(lac__scratch(args->out, rows * (size_t)w->cout * sizeof(float), &products));
        LAC_TRY_OUT(lac__scratch(args->out, LAC__CUBLAS_WORKSPACE, &workspace));
        j.gathered = gathered.data;
        j.products = products.data;
        j.sums = sums.data;
        LAC_TRY_OUT(lac__cublas_begin("conv3d", j.gpu, workspace.data, LAC__CUBLAS_WORKSPACE,
                                      args->flow->tf32));
        status = run_groups(ctx, args->flow, &j);
        lac__cublas_end();
    }
    if (status == LAC_OK) {
        const lac__finish finish = lac__finish_of(args->epilogue, args->out);
        lac__launch_epilogue(j.gpu, sums.data, LAC_DTYPE_F32, 1, args->out->shape[0], &finish);
        status = lac__gpu_check(j.gpu);
    }
out:
    lac__pool_free(pool, &workspace);
    lac__pool_free(pool, &products);
    lac__pool_free(pool, &gathered);
    lac__pool_free(pool, &sums);
    return status;
}
