/*
 * bin.c - headerless little-endian points, float32 or float16, as KITTI and nuScenes store them.
 *
 * Nothing in such a file says how many columns a point has. Where the caller does not say, and
 * exactly one of the usual counts divides the size, that is taken and logged; otherwise it is an
 * error, since a wrong guess gives points that look like a scan of noise.
 */
#include "io/points.h"

#include "core/half.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FEWEST = 3, MOST = 6 };

static lac_status guess_columns(const char *path, int64_t size, lac_dtype dtype, int32_t *columns) {
    const int64_t item = (int64_t)lac__host->dtype_size(dtype);
    const char *name = lac__host->dtype_name(dtype);
    if (size == 0)
        return lac__fail(LAC_ERR_FORMAT,
                         "read_points: %s: is empty, so it does not show its column count: "
                         "pass columns=",
                         path);
    char fitting[32] = "";
    size_t used = 0;
    int count = 0;
    for (int32_t c = FEWEST; c <= MOST; c++) {
        if (size % (c * item) != 0) continue;
        used += (size_t)snprintf(fitting + used, sizeof fitting - used, "%s%d",
                                 count > 0 ? ", " : "", c);
        *columns = c;
        count++;
    }
    if (count == 0)
        return lac__fail(LAC_ERR_FORMAT,
                         "read_points: %s: %lld bytes are no whole number of points with %d to "
                         "%d %s columns: is it truncated? pass columns= (and dtype=)",
                         path, (long long)size, FEWEST, MOST, name);
    if (count > 1)
        return lac__fail(LAC_ERR_FORMAT,
                         "read_points: %s: %lld bytes fit %s columns of %s: pass columns=", path,
                         (long long)size, fitting, name);
    return LAC_OK;
}

static void log_guess(lac_context *ctx, const char *path, int64_t size, lac_dtype dtype,
                      int32_t columns) {
    char text[200];
    (void)snprintf(text, sizeof text,
                   "read_points: took %d %s columns, which alone fit %lld bytes: %.90s", columns,
                   lac__host->dtype_name(dtype), (long long)size, path);
    lac__host->log(ctx, LAC_LOG_INFO, text);
}

/* Widens halves that lie in the upper half of the memory of the floats, front to back: the float at
 * i ends at byte 4 i + 4, the next half to be read starts at 2 (n + i + 1) and i < n. */
static void widen_in_place(float *values, int64_t n) {
    const unsigned char *halves = (const unsigned char *)values + 2 * n;
    for (int64_t i = 0; i < n; i++) {
        uint16_t half;
        memcpy(&half, halves + 2 * i, sizeof half);
        values[i] = lac__f16_to_float(half);
    }
}

static lac_status read_values(lac_context *ctx, const char *path, int fd, int64_t size,
                              int32_t columns, lac_dtype dtype, lac_tensor **out) {
    const int64_t item = (int64_t)lac__host->dtype_size(dtype);
    const char *name = lac__host->dtype_name(dtype);
    const bool guessed = columns == 0;
    if (guessed) LAC_TRY(guess_columns(path, size, dtype, &columns));
    if (size % (columns * item) != 0)
        return lac__fail(LAC_ERR_FORMAT,
                         "read_points: %s: %lld bytes are no whole number of points with %d %s "
                         "columns (%lld bytes each): is it truncated?",
                         path, (long long)size, columns, name, columns * (long long)item);
    const int64_t shape[2] = {size / (columns * item), columns};
    const int64_t count = shape[0] * shape[1];
    lac_tensor *result = NULL;
    LAC_TRY(lac__host->tensor_new(ctx, LAC_DTYPE_F32, 2, shape, &result));
    char *memory = lac__host->tensor_memory(result);
    const bool halves = dtype == LAC_DTYPE_F16;
    char *target = halves && count > 0 ? memory + 2 * count : memory;
    const lac_status status = lac__file_read(LAC__READ_POINTS, path, fd, target, (size_t)size);
    if (status != LAC_OK) {
        lac__drop(result);
        return status;
    }
    if (halves) widen_in_place(lac__host->tensor_memory(result), count);
    if (guessed)
        log_guess(ctx, path, size, dtype, columns); /* once: not when the call is repeated */
    *out = result;
    return LAC_OK;
}

lac_status lac__bin_read(lac_context *ctx, const char *path, int32_t columns, lac_dtype dtype,
                         lac_tensor **out) {
    int fd = -1;
    int64_t size = 0;
    LAC_TRY(lac__file_open(LAC__READ_POINTS, path, &fd, &size));
    const lac_status status = read_values(ctx, path, fd, size, columns, dtype, out);
    (void)close(fd);
    return status;
}
