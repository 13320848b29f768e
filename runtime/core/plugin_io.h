/*
 * plugin_io.h - what liblacuna and liblacuna_io know of each other. Both include this and nothing
 * else of one another's; the version changes with either table.
 */
#ifndef LAC_CORE_PLUGIN_IO_H
#define LAC_CORE_PLUGIN_IO_H

#include "core/pool.h"

#include <stdarg.h>

enum { LAC__IO_VERSION = 2 };

/** Services of liblacuna for the plugin. */
typedef struct lac__io_host {
    uint32_t version;
    lac_status (*vfail)(lac_status status, const char *format, va_list args);
    void (*log)(lac_context *ctx, lac_log_level level, const char *text);
    void (*context_retain)(lac_context *ctx);
    void (*context_release)(lac_context *ctx);
    int32_t (*threads)(const lac_context *ctx);
    void *(*object_alloc)(lac_context *ctx, size_t bytes);
    void (*object_free)(lac_context *ctx, void *object, size_t bytes);
    lac_status (*buffer_alloc)(lac_context *ctx, size_t bytes, lac__block *out);
    void (*buffer_free)(lac_context *ctx, lac__block *block);
    size_t (*dtype_size)(lac_dtype dtype);
    const char *(*dtype_name)(lac_dtype dtype);
    lac_status (*tensor_new)(lac_context *ctx, lac_dtype dtype, int32_t ndim, const int64_t *shape,
                             lac_tensor **out);
    void (*tensor_release)(lac_tensor *t);
    void (*tensor_describe)(const lac_tensor *t, lac_tensor_desc *out);
    /** First element of a tensor of tensor_new, or of a computed one. Does not count as exposed. */
    void *(*tensor_memory)(const lac_tensor *t);
    /** Computed, contiguous and on the CPU: `t` retained, or a copy; in `dtype` unless that is negative. */
    lac_status (*tensor_readable)(lac_context *ctx, lac_tensor *t, int32_t dtype, lac_tensor **out);
} lac__io_host;

/** Functions of the plugin, as in lacuna.h without their prefix. */
typedef struct lac__io {
    uint32_t version;
    lac_status (*points_read)(lac_context *ctx, const char *path, const lac_points_options *options,
                              lac_tensor **out);
    lac_status (*labels_read)(lac_context *ctx, const char *path, lac_tensor **out);
    lac_status (*labels_write)(lac_context *ctx, const char *path, lac_tensor *labels);
    lac_status (*ply_write)(lac_context *ctx, const char *path, lac_tensor *points,
                            lac_tensor *colours, lac_tensor *labels);
    lac_status (*png_write)(lac_context *ctx, const char *path, lac_tensor *image);
    lac_status (*birds_eye)(lac_context *ctx, lac_tensor *points, lac_tensor *colours,
                            int32_t pixels, double half_extent, lac_tensor **out);
    lac_status (*synthetic_scan)(lac_context *ctx, const lac_scan_options *options,
                                 lac_tensor **points, lac_tensor **labels);
    lac_status (*hdf5_open)(lac_context *ctx, const char *path, const char *mode, lac_hdf5 **out);
    lac_status (*hdf5_close)(lac_hdf5 *f);
    void (*hdf5_release)(lac_hdf5 *f);
    lac_status (*hdf5_kind)(lac_hdf5 *f, const char *path, int32_t *kind);
    lac_status (*hdf5_count)(lac_hdf5 *f, const char *path, int64_t *count);
    lac_status (*hdf5_name)(lac_hdf5 *f, const char *path, int64_t i, char *name, size_t capacity);
    lac_status (*hdf5_describe)(lac_hdf5 *f, const char *path, lac_tensor_desc *desc,
                                uint64_t *stored);
    lac_status (*hdf5_read)(lac_context *ctx, lac_hdf5 *f, const char *path, lac_tensor **out);
    lac_status (*hdf5_write)(lac_context *ctx, lac_hdf5 *f, const char *path, lac_tensor *t,
                             int32_t compress);
    lac_status (*hdf5_make_group)(lac_hdf5 *f, const char *path);
    lac_status (*hdf5_attr_read)(lac_context *ctx, lac_hdf5 *f, const char *path, const char *name,
                                 char **text, lac_tensor **value);
    lac_status (*hdf5_attr_write)(lac_context *ctx, lac_hdf5 *f, const char *path, const char *name,
                                  const char *text, lac_tensor *value);
    lac_status (*hdf5_attr_count)(lac_hdf5 *f, const char *path, int64_t *count);
    lac_status (*hdf5_attr_name)(lac_hdf5 *f, const char *path, int64_t i, char *name,
                                 size_t capacity);
    lac_status (*file_open)(lac_context *ctx, const char *op, const char *path, lac_file **out);
    void (*file_release)(lac_file *f);
    lac_status (*file_size)(const lac_file *f, int64_t *size);
    lac_status (*file_read)(const lac_file *f, int64_t offset, void *data, int64_t bytes);
    lac_status (*file_read_tensor)(lac_context *ctx, const lac_file *f, const lac_stored *stored,
                                   lac_tensor *loaded, lac_tensor **out);
} lac__io;

/** Entry point of liblacuna_io: NULL where the host's version is another one. `host` must stay. */
typedef const lac__io *lac__io_entry(const lac__io_host *host);
#define LAC__IO_ENTRY "lac_io_plugin"

#endif
