/*
 * io.h - the functions behind the plugin's table, as lacuna.h describes them.
 */
#ifndef LAC_IO_IO_H
#define LAC_IO_IO_H

#include "lacuna/lacuna.h"

lac_status lac__points_read(lac_context *ctx, const char *path, const lac_points_options *options,
                            lac_tensor **out);
lac_status lac__labels_read(lac_context *ctx, const char *path, lac_tensor **out);
lac_status lac__labels_write(lac_context *ctx, const char *path, lac_tensor *labels);
lac_status lac__ply_write(lac_context *ctx, const char *path, lac_tensor *points,
                          lac_tensor *colours, lac_tensor *labels);
lac_status lac__png_write(lac_context *ctx, const char *path, lac_tensor *image);
lac_status lac__birds_eye(lac_context *ctx, lac_tensor *points, lac_tensor *colours, int32_t pixels,
                          double half_extent, lac_tensor **out);
lac_status lac__synthetic_scan(lac_context *ctx, const lac_scan_options *options,
                               lac_tensor **points, lac_tensor **labels);
lac_status lac__hdf5_open(lac_context *ctx, const char *path, const char *mode, lac_hdf5 **out);
lac_status lac__hdf5_close(lac_hdf5 *f);
void lac__hdf5_release(lac_hdf5 *f);
lac_status lac__hdf5_kind(lac_hdf5 *f, const char *path, int32_t *kind);
lac_status lac__hdf5_count(lac_hdf5 *f, const char *path, int64_t *count);
lac_status lac__hdf5_name(lac_hdf5 *f, const char *path, int64_t i, char *name, size_t capacity);
lac_status lac__hdf5_describe(lac_hdf5 *f, const char *path, lac_tensor_desc *desc,
                              uint64_t *stored);
lac_status lac__hdf5_read(lac_context *ctx, lac_hdf5 *f, const char *path, lac_tensor **out);
lac_status lac__hdf5_write(lac_context *ctx, lac_hdf5 *f, const char *path, lac_tensor *t,
                           int32_t compress);
lac_status lac__hdf5_make_group(lac_hdf5 *f, const char *path);
lac_status lac__hdf5_attr_read(lac_context *ctx, lac_hdf5 *f, const char *path, const char *name,
                               char **text, lac_tensor **value);
lac_status lac__hdf5_attr_write(lac_context *ctx, lac_hdf5 *f, const char *path, const char *name,
                                const char *text, lac_tensor *value);
lac_status lac__hdf5_attr_count(lac_hdf5 *f, const char *path, int64_t *count);
lac_status lac__hdf5_attr_name(lac_hdf5 *f, const char *path, int64_t i, char *name,
                               size_t capacity);
lac_status lac__byte_file_open(lac_context *ctx, const char *op, const char *path, lac_file **out);
void lac__byte_file_release(lac_file *f);
lac_status lac__byte_file_size(const lac_file *f, int64_t *size);
lac_status lac__byte_file_read(const lac_file *f, int64_t offset, void *data, int64_t bytes);
lac_status lac__byte_file_read_tensor(lac_context *ctx, const lac_file *f, const lac_stored *s,
                                      lac_tensor *loaded, lac_tensor **out);

#endif
