/*
 * pending.h - results that are computed when they are first read.
 *
 * A producer (convolution, linear) makes a tensor that has a shape and no memory, with a node that says
 * how to compute it. Pointwise operations on a pending tensor append a stage to a copy of its node
 * instead of computing, so that the producer runs them while its output is still in registers or cache:
 * acc -> fma(acc, scale, shift) -> + residual -> activation. In float32 this gives the same bits as
 * computing every operation by itself, since both run the same stages in the same order.
 *
 * Invariant: a node holds references to all that it reads and counts itself on their storages
 * (`readers`), so that a write to one of them computes the node first.
 */
#ifndef LAC_CORE_PENDING_H
#define LAC_CORE_PENDING_H

#include "core/tensor.h"

enum { LAC__MAX_STAGES = 6 };

typedef enum lac__stage_kind { LAC__AFFINE, LAC__RESIDUAL, LAC__ACTIVATION } lac__stage_kind;

typedef struct lac__stage {
    lac__stage_kind kind;
    lac_activation activation;
    float slope;
    lac_tensor *scale;    /* AFFINE: float32 [C], NULL for 1: retained */
    lac_tensor *shift;    /* AFFINE: float32 [C]: retained */
    lac_tensor *residual; /* RESIDUAL: same shape and dtype as the result: retained */
} lac__stage;

typedef struct lac__epilogue {
    int count;
    lac__stage stages[LAC__MAX_STAGES];
} lac__epilogue;

/** The producer's side: plain data and how to run and free it. */
typedef struct lac__producer {
    atomic_int references;
    const char *name;
    /** Computes into `out` (allocated, contiguous), running `epilogue` on the way. */
    lac_status (*run)(lac_context *ctx, struct lac__producer *self, const lac__epilogue *epilogue,
                      lac_tensor *out);
    void (*destroy)(struct lac__producer *self);
    /** Tensors that it reads, for `readers`. */
    int inputs;
    lac_tensor *input[3];
    lac_tensor *own_reading; /* one of them that `run` makes readable itself, or NULL */
} lac__producer;

typedef struct lac__pending {
    struct lac__pending *next, *previous; /* the context's list */
    lac_tensor *result;                   /* not retained: the tensor owns this */
    lac_tensor *base; /* the result without this node's stages, NULL if this is it: retained */
    bool consumed;    /* a stage was appended to a copy of this node */
    lac__producer *producer; /* retained */
    lac__epilogue epilogue;
} lac__pending;

/** Makes a pending tensor. Takes over the reference to `producer`, also on failure. */
lac_status lac__defer(lac_context *ctx, lac__producer *producer, lac_dtype dtype, int32_t ndim,
                      const int64_t *shape, lac_tensor **out);
/** A pending tensor like `t` with one stage more, or NULL in *out where `t` cannot take it (it is
 *  computed, or was consumed already, or its stages are full, or the residual is exposed). */
lac_status lac__append_stage(lac_context *ctx, lac_tensor *t, const lac__stage *stage,
                             lac_tensor **out);

/** The end of an operation that gives *t: computes it where results are wanted at once or where it reads
 *  memory that the host may write. Releases *t and sets it to NULL on failure. */
lac_status lac__settle(lac_context *ctx, lac_tensor **t);

void lac__producer_release(lac__producer *producer);
/** For the destructor of a tensor. */
void lac__pending_destroy(lac_context *ctx, lac__pending *node);

#endif
