/*
 * pcd.c - Point Cloud Library files: a text header, then ascii, binary or LZF-compressed binary
 * data.
 *
 * Binary data are records; compressed data hold all values of the first field, then of the second,
 * ...
 */
#include "io/lzf.h"
#include "io/points.h"
#include "io/text.h"

#include <stdio.h>
#include <string.h>

enum { MOST_FIELDS = 64, WORD = 64 };

typedef enum encoding { NO_DATA, ASCII, BINARY, COMPRESSED } encoding;

typedef struct header {
    const char *path;
    int fields, sizes, types, counts; /* how many words each line had */
    char name[MOST_FIELDS][LAC__MAX_NAME];
    int64_t size[MOST_FIELDS], count[MOST_FIELDS];
    char type[MOST_FIELDS];
    int64_t width, height, points; /* -1: not given */
    encoding data;
} header;

static lac_status bad(const char *path, const char *field, const char *why) {
    return lac__fail(LAC_ERR_FORMAT, "read_points: %s: pcd header: %s: %s", path, field, why);
}

static lac_status one_integer(const header *h, const char *field, lac__text *line, int64_t *out) {
    char word[WORD];
    if (!lac__text_word(line, word, sizeof word) || !lac__text_integer(word, out) || *out < 0)
        return bad(h->path, field, "expected a number that is not negative");
    return LAC_OK;
}

static lac_status integers(const header *h, const char *field, lac__text *line, int64_t *values,
                           int *used) {
    char word[WORD];
    for (*used = 0; lac__text_word(line, word, sizeof word); (*used)++) {
        if (*used == MOST_FIELDS) return bad(h->path, field, "more than 64 fields");
        if (!lac__text_integer(word, &values[*used]) || values[*used] < 1)
            return bad(h->path, field, "expected numbers from 1");
    }
    return LAC_OK;
}

static lac_status names(header *h, lac__text *line) {
    char word[LAC__MAX_NAME];
    for (h->fields = 0; lac__text_word(line, word, sizeof word); h->fields++) {
        if (h->fields == MOST_FIELDS) return bad(h->path, "FIELDS", "more than 64 fields");
        memcpy(h->name[h->fields], word, sizeof word);
    }
    return LAC_OK;
}

static lac_status types(header *h, lac__text *line) {
    char word[WORD];
    for (h->types = 0; lac__text_word(line, word, sizeof word); h->types++) {
        if (h->types == MOST_FIELDS) return bad(h->path, "TYPE", "more than 64 fields");
        if (strlen(word) != 1 || strchr("IUF", word[0]) == NULL)
            return bad(h->path, "TYPE", "expected I, U or F");
        h->type[h->types] = word[0];
    }
    return LAC_OK;
}

static lac_status data_kind(header *h, lac__text *line) {
    static const char *const kinds[] = {"", "ascii", "binary", "binary_compressed"};
    char word[WORD] = "";
    (void)lac__text_word(line, word, sizeof word);
    for (int i = ASCII; i <= COMPRESSED; i++)
        if (strcmp(word, kinds[i]) == 0) h->data = (encoding)i;
    return h->data != NO_DATA ? LAC_OK
                              : bad(h->path, "DATA", "expected ascii, binary or binary_compressed");
}

static lac_status parse_line(header *h, lac__text *line) {
    char key[WORD];
    if (!lac__text_word(line, key, sizeof key) || key[0] == '#') return LAC_OK;
    if (strcmp(key, "FIELDS") == 0 || strcmp(key, "COLUMNS") == 0) return names(h, line);
    if (strcmp(key, "SIZE") == 0) return integers(h, "SIZE", line, h->size, &h->sizes);
    if (strcmp(key, "TYPE") == 0) return types(h, line);
    if (strcmp(key, "COUNT") == 0) return integers(h, "COUNT", line, h->count, &h->counts);
    if (strcmp(key, "WIDTH") == 0) return one_integer(h, "WIDTH", line, &h->width);
    if (strcmp(key, "HEIGHT") == 0) return one_integer(h, "HEIGHT", line, &h->height);
    if (strcmp(key, "POINTS") == 0) return one_integer(h, "POINTS", line, &h->points);
    if (strcmp(key, "DATA") == 0) return data_kind(h, line);
    if (strcmp(key, "VERSION") == 0 || strcmp(key, "VIEWPOINT") == 0) return LAC_OK;
    return lac__fail(LAC_ERR_FORMAT, "read_points: %s: no pcd file: its header has '%.32s'",
                     h->path, key);
}

static lac_status check_header(header *h) {
    if (h->fields == 0) return bad(h->path, "FIELDS", "missing");
    if (h->sizes != h->fields) return bad(h->path, "SIZE", "not as many as FIELDS");
    if (h->types != h->fields) return bad(h->path, "TYPE", "not as many as FIELDS");
    if (h->counts != 0 && h->counts != h->fields)
        return bad(h->path, "COUNT", "not as many as FIELDS");
    for (int i = 0; i < h->fields && h->counts == 0; i++) h->count[i] = 1;
    if (h->points < 0 && h->width < 0) return bad(h->path, "POINTS", "missing");
    int64_t area = h->points;
    if (h->width >= 0 && !lac__mul_size(h->width, h->height < 0 ? 1 : h->height, &area))
        return bad(h->path, "WIDTH", "too large");
    if (h->points < 0) h->points = area;
    if (area != h->points) return bad(h->path, "POINTS", "is not WIDTH x HEIGHT");
    return LAC_OK;
}

static lac_status parse_header(header *h, lac__text *text) {
    lac__text line;
    bool complete = false;
    while (h->data == NO_DATA && lac__text_line(text, &line, &complete))
        LAC_TRY(parse_line(h, &line));
    if (h->data == NO_DATA) return bad(h->path, "DATA", "missing");
    if (!complete && h->data != ASCII) text->at = text->end;
    return check_header(h);
}

static bool scalar_of(char type, int64_t size, lac__scalar *out) {
    static const struct {
        char type;
        int8_t size;
        lac__scalar scalar;
    } known[] = {{'I', 1, LAC__SCALAR_I8},  {'I', 2, LAC__SCALAR_I16}, {'I', 4, LAC__SCALAR_I32},
                 {'I', 8, LAC__SCALAR_I64}, {'U', 1, LAC__SCALAR_U8},  {'U', 2, LAC__SCALAR_U16},
                 {'U', 4, LAC__SCALAR_U32}, {'U', 8, LAC__SCALAR_U64}, {'F', 4, LAC__SCALAR_F32},
                 {'F', 8, LAC__SCALAR_F64}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].type != type || known[i].size != size) continue;
        *out = known[i].scalar;
        return true;
    }
    return false;
}

/* A field of COUNT n is n columns. */
static lac_status list_columns(const header *h, lac__columns *columns, size_t *record) {
    columns->count = 0;
    *record = 0;
    for (int i = 0; i < h->fields; i++) {
        lac__scalar scalar;
        if (!scalar_of(h->type[i], h->size[i], &scalar))
            return lac__fail(LAC_ERR_FORMAT,
                             "read_points: %s: pcd header: field %s: there is no type %c of %lld "
                             "bytes",
                             h->path, h->name[i], h->type[i], (long long)h->size[i]);
        if (h->count[i] > LAC__MAX_COLUMNS - columns->count)
            return bad(h->path, "COUNT", "more than 256 values a point");
        for (int64_t k = 0; k < h->count[i]; k++) {
            lac__column *column = &columns->list[columns->count++];
            memcpy(column->name, h->name[i], sizeof column->name);
            column->type = scalar;
            column->offset = *record;
            *record += (size_t)h->size[i];
        }
    }
    return lac__columns_arrange(LAC__READ_POINTS, h->path, columns);
}

static lac_status too_short(const header *h, size_t have, int64_t record) {
    return lac__fail(LAC_ERR_FORMAT,
                     "read_points: %s: POINTS says %lld, of %lld bytes each, but %zu bytes of "
                     "data follow: is it truncated?",
                     h->path, (long long)h->points, (long long)record, have);
}

static lac_status read_ascii(const header *h, const lac__columns *columns, lac__text *text,
                             float *out) {
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) return lac__fail(LAC_ERR_OOM, "read_points: out of memory");
    lac_status status = LAC_OK;
    for (int64_t i = 0; i < h->points && status == LAC_OK; i++) {
        for (int k = 0; k < columns->count && status == LAC_OK; k++) {
            char word[WORD];
            double value = 0;
            if (!lac__text_word(text, word, sizeof word))
                status = lac__fail(LAC_ERR_FORMAT,
                                   "read_points: %s: ends in point %lld of %lld: is it truncated?",
                                   h->path, (long long)i, (long long)h->points);
            else if (!lac__text_number(word, c_locale, &value))
                status = lac__fail(LAC_ERR_FORMAT,
                                   "read_points: %s: point %lld, field %s: '%.32s' is no number",
                                   h->path, (long long)i, columns->list[k].name, word);
            else if (columns->list[k].target >= 0)
                out[i * columns->width + columns->list[k].target] = (float)value;
        }
    }
    freelocale(c_locale);
    return status;
}

static void read_records(const header *h, const lac__columns *columns, const unsigned char *data,
                         size_t record, float *out) {
    for (int64_t i = 0; i < h->points; i++, data += record)
        for (int k = 0; k < columns->count; k++) {
            const lac__column *c = &columns->list[k];
            if (c->target >= 0)
                out[i * columns->width + c->target] =
                    (float)lac__scalar_load(c->type, data + c->offset, false);
        }
}

/* Field by field; the values of a field of COUNT n lie point by point. */
static void read_planes(const header *h, const lac__columns *columns, const unsigned char *data,
                        float *out) {
    int k = 0;
    for (int f = 0; f < h->fields; f++) {
        const size_t size = (size_t)h->size[f];
        for (int64_t i = 0; i < h->points; i++)
            for (int64_t j = 0; j < h->count[f]; j++, data += size) {
                const lac__column *c = &columns->list[k + j];
                if (c->target >= 0)
                    out[i * columns->width + c->target] =
                        (float)lac__scalar_load(c->type, data, false);
            }
        k += (int)h->count[f];
    }
}

static lac_status read_compressed(lac_context *ctx, const header *h, const lac__columns *columns,
                                  const lac__text *text, int64_t bytes, float *out) {
    const size_t have = (size_t)(text->end - text->at);
    uint32_t sizes[2];
    if (have < sizeof sizes) return too_short(h, have, bytes / lac__max(h->points, 1));
    memcpy(sizes, text->at, sizeof sizes);
    if (sizes[0] > have - sizeof sizes)
        return lac__fail(LAC_ERR_FORMAT,
                         "read_points: %s: the compressed size is %u, but %zu bytes follow: is it "
                         "truncated?",
                         h->path, sizes[0], have - sizeof sizes);
    if ((int64_t)sizes[1] != bytes)
        return lac__fail(LAC_ERR_FORMAT,
                         "read_points: %s: the uncompressed size is %u, but POINTS needs %lld",
                         h->path, sizes[1], (long long)bytes);
    lac__block block = {0};
    LAC_TRY(lac__host->buffer_alloc(ctx, sizes[1], &block));
    lac_status status = LAC_OK;
    const unsigned char *input = (const unsigned char *)text->at + sizeof sizes;
    if (sizes[1] > 0 && !lac__lzf_decompress(input, sizes[0], block.data, sizes[1]))
        status =
            lac__fail(LAC_ERR_FORMAT, "read_points: %s: the compressed data are broken", h->path);
    if (status == LAC_OK) read_planes(h, columns, block.data, out);
    lac__host->buffer_free(ctx, &block);
    return status;
}

/* Before memory is taken for the points: can the file hold that many? */
static lac_status check_size(const header *h, const lac__columns *columns, size_t have,
                             size_t record, int64_t *bytes) {
    if (!lac__mul_size(h->points, (int64_t)record, bytes))
        return bad(h->path, "POINTS", "too large");
    switch (h->data) {
    case ASCII:
        if (!lac__text_can_hold(have, h->points, columns->count))
            return lac__fail(LAC_ERR_FORMAT,
                             "read_points: %s: POINTS says %lld, but %zu bytes of text follow: is "
                             "it truncated?",
                             h->path, (long long)h->points, have);
        return LAC_OK;
    case COMPRESSED:
        if (*bytes / LAC__LZF_RATIO <= (int64_t)have) return LAC_OK;
        return too_short(h, have, (int64_t)record);
    case NO_DATA:
    case BINARY: break;
    }
    return *bytes <= (int64_t)have ? LAC_OK : too_short(h, have, (int64_t)record);
}

lac_status lac__pcd_read(lac_context *ctx, const char *path, const lac__file *file,
                         lac_tensor **out) {
    header h = {.path = path, .width = -1, .height = -1, .points = -1};
    lac__text text = {(const char *)file->data, (const char *)file->data + file->size};
    if (file->size == 0)
        return lac__fail(LAC_ERR_FORMAT, "read_points: %s: is empty, expected a pcd header", path);
    LAC_TRY(parse_header(&h, &text));
    lac__columns columns;
    size_t record = 0;
    int64_t bytes = 0;
    LAC_TRY(list_columns(&h, &columns, &record));
    LAC_TRY(check_size(&h, &columns, (size_t)(text.end - text.at), record, &bytes));
    const int64_t shape[2] = {h.points, columns.width};
    lac_tensor *result = NULL;
    LAC_TRY(lac__host->tensor_new(ctx, LAC_DTYPE_F32, 2, shape, &result));
    float *values = lac__host->tensor_memory(result);
    lac_status status = LAC_OK;
    if (h.data == ASCII)
        status = read_ascii(&h, &columns, &text, values);
    else if (h.data == BINARY)
        read_records(&h, &columns, (const unsigned char *)text.at, record, values);
    else
        status = read_compressed(ctx, &h, &columns, &text, bytes, values);
    if (status != LAC_OK) {
        lac__drop(result);
        return status;
    }
    *out = result;
    return LAC_OK;
}
