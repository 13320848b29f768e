/*
 * file.c - see file.h.
 */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_AT_ONCE = 1 << 30 };

lac_status lac__file_open(const char *op, const char *path, int *fd, int64_t *size) {
    if (path == NULL || path[0] == '\0')
        return lac__fail(LAC_ERR_ARGUMENT, "%s: the path is empty, expected a file", op);
    const int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not block */
    if (opened < 0) return lac__fail(LAC_ERR_IO, "%s: %s: %s", op, path, strerror(errno));
    struct stat info;
    if (fstat(opened, &info) != 0) {
        const int code = errno;
        (void)close(opened);
        return lac__fail(LAC_ERR_IO, "%s: %s: %s", op, path, strerror(code));
    }
    if (!S_ISREG(info.st_mode)) {
        (void)close(opened);
        return lac__fail(LAC_ERR_IO, "%s: %s: %s, expected a regular file", op, path,
                         S_ISDIR(info.st_mode) ? "is a directory" : "is a device or a pipe");
    }
    *fd = opened;
    *size = (int64_t)info.st_size;
    return LAC_OK;
}

lac_status lac__file_read(const char *op, const char *path, int fd, void *data, size_t bytes) {
    char *at = data;
    size_t left = bytes;
    while (left > 0) {
        const ssize_t got = read(fd, at, left < READ_AT_ONCE ? left : READ_AT_ONCE);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return lac__fail(LAC_ERR_IO, "%s: %s: %s", op, path, strerror(errno));
        if (got == 0)
            return lac__fail(LAC_ERR_IO,
                             "%s: %s: ends %zu bytes early: it was shortened while it was read", op,
                             path, left);
        at += got;
        left -= (size_t)got;
    }
    return LAC_OK;
}

lac_status lac__file_load(lac_context *ctx, const char *op, const char *path, lac__file *out) {
    int fd = -1;
    int64_t size = 0;
    LAC_TRY(lac__file_open(op, path, &fd, &size));
    lac__file file = {.size = (size_t)size};
    lac_status status = lac__host->buffer_alloc(ctx, file.size, &file.block);
    if (status == LAC_OK) status = lac__file_read(op, path, fd, file.block.data, file.size);
    (void)close(fd);
    if (status != LAC_OK) {
        lac__file_unload(ctx, &file);
        return status;
    }
    file.data = file.block.data;
    *out = file;
    return LAC_OK;
}

void lac__file_unload(lac_context *ctx, lac__file *file) {
    lac__host->buffer_free(ctx, &file->block);
    *file = (lac__file){0};
}
