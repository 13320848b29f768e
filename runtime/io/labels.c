/*
 * labels.c - SemanticKITTI .label files: one uint32 a point, the class in its low 16 bits, the
 * instance in its high ones.
 */
#include "io/atomic_file.h"
#include "io/file.h"
#include "io/io.h"

#include <string.h>
#include <unistd.h>

/* The uint32 lie in the upper half of the memory of the int64: widened front to back in place. */
static void widen_in_place(int64_t *values, int64_t n) {
    const unsigned char *packed = (const unsigned char *)values + 4 * n;
    for (int64_t i = 0; i < n; i++) {
        uint32_t label;
        memcpy(&label, packed + 4 * i, sizeof label);
        values[i] = label;
    }
}

static lac_status read_labels(lac_context *ctx, const char *path, int fd, int64_t size,
                              lac_tensor **out) {
    if (size % 4 != 0)
        return lac__fail(LAC_ERR_FORMAT,
                         "read_labels: %s: %lld bytes are no whole number of uint32 labels: is "
                         "it truncated?",
                         path, (long long)size);
    const int64_t count = size / 4;
    lac_tensor *result = NULL;
    LAC_TRY(lac__host->tensor_new(ctx, LAC_DTYPE_I64, 1, &count, &result));
    int64_t *values = lac__host->tensor_memory(result);
    lac_status status = LAC_OK;
    if (count > 0)
        status = lac__file_read("read_labels", path, fd, (char *)values + 4 * count, (size_t)size);
    if (status != LAC_OK) {
        lac__drop(result);
        return status;
    }
    widen_in_place(values, count);
    *out = result;
    return LAC_OK;
}

lac_status lac__labels_read(lac_context *ctx, const char *path, lac_tensor **out) {
    int fd = -1;
    int64_t size = 0;
    LAC_TRY(lac__file_open("read_labels", path, &fd, &size));
    const lac_status status = read_labels(ctx, path, fd, size, out);
    (void)close(fd);
    return status;
}

static lac_status write_values(lac__atomic_file *file, const int64_t *values, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        if (values[i] < 0 || values[i] > UINT32_MAX)
            return lac__fail(LAC_ERR_RANGE,
                             "write_labels: %s: label %lld of point %lld does not fit uint32",
                             file->path, (long long)values[i], (long long)i);
        const uint32_t label = (uint32_t)values[i];
        LAC_TRY(lac__atomic_write(file, &label, sizeof label));
    }
    return LAC_OK;
}

lac_status lac__labels_write(lac_context *ctx, const char *path, lac_tensor *labels) {
    lac_tensor *readable = NULL;
    LAC_TRY(lac__labels_readable(ctx, "write_labels", labels, -1, &readable));
    lac_tensor_desc desc;
    lac__host->tensor_describe(readable, &desc);
    lac__atomic_file file;
    lac_status status = lac__atomic_create("write_labels", path, &file);
    if (status == LAC_OK) {
        status = write_values(&file, lac__host->tensor_memory(readable), desc.shape[0]);
        if (status == LAC_OK)
            status = lac__atomic_commit(&file);
        else
            lac__atomic_discard(&file);
    }
    lac__drop(readable);
    return status;
}
