/*
 * file.h - reading files whose size is known before memory is taken.
 *
 * Files are read, not mapped: a file that another program shortens meanwhile is then an error
 * and no signal.
 */
#ifndef LAC_IO_FILE_H
#define LAC_IO_FILE_H

#include "io/host.h"

typedef struct lac__file {
    lac__block block;
    const unsigned char *data;
    size_t size;
} lac__file;

/** Opens a regular file; messages begin with `op` and name the path. The caller closes *fd. */
lac_status lac__file_open(const char *op, const char *path, int *fd, int64_t *size);
/** Reads exactly `bytes`. */
lac_status lac__file_read(const char *op, const char *path, int fd, void *data, size_t bytes);
/** The whole file in pool memory. */
lac_status lac__file_load(lac_context *ctx, const char *op, const char *path, lac__file *out);
void lac__file_unload(lac_context *ctx, lac__file *file);

#endif
