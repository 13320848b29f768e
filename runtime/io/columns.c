/*
 * columns.c - see columns.h.
 */
#include "io/columns.h"

#include <string.h>
#include <strings.h>

size_t lac__scalar_size(lac__scalar type) {
    switch (type) {
    case LAC__SCALAR_I8:
    case LAC__SCALAR_U8: return 1;
    case LAC__SCALAR_I16:
    case LAC__SCALAR_U16: return 2;
    case LAC__SCALAR_I32:
    case LAC__SCALAR_U32:
    case LAC__SCALAR_F32: return 4;
    case LAC__SCALAR_I64:
    case LAC__SCALAR_U64:
    case LAC__SCALAR_F64: return 8;
    }
    return 0;
}

double lac__scalar_load(lac__scalar type, const unsigned char *at, bool swap) {
    union {
        unsigned char bytes[8];
        int8_t i8;
        int16_t i16;
        uint16_t u16;
        int32_t i32;
        uint32_t u32;
        int64_t i64;
        uint64_t u64;
        float f32;
        double f64;
    } value = {{0}};
    const size_t size = lac__scalar_size(type);
    for (size_t i = 0; i < size; i++) value.bytes[i] = at[swap ? size - 1 - i : i];
    switch (type) {
    case LAC__SCALAR_I8: return value.i8;
    case LAC__SCALAR_U8: return value.bytes[0];
    case LAC__SCALAR_I16: return value.i16;
    case LAC__SCALAR_U16: return value.u16;
    case LAC__SCALAR_I32: return value.i32;
    case LAC__SCALAR_U32: return value.u32;
    case LAC__SCALAR_I64: return (double)value.i64;
    case LAC__SCALAR_U64: return (double)value.u64;
    case LAC__SCALAR_F32: return (double)value.f32;
    case LAC__SCALAR_F64: return value.f64;
    }
    return 0;
}

/* Names under which the strength of the echo goes. */
static bool is_intensity(const char *name) {
    static const char *const names[] = {"intensity", "scalar_intensity", "reflectance",
                                        "remission"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0) return true;
    return false;
}

lac_status lac__columns_arrange(const char *op, const char *path, lac__columns *columns) {
    static const char *const axes[] = {"x", "y", "z"};
    for (int i = 0; i < columns->count; i++) columns->list[i].target = -1;
    int width = 0;
    for (int axis = 0; axis < 3; axis++) {
        int found = -1;
        for (int i = 0; i < columns->count && found < 0; i++)
            if (strcasecmp(columns->list[i].name, axes[axis]) == 0) found = i;
        if (found < 0)
            return lac__fail(LAC_ERR_FORMAT, "%s: %s: there is no field %s", op, path, axes[axis]);
        columns->list[found].target = width++;
    }
    for (int i = 0; i < columns->count && width == 3; i++)
        if (columns->list[i].target < 0 && is_intensity(columns->list[i].name))
            columns->list[i].target = width++;
    for (int i = 0; i < columns->count; i++)
        if (columns->list[i].target < 0 && strcmp(columns->list[i].name, "_") != 0)
            columns->list[i].target = width++;
    columns->width = width;
    return LAC_OK;
}
