/*
 * hdf5_list.c - what is where, and the names in a group.
 */
#include "io/hdf5_file.h"

enum { NOTHING = 0, GROUP = 1, DATASET = 2 };

static lac_status find_kind(lac_hdf5 *f, const char *path, int32_t *kind) {
    hid_t object = -1;
    LAC_TRY(lac__hdf5_find(f, path, &object));
    const H5I_type_t type = object >= 0 ? H5Iget_type(object) : H5I_BADID;
    lac__hdf5_close_id(object);
    *kind = type == H5I_GROUP ? GROUP : type == H5I_DATASET ? DATASET : NOTHING;
    return LAC_OK;
}

lac_status lac__hdf5_kind(lac_hdf5 *f, const char *path, int32_t *kind) {
    LAC_TRY(lac__hdf5_check(f, false));
    lac__hdf5_lock();
    const lac_status status = find_kind(f, path, kind);
    lac__hdf5_unlock();
    return status;
}

static lac_status open_group(lac_hdf5 *f, const char *path, hid_t *group) {
    LAC_TRY(lac__hdf5_object(f, path, group));
    if (H5Iget_type(*group) == H5I_GROUP) return LAC_OK;
    lac__hdf5_close_id(*group);
    *group = -1;
    return lac__fail(LAC_ERR_ARGUMENT, "hdf5: %.400s: %.200s: is no group", f->path, path);
}

static lac_status count_links(lac_hdf5 *f, const char *path, int64_t *count) {
    hid_t group = -1;
    LAC_TRY(open_group(f, path, &group));
    H5G_info_t info;
    lac_status status = LAC_OK;
    if (H5Gget_info(group, &info) < 0)
        status = lac__hdf5_fail(f, LAC_ERR_FORMAT, path, "the group cannot be read");
    else
        *count = (int64_t)info.nlinks;
    lac__hdf5_close_id(group);
    return status;
}

lac_status lac__hdf5_count(lac_hdf5 *f, const char *path, int64_t *count) {
    LAC_TRY(lac__hdf5_check(f, false));
    lac__hdf5_lock();
    const lac_status status = count_links(f, path, count);
    lac__hdf5_unlock();
    return status;
}

/* Creation order where the file keeps it. */
static H5_index_t order_of(hid_t group) {
    unsigned flags = 0;
    const hid_t list = H5Gget_create_plist(group);
    if (list >= 0) (void)H5Pget_link_creation_order(list, &flags);
    lac__hdf5_close_id(list);
    return (flags & H5P_CRT_ORDER_TRACKED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
}

static lac_status link_name(lac_hdf5 *f, const char *path, int64_t i, char *name, size_t capacity) {
    hid_t group = -1;
    LAC_TRY(open_group(f, path, &group));
    lac_status status = LAC_OK;
    const ssize_t length = i < 0 ? -1
                                 : H5Lget_name_by_idx(group, ".", order_of(group), H5_ITER_INC,
                                                      (hsize_t)i, name, capacity, H5P_DEFAULT);
    if (length < 0)
        status = lac__hdf5_fail(f, LAC_ERR_RANGE, path, "the group has no entry of that number");
    else if ((size_t)length >= capacity)
        status = lac__fail(LAC_ERR_RANGE,
                           "hdf5: %.400s: %.200s: a name of %zd bytes, expected less than %zu",
                           f->path, path, length, capacity);
    lac__hdf5_close_id(group);
    return status;
}

lac_status lac__hdf5_name(lac_hdf5 *f, const char *path, int64_t i, char *name, size_t capacity) {
    LAC_TRY(lac__hdf5_check(f, false));
    lac__hdf5_lock();
    const lac_status status = link_name(f, path, i, name, capacity);
    lac__hdf5_unlock();
    return status;
}
