/*
 * hdf5_read.c - datasets to tensors. What a dataset claims to hold is compared with what the file
 * stores before memory is taken.
 */
#include "io/hdf5_type.h"

#include <string.h>

enum {
    DEFLATE_RATIO = 1032, /* zlib's most: 258 bytes from two bits */
    UNWRITTEN_BYTES =
        1 << 20 /* of datasets that were declared and never written, which read as zeros */
};

typedef struct dataset {
    hid_t id, type, space;
    lac__hdf5_type how;
    lac_tensor_desc desc;
    int64_t count; /* of elements */
} dataset;

static void close_dataset(dataset *d) {
    lac__hdf5_close_id(d->how.memory);
    lac__hdf5_close_id(d->space);
    lac__hdf5_close_id(d->type);
    lac__hdf5_close_id(d->id);
}

static lac_status find_shape(const lac_hdf5 *f, const char *path, dataset *d) {
    d->desc.size = sizeof d->desc;
    d->desc.dtype = d->how.dtype;
    hsize_t dims[H5S_MAX_RANK];
    const H5S_class_t class = H5Sget_simple_extent_type(d->space);
    int rank = class == H5S_SIMPLE ? H5Sget_simple_extent_dims(d->space, dims, NULL) : 0;
    if (class == H5S_NULL) dims[rank++] = 0;
    const int limit = d->how.text_length > 0 ? 7 : 8;
    if (rank < 0 || rank > limit)
        return lac__fail(LAC_ERR_FORMAT,
                         "hdf5: %.400s: %.200s: shape: %d dimensions, expected at most %d", f->path,
                         path, rank, limit);
    if (d->how.text_length > 0) dims[rank++] = (hsize_t)d->how.text_length;
    d->desc.ndim = rank;
    /* Also an empty tensor has strides, which must not overflow. */
    int64_t step = (int64_t)lac__host->dtype_size(d->how.dtype);
    d->count = 1;
    for (int i = rank - 1; i >= 0; i--) {
        d->desc.shape[i] = (int64_t)dims[i];
        d->desc.stride[i] = step / (int64_t)lac__host->dtype_size(d->how.dtype);
        d->count *= d->desc.shape[i] > 0 ? 1 : 0;
        if (!lac__mul_size(step, lac__max(d->desc.shape[i], 1), &step) || d->desc.shape[i] < 0)
            return lac__fail(LAC_ERR_FORMAT, "hdf5: %.400s: %.200s: shape: more than 2^63 bytes",
                             f->path, path);
    }
    d->count *= step / (int64_t)lac__host->dtype_size(d->how.dtype);
    return LAC_OK;
}

static lac_status open_dataset(const lac_hdf5 *f, const char *path, dataset *d) {
    *d = (dataset){.id = -1, .type = -1, .space = -1, .how = {.memory = -1}};
    LAC_TRY(lac__hdf5_object(f, path, &d->id));
    if (H5Iget_type(d->id) != H5I_DATASET)
        return lac__fail(LAC_ERR_ARGUMENT, "hdf5: %.400s: %.200s: is no dataset", f->path, path);
    d->type = H5Dget_type(d->id);
    if (d->type < 0) return lac__hdf5_fail(f, LAC_ERR_FORMAT, path, "dtype: cannot be read");
    d->space = H5Dget_space(d->id);
    if (d->space < 0) return lac__hdf5_fail(f, LAC_ERR_FORMAT, path, "shape: cannot be read");
    LAC_TRY(lac__hdf5_read_type(f, path, d->id, d->type, &d->how));
    return find_shape(f, path, d);
}

/* Deflate at most once, and the filters that keep the size. Others would be looked for among
 * plugins, and nobody can tell how far they blow up. */
static lac_status check_filters(const lac_hdf5 *f, const char *path, hid_t list, int64_t *ratio) {
    *ratio = 1;
    const int count = H5Pget_nfilters(list);
    for (int i = 0; i < count; i++) {
        unsigned flags = 0, values = 0;
        size_t used = 0;
        const H5Z_filter_t filter =
            H5Pget_filter2(list, (unsigned)i, &flags, &used, NULL, 0, NULL, &values);
        const bool deflate = filter == H5Z_FILTER_DEFLATE;
        if ((!deflate && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32) ||
            (deflate && *ratio > 1))
            return lac__fail(LAC_ERR_UNSUPPORTED,
                             "hdf5: %.400s: %.200s: filter %d, expected deflate, shuffle or "
                             "fletcher32, each once: rewrite it with h5repack",
                             f->path, path, (int)filter);
        if (deflate) *ratio = DEFLATE_RATIO;
    }
    return LAC_OK;
}

/* Elements of a chunk x the size of one in the file. */
static int64_t chunk_bytes(const dataset *d, hid_t list) {
    hsize_t dims[H5S_MAX_RANK];
    const int rank = H5Pget_chunk(list, H5S_MAX_RANK, dims);
    int64_t bytes = (int64_t)H5Tget_size(d->type);
    for (int i = 0; i < rank; i++)
        if (!lac__mul_size(bytes, (int64_t)dims[i], &bytes)) return INT64_MAX;
    return bytes;
}

static lac_status check_stored(const lac_hdf5 *f, const char *path, const dataset *d, hid_t list) {
    int64_t stored = 0, ratio = 1, needed = 0;
    if (!lac__mul_size(d->count, (int64_t)(d->how.text_length > 0 ? 1 : H5Tget_size(d->type)),
                       &needed))
        needed = INT64_MAX;
    switch (H5Pget_layout(list)) {
    case H5D_COMPACT: stored = (int64_t)H5Dget_storage_size(d->id); break;
    case H5D_CONTIGUOUS: {
        if (H5Pget_external_count(list) > 0)
            return lac__fail(LAC_ERR_UNSUPPORTED,
                             "hdf5: %.400s: %.200s: its data are in another file", f->path, path);
        const haddr_t offset = H5Dget_offset(d->id);
        if (offset != HADDR_UNDEF && offset <= (haddr_t)f->size) stored = f->size - (int64_t)offset;
        break;
    }
    case H5D_CHUNKED:
        LAC_TRY(check_filters(f, path, list, &ratio));
        stored = (int64_t)H5Dget_storage_size(d->id);
        needed = lac__max(needed, chunk_bytes(d, list));
        break;
    default:
        return lac__fail(LAC_ERR_UNSUPPORTED, "hdf5: %.400s: %.200s: a virtual dataset", f->path,
                         path);
    }
    if (stored < 0 || stored > f->size)
        return lac__fail(LAC_ERR_FORMAT, "hdf5: %.400s: %.200s: storage: larger than the file",
                         f->path, path);
    if (needed > UNWRITTEN_BYTES && needed / ratio > stored)
        return lac__fail(LAC_ERR_FORMAT,
                         "hdf5: %.400s: %.200s: shape: %lld bytes, but the file stores %lld",
                         f->path, path, (long long)needed, (long long)stored);
    return LAC_OK;
}

static lac_status check_storage(const lac_hdf5 *f, const char *path, const dataset *d) {
    if (d->count == 0 || f->target != NULL) return LAC_OK; /* what we wrote ourselves is true */
    const hid_t list = H5Dget_create_plist(d->id);
    if (list < 0) return lac__hdf5_fail(f, LAC_ERR_FORMAT, path, "storage: cannot be read");
    const lac_status status = check_stored(f, path, d, list);
    lac__hdf5_close_id(list);
    return status;
}

/* What HDF5 does not do on the way. */
static lac_status finish(const lac_hdf5 *f, const char *path, const dataset *d, void *data) {
    if (d->how.swap16) {
        uint16_t *halves = data;
        for (int64_t i = 0; i < d->count; i++)
            halves[i] = (uint16_t)(halves[i] << 8 | halves[i] >> 8);
    }
    const int64_t *values = data;
    for (int64_t i = 0; d->how.is_uint64 && i < d->count; i++)
        if (values[i] < 0)
            return lac__fail(LAC_ERR_RANGE, "hdf5: %.400s: %.200s: element %lld does not fit int64",
                             f->path, path, (long long)i);
    return LAC_OK;
}

static lac_status read_elements(lac_context *ctx, const lac_hdf5 *f, const char *path,
                                const dataset *d, lac_tensor **out) {
    lac_tensor *result = NULL;
    LAC_TRY(lac__host->tensor_new(ctx, d->desc.dtype, d->desc.ndim, d->desc.shape, &result));
    void *data = lac__host->tensor_memory(result);
    lac_status status = LAC_OK;
    if (d->count > 0) {
        if (H5Dread(d->id, d->how.memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
            status = lac__hdf5_fail(f, LAC_ERR_FORMAT, path, "data: cannot be read");
        else
            status = finish(f, path, d, data);
    }
    if (status != LAC_OK) {
        lac__drop(result);
        return status;
    }
    *out = result;
    return LAC_OK;
}

lac_status lac__hdf5_read(lac_context *ctx, lac_hdf5 *f, const char *path, lac_tensor **out) {
    LAC_TRY(lac__hdf5_check(f, false));
    lac__hdf5_lock();
    dataset d;
    lac_status status = open_dataset(f, path, &d);
    if (status == LAC_OK) status = check_storage(f, path, &d);
    if (status == LAC_OK) status = read_elements(ctx, f, path, &d, out);
    close_dataset(&d);
    lac__hdf5_unlock();
    return status;
}

lac_status lac__hdf5_describe(lac_hdf5 *f, const char *path, lac_tensor_desc *desc,
                              uint64_t *stored) {
    LAC_TRY(lac__hdf5_check(f, false));
    lac__hdf5_lock();
    dataset d;
    const lac_status status = open_dataset(f, path, &d);
    if (status == LAC_OK) {
        *desc = d.desc;
        if (stored != NULL) *stored = H5Dget_storage_size(d.id);
    }
    close_dataset(&d);
    lac__hdf5_unlock();
    return status;
}
