/*
 * slots_conv.c - conv3d, conv3d_implicit and epilogue; packed weights.
 *
 * Kernels that multiply by what is not there need finite weights: 0 times an infinity is no zero.
 * With others every dataflow but GatherScatter walks pair lists. Row by row nothing is missing.
 */
#include "slots_conv.h"

#include "conv_tuning.h"
#include "ops/pack.h"
#include "sparse/family.h"

enum { MOST_CHANNELS = 1 << 30 };

_Static_assert(LAC__STEP_AFFINE == (int)LAC__AFFINE && LAC__STEP_RESIDUAL == (int)LAC__RESIDUAL &&
                   LAC__STEP_ACTIVATION == (int)LAC__ACTIVATION &&
                   LAC__FINISH_STAGES == (int)LAC__MAX_STAGES,
               "steps are stages");
_Static_assert(sizeof(lac__fetch_tap) == sizeof(lac__tap) &&
                   LAC__FETCH_ROWS == (int)LAC__BLOCK_ROWS,
               "pair lists as the kernel takes them");

/* ------------------------------------------------------------------------ epilogues */

lac__finish lac__finish_of(const lac__epilogue *epilogue, const lac_tensor *out) {
    lac__finish f = {.out = lac__data(out),
                     .dtype = (int32_t)out->dtype,
                     .width = (int32_t)out->shape[1],
                     .count = epilogue->count};
    uintptr_t odd = (uintptr_t)f.out;
    for (int i = 0; i < epilogue->count; i++) {
        const lac__stage *from = &epilogue->stages[i];
        lac__finish_step *to = &f.steps[i];
        to->kind = (int32_t)from->kind;
        to->activation = (int32_t)from->activation;
        to->slope = from->slope;
        if (from->scale != NULL) to->scale = lac__data(from->scale);
        if (from->shift != NULL) to->shift = lac__data(from->shift);
        if (from->residual != NULL) {
            to->residual = lac__data(from->residual);
            to->dtype = (int32_t)from->residual->dtype;
        }
        odd |= (uintptr_t)to->scale | (uintptr_t)to->shift | (uintptr_t)to->residual;
    }
    f.vectors = f.width % 8 == 0 && odd % 16 == 0;
    return f;
}

lac_status lac_epilogue__cuda(lac_context *ctx, const lac__epilogue_args *args) {
    (void)ctx;
    if (lac_tensor_numel(args->out) == 0) return LAC_OK;
    lac__gpu *gpu = lac__gpu_of(args->out);
    const lac__finish finish = lac__finish_of(args->epilogue, args->out);
    lac__launch_epilogue(gpu, lac__data(args->source), (int32_t)args->source->dtype, 1,
                         args->out->shape[0], &finish);
    return lac__gpu_check(gpu);
}

/* ------------------------------------------------------------------------ products */

/* The largest power of two up to 16 that divides the place of every row. */
static int32_t piece_of(const lac__product *p, size_t element) {
    uintptr_t odd = 16;
    for (int i = 0; i < 2; i++) {
        if (p->cin[i] > 0) odd |= (uintptr_t)p->x[i] | (uintptr_t)p->cin[i] * element;
    }
    return (int32_t)(odd & (~odd + 1));
}

/* All but the map. */
static lac__product product_of(const lac__conv3d_args *args) {
    const lac__packed *w = args->weight;
    lac__product p = {
        .x = {lac__data(args->x), args->x2 != NULL ? lac__data(args->x2) : NULL},
        .weight = w->data,
        .cin = {(int32_t)args->x->shape[1], args->x2 != NULL ? (int32_t)args->x2->shape[1] : 0},
        .cout = (int32_t)w->cout,
        .k = (int32_t)lac__weight_padded(w->cin),
        .n = (int32_t)lac__weight_padded(w->cout),
        .dtype = (int32_t)w->dtype,
        .rows = args->out->shape[0],
        .taps = (int32_t)w->taps,
        .splits = 1,
        .finish = lac__finish_of(args->epilogue, args->out)};
    p.piece = piece_of(&p, lac_dtype_size(w->dtype));
    return p;
}

static lac_status run_product(const lac__conv3d_args *args, const lac__product *p) {
    lac__gpu *gpu = lac__gpu_of(args->out);
    const lac__conv_choice choice =
        lac__conv_choose(gpu, p->dtype, args->flow->tf32, p->rows, p->cout, p->splits);
    lac__launch_conv3d(gpu, p, choice);
    return lac__gpu_check(gpu);
}

/* Partial sums of each part of the taps, added up by the epilogue. */
static lac_status run_splits(const lac__conv3d_args *args, const lac__product *whole) {
    lac__gpu *gpu = lac__gpu_of(args->out);
    lac__block sums = {0};
    const size_t each = (size_t)whole->rows * (size_t)whole->cout * sizeof(float);
    LAC_TRY(lac__scratch(args->out, (size_t)whole->splits * each, &sums));
    lac__product p = *whole;
    p.finish = (lac__finish){
        .out = sums.data, .dtype = LAC_DTYPE_F32, .width = p.cout, .vectors = p.cout % 8 == 0};
    const lac_status status = run_product(args, &p);
    if (status == LAC_OK)
        lac__launch_epilogue(gpu, sums.data, LAC_DTYPE_F32, p.splits, p.rows, &whole->finish);
    lac__pool_free(lac__device_of(args->out)->pool, &sums);
    return status != LAC_OK ? status : lac__gpu_check(gpu);
}

static lac_status run_fetch(lac_context *ctx, const lac__conv3d_args *args) {
    lac__gpu *gpu = lac__gpu_of(args->out);
    const lac__pair_lists *lists = NULL;
    lac__block taps = {0};
    LAC_TRY(lac__map_lists(ctx, args->map, args->reversed, &lists));
    lac__product p = product_of(args);
    p.centre = (int32_t)args->map->centre;
    const size_t bytes = (size_t)lists->taps * sizeof(lac__tap);
    LAC_TRY(lac__scratch(args->out, bytes, &taps));
    lac_status status = lac__gpu_write(gpu, taps.data, lists->tap, bytes);
    if (status == LAC_OK) {
        lac__launch_conv3d_fetch(gpu, &p, taps.data, lists->segment);
        status = lac__gpu_check(gpu);
    }
    lac__pool_free(lac__device_of(args->out)->pool, &taps);
    return status;
}

lac_status lac_conv3d__cuda(lac_context *ctx, const lac__conv3d_args *args) {
    if (lac_tensor_numel(args->out) == 0) return LAC_OK;
    if (args->map != NULL) return run_fetch(ctx, args);
    const lac__product p = product_of(args);
    return run_product(args, &p);
}

lac_status lac_conv3d_implicit__cuda(lac_context *ctx, const lac__conv3d_implicit_args *args) {
    const lac__neighbours *n = NULL;
    const int32_t *order = NULL;
    if (lac_tensor_numel(args->out) == 0) return LAC_OK;
    if (!args->weight->finite) return run_fetch(ctx, args);
    const bool sorted = args->flow->sorted;
    const int splits = sorted ? args->flow->splits : 0;
    LAC_TRY(lac__map_neighbours(ctx, args->map, args->reversed, &n));
    LAC_TRY(lac__map_orders(ctx, args->map, args->reversed, splits, &order));
    lac__product p = product_of(args);
    p.splits = sorted ? splits : 1;
    int64_t most = 0;
    for (int s = 0; s < p.splits; s++) {
        const int64_t taps =
            lac__split_start(n->taps, p.splits, s + 1) - lac__split_start(n->taps, p.splits, s);
        if (taps > most) most = taps;
    }
    const int64_t tiles = (n->rows + LAC__TILE_ROWS_GPU - 1) / LAC__TILE_ROWS_GPU;
    p.table = n->table;
    p.order = sorted ? order : NULL;
    p.words = (int32_t)((most + 31) / 32);
    p.tiles = n->tile_blocks[splits].data;
    p.groups = (const int32_t *)(p.tiles + (size_t)p.splits * (size_t)tiles * (size_t)p.words);
    p.centre = (int32_t)args->map->centre;
    return p.splits > 1 ? run_splits(args, &p) : run_product(args, &p);
}

/* ------------------------------------------------------------------------ weights */

lac_status lac__pack_weights__cuda(lac_context *ctx, const lac_tensor *plain,
                                   struct lac__packed *packed) {
    (void)ctx;
    lac__gpu *gpu = lac__gpu_of(plain);
    const int64_t k = lac__weight_padded(packed->cin), n = lac__weight_padded(packed->cout);
    lac__block flag = {0};
    int32_t not_finite = 0;
    packed->finite = true;
    if (packed->cin > MOST_CHANNELS || packed->cout > MOST_CHANNELS)
        return lac__fail(LAC_ERR_UNSUPPORTED,
                         "conv3d: weights of %lld -> %lld channels, a GPU takes 2^30 at most",
                         (long long)packed->cin, (long long)packed->cout);
    if (lac_tensor_numel(plain) == 0) return LAC_OK;
    const size_t count = (size_t)packed->taps * (size_t)k * (size_t)n;
    LAC_TRY(lac__pool_alloc(packed->pool, count * lac_dtype_size(packed->dtype), &packed->block));
    packed->data = packed->block.data;
    LAC_TRY(lac__scratch(plain, sizeof not_finite, &flag));
    lac_status status = lac__gpu_set(gpu, flag.data, 0, sizeof not_finite);
    if (status == LAC_OK) {
        lac__launch_pack_weights(gpu, lac__data(plain), (int32_t)packed->dtype, packed->taps,
                                 packed->cin, packed->cout, packed->transposed, packed->block.data,
                                 flag.data);
        status = lac__gpu_read(gpu, &not_finite, flag.data, sizeof not_finite);
    }
    lac__pool_free(lac__device_of(plain)->pool, &flag);
    packed->finite = not_finite == 0;
    return status;
}
