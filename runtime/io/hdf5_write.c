/*
 * hdf5_write.c - tensors to datasets. Groups and attributes keep the order in which they were made.
 */
#include "io/hdf5_type.h"

#include <stdio.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 20 };

static const unsigned ordered = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;

/* Creation properties that every object of ours has. */
static hid_t creation_list(hid_t class) {
    const hid_t list = H5Pcreate(class);
    if (list < 0) return list;
    (void)H5Pset_attr_creation_order(list, ordered);
    (void)H5Pset_obj_track_times(list, false); /* the same content gives the same bytes */
    if (H5Pisa_class(list, H5P_GROUP_CREATE) > 0) (void)H5Pset_link_creation_order(list, ordered);
    return list;
}

static lac_status make_group(const lac_hdf5 *f, const char *path) {
    if (H5Lexists(f->file, path, f->access) > 0) {
        hid_t object = -1;
        LAC_TRY(lac__hdf5_object(f, path, &object));
        const bool group = H5Iget_type(object) == H5I_GROUP;
        lac__hdf5_close_id(object);
        if (group) return LAC_OK;
        return lac__fail(LAC_ERR_ARGUMENT, "hdf5: %.400s: %.200s: is a dataset, expected a group",
                         f->path, path);
    }
    const hid_t list = creation_list(H5P_GROUP_CREATE);
    const hid_t group = H5Gcreate2(f->file, path, H5P_DEFAULT, list, f->access);
    const lac_status status =
        group >= 0 ? LAC_OK : lac__hdf5_fail(f, LAC_ERR_IO, path, "the group cannot be made");
    lac__hdf5_close_id(group);
    lac__hdf5_close_id(list);
    return status;
}

/* Makes the groups of `path` up to and, where `whole`, with its last name. They are made one by
 * one, since libhdf5 would not track the order in groups that it makes on the way. */
static lac_status make_groups(const lac_hdf5 *f, const char *path, bool whole) {
    LAC_TRY(lac__hdf5_check_path(f, path));
    char prefix[PATH_MAX];
    const size_t length = strlen(path);
    for (size_t i = 1; i <= length; i++) {
        if ((path[i] != '/' && path[i] != '\0') || path[i - 1] == '/') continue;
        if (path[i] == '\0' && !whole) break;
        memcpy(prefix, path, i);
        prefix[i] = '\0';
        LAC_TRY(make_group(f, prefix));
    }
    return LAC_OK;
}

lac_status lac__hdf5_make_group(lac_hdf5 *f, const char *path) {
    LAC_TRY(lac__hdf5_check(f, true));
    lac__hdf5_lock();
    const lac_status status = make_groups(f, path, true);
    lac__hdf5_unlock();
    return status;
}

/* Whole rows, about a megabyte. */
static void choose_chunk(const lac_tensor_desc *desc, hsize_t chunk[8]) {
    int64_t bytes = (int64_t)lac__host->dtype_size(desc->dtype);
    for (int i = 0; i < desc->ndim; i++) {
        chunk[i] = (hsize_t)desc->shape[i];
        bytes *= desc->shape[i];
    }
    for (int i = 0; i < desc->ndim && bytes > CHUNK_BYTES; i++) {
        const int64_t row = bytes / desc->shape[i];
        chunk[i] = (hsize_t)lac__max(1, lac__min(desc->shape[i], CHUNK_BYTES / row));
        bytes = row * (int64_t)chunk[i];
    }
}

static hid_t dataset_list(const lac_tensor_desc *desc, int64_t count, int32_t compress) {
    const hid_t list = creation_list(H5P_DATASET_CREATE);
    if (compress == 0 || count == 0 || desc->ndim == 0 || list < 0) return list;
    hsize_t chunk[8];
    choose_chunk(desc, chunk);
    (void)H5Pset_chunk(list, desc->ndim, chunk);
    (void)H5Pset_shuffle(list);
    (void)H5Pset_deflate(list, (unsigned)compress);
    return list;
}

static lac_status write_dataset(const lac_hdf5 *f, const char *path, const lac_tensor_desc *desc,
                                const void *data, int32_t compress) {
    LAC_TRY(make_groups(f, path, false));
    if (H5Lexists(f->file, path, f->access) > 0)
        return lac__fail(LAC_ERR_ARGUMENT, "hdf5: %.400s: %.200s: exists already", f->path, path);
    hsize_t dims[8];
    int64_t count = 1;
    for (int i = 0; i < desc->ndim; i++) {
        dims[i] = (hsize_t)desc->shape[i];
        count *= desc->shape[i];
    }
    const hid_t type = lac__hdf5_write_type(desc->dtype);
    const hid_t space =
        desc->ndim == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(desc->ndim, dims, NULL);
    const hid_t list = dataset_list(desc, count, compress);
    const hid_t id = H5Dcreate2(f->file, path, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
    lac_status status = LAC_OK;
    if (id < 0)
        status = lac__hdf5_fail(f, LAC_ERR_IO, path, "the dataset cannot be made");
    else if (count > 0 && H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
        status = lac__hdf5_fail(f, LAC_ERR_IO, path, "cannot be written");
    lac__hdf5_close_id(id);
    lac__hdf5_close_id(list);
    lac__hdf5_close_id(space);
    lac__hdf5_close_id(type);
    return status;
}

lac_status lac__hdf5_write(lac_context *ctx, lac_hdf5 *f, const char *path, lac_tensor *t,
                           int32_t compress) {
    LAC_TRY(lac__hdf5_check(f, true));
    if (t == NULL) return lac__fail(LAC_ERR_ARGUMENT, "hdf5: write: the tensor is NULL");
    if (compress < 0 || compress > 9)
        return lac__fail(LAC_ERR_ARGUMENT, "hdf5: write: compress = %d, expected 0 to 9", compress);
    lac_tensor *readable = NULL;
    LAC_TRY(lac__host->tensor_readable(ctx, t, -1, &readable));
    lac_tensor_desc desc;
    lac__host->tensor_describe(readable, &desc);
    lac__hdf5_lock();
    const lac_status status =
        write_dataset(f, path, &desc, lac__host->tensor_memory(readable), compress);
    lac__hdf5_unlock();
    lac__drop(readable);
    return status;
}
