/*
 * cat_producer.c - see cat_producer.h.
 */
#include "ops/cat_producer.h"

#include "core/backend.h"

typedef struct cat_producer {
    lac__producer base;
    lac_context *ctx;
} cat_producer;

static void destroy(lac__producer *base) {
    cat_producer *p = (cat_producer *)base;
    lac_context *ctx = p->ctx;
    lac_tensor_release(base->input[0]);
    lac_tensor_release(base->input[1]);
    lac__object_free(ctx->pool, p, sizeof *p);
    lac_context_release(ctx);
}

static lac_status run(lac_context *ctx, lac__producer *base, const lac__epilogue *epilogue,
                      lac_tensor *out) {
    LAC_TRY(lac__cat_copy(ctx, base->input, 2, 1, out));
    if (epilogue->count == 0) return LAC_OK;
    const lac__epilogue_args args = {.source = out, .epilogue = epilogue, .out = out};
    return LAC__DISPATCH(ctx, out, epilogue, &args);
}

lac_status lac__cat_defer(lac_context *ctx, lac_tensor *a, lac_tensor *b, lac_tensor **out) {
    cat_producer *p = lac__object_alloc(ctx->pool, sizeof *p);
    if (p == NULL) return LAC_ERR_OOM;
    atomic_init(&p->base.references, 1);
    p->base.name = "cat";
    p->base.run = run;
    p->base.destroy = destroy;
    p->base.inputs = 2;
    p->base.input[0] = a;
    p->base.input[1] = b;
    p->ctx = ctx;
    lac_context_retain(ctx);
    lac_tensor_retain(a);
    lac_tensor_retain(b);
    const int64_t shape[2] = {a->shape[0], a->shape[1] + b->shape[1]};
    LAC_TRY(lac__defer(ctx, &p->base, a->dtype, 2, shape, out));
    return lac__settle(ctx, out);
}

bool lac__cat_sources(const lac_tensor *t, lac_tensor **a, lac_tensor **b) {
    const lac__pending *node = t->pending;
    if (node == NULL || node->producer->run != run || node->epilogue.count > 0) return false;
    *a = node->producer->input[0];
    *b = node->producer->input[1];
    return true;
}
