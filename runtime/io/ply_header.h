/*
 * ply_header.h - the header of a .ply file: elements in file order, each with its properties.
 */
#ifndef LAC_IO_PLY_HEADER_H
#define LAC_IO_PLY_HEADER_H

#include "io/points.h"
#include "io/text.h"

enum { LAC__PLY_ELEMENTS = 16, LAC__PLY_PROPERTIES = LAC__MAX_COLUMNS };

typedef enum lac__ply_format {
    LAC__PLY_UNKNOWN,
    LAC__PLY_ASCII,
    LAC__PLY_LITTLE,
    LAC__PLY_BIG
} lac__ply_format;

typedef struct lac__ply_property {
    char name[LAC__MAX_NAME];
    bool is_list;
    lac__scalar length; /* of a list: type of the number of items */
    lac__scalar type;
} lac__ply_property;

typedef struct lac__ply_element {
    char name[LAC__MAX_NAME];
    int64_t count;
    int first, properties; /* range in the header's list */
} lac__ply_element;

typedef struct lac__ply_header {
    const char *path;
    lac__ply_format format;
    int elements, properties;
    lac__ply_element element[LAC__PLY_ELEMENTS];
    lac__ply_property property[LAC__PLY_PROPERTIES];
} lac__ply_header;

/** Parses up to and with "end_header"; `text` is left at the data. */
lac_status lac__ply_parse(const char *path, lac__text *text, lac__ply_header *out);

#endif
