/*
 * atomic_file.h - output that appears whole or not at all: written under a temporary name in the
 * same folder, flushed to the disk, then renamed.
 */
#ifndef LAC_IO_ATOMIC_FILE_H
#define LAC_IO_ATOMIC_FILE_H

#include "io/host.h"

#include <limits.h>

typedef struct lac__atomic_file {
    const char *op;
    int fd; /* -1: closed */
    char path[PATH_MAX];
    char temporary[PATH_MAX];
    size_t used;
    unsigned char buffer[1 << 16];
} lac__atomic_file;

/** Creates the temporary file. `op` must outlive the file. */
lac_status lac__atomic_create(const char *op, const char *path, lac__atomic_file *file);
lac_status lac__atomic_write(lac__atomic_file *file, const void *data, size_t bytes);
/** Puts the file in place; on failure it is discarded. */
lac_status lac__atomic_commit(lac__atomic_file *file);
/** Removes the temporary file, if there is one. */
void lac__atomic_discard(lac__atomic_file *file);

#endif
