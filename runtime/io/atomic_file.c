/*
 * atomic_file.c - see atomic_file.h.
 */
#include "io/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTEMPTS = 100 };

static atomic_uint serial;

static lac_status fail_errno(const lac__atomic_file *file, int code) {
    return lac__fail(LAC_ERR_IO, "%s: cannot write %s: %s", file->op, file->path, strerror(code));
}

/* Renaming over a device or a folder would not do what the caller means. */
static lac_status check_target(const lac__atomic_file *file) {
    struct stat info;
    if (stat(file->path, &info) != 0) return errno == ENOENT ? LAC_OK : fail_errno(file, errno);
    if (S_ISREG(info.st_mode)) return LAC_OK;
    return lac__fail(LAC_ERR_IO, "%s: cannot write %s: it is %s, expected a regular file", file->op,
                     file->path, S_ISDIR(info.st_mode) ? "a directory" : "a device or a pipe");
}

lac_status lac__atomic_create(const char *op, const char *path, lac__atomic_file *file) {
    file->op = op;
    file->fd = -1;
    file->used = 0;
    file->path[0] = file->temporary[0] = '\0';
    if (path == NULL || path[0] == '\0')
        return lac__fail(LAC_ERR_ARGUMENT, "%s: the path is empty, expected a file", op);
    if (strlen(path) + 40 > sizeof file->path)
        return lac__fail(LAC_ERR_ARGUMENT, "%s: the path is longer than %d bytes", op,
                         PATH_MAX - 40);
    (void)snprintf(file->path, sizeof file->path, "%s", path);
    LAC_TRY(check_target(file));
    int code = EEXIST;
    for (int attempt = 0; code == EEXIST && attempt < ATTEMPTS; attempt++) {
        const int used = snprintf(file->temporary, sizeof file->temporary, "%s.%ld-%u.tmp", path,
                                  (long)getpid(), atomic_fetch_add(&serial, 1));
        if (used < 0 || (size_t)used >= sizeof file->temporary)
            return fail_errno(file, ENAMETOOLONG);
        file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file->fd >= 0) return LAC_OK;
        code = errno;
    }
    file->temporary[0] = '\0'; /* not ours */
    return fail_errno(file, code);
}

static lac_status flush(lac__atomic_file *file, const unsigned char *data, size_t bytes) {
    while (bytes > 0) {
        const ssize_t done = write(file->fd, data, bytes);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return fail_errno(file, errno);
        data += done;
        bytes -= (size_t)done;
    }
    return LAC_OK;
}

lac_status lac__atomic_write(lac__atomic_file *file, const void *data, size_t bytes) {
    if (bytes > sizeof file->buffer - file->used) {
        LAC_TRY(flush(file, file->buffer, file->used));
        file->used = 0;
        if (bytes > sizeof file->buffer) return flush(file, data, bytes);
    }
    if (bytes > 0) memcpy(file->buffer + file->used, data, bytes);
    file->used += bytes;
    return LAC_OK;
}

/* Makes the rename itself durable; where the folder cannot be synced the file is complete anyway.
 */
static void sync_folder(const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        (void)snprintf(folder, sizeof folder, ".");
    else
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)fsync(fd);
    (void)close(fd);
}

lac_status lac__atomic_commit(lac__atomic_file *file) {
    lac_status status = flush(file, file->buffer, file->used);
    if (status == LAC_OK && fsync(file->fd) != 0) status = fail_errno(file, errno);
    if (close(file->fd) != 0 && status == LAC_OK) status = fail_errno(file, errno);
    file->fd = -1;
    if (status == LAC_OK && rename(file->temporary, file->path) != 0)
        status = fail_errno(file, errno);
    if (status != LAC_OK) {
        lac__atomic_discard(file);
        return status;
    }
    file->temporary[0] = '\0';
    sync_folder(file->path);
    return LAC_OK;
}

void lac__atomic_discard(lac__atomic_file *file) {
    if (file->fd >= 0) (void)close(file->fd);
    file->fd = -1;
    if (file->temporary[0] != '\0') (void)unlink(file->temporary);
    file->temporary[0] = '\0';
}
