/*
 * plugin_io.c - the public file functions: each goes through the table of liblacuna_io.
 */
#include "core/context.h"
#include "core/plugin.h"

#include <stdlib.h>

/* What every function that starts work with a context does first. */
static lac_status begin(lac_context *ctx, const lac__io **io) {
    LAC_TRY(lac__check_interrupt(ctx)); /* asked once: another thread may clear it */
    return lac__plugin_io(io);
}

/* A handle proves that the plugin is open, unless it is NULL. */
static lac_status find(const lac_hdf5 *f, const lac__io **io) {
    if (f == NULL) return lac__fail(LAC_ERR_ARGUMENT, "hdf5: the file is NULL");
    return lac__plugin_io(io);
}

lac_status lac_points_read(lac_context *ctx, const char *path, const lac_points_options *options,
                           lac_tensor **out) {
    LAC_NEED("points_read", ctx, path, out);
    const lac__io *io = NULL;
    LAC_TRY(begin(ctx, &io));
    return io->points_read(ctx, path, options, out);
}

lac_status lac_labels_read(lac_context *ctx, const char *path, lac_tensor **out) {
    LAC_NEED("labels_read", ctx, path, out);
    const lac__io *io = NULL;
    LAC_TRY(begin(ctx, &io));
    return io->labels_read(ctx, path, out);
}

lac_status lac_labels_write(lac_context *ctx, const char *path, lac_tensor *labels) {
    LAC_NEED("labels_write", ctx, path, labels);
    const lac__io *io = NULL;
    LAC_TRY(begin(ctx, &io));
    return io->labels_write(ctx, path, labels);
}

lac_status lac_ply_write(lac_context *ctx, const char *path, lac_tensor *points,
                         lac_tensor *colours, lac_tensor *labels) {
    LAC_NEED("ply_write", ctx, path, points);
    const lac__io *io = NULL;
    LAC_TRY(begin(ctx, &io));
    return io->ply_write(ctx, path, points, colours, labels);
}

lac_status lac_png_write(lac_context *ctx, const char *path, lac_tensor *image) {
    LAC_NEED("png_write", ctx, path, image);
    const lac__io *io = NULL;
    LAC_TRY(begin(ctx, &io));
    return io->png_write(ctx, path, image);
}

lac_status lac_birds_eye(lac_context *ctx, lac_tensor *points, lac_tensor *colours, int32_t pixels,
                         double half_extent, lac_tensor **out) {
    LAC_NEED("birds_eye", ctx, points, out);
    const lac__io *io = NULL;
    LAC_TRY(begin(ctx, &io));
    return io->birds_eye(ctx, points, colours, pixels, half_extent, out);
}

lac_status lac_synthetic_scan(lac_context *ctx, const lac_scan_options *options,
                              lac_tensor **points, lac_tensor **labels) {
    LAC_NEED("synthetic_scan", ctx, points, labels);
    const lac__io *io = NULL;
    LAC_TRY(begin(ctx, &io));
    return io->synthetic_scan(ctx, options, points, labels);
}

lac_status lac_hdf5_open(lac_context *ctx, const char *path, const char *mode, lac_hdf5 **out) {
    LAC_NEED("hdf5_open", ctx, path, mode, out);
    const lac__io *io = NULL;
    LAC_TRY(begin(ctx, &io));
    return io->hdf5_open(ctx, path, mode, out);
}

lac_status lac_hdf5_close(lac_hdf5 *f) {
    LAC_NEED("hdf5_close", f);
    const lac__io *io = NULL;
    LAC_TRY(find(f, &io));
    return io->hdf5_close(f);
}

void lac_hdf5_release(lac_hdf5 *f) {
    const lac__io *io = NULL;
    if (f != NULL && lac__plugin_io(&io) == LAC_OK) io->hdf5_release(f);
}

lac_status lac_hdf5_kind(lac_hdf5 *f, const char *path, int32_t *kind) {
    LAC_NEED("hdf5_kind", f, path, kind);
    const lac__io *io = NULL;
    LAC_TRY(find(f, &io));
    return io->hdf5_kind(f, path, kind);
}

lac_status lac_hdf5_count(lac_hdf5 *f, const char *path, int64_t *count) {
    LAC_NEED("hdf5_count", f, path, count);
    const lac__io *io = NULL;
    LAC_TRY(find(f, &io));
    return io->hdf5_count(f, path, count);
}

lac_status lac_hdf5_name(lac_hdf5 *f, const char *path, int64_t i, char *name, size_t capacity) {
    LAC_NEED("hdf5_name", f, path, name);
    const lac__io *io = NULL;
    LAC_TRY(find(f, &io));
    return io->hdf5_name(f, path, i, name, capacity);
}

lac_status lac_hdf5_describe(lac_hdf5 *f, const char *path, lac_tensor_desc *desc,
                             uint64_t *stored) {
    LAC_NEED("hdf5_describe", f, path, desc, stored);
    const lac__io *io = NULL;
    LAC_TRY(find(f, &io));
    return io->hdf5_describe(f, path, desc, stored);
}

lac_status lac_hdf5_read(lac_context *ctx, lac_hdf5 *f, const char *path, lac_tensor **out) {
    LAC_NEED("hdf5_read", ctx, f, path, out);
    const lac__io *io = NULL;
    LAC_TRY(begin(ctx, &io));
    LAC_TRY(find(f, &io));
    return io->hdf5_read(ctx, f, path, out);
}

lac_status lac_hdf5_write(lac_context *ctx, lac_hdf5 *f, const char *path, lac_tensor *t,
                          int32_t compress) {
    LAC_NEED("hdf5_write", ctx, f, path, t);
    const lac__io *io = NULL;
    LAC_TRY(begin(ctx, &io));
    LAC_TRY(find(f, &io));
    return io->hdf5_write(ctx, f, path, t, compress);
}

lac_status lac_hdf5_make_group(lac_hdf5 *f, const char *path) {
    LAC_NEED("hdf5_make_group", f, path);
    const lac__io *io = NULL;
    LAC_TRY(find(f, &io));
    return io->hdf5_make_group(f, path);
}

lac_status lac_hdf5_attr_read(lac_context *ctx, lac_hdf5 *f, const char *path, const char *name,
                              char **text, lac_tensor **value) {
    LAC_NEED("hdf5_attr_read", ctx, f, path, name, text, value);
    const lac__io *io = NULL;
    LAC_TRY(begin(ctx, &io));
    LAC_TRY(find(f, &io));
    return io->hdf5_attr_read(ctx, f, path, name, text, value);
}

lac_status lac_hdf5_attr_write(lac_context *ctx, lac_hdf5 *f, const char *path, const char *name,
                               const char *text, lac_tensor *value) {
    LAC_NEED("hdf5_attr_write", ctx, f, path, name);
    const lac__io *io = NULL;
    LAC_TRY(begin(ctx, &io));
    LAC_TRY(find(f, &io));
    return io->hdf5_attr_write(ctx, f, path, name, text, value);
}

lac_status lac_hdf5_attr_count(lac_hdf5 *f, const char *path, int64_t *count) {
    LAC_NEED("hdf5_attr_count", f, path, count);
    const lac__io *io = NULL;
    LAC_TRY(find(f, &io));
    return io->hdf5_attr_count(f, path, count);
}

lac_status lac_hdf5_attr_name(lac_hdf5 *f, const char *path, int64_t i, char *name,
                              size_t capacity) {
    LAC_NEED("hdf5_attr_name", f, path, name);
    const lac__io *io = NULL;
    LAC_TRY(find(f, &io));
    return io->hdf5_attr_name(f, path, i, name, capacity);
}

void lac_text_free(char *text) {
    free(text);
}

/* As `find`, for a file of lac_file_open. */
static lac_status find_file(const lac_file *f, const lac__io **io) {
    if (f == NULL) return lac__fail(LAC_ERR_ARGUMENT, "file: the file is NULL");
    return lac__plugin_io(io);
}

lac_status lac_file_open(lac_context *ctx, const char *op, const char *path, lac_file **out) {
    LAC_NEED("file_open", ctx, path, out);
    const lac__io *io = NULL;
    LAC_TRY(begin(ctx, &io));
    return io->file_open(ctx, op, path, out);
}

void lac_file_release(lac_file *f) {
    const lac__io *io = NULL;
    if (f != NULL && lac__plugin_io(&io) == LAC_OK) io->file_release(f);
}

lac_status lac_file_size(const lac_file *f, int64_t *size) {
    LAC_NEED("file_size", f, size);
    const lac__io *io = NULL;
    LAC_TRY(find_file(f, &io));
    return io->file_size(f, size);
}

lac_status lac_file_read(const lac_file *f, int64_t offset, void *data, int64_t bytes) {
    LAC_NEED("file_read", f);
    const lac__io *io = NULL;
    LAC_TRY(find_file(f, &io));
    return io->file_read(f, offset, data, bytes);
}

lac_status lac_file_read_tensor(lac_context *ctx, const lac_file *f, const lac_stored *stored,
                                lac_tensor *loaded, lac_tensor **out) {
    LAC_NEED("file_read_tensor", ctx, f, stored, out);
    const lac__io *io = NULL;
    LAC_TRY(begin(ctx, &io));
    LAC_TRY(find_file(f, &io));
    return io->file_read_tensor(ctx, f, stored, loaded, out);
}
