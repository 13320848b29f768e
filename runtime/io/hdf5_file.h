/*
 * hdf5_file.h - what the HDF5 sources share: the handle, the lock, and how libhdf5's failures
 * become one line.
 *
 * libhdf5 as distributions build it is not thread safe and keeps its error stack and its printing
 * of it in globals: every call to it lies between lac__hdf5_lock and lac__hdf5_unlock. A host that
 * uses libhdf5 itself must not do so from another thread at the same time.
 *
 * What a file claims is checked here before memory is taken for it, but the structures of the file
 * are parsed by libhdf5, and version 1.10 does not survive every deliberately damaged one.
 */
#ifndef LAC_IO_HDF5_FILE_H
#define LAC_IO_HDF5_FILE_H

#include "io/atomic_file.h"
#include "io/io.h"

#include <hdf5.h>

struct lac_hdf5 {
    lac_context *ctx;         /* retained */
    hid_t file;               /* < 0: closed */
    hid_t access;             /* link access: external links are not followed */
    int64_t size;             /* of a file being read */
    lac__atomic_file *target; /* NULL: opened for reading */
    char path[PATH_MAX];
};

/** One thread in libhdf5 at a time; its printing of errors is off meanwhile. */
void lac__hdf5_lock(void);
void lac__hdf5_unlock(void);

/** "hdf5: FILE: OBJECT: what (libhdf5: its innermost message)". Right after the call that failed,
 * since the next one forgets the reason. `object` may be NULL. */
lac_status lac__hdf5_fail(const lac_hdf5 *f, lac_status status, const char *object,
                          const char *what);

/** Fails when the file is closed, or not open for writing where `writing` asks for that. */
lac_status lac__hdf5_check(const lac_hdf5 *f, bool writing);
/** Fails for a path that is NULL, too long or too deep; so a walk through a file whose groups
 * contain themselves ends. */
lac_status lac__hdf5_check_path(const lac_hdf5 *f, const char *path);
/** Opens the object at `path`; *object is -1 where there is none. */
lac_status lac__hdf5_find(const lac_hdf5 *f, const char *path, hid_t *object);
/** As lac__hdf5_find; nothing there is an error. */
lac_status lac__hdf5_object(const lac_hdf5 *f, const char *path, hid_t *object);

/** Closes any identifier that is >= 0. */
void lac__hdf5_close_id(hid_t id);

#endif
