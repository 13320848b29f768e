/*
 * pending.c - see pending.h.
 */
#include "core/pending.h"

#include "core/backend.h"

void lac__producer_release(lac__producer *producer) {
    if (producer != NULL && atomic_fetch_sub(&producer->references, 1) == 1)
        producer->destroy(producer);
}

/* Every tensor that the node reads, one after the other: inputs, then the stages' operands. */
static lac_tensor *nth_operand(const lac__pending *node, int n) {
    if (n < node->producer->inputs) return node->producer->input[n];
    const int m = n - node->producer->inputs;
    const lac__stage *stage = &node->epilogue.stages[m / 3];
    lac_tensor *const operands[3] = {stage->scale, stage->shift, stage->residual};
    return operands[m % 3];
}

static int operand_count(const lac__pending *node) {
    return node->producer->inputs + 3 * node->epilogue.count;
}

static void count_readers(const lac__pending *node, int change) {
    for (int i = 0; i < operand_count(node); i++) {
        lac_tensor *t = nth_operand(node, i);
        if (t != NULL) atomic_fetch_add(&t->storage->readers, change);
    }
}

static bool reads(const lac__pending *node, const lac__storage *storage) {
    for (int i = 0; i < operand_count(node); i++) {
        const lac_tensor *t = nth_operand(node, i);
        if (t != NULL && t->storage == storage) return true;
    }
    return false;
}

static bool reads_exposed(const lac__pending *node) {
    for (int i = 0; i < operand_count(node); i++) {
        const lac_tensor *t = nth_operand(node, i);
        if (t != NULL && atomic_load(&t->storage->exposed)) return true;
    }
    return false;
}

static void release_stage(const lac__stage *stage) {
    lac_tensor_release(stage->scale);
    lac_tensor_release(stage->shift);
    lac_tensor_release(stage->residual);
}

static void retain_stage(const lac__stage *stage) {
    if (stage->scale != NULL) lac_tensor_retain(stage->scale);
    if (stage->shift != NULL) lac_tensor_retain(stage->shift);
    if (stage->residual != NULL) lac_tensor_retain(stage->residual);
}

static void link_node(lac_context *ctx, lac__pending *node) {
    node->next = ctx->pending;
    node->previous = NULL;
    if (node->next != NULL) node->next->previous = node;
    ctx->pending = node;
    count_readers(node, 1);
}

void lac__pending_destroy(lac_context *ctx, lac__pending *node) {
    node->result->pending = NULL;
    if (node->next != NULL) node->next->previous = node->previous;
    if (node->previous != NULL)
        node->previous->next = node->next;
    else
        ctx->pending = node->next;
    count_readers(node, -1);
    for (int i = 0; i < node->epilogue.count; i++) release_stage(&node->epilogue.stages[i]);
    lac__producer_release(node->producer);
    lac_tensor *base = node->base;
    lac__object_free(ctx->pool, node, sizeof *node);
    lac_tensor_release(base);
}

/* Runs the node's stages from `first` on over elements that are already in `out`. */
static lac_status run_stages(lac_context *ctx, const lac__pending *node, int first,
                             const lac_tensor *source, lac_tensor *out) {
    lac__epilogue rest = {.count = node->epilogue.count - first};
    for (int i = 0; i < rest.count; i++) rest.stages[i] = node->epilogue.stages[first + i];
    const lac__epilogue_args args = {.source = source, .epilogue = &rest, .out = out};
    return LAC__DISPATCH(ctx, out, epilogue, &args);
}

static lac_status compute(lac_context *ctx, const lac__pending *node, lac_tensor *out) {
    for (int i = 0; i < operand_count(node); i++) {
        lac_tensor *t = nth_operand(node, i);
        if (t == NULL || t == node->producer->own_reading) continue;
        LAC_TRY(lac__read(ctx, t));
    }
    int done = node->epilogue.count;
    for (const lac_tensor *base = node->base; base != NULL;) {
        done--;
        if (base->pending == NULL) return run_stages(ctx, node, done, base, out);
        base = base->pending->base;
    }
    return node->producer->run(ctx, node->producer, &node->epilogue, out);
}

lac_status lac_tensor_force(lac_context *ctx, lac_tensor *t) {
    LAC_NEED("tensor_force", ctx, t);
    (void)ctx;
    lac__pending *node = t->pending;
    if (node == NULL) return LAC_OK;
    LAC_TRY(lac__check_interrupt(t->ctx));
    LAC_TRY(lac__tensor_allocate(t));
    const lac_status status = compute(t->ctx, node, t);
    if (status != LAC_OK) {
        t->storage->data = NULL;
        lac__pool_free(t->storage->device->pool, &t->storage->block);
        return status;
    }
    lac__pending_destroy(t->ctx, node);
    return LAC_OK;
}

int32_t lac_tensor_is_pending(const lac_tensor *t) {
    if (t == NULL) return 0;
    return t->pending != NULL;
}

/* The content that was given up for packed weights. */
static lac_status restore(lac__storage *s) {
    lac__attachment *attachment = lac__storage_attachment(s);
    const lac_status status = lac__pool_alloc(s->device->pool, s->given_up_bytes, &s->block);
    if (status == LAC_OK) {
        s->data = s->block.data;
        s->given_up = s->one_thread = false;
        attachment->restore(attachment, s->data);
    }
    lac__attachment_release(attachment);
    return status;
}

lac_status lac__read(lac_context *ctx, lac_tensor *t) {
    if (t->pending != NULL) return lac_tensor_force(ctx, t);
    return t->storage->given_up ? restore(t->storage) : LAC_OK;
}

/* One pending result that reads `storage`, results that nothing was appended to first: computing those
 * usually ends the ones that they came from. */
static lac__pending *find_reader(const lac_context *ctx, const lac__storage *storage) {
    lac__pending *found = NULL;
    for (lac__pending *node = ctx->pending; node != NULL; node = node->next) {
        if (!reads(node, storage)) continue;
        if (!node->consumed) return node;
        found = node;
    }
    return found;
}

lac_status lac__write(lac_context *ctx, lac_tensor *t) {
    if (t->storage->read_only)
        return lac__fail(LAC_ERR_ARGUMENT, "write: the tensor is read only, as shared weights are: "
                                           "clone it first");
    LAC_TRY(lac__read(ctx, t));
    while (atomic_load(&t->storage->readers) > 0) {
        lac__pending *node = find_reader(ctx, t->storage);
        if (node == NULL) break; /* readers in another context: they only read parameters */
        LAC_TRY(lac_tensor_force(ctx, node->result));
    }
    atomic_fetch_add(&t->storage->version, 1);
    return LAC_OK;
}

lac_status lac__defer(lac_context *ctx, lac__producer *producer, lac_dtype dtype, int32_t ndim,
                      const int64_t *shape, lac_tensor **out) {
    lac_tensor *t = NULL;
    lac__pending *node = NULL;
    lac_status status = lac__tensor_new_unallocated(ctx, producer->input[0]->storage->device, dtype,
                                                    ndim, shape, &t);
    if (status == LAC_OK) {
        node = lac__object_alloc(ctx->pool, sizeof *node);
        if (node == NULL) status = LAC_ERR_OOM;
    }
    if (status != LAC_OK) {
        lac_tensor_release(t);
        lac__producer_release(producer);
        return status;
    }
    node->result = t;
    node->producer = producer;
    t->pending = node;
    link_node(ctx, node);
    *out = t;
    return LAC_OK;
}

lac_status lac__settle(lac_context *ctx, lac_tensor **t) {
    const lac__pending *node = (*t)->pending;
    if (node == NULL || (!ctx->flags[LAC_FLAG_EAGER] && !reads_exposed(node))) return LAC_OK;
    const lac_status status = lac_tensor_force(ctx, *t);
    if (status != LAC_OK) {
        lac_tensor_release(*t);
        *t = NULL;
    }
    return status;
}

lac_status lac__append_stage(lac_context *ctx, lac_tensor *t, const lac__stage *stage,
                             lac_tensor **out) {
    *out = NULL;
    lac__pending *from = t->pending;
    if (from == NULL) return LAC_OK;
    const bool exposed = stage->residual != NULL && atomic_load(&stage->residual->storage->exposed);
    if (from->consumed || from->epilogue.count == LAC__MAX_STAGES || exposed ||
        stage->residual == t)
        return lac_tensor_force(ctx, t);
    lac_tensor *r = NULL;
    LAC_TRY(lac__tensor_new_unallocated(ctx, t->storage->device, t->dtype, t->ndim, t->shape, &r));
    lac__pending *node = lac__object_alloc(ctx->pool, sizeof *node);
    if (node == NULL) {
        lac_tensor_release(r);
        return LAC_ERR_OOM;
    }
    node->result = r;
    node->base = t;
    lac_tensor_retain(t);
    node->producer = from->producer;
    atomic_fetch_add(&node->producer->references, 1);
    node->epilogue = from->epilogue;
    node->epilogue.stages[node->epilogue.count++] = *stage;
    for (int i = 0; i < node->epilogue.count; i++) retain_stage(&node->epilogue.stages[i]);
    r->pending = node;
    link_node(ctx, node);
    from->consumed = true;
    *out = r;
    return LAC_OK;
}
