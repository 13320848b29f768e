/*
 * stored_tensor.c - a tensor out of a file: any strides over a storage, packed row by row.
 *
 * The dimensions are walked with the longest stride outermost. Unless the strides overlap, the
 * storage is then met front to back, and pieces of it suffice; a walk that is one run of
 * neighbours needs none and goes straight into the tensor.
 */
#include "io/io.h"
#include "io/stored_bytes.h"
#include "io/stored_element.h"

enum { MOST_DIMS = 8 };

typedef struct walk {
    int32_t ndim;            /* >= 1 */
    int64_t size[MOST_DIMS]; /* all >= 2, but in a walk of one element */
    int64_t from[MOST_DIMS]; /* stride in the storage, in elements */
    int64_t to[MOST_DIMS];   /* stride in the tensor */
    int64_t first, last;     /* elements of the storage, both included */
    bool rising;             /* elements of the storage never come in falling order */
} walk;

/* Sizes and the range of the storage; `count` of elements in all. */
static lac_status check(const lac_file *f, const lac_stored *s, const char *what,
                        const lac__element *e, int64_t *count, int64_t *last) {
    if (s->storage_offset < 0 || s->storage_bytes < 0 || s->storage_bytes > f->size ||
        s->storage_offset > f->size - s->storage_bytes)
        return lac__fail(LAC_ERR_RANGE,
                         "%s: %.400s: %.200s: storage: %lld bytes at byte %lld, but the file has "
                         "%lld bytes",
                         f->op, f->path, what, (long long)s->storage_bytes,
                         (long long)s->storage_offset, (long long)f->size);
    if (s->ndim < 0 || s->ndim > MOST_DIMS)
        return lac__fail(LAC_ERR_SHAPE, "%s: %.400s: %.200s: shape: %d dimensions, expected 0 to 8",
                         f->op, f->path, what, s->ndim);
    int64_t step = 1;
    *count = 1;
    *last = s->offset;
    for (int32_t i = s->ndim - 1; i >= 0; i--) {
        int64_t reach = 0;
        if (s->shape[i] < 0 || s->stride[i] < 0 ||
            !lac__mul_size(step, lac__max(s->shape[i], 1), &step) || step > INT64_MAX / 8 ||
            !lac__mul_size(lac__max(s->shape[i], 1) - 1, s->stride[i], &reach) ||
            __builtin_add_overflow(*last, reach, last))
            return lac__fail(
                LAC_ERR_SHAPE,
                "%s: %.400s: %.200s: shape: size %lld with stride %lld, expected sizes "
                "and strides >= 0 of less than 2^63 bytes",
                f->op, f->path, what, (long long)s->shape[i], (long long)s->stride[i]);
        *count = s->shape[i] == 0 ? 0 : *count;
    }
    *count *= step;
    if (s->offset < 0 || (*count > 0 && *last >= s->storage_bytes / e->bytes))
        return lac__fail(LAC_ERR_RANGE,
                         "%s: %.400s: %.200s: element %lld of a storage of %lld elements", f->op,
                         f->path, what, (long long)(s->offset < 0 ? s->offset : *last),
                         (long long)(s->storage_bytes / e->bytes));
    return LAC_OK;
}

/* Longest stride first, neighbours that continue each other merged. */
static void plan(const lac_stored *s, int64_t last, walk *w) {
    *w = (walk){.first = s->offset, .last = last, .rising = true};
    int64_t to = 1;
    for (int32_t i = s->ndim - 1; i >= 0; i--) {
        if (s->shape[i] == 1) continue;
        int32_t at = w->ndim++;
        /* Equal strides keep their order, in which an inner one stands further back. */
        int32_t place = 0;
        while (place < at && w->from[place] > s->stride[i]) place++;
        for (; at > place; at--) {
            w->size[at] = w->size[at - 1];
            w->from[at] = w->from[at - 1];
            w->to[at] = w->to[at - 1];
        }
        w->size[place] = s->shape[i];
        w->from[place] = s->stride[i];
        w->to[place] = to;
        to *= s->shape[i];
    }
    int32_t kept = 0;
    for (int32_t i = 0; i < w->ndim; i++) {
        if (kept > 0 && w->from[kept - 1] == w->from[i] * w->size[i] &&
            w->to[kept - 1] == w->to[i] * w->size[i]) {
            w->size[kept - 1] *= w->size[i];
        } else {
            w->size[kept++] = w->size[i];
        }
        w->from[kept - 1] = w->from[i];
        w->to[kept - 1] = w->to[i];
    }
    w->ndim = kept;
    if (kept == 0) { /* one element */
        w->ndim = 1;
        w->size[0] = w->from[0] = w->to[0] = 1;
    }
    int64_t reach = 0;
    for (int32_t i = w->ndim - 1; i >= 0; i--) {
        w->rising = w->rising && w->from[i] >= reach;
        reach += (w->size[i] - 1) * w->from[i];
    }
}

static lac_status too_large(const lac__stored_bytes *b) {
    return lac__fail(LAC_ERR_RANGE,
                     "%s: %.400s: %.200s: a uint64 above 2^63 - 1, which int64 does not hold",
                     b->file->op, b->file->path, b->what);
}

/* The innermost run, which starts at element `at` of the storage. */
static lac_status gather_run(lac__stored_bytes *b, const lac__element *e, const walk *w, int64_t at,
                             char *to) {
    const int32_t inner = w->ndim - 1;
    const int64_t step = w->from[inner] * e->bytes;
    const int64_t limit = (w->last + 1) * e->bytes;
    for (int64_t done = 0; done < w->size[inner];) {
        const char *data = NULL;
        int64_t available = 0;
        LAC_TRY(lac__stored_bytes_at(b, (at + done * w->from[inner]) * e->bytes, e->bytes, limit,
                                     &data, &available));
        int64_t n = w->size[inner] - done;
        if (step > 0) n = lac__min(n, (available - e->bytes) / step + 1);
        if (lac__element_move(e, data, step, to + done * w->to[inner] * e->out_bytes, w->to[inner],
                              n) < n)
            return too_large(b);
        done += n;
    }
    return LAC_OK;
}

static lac_status gather(lac__stored_bytes *b, const lac__element *e, const walk *w, char *to) {
    int64_t index[MOST_DIMS] = {0};
    int64_t at = w->first, out = 0;
    for (;;) {
        LAC_TRY(gather_run(b, e, w, at, to + out * e->out_bytes));
        int32_t i = w->ndim - 2;
        for (; i >= 0; i--) {
            at += w->from[i];
            out += w->to[i];
            if (++index[i] < w->size[i]) break;
            at -= w->from[i] * w->size[i];
            out -= w->to[i] * w->size[i];
            index[i] = 0;
        }
        if (i < 0) return LAC_OK;
    }
}

/* Windows that overlap come back to bytes that have passed: the span is loaded whole. */
static lac_status gather_overlapping(lac_context *ctx, lac__stored_bytes *b, const lac__element *e,
                                     const walk *w, char *to) {
    const int64_t begin = w->first * e->bytes, bytes = (w->last + 1 - w->first) * e->bytes;
    lac__block span = {0};
    LAC_TRY(lac__host->buffer_alloc(ctx, (size_t)bytes, &span));
    lac_status status = lac__stored_bytes_copy(b, begin, span.data, bytes);
    if (status == LAC_OK) {
        walk inside = *w;
        inside.first = 0;
        inside.last = w->last - w->first;
        lac__stored_bytes memory = {.file = b->file, .what = b->what, .loaded = span.data};
        status = gather(&memory, e, &inside, to);
    }
    lac__host->buffer_free(ctx, &span);
    return status;
}

static lac_status fill(lac_context *ctx, lac__stored_bytes *b, const lac__element *e, const walk *w,
                       char *to) {
    const bool packed = w->ndim == 1 && w->from[0] == 1 && w->to[0] == 1;
    if (!packed || e->bytes != e->out_bytes)
        return w->rising || b->loaded != NULL ? gather(b, e, w, to)
                                              : gather_overlapping(ctx, b, e, w, to);
    LAC_TRY(lac__stored_bytes_copy(b, w->first * e->bytes, to, w->size[0] * e->bytes));
    const bool as_it_is = !e->swap && e->type != LAC_STORED_BOOL && e->type != LAC_STORED_U64;
    if (!as_it_is && lac__element_move(e, to, e->bytes, to, 1, w->size[0]) < w->size[0])
        return too_large(b);
    return LAC_OK;
}

/* The storage as lac_file_read_tensor gave it before, as uint8. */
static lac_status find_loaded(const lac_file *f, const lac_stored *s, const char *what,
                              lac_tensor *loaded, const char **out) {
    if (loaded == NULL) return LAC_OK;
    lac_tensor_desc desc;
    lac__host->tensor_describe(loaded, &desc);
    if (desc.dtype != LAC_DTYPE_U8 || desc.ndim != 1 || desc.shape[0] != s->storage_bytes ||
        (desc.shape[0] > 1 && desc.stride[0] != 1))
        return lac__fail(LAC_ERR_ARGUMENT,
                         "%s: %.400s: %.200s: loaded: expected the storage, uint8 [%lld]", f->op,
                         f->path, what, (long long)s->storage_bytes);
    *out = lac__host->tensor_memory(loaded);
    return LAC_OK;
}

lac_status lac__byte_file_read_tensor(lac_context *ctx, const lac_file *f, const lac_stored *s,
                                      lac_tensor *loaded, lac_tensor **out) {
    if (s == NULL || s->size != sizeof *s)
        return lac__fail(LAC_ERR_ARGUMENT, "%s: %.400s: stored: size is not sizeof(lac_stored)",
                         f->op, f->path);
    const char *what = s->name != NULL ? s->name : "tensor";
    lac__element e;
    if (!lac__element_of(s->type, s->big_endian != 0, &e))
        return lac__fail(LAC_ERR_DTYPE, "%s: %.400s: %.200s: dtype: no lac_stored_type %d", f->op,
                         f->path, what, s->type);
    int64_t count = 0, last = 0;
    LAC_TRY(check(f, s, what, &e, &count, &last));
    lac__stored_bytes bytes = {.file = f,
                               .what = what,
                               .start = s->storage_offset,
                               .bytes = s->storage_bytes,
                               .check = s->has_crc32 != 0,
                               .expected = s->crc32};
    LAC_TRY(find_loaded(f, s, what, loaded, &bytes.loaded));
    lac_tensor *result = NULL;
    LAC_TRY(lac__host->tensor_new(ctx, e.dtype, s->ndim, s->shape, &result));
    lac_status status = lac__stored_bytes_open(ctx, &bytes);
    if (status == LAC_OK && count > 0) {
        walk w;
        plan(s, last, &w);
        status = fill(ctx, &bytes, &e, &w, lac__host->tensor_memory(result));
    }
    if (status == LAC_OK) status = lac__stored_bytes_finish(&bytes);
    lac__stored_bytes_close(ctx, &bytes);
    if (status != LAC_OK) {
        lac__drop(result);
        return status;
    }
    *out = result;
    return LAC_OK;
}
