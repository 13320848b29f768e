/*
 * columns.h - the scalar fields of a point file and where they go in the result: x y z, then
 * intensity where there is one, then the others in file order.
 */
#ifndef LAC_IO_COLUMNS_H
#define LAC_IO_COLUMNS_H

#include "io/host.h"

typedef enum lac__scalar {
    LAC__SCALAR_I8,
    LAC__SCALAR_U8,
    LAC__SCALAR_I16,
    LAC__SCALAR_U16,
    LAC__SCALAR_I32,
    LAC__SCALAR_U32,
    LAC__SCALAR_I64,
    LAC__SCALAR_U64,
    LAC__SCALAR_F32,
    LAC__SCALAR_F64
} lac__scalar;

enum { LAC__MAX_COLUMNS = 256, LAC__MAX_NAME = 48 };

typedef struct lac__column {
    char name[LAC__MAX_NAME];
    lac__scalar type;
    size_t offset; /* in a binary record */
    int target;    /* column of the result, -1: not taken */
} lac__column;

typedef struct lac__columns {
    int count; /* in the file */
    int width; /* of the result */
    lac__column list[LAC__MAX_COLUMNS];
} lac__columns;

size_t lac__scalar_size(lac__scalar type);
/** One value; `swap`: of the other byte order. */
double lac__scalar_load(lac__scalar type, const unsigned char *at, bool swap);
/** Fills in `target` and `width`; columns named "_" are padding. FORMAT where x, y or z is missing.
 */
lac_status lac__columns_arrange(const char *op, const char *path, lac__columns *columns);

#endif
