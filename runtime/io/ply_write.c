/*
 * ply_write.c - binary little-endian .ply: x y z, then red green blue, then label, where given.
 */
#include "io/atomic_file.h"
#include "io/io.h"

#include <stdio.h>
#include <string.h>

typedef struct cloud {
    int64_t rows, columns;
    const float *points;
    const unsigned char *colours; /* or NULL */
    const int64_t *labels;        /* or NULL */
} cloud;

static lac_status write_header(lac__atomic_file *file, const cloud *c) {
    char header[512];
    const int used = snprintf(
        header, sizeof header,
        "ply\nformat binary_little_endian 1.0\ncomment written by lacuna\nelement vertex %lld\n"
        "property float x\nproperty float y\nproperty float z\n%s%send_header\n",
        (long long)c->rows,
        c->colours != NULL ? "property uchar red\nproperty uchar green\nproperty uchar blue\n" : "",
        c->labels != NULL ? "property int label\n" : "");
    return lac__atomic_write(file, header, (size_t)used);
}

static lac_status write_rows(lac__atomic_file *file, const cloud *c) {
    for (int64_t i = 0; i < c->rows; i++) {
        unsigned char record[19];
        size_t used = 12;
        memcpy(record, c->points + i * c->columns, 12);
        if (c->colours != NULL) {
            memcpy(record + used, c->colours + 3 * i, 3);
            used += 3;
        }
        if (c->labels != NULL) {
            if (c->labels[i] < INT32_MIN || c->labels[i] > INT32_MAX)
                return lac__fail(LAC_ERR_RANGE,
                                 "write_ply: %s: label %lld of point %lld does not fit int32",
                                 file->path, (long long)c->labels[i], (long long)i);
            const int32_t label = (int32_t)c->labels[i];
            memcpy(record + used, &label, 4);
            used += 4;
        }
        LAC_TRY(lac__atomic_write(file, record, used));
    }
    return LAC_OK;
}

static lac_status write_cloud(const char *path, const cloud *c) {
    lac__atomic_file file;
    LAC_TRY(lac__atomic_create("write_ply", path, &file));
    lac_status status = write_header(&file, c);
    if (status == LAC_OK) status = write_rows(&file, c);
    if (status == LAC_OK) return lac__atomic_commit(&file);
    lac__atomic_discard(&file);
    return status;
}

lac_status lac__ply_write(lac_context *ctx, const char *path, lac_tensor *points,
                          lac_tensor *colours, lac_tensor *labels) {
    cloud c = {0};
    lac_tensor *p = NULL, *q = NULL, *l = NULL;
    LAC_TRY(lac__check_matrix("write_ply", "points", points, &c.rows, &c.columns));
    if (c.columns < 3)
        return lac__fail(LAC_ERR_SHAPE, "write_ply: points have %lld columns, expected x y z first",
                         (long long)c.columns);
    lac_status status = LAC_OK;
    if (colours != NULL) LAC_TRY_OUT(lac__colours_readable(ctx, "write_ply", colours, c.rows, &q));
    if (labels != NULL) LAC_TRY_OUT(lac__labels_readable(ctx, "write_ply", labels, c.rows, &l));
    LAC_TRY_OUT(lac__host->tensor_readable(ctx, points, LAC_DTYPE_F32, &p));
    c.points = lac__host->tensor_memory(p);
    c.colours = q != NULL ? lac__host->tensor_memory(q) : NULL;
    c.labels = l != NULL ? lac__host->tensor_memory(l) : NULL;
    status = write_cloud(path, &c);
out:
    lac__drop(p);
    lac__drop(q);
    lac__drop(l);
    return status;
}
