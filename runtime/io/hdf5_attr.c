/*
 * hdf5_attr.c - attributes: texts, numbers and lists of numbers.
 */
#include "io/hdf5_type.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_VALUES = 1 << 20 };

typedef struct attribute {
    hid_t object, id, type, space;
    int64_t count; /* 0 for an empty dataspace */
    int rank;
} attribute;

static void close_attribute(attribute *a) {
    lac__hdf5_close_id(a->space);
    lac__hdf5_close_id(a->type);
    lac__hdf5_close_id(a->id);
    lac__hdf5_close_id(a->object);
}

static lac_status fail(const lac_hdf5 *f, const char *path, const char *name, const char *what) {
    char object[256];
    (void)snprintf(object, sizeof object, "%.120s: attribute %.100s", path, name);
    return lac__hdf5_fail(f, LAC_ERR_FORMAT, object, what);
}

/* Leaves a->id at -1 when there is no attribute of that name. */
static lac_status open_attribute(const lac_hdf5 *f, const char *path, const char *name,
                                 attribute *a) {
    *a = (attribute){.object = -1, .id = -1, .type = -1, .space = -1};
    if (name == NULL || name[0] == '\0')
        return lac__fail(LAC_ERR_ARGUMENT, "hdf5: %.400s: an attribute without a name", f->path);
    LAC_TRY(lac__hdf5_object(f, path, &a->object));
    const htri_t exists = H5Aexists(a->object, name);
    if (exists < 0) return fail(f, path, name, "cannot be looked for");
    if (exists == 0) return LAC_OK;
    a->id = H5Aopen(a->object, name, H5P_DEFAULT);
    if (a->id < 0) return fail(f, path, name, "cannot be opened");
    a->type = H5Aget_type(a->id);
    if (a->type < 0) return fail(f, path, name, "dtype: cannot be read");
    a->space = H5Aget_space(a->id);
    if (a->space < 0) return fail(f, path, name, "shape: cannot be read");
    a->count = H5Sget_simple_extent_type(a->space) == H5S_NULL
                   ? 0
                   : H5Sget_simple_extent_npoints(a->space);
    a->rank = H5Sget_simple_extent_type(a->space) == H5S_SIMPLE
                  ? H5Sget_simple_extent_ndims(a->space)
                  : 0;
    return LAC_OK;
}

static char *copy_text(const char *text, size_t length) {
    char *copy = malloc(length + 1);
    if (copy == NULL) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static lac_status read_variable_text(const lac_hdf5 *f, const char *path, const char *name,
                                     const attribute *a, char **out) {
    char *text = NULL;
    if (H5Aread(a->id, a->type, &text) < 0) return fail(f, path, name, "cannot be read");
    *out = copy_text(text != NULL ? text : "", text != NULL ? strlen(text) : 0);
    (void)H5Dvlen_reclaim(a->type, a->space, H5P_DEFAULT, &text);
    return *out != NULL ? LAC_OK : lac__fail(LAC_ERR_OOM, "hdf5: out of memory");
}

static lac_status read_fixed_text(const lac_hdf5 *f, const char *path, const char *name,
                                  const attribute *a, char **out) {
    const size_t size = H5Tget_size(a->type);
    if (f->target == NULL && (int64_t)size > f->size)
        return fail(f, path, name, "is longer than the file");
    char *text = calloc(size + 1, 1);
    if (text == NULL) return lac__fail(LAC_ERR_OOM, "hdf5: out of memory");
    if (H5Aread(a->id, a->type, text) < 0) {
        const lac_status status = fail(f, path, name, "cannot be read");
        free(text);
        return status;
    }
    size_t length = strlen(text);
    if (H5Tget_strpad(a->type) == H5T_STR_SPACEPAD)
        while (length > 0 && text[length - 1] == ' ') length--;
    text[length] = '\0';
    *out = text;
    return LAC_OK;
}

static lac_status read_text(const lac_hdf5 *f, const char *path, const char *name,
                            const attribute *a, char **out) {
    if (a->count > 1) return fail(f, path, name, "a list of texts, expected one text or numbers");
    if (a->count < 1) {
        *out = copy_text("", 0);
        return *out != NULL ? LAC_OK : lac__fail(LAC_ERR_OOM, "hdf5: out of memory");
    }
    return H5Tis_variable_str(a->type) > 0 ? read_variable_text(f, path, name, a, out)
                                           : read_fixed_text(f, path, name, a, out);
}

/* Any shape, flattened; a scalar stays one. */
static lac_status read_numbers(lac_context *ctx, const lac_hdf5 *f, const char *path,
                               const char *name, const attribute *a, lac_tensor **out) {
    lac__hdf5_type how;
    LAC_TRY(lac__hdf5_read_type(f, path, a->object, a->type, &how));
    lac__hdf5_close_id(how.memory);
    if (a->count < 0 || a->count > MOST_VALUES)
        return fail(f, path, name, "shape: more than 2^20 values");
    const bool real = how.dtype <= LAC_DTYPE_F64;
    const bool scalar = a->rank == 0 && a->count == 1;
    lac_tensor *result = NULL;
    LAC_TRY(lac__host->tensor_new(ctx, real ? LAC_DTYPE_F64 : LAC_DTYPE_I64, scalar ? 0 : 1,
                                  &a->count, &result));
    const hid_t memory = real ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64;
    if (a->count > 0 && H5Aread(a->id, memory, lac__host->tensor_memory(result)) < 0) {
        const lac_status status = fail(f, path, name, "cannot be read");
        lac__drop(result);
        return status;
    }
    *out = result;
    return LAC_OK;
}

lac_status lac__hdf5_attr_read(lac_context *ctx, lac_hdf5 *f, const char *path, const char *name,
                               char **text, lac_tensor **value) {
    LAC_TRY(lac__hdf5_check(f, false));
    char *found_text = NULL;
    lac_tensor *found_value = NULL;
    attribute a;
    lac__hdf5_lock();
    lac_status status = open_attribute(f, path, name, &a);
    if (status == LAC_OK && a.id >= 0)
        status = H5Tget_class(a.type) == H5T_STRING
                     ? read_text(f, path, name, &a, &found_text)
                     : read_numbers(ctx, f, path, name, &a, &found_value);
    close_attribute(&a);
    lac__hdf5_unlock();
    if (status != LAC_OK) return status;
    *text = found_text;
    *value = found_value;
    return LAC_OK;
}

/* One value of `type`, in place of an older one of that name. */
static lac_status put(const lac_hdf5 *f, const char *path, const char *name, hid_t type,
                      hid_t space, const void *data, bool any) {
    attribute old;
    lac_status status = open_attribute(f, path, name, &old);
    if (status == LAC_OK) {
        if (old.id >= 0) (void)H5Adelete(old.object, name);
        const hid_t id = H5Acreate2(old.object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
        if (id < 0 || (any && H5Awrite(id, type, data) < 0))
            status = fail(f, path, name, "cannot be written");
        lac__hdf5_close_id(id);
    }
    close_attribute(&old);
    return status;
}

static lac_status write_text(const lac_hdf5 *f, const char *path, const char *name,
                             const char *text) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    (void)H5Tset_size(type,
                      H5T_VARIABLE); /* what other readers take for a text and not for bytes */
    (void)H5Tset_cset(type, H5T_CSET_UTF8);
    const hid_t space = H5Screate(H5S_SCALAR);
    const lac_status status = put(f, path, name, type, space, &text, true);
    lac__hdf5_close_id(space);
    lac__hdf5_close_id(type);
    return status;
}

static lac_status write_numbers(const lac_hdf5 *f, const char *path, const char *name,
                                lac_tensor *value) {
    lac_tensor_desc desc;
    lac__host->tensor_describe(value, &desc);
    const hsize_t count = desc.ndim == 0 ? 1 : (hsize_t)desc.shape[0];
    const hid_t space = desc.ndim == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, NULL);
    const hid_t type = lac__hdf5_write_type(desc.dtype);
    const lac_status status =
        put(f, path, name, type, space, lac__host->tensor_memory(value), count > 0);
    lac__hdf5_close_id(type);
    lac__hdf5_close_id(space);
    return status;
}

lac_status lac__hdf5_attr_write(lac_context *ctx, lac_hdf5 *f, const char *path, const char *name,
                                const char *text, lac_tensor *value) {
    LAC_TRY(lac__hdf5_check(f, true));
    if ((text == NULL) == (value == NULL))
        return lac__fail(LAC_ERR_ARGUMENT,
                         "hdf5: an attribute is a text or numbers: pass exactly one");
    lac_tensor *readable = NULL;
    if (value != NULL) {
        lac_tensor_desc desc;
        lac__host->tensor_describe(value, &desc);
        if (desc.ndim > 1 || (desc.ndim == 1 && desc.shape[0] > MOST_VALUES))
            return lac__fail(LAC_ERR_SHAPE,
                             "hdf5: attribute %.100s: expected one number or a list of up to 2^20",
                             name != NULL ? name : "");
        const lac_dtype dtype = desc.dtype <= LAC_DTYPE_F64 ? LAC_DTYPE_F64 : LAC_DTYPE_I64;
        LAC_TRY(lac__host->tensor_readable(ctx, value, (int32_t)dtype, &readable));
    }
    lac__hdf5_lock();
    const lac_status status =
        text != NULL ? write_text(f, path, name, text) : write_numbers(f, path, name, readable);
    lac__hdf5_unlock();
    lac__drop(readable);
    return status;
}

/* Creation order where the object keeps it. */
static H5_index_t order_of(hid_t object) {
    unsigned flags = 0;
    const hid_t list = H5Iget_type(object) == H5I_DATASET ? H5Dget_create_plist(object)
                                                          : H5Gget_create_plist(object);
    if (list >= 0) (void)H5Pget_attr_creation_order(list, &flags);
    lac__hdf5_close_id(list);
    return (flags & H5P_CRT_ORDER_TRACKED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
}

static lac_status count_attributes(const lac_hdf5 *f, const char *path, int64_t *count) {
    hid_t object = -1;
    LAC_TRY(lac__hdf5_object(f, path, &object));
    const int found = H5Aget_num_attrs(object);
    const lac_status status =
        found >= 0 ? LAC_OK
                   : lac__hdf5_fail(f, LAC_ERR_FORMAT, path, "its attributes cannot be counted");
    if (found >= 0) *count = found;
    lac__hdf5_close_id(object);
    return status;
}

lac_status lac__hdf5_attr_count(lac_hdf5 *f, const char *path, int64_t *count) {
    LAC_TRY(lac__hdf5_check(f, false));
    lac__hdf5_lock();
    const lac_status status = count_attributes(f, path, count);
    lac__hdf5_unlock();
    return status;
}

static lac_status attribute_name(const lac_hdf5 *f, const char *path, int64_t i, char *name,
                                 size_t capacity) {
    hid_t object = -1;
    LAC_TRY(lac__hdf5_object(f, path, &object));
    lac_status status = LAC_OK;
    const ssize_t length = i < 0 ? -1
                                 : H5Aget_name_by_idx(object, ".", order_of(object), H5_ITER_INC,
                                                      (hsize_t)i, name, capacity, H5P_DEFAULT);
    if (length < 0)
        status = lac__hdf5_fail(f, LAC_ERR_RANGE, path, "there is no attribute of that number");
    else if ((size_t)length >= capacity)
        status = lac__fail(LAC_ERR_RANGE,
                           "hdf5: %.400s: %.200s: an attribute name of %zd bytes, expected less "
                           "than %zu",
                           f->path, path, length, capacity);
    lac__hdf5_close_id(object);
    return status;
}

lac_status lac__hdf5_attr_name(lac_hdf5 *f, const char *path, int64_t i, char *name,
                               size_t capacity) {
    LAC_TRY(lac__hdf5_check(f, false));
    lac__hdf5_lock();
    const lac_status status = attribute_name(f, path, i, name, capacity);
    lac__hdf5_unlock();
    return status;
}
