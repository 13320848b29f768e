/*
 * tensor.h - a tensor is a shape over a storage; views share the storage.
 *
 * A tensor may be pending: shaped, but not computed (see pending.h). Code that reads elements calls
 * lac__read first; code that writes elements calls lac__write first.
 */
#ifndef LAC_CORE_TENSOR_H
#define LAC_CORE_TENSOR_H

#include "core/context.h"

enum { LAC__MAX_DIMS = 8 };

/** Something derived from a storage's content and kept with it, such as packed weights. */
typedef struct lac__attachment {
    atomic_int references;
    void (*destroy)(struct lac__attachment *self);
    /** Writes the content that it was derived from to `data`; NULL where it cannot. */
    void (*restore)(const struct lac__attachment *self, void *data);
} lac__attachment;

void lac__attachment_release(lac__attachment *attachment);

typedef struct lac__storage {
    atomic_int references;
    lac__pool *pool;     /* of this object */
    lac__device *device; /* where `block` comes from; lives as long as the context of any tensor */
    lac__block block;    /* empty for wrapped memory */
    char *data;          /* NULL until a pending result is computed */
    void (*deleter)(void *user);
    void *user;
    atomic_uint_fast64_t version; /* writes so far */
    atomic_int readers;           /* pending results that read this */
    atomic_bool exposed;          /* a pointer was given out: results over it are not deferred */
    atomic_flag attachment_lock;
    lac__attachment *attachment; /* the one thing derived from the content, if any */
    bool read_only;              /* shared weights: lac__write refuses */
    bool one_thread;             /* the content may be given up for the attachment */
    bool given_up;               /* `data` is NULL, the attachment has the content */
    size_t given_up_bytes;
} lac__storage;

struct lac_tensor {
    atomic_int references;
    lac_context *ctx;
    lac__storage *storage;
    struct lac__pending *pending; /* NULL once computed */
    lac_dtype dtype;
    int32_t ndim;
    int64_t offset; /* of the first element, in elements */
    int64_t shape[LAC__MAX_DIMS];
    int64_t stride[LAC__MAX_DIMS]; /* in elements */
};

/** The storage's attachment, retained, or NULL; and its replacement, which is retained. Thread safe. */
lac__attachment *lac__storage_attachment(lac__storage *s);
void lac__storage_attach(lac__storage *s, lac__attachment *attachment);
/** Releases the content of a storage that allows it and is not exposed; its attachment must be able to
 *  restore it, which the next reader makes it do. Then the content stays until it is allowed again and
 *  a new attachment was made. */
void lac__storage_give_up(lac__storage *s);

/** A new contiguous tensor on a device, and on the CPU. */
lac_status lac__tensor_new_on(lac_context *ctx, lac__device *device, lac_dtype dtype, int32_t ndim,
                              const int64_t *shape, lac_tensor **out);
static inline lac_status lac__tensor_new(lac_context *ctx, lac_dtype dtype, int32_t ndim,
                                         const int64_t *shape, lac_tensor **out) {
    return lac__tensor_new_on(ctx, &ctx->cpu, dtype, ndim, shape, out);
}
/** And on the device of `like`. */
static inline lac_status lac__tensor_new_beside(lac_context *ctx, const lac_tensor *like,
                                                lac_dtype dtype, int32_t ndim, const int64_t *shape,
                                                lac_tensor **out) {
    return lac__tensor_new_on(ctx, like->storage->device, dtype, ndim, shape, out);
}
/** One whose memory is taken later, by lac__tensor_allocate. */
lac_status lac__tensor_new_unallocated(lac_context *ctx, lac__device *device, lac_dtype dtype,
                                       int32_t ndim, const int64_t *shape, lac_tensor **out);
lac_status lac__tensor_allocate(lac_tensor *t);
/** Strides, in elements, over memory that somebody else described; SHAPE where they span more than 2^63 bytes. */
lac_status lac__tensor_set_strides(lac_tensor *t, const int64_t *strides);
/** A tensor of its own over the storage of `t`, same shape; the caller changes shape and stride. */
lac_status lac__tensor_view(lac_tensor *t, lac_tensor **out);

/** Makes the elements of `t` readable. */
lac_status lac__read(lac_context *ctx, lac_tensor *t);
/** Before writing elements of `t`: computes it and every pending result that reads it, counts the write. */
lac_status lac__write(lac_context *ctx, lac_tensor *t);

/** First element; `t` is computed. */
static inline void *lac__data(const lac_tensor *t) {
    return t->storage->data == NULL
               ? NULL
               : t->storage->data + t->offset * (int64_t)lac_dtype_size(t->dtype);
}

/** The device that holds `t`. */
static inline lac__device *lac__device_of(const lac_tensor *t) {
    return t->storage->device;
}
static inline bool lac__on_cpu(const lac_tensor *t) {
    return t->storage->device->kind == LAC_DEVICE_CPU;
}
/** DEVICE unless both are on one device; `b` may be NULL. `what` names it: "conv3d: weight". */
lac_status lac__same_device(const char *what, const lac_tensor *a, const lac_tensor *b);
/** `t` computed, contiguous and on the CPU: itself, retained, or a copy. Caller releases. */
lac_status lac__on_host(lac_context *ctx, lac_tensor *t, lac_tensor **out);
/** Replaces *t, which is on the CPU, by a copy on `device` where that is another. Released on failure. */
lac_status lac__move_result(lac_context *ctx, lac__device *device, lac_tensor **t);

static inline bool lac__is_floating(lac_dtype d) {
    return d <= LAC_DTYPE_F64;
}

/** Turns -1 into the last dimension; an error names `op`. */
lac_status lac__dimension(const char *op, const lac_tensor *t, int32_t dim, int32_t *out);
/** "[3, 4]" into `text`; returns it. */
enum { LAC__SHAPE_TEXT = 192 };
const char *lac__shape_text(const lac_tensor *t, char text[LAC__SHAPE_TEXT]);
bool lac__same_shape(const lac_tensor *a, const lac_tensor *b);

#endif
