/*
 * hdf5_file.c - opening, closing, and finding objects.
 *
 * libhdf5 parses the structure of files, and a file that makes it crash takes this process along. No check of
 * ours goes before it: of 26,000 files with damaged structure (spec/fuzz/hdf5_survive.c) version
 * 1.10.8 crashed on none, so that there was nothing to measure one by.
 */
#include "io/hdf5_file.h"

#include "io/file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST_PATH = 1024, DEEPEST_PATH = 64, GROWTH = 1 << 20 };

void lac__hdf5_close_id(hid_t id) {
    if (id >= 0) (void)H5Idec_ref(id);
}

/* A file that we read must not make us open others. */
static herr_t refuse_external(const char *parent_file, const char *parent_group,
                              const char *child_file, const char *child_object, unsigned *flags,
                              hid_t access, void *data) {
    (void)parent_file, (void)parent_group, (void)child_file, (void)child_object;
    (void)flags, (void)access, (void)data;
    return -1;
}

static hid_t link_access(void) {
    const hid_t list = H5Pcreate(H5P_LINK_ACCESS);
    if (list >= 0) (void)H5Pset_elink_cb(list, refuse_external, NULL);
    return list;
}

static lac_status open_for_reading(lac_hdf5 *f) {
    int fd = -1;
    LAC_TRY(lac__file_open("hdf5", f->path, &fd, &f->size));
    (void)close(fd);
    lac__hdf5_lock();
    lac_status status = LAC_OK;
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
#if H5_VERSION_GE(1, 10, 7)
    (void)H5Pset_file_locking(access, false,
                              true); /* read-only folders and network disks have no locks */
#endif
    const htri_t known = H5Fis_hdf5(f->path);
    if (known <= 0) {
        (void)H5Eclear2(H5E_DEFAULT); /* "signature not found" says no more */
        status = lac__hdf5_fail(f, LAC_ERR_FORMAT, NULL, "is not an HDF5 file");
    } else {
        f->file = H5Fopen(f->path, H5F_ACC_RDONLY, access);
        if (f->file < 0) status = lac__hdf5_fail(f, LAC_ERR_FORMAT, NULL, "cannot be opened");
    }
    f->access = link_access();
    lac__hdf5_close_id(access);
    lac__hdf5_unlock();
    return status;
}

/* The file is made in memory: libhdf5 1.10 does not survive a disk that is full (after a failed write it cannot
 * close the file, and crashes when the process ends). We write what it made. */
static lac_status open_for_writing(lac_hdf5 *f) {
    lac__atomic_file *target = lac__host->object_alloc(f->ctx, sizeof *target);
    if (target == NULL) return lac__fail(LAC_ERR_OOM, "hdf5: out of memory");
    lac_status status = lac__atomic_create("hdf5", f->path, target);
    if (status != LAC_OK) {
        lac__host->object_free(f->ctx, target, sizeof *target);
        return status;
    }
    f->target = target;
    lac__hdf5_lock();
    const hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    (void)H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    (void)H5Pset_attr_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    (void)H5Pset_obj_track_times(creation, false); /* the same content gives the same bytes */
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (H5Pset_fapl_core(access, GROWTH, false) >= 0)
        f->file = H5Fcreate(target->temporary, H5F_ACC_TRUNC, creation, access);
    if (f->file < 0) status = lac__hdf5_fail(f, LAC_ERR_IO, NULL, "cannot be created");
    f->access = link_access();
    lac__hdf5_close_id(access);
    lac__hdf5_close_id(creation);
    lac__hdf5_unlock();
    return status;
}

lac_status lac__hdf5_open(lac_context *ctx, const char *path, const char *mode, lac_hdf5 **out) {
    if (path == NULL || path[0] == '\0')
        return lac__fail(LAC_ERR_ARGUMENT, "hdf5: the path is empty, expected a file");
    if (mode == NULL || (strcmp(mode, "r") != 0 && strcmp(mode, "w") != 0))
        return lac__fail(LAC_ERR_ARGUMENT, "hdf5: %s: mode '%.16s', expected 'r' or 'w'", path,
                         mode != NULL ? mode : "");
    if (strlen(path) >= PATH_MAX)
        return lac__fail(LAC_ERR_ARGUMENT, "hdf5: the path is longer than %d bytes", PATH_MAX - 1);
    lac_hdf5 *f = lac__host->object_alloc(ctx, sizeof *f);
    if (f == NULL) return lac__fail(LAC_ERR_OOM, "hdf5: out of memory");
    f->ctx = ctx;
    lac__host->context_retain(ctx);
    f->file = f->access = -1;
    (void)snprintf(f->path, sizeof f->path, "%s", path);
    const lac_status status = mode[0] == 'r' ? open_for_reading(f) : open_for_writing(f);
    if (status != LAC_OK) {
        lac__hdf5_release(f);
        return status;
    }
    *out = f;
    return LAC_OK;
}

/* What libhdf5 has in memory, to the temporary file. */
static lac_status write_image(lac_hdf5 *f) {
    void **image = NULL;
    ssize_t bytes = -1;
    if (H5Fflush(f->file, H5F_SCOPE_GLOBAL) >= 0 &&
        H5Fget_vfd_handle(f->file, H5P_DEFAULT, (void **)&image) >= 0)
        bytes = H5Fget_file_image(f->file, NULL, 0);
    if (bytes < 0 || image == NULL)
        return lac__hdf5_fail(f, LAC_ERR_IO, NULL, "cannot be finished");
    return lac__atomic_write(f->target, *image, (size_t)bytes);
}

lac_status lac__hdf5_close(lac_hdf5 *f) {
    LAC_TRY(lac__hdf5_check(f, false));
    lac__hdf5_lock();
    lac_status status = f->target != NULL ? write_image(f) : LAC_OK;
    if (H5Fclose(f->file) < 0 && status == LAC_OK)
        status = lac__hdf5_fail(f, LAC_ERR_IO, NULL, "cannot be finished");
    f->file = -1;
    lac__hdf5_unlock();
    if (f->target == NULL) return status;
    if (status == LAC_OK) return lac__atomic_commit(f->target);
    lac__atomic_discard(f->target);
    return status;
}

void lac__hdf5_release(lac_hdf5 *f) {
    if (f == NULL) return;
    lac__hdf5_lock();
    if (f->file >= 0) (void)H5Fclose(f->file);
    lac__hdf5_close_id(f->access);
    lac__hdf5_unlock();
    lac_context *ctx = f->ctx;
    if (f->target != NULL) {
        lac__atomic_discard(f->target);
        lac__host->object_free(ctx, f->target, sizeof *f->target);
    }
    lac__host->object_free(ctx, f, sizeof *f);
    lac__host->context_release(ctx);
}

lac_status lac__hdf5_check(const lac_hdf5 *f, bool writing) {
    if (f->file < 0) return lac__fail(LAC_ERR_ARGUMENT, "hdf5: %.400s: is closed", f->path);
    if (writing && f->target == NULL)
        return lac__fail(LAC_ERR_ARGUMENT, "hdf5: %.400s: is open for reading, expected mode 'w'",
                         f->path);
    return LAC_OK;
}

lac_status lac__hdf5_check_path(const lac_hdf5 *f, const char *path) {
    if (path == NULL || path[0] == '\0')
        return lac__fail(LAC_ERR_ARGUMENT,
                         "hdf5: %.400s: an empty path, expected one such as /stem/0/kernel",
                         f->path);
    if (strlen(path) > LONGEST_PATH)
        return lac__fail(LAC_ERR_ARGUMENT, "hdf5: %.400s: a path of more than %d bytes", f->path,
                         LONGEST_PATH);
    int depth = 0;
    for (const char *p = path; *p != '\0'; p++) depth += *p == '/';
    if (depth > DEEPEST_PATH)
        return lac__fail(LAC_ERR_ARGUMENT, "hdf5: %.400s: %.200s...: groups nest deeper than %d",
                         f->path, path, DEEPEST_PATH);
    return LAC_OK;
}

/* H5Lexists wants every parent to exist, so the path is asked for piece by piece. */
static bool link_exists(const lac_hdf5 *f, const char *path) {
    char prefix[LONGEST_PATH + 1];
    const size_t length = strlen(path);
    for (size_t i = 1; i <= length; i++) {
        if ((path[i] != '/' && path[i] != '\0') || path[i - 1] == '/') continue;
        memcpy(prefix, path, i);
        prefix[i] = '\0';
        if (H5Lexists(f->file, prefix, f->access) <= 0) return false;
    }
    return true;
}

lac_status lac__hdf5_find(const lac_hdf5 *f, const char *path, hid_t *object) {
    LAC_TRY(lac__hdf5_check_path(f, path));
    *object = -1;
    if (!link_exists(f, path)) return LAC_OK;
    if (H5Oexists_by_name(f->file, path, f->access) == 0) return LAC_OK; /* a link to nothing */
    *object = H5Oopen(f->file, path, f->access);
    return *object >= 0 ? LAC_OK : lac__hdf5_fail(f, LAC_ERR_FORMAT, path, "cannot be opened");
}

lac_status lac__hdf5_object(const lac_hdf5 *f, const char *path, hid_t *object) {
    LAC_TRY(lac__hdf5_find(f, path, object));
    if (*object >= 0) return LAC_OK;
    return lac__fail(LAC_ERR_ARGUMENT, "hdf5: %.400s: %.200s: there is no such object", f->path,
                     path);
}
