/*
 * points.h - the readers behind lac_points_read, one a format; each gives float32 [N,C].
 */
#ifndef LAC_IO_POINTS_H
#define LAC_IO_POINTS_H

#include "io/columns.h"
#include "io/file.h"

/** `op` of every message of the readers. */
#define LAC__READ_POINTS "read_points"

lac_status lac__bin_read(lac_context *ctx, const char *path, int32_t columns, lac_dtype dtype,
                         lac_tensor **out);
lac_status lac__pcd_read(lac_context *ctx, const char *path, const lac__file *file,
                         lac_tensor **out);
lac_status lac__ply_read(lac_context *ctx, const char *path, const lac__file *file,
                         lac_tensor **out);

/** Size of the records of points that a file's text can hold at most, so that lying counts are seen
 *  before memory is taken: every value takes two bytes, but the last. */
static inline bool lac__text_can_hold(size_t bytes, int64_t points, int64_t values) {
    int64_t total = 0;
    return lac__mul_size(points, values, &total) && total <= ((int64_t)bytes + 1) / 2;
}

#endif
