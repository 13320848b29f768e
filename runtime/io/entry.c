/*
 * entry.c - the one symbol of liblacuna_io: host services in, functions out.
 */
#include "io/host.h"
#include "io/io.h"

static const lac__io table = {
    .version = LAC__IO_VERSION,
    .points_read = lac__points_read,
    .labels_read = lac__labels_read,
    .labels_write = lac__labels_write,
    .ply_write = lac__ply_write,
    .png_write = lac__png_write,
    .birds_eye = lac__birds_eye,
    .synthetic_scan = lac__synthetic_scan,
    .hdf5_open = lac__hdf5_open,
    .hdf5_close = lac__hdf5_close,
    .hdf5_release = lac__hdf5_release,
    .hdf5_kind = lac__hdf5_kind,
    .hdf5_count = lac__hdf5_count,
    .hdf5_name = lac__hdf5_name,
    .hdf5_describe = lac__hdf5_describe,
    .hdf5_read = lac__hdf5_read,
    .hdf5_write = lac__hdf5_write,
    .hdf5_make_group = lac__hdf5_make_group,
    .hdf5_attr_read = lac__hdf5_attr_read,
    .hdf5_attr_write = lac__hdf5_attr_write,
    .hdf5_attr_count = lac__hdf5_attr_count,
    .hdf5_attr_name = lac__hdf5_attr_name,
    .file_open = lac__byte_file_open,
    .file_release = lac__byte_file_release,
    .file_size = lac__byte_file_size,
    .file_read = lac__byte_file_read,
    .file_read_tensor = lac__byte_file_read_tensor,
};

lac__io_entry lac_io_plugin __attribute__((visibility("default")));

const lac__io *lac_io_plugin(const lac__io_host *host) {
    if (host == NULL || host->version != LAC__IO_VERSION) return NULL;
    lac__host = host;
    return &table;
}
