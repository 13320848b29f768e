/*
 * points_fields.c - records with fields of mixed types, such as a PointCloud2's, to a float32 matrix.
 *
 * One field of all records at a time, so that the type is chosen once and the loop over the records
 * copies and converts. memcpy, because fields need not be aligned.
 */
#include "core/tensor.h"

#include "core/checked.h"

#include <string.h>

enum { MOST_FIELDS = 64, BLOCK = 1 << 16 };

/* Name of lac_stored_type, type in C. */
#define FIELD_TYPES(X)                                                                             \
    X(F32, float)                                                                                  \
    X(F64, double)                                                                                 \
    X(I8, int8_t)                                                                                  \
    X(U8, uint8_t)                                                                                 \
    X(I16, int16_t)                                                                                \
    X(U16, uint16_t)                                                                               \
    X(I32, int32_t)                                                                                \
    X(U32, uint32_t)                                                                               \
    X(I64, int64_t)                                                                                \
    X(U64, uint64_t)

static int64_t bytes_of(int32_t type) {
    switch (type) {
#define SIZE(name, c_type)                                                                         \
    case LAC_STORED_##name: return (int64_t)sizeof(c_type);
        FIELD_TYPES(SIZE)
#undef SIZE
    default: return 0;
    }
}

/* `count` fields, `step` bytes apart, to floats `stride` apart. */
static void convert(int32_t type, const char *from, int64_t step, float *to, int64_t stride,
                    int64_t count) {
    switch (type) {
#define CONVERT(name, c_type)                                                                      \
    case LAC_STORED_##name:                                                                        \
        for (int64_t i = 0; i < count; i++) {                                                      \
            c_type value;                                                                          \
            memcpy(&value, from + i * step, sizeof value);                                         \
            to[i * stride] = (float)value;                                                         \
        }                                                                                          \
        break;
        FIELD_TYPES(CONVERT)
#undef CONVERT
    default: break;
    }
}

static lac_status check(const void *data, int64_t n, int64_t point_step, const int64_t *offsets,
                        const int32_t *dtypes, int32_t fields) {
    int64_t bytes = 0;
    if (n < 0 || point_step < 1 || !lac__mul_size(n, point_step, &bytes))
        return lac__fail(LAC_ERR_ARGUMENT, "points_from_fields: %lld records of %lld bytes",
                         (long long)n, (long long)point_step);
    if (fields < 1 || fields > MOST_FIELDS)
        return lac__fail(LAC_ERR_ARGUMENT, "points_from_fields: %d fields, expected 1 to %d",
                         fields, MOST_FIELDS);
    if ((data == NULL && n > 0) || offsets == NULL || dtypes == NULL)
        return lac__fail(LAC_ERR_ARGUMENT, "points_from_fields: %s is NULL",
                         data == NULL && n > 0 ? "data" : "offsets or dtypes");
    for (int32_t f = 0; f < fields; f++) {
        const int64_t size = bytes_of(dtypes[f]);
        if (size == 0)
            return lac__fail(
                LAC_ERR_DTYPE,
                "points_from_fields: field %d has type %d, expected LAC_STORED_F32, F64 "
                "or an integer type",
                f, dtypes[f]);
        if (offsets[f] < 0 || offsets[f] > point_step - size)
            return lac__fail(LAC_ERR_RANGE,
                             "points_from_fields: field %d has %lld bytes at %lld, outside of a "
                             "record of %lld",
                             f, (long long)size, (long long)offsets[f], (long long)point_step);
    }
    return LAC_OK;
}

lac_status lac_points_from_fields(lac_context *ctx, const void *data, int64_t n, int64_t point_step,
                                  const int64_t *offsets, const int32_t *dtypes, int32_t fields,
                                  lac_tensor **out) {
    LAC_NEED("points_from_fields", ctx, out);
    lac_tensor *t = NULL;
    LAC_TRY(check(data, n, point_step, offsets, dtypes, fields));
    LAC_TRY(lac__tensor_new(ctx, LAC_DTYPE_F32, 2, (int64_t[]){n, fields}, &t));
    float *to = lac__data(t);
    lac_status status = LAC_OK;
    for (int64_t first = 0; first < n && status == LAC_OK; first += BLOCK) {
        const int64_t count = lac__min(n - first, BLOCK);
        status = lac__check_interrupt(ctx);
        for (int32_t f = 0; f < fields && status == LAC_OK; f++)
            convert(dtypes[f], (const char *)data + first * point_step + offsets[f], point_step,
                    to + first * fields + f, fields, count);
    }
    if (status == LAC_OK) status = lac__move_result(ctx, ctx->default_device, &t);
    if (status != LAC_OK) {
        lac_tensor_release(t);
        return status;
    }
    *out = t;
    return LAC_OK;
}
