/*
 * ply_read.c - the vertices of a .ply file: ascii or binary of both byte orders. Other elements are
 * stepped over, and so are list properties.
 */
#include "io/ply_header.h"

#include <string.h>

enum { WORD = 64 };

typedef struct reader {
    const lac__ply_header *header;
    lac__text text;
    locale_t c_locale;
    bool swap;
} reader;

static lac_status truncated(const reader *r, const lac__ply_element *e, int64_t row) {
    return lac__fail(LAC_ERR_FORMAT, "read_points: %s: ends in %s %lld of %lld: is it truncated?",
                     r->header->path, e->name, (long long)row, (long long)e->count);
}

static bool take_bytes(reader *r, lac__scalar type, double *value) {
    const size_t size = lac__scalar_size(type);
    if ((size_t)(r->text.end - r->text.at) < size) return false;
    *value = lac__scalar_load(type, (const unsigned char *)r->text.at, r->swap);
    r->text.at += size;
    return true;
}

/* One number of the data. */
static lac_status take(reader *r, const lac__ply_element *e, int64_t row,
                       const lac__ply_property *p, lac__scalar type, double *value) {
    if (r->header->format != LAC__PLY_ASCII)
        return take_bytes(r, type, value) ? LAC_OK : truncated(r, e, row);
    char word[WORD];
    if (!lac__text_word(&r->text, word, sizeof word)) return truncated(r, e, row);
    if (lac__text_number(word, r->c_locale, value)) return LAC_OK;
    return lac__fail(LAC_ERR_FORMAT, "read_points: %s: %s %lld, property %s: '%.32s' is no number",
                     r->header->path, e->name, (long long)row, p->name, word);
}

static lac_status skip_list(reader *r, const lac__ply_element *e, int64_t row,
                            const lac__ply_property *p) {
    double length = 0, ignored = 0;
    LAC_TRY(take(r, e, row, p, p->length, &length));
    const double left = (double)(r->text.end - r->text.at); /* every item takes a byte or more */
    if (!(length >= 0 && length <= left))
        return lac__fail(LAC_ERR_FORMAT,
                         "read_points: %s: %s %lld, property %s: a list of %.0f items does not "
                         "fit the file",
                         r->header->path, e->name, (long long)row, p->name, length);
    for (int64_t i = 0; i < (int64_t)length; i++) LAC_TRY(take(r, e, row, p, p->type, &ignored));
    return LAC_OK;
}

/* Reads the rows of one element; `out` and `columns` are NULL to step over it. */
static lac_status read_rows(reader *r, const lac__ply_element *e, const lac__columns *columns,
                            float *out) {
    const lac__ply_property *properties = &r->header->property[e->first];
    for (int64_t row = 0; row < e->count && e->properties > 0; row++) {
        int column = 0;
        for (int k = 0; k < e->properties; k++) {
            double value = 0;
            if (properties[k].is_list) {
                LAC_TRY(skip_list(r, e, row, &properties[k]));
                continue;
            }
            LAC_TRY(take(r, e, row, &properties[k], properties[k].type, &value));
            if (columns == NULL) continue;
            out[row * columns->width + columns->list[column++].target] = (float)value;
        }
    }
    return LAC_OK;
}

static void list_columns(const lac__ply_header *h, const lac__ply_element *e,
                         lac__columns *columns) {
    columns->count = 0;
    for (int k = 0; k < e->properties; k++) {
        const lac__ply_property *p = &h->property[e->first + k];
        if (p->is_list) continue;
        lac__column *column = &columns->list[columns->count++];
        memcpy(column->name, p->name, sizeof column->name);
        if (strcmp(column->name, "_") == 0) column->name[0] = '\0'; /* no padding in this format */
        column->type = p->type;
    }
}

/* Before memory is taken for the vertices: can the rest of the file hold that many? */
static lac_status check_size(const reader *r, const lac__ply_element *e) {
    const size_t left = (size_t)(r->text.end - r->text.at);
    int64_t record = 0, bytes = 0;
    for (int k = 0; k < e->properties; k++) {
        const lac__ply_property *p = &r->header->property[e->first + k];
        record += (int64_t)lac__scalar_size(p->is_list ? p->length : p->type);
    }
    const bool fits = r->header->format == LAC__PLY_ASCII
                          ? lac__text_can_hold(left, e->count, e->properties)
                          : lac__mul_size(e->count, record, &bytes) && bytes <= (int64_t)left;
    if (fits) return LAC_OK;
    return lac__fail(LAC_ERR_FORMAT,
                     "read_points: %s: element vertex says %lld, but %zu bytes of data follow: is "
                     "it truncated?",
                     r->header->path, (long long)e->count, left);
}

static lac_status read_vertices(lac_context *ctx, reader *r, const lac__ply_element *e,
                                lac_tensor **out) {
    lac__columns columns;
    list_columns(r->header, e, &columns);
    LAC_TRY(lac__columns_arrange(LAC__READ_POINTS, r->header->path, &columns));
    LAC_TRY(check_size(r, e));
    const int64_t shape[2] = {e->count, columns.width};
    lac_tensor *result = NULL;
    LAC_TRY(lac__host->tensor_new(ctx, LAC_DTYPE_F32, 2, shape, &result));
    const lac_status status = read_rows(r, e, &columns, lac__host->tensor_memory(result));
    if (status != LAC_OK) {
        lac__drop(result);
        return status;
    }
    *out = result;
    return LAC_OK;
}

static lac_status read_elements(lac_context *ctx, reader *r, lac_tensor **out) {
    for (int i = 0; i < r->header->elements; i++) {
        const lac__ply_element *e = &r->header->element[i];
        if (strcmp(e->name, "vertex") == 0) return read_vertices(ctx, r, e, out);
        LAC_TRY(read_rows(r, e, NULL, NULL));
    }
    return lac__fail(LAC_ERR_FORMAT, "read_points: %s: ply header: there is no element vertex",
                     r->header->path);
}

lac_status lac__ply_read(lac_context *ctx, const char *path, const lac__file *file,
                         lac_tensor **out) {
    if (file->size == 0)
        return lac__fail(LAC_ERR_FORMAT, "read_points: %s: is empty, expected a ply header", path);
    lac__ply_header header;
    reader r = {.header = &header,
                .text = {(const char *)file->data, (const char *)file->data + file->size}};
    LAC_TRY(lac__ply_parse(path, &r.text, &header));
    r.swap = header.format == LAC__PLY_BIG;
    r.c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (r.c_locale == (locale_t)0) return lac__fail(LAC_ERR_OOM, "read_points: out of memory");
    const lac_status status = read_elements(ctx, &r, out);
    freelocale(r.c_locale);
    return status;
}
