/*
 * byte_file.c - see byte_file.h.
 */
#include "io/byte_file.h"

#include "io/file.h"
#include "io/io.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PREAD_AT_ONCE = 1 << 30 };

lac_status lac__byte_file_open(lac_context *ctx, const char *op, const char *path, lac_file **out) {
    if (op == NULL || op[0] == '\0') op = "file";
    if (path != NULL && strlen(path) >= PATH_MAX)
        return lac__fail(LAC_ERR_ARGUMENT, "%.23s: the path is longer than %d bytes", op,
                         PATH_MAX - 1);
    int fd = -1;
    int64_t size = 0;
    LAC_TRY(lac__file_open(op, path, &fd, &size));
    lac_file *f = lac__host->object_alloc(ctx, sizeof *f);
    if (f == NULL) {
        (void)close(fd);
        return lac__fail(LAC_ERR_OOM, "%.23s: out of memory", op);
    }
    lac__host->context_retain(ctx);
    f->ctx = ctx;
    f->fd = fd;
    f->size = size;
    (void)snprintf(f->op, sizeof f->op, "%s", op);
    (void)snprintf(f->path, sizeof f->path, "%s", path);
    for (char *c = f->path; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 127) *c = '?';
    *out = f;
    return LAC_OK;
}

void lac__byte_file_release(lac_file *f) {
    if (f == NULL) return;
    (void)close(f->fd);
    lac_context *ctx = f->ctx;
    lac__host->object_free(ctx, f, sizeof *f);
    lac__host->context_release(ctx);
}

lac_status lac__byte_file_size(const lac_file *f, int64_t *size) {
    *size = f->size;
    return LAC_OK;
}

lac_status lac__byte_file_pread(const lac_file *f, const char *what, int64_t offset, void *data,
                                int64_t bytes) {
    char *at = data;
    while (bytes > 0) {
        const ssize_t got = pread(f->fd, at, (size_t)lac__min(bytes, PREAD_AT_ONCE), (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return lac__fail(LAC_ERR_IO, "%s: %.400s: %.200s: byte %lld: %s", f->op, f->path, what,
                             (long long)offset, strerror(errno));
        if (got == 0)
            return lac__fail(LAC_ERR_IO,
                             "%s: %.400s: %.200s: the file ends at byte %lld of its %lld: it was "
                             "shortened while it was read",
                             f->op, f->path, what, (long long)offset, (long long)f->size);
        at += got;
        offset += got;
        bytes -= got;
    }
    return LAC_OK;
}

lac_status lac__byte_file_read(const lac_file *f, int64_t offset, void *data, int64_t bytes) {
    if (offset < 0 || bytes < 0 || bytes > f->size || offset > f->size - bytes)
        return lac__fail(LAC_ERR_RANGE,
                         "%s: %.400s: %lld bytes at byte %lld, but the file has %lld bytes", f->op,
                         f->path, (long long)bytes, (long long)offset, (long long)f->size);
    if (bytes > 0 && data == NULL)
        return lac__fail(LAC_ERR_ARGUMENT, "%s: %.400s: data is NULL", f->op, f->path);
    return lac__byte_file_pread(f, "data", offset, data, bytes);
}
