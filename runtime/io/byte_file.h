/*
 * byte_file.h - a file of which any range can be read: what checkpoint readers stand on.
 *
 * Ranges are read with pread, not through a mapping: a file that another program shortens
 * meanwhile is then an error that names the place, and no SIGBUS.
 */
#ifndef LAC_IO_BYTE_FILE_H
#define LAC_IO_BYTE_FILE_H

#include "io/host.h"

#include <limits.h>

struct lac_file {
    lac_context *ctx; /* retained */
    int fd;
    int64_t size;        /* when it was opened */
    char op[24];         /* what messages begin with */
    char path[PATH_MAX]; /* for messages: on one line */
};

/** Reads exactly `bytes` at `offset`, which must lie in the file; `what` names them in messages. */
lac_status lac__byte_file_pread(const lac_file *f, const char *what, int64_t offset, void *data,
                                int64_t bytes);

#endif
