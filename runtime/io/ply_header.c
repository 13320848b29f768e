/*
 * ply_header.c - see ply_header.h.
 */
#include "io/ply_header.h"

#include <string.h>

enum { WORD = LAC__MAX_NAME };

static lac_status bad(const lac__ply_header *h, const char *what, const char *why) {
    return lac__fail(LAC_ERR_FORMAT, "read_points: %s: ply header: %s: %s", h->path, what, why);
}

static bool scalar_of(const char *word, lac__scalar *out) {
    static const struct {
        const char *name, *sized;
        lac__scalar scalar;
    } known[] = {{"char", "int8", LAC__SCALAR_I8},      {"uchar", "uint8", LAC__SCALAR_U8},
                 {"short", "int16", LAC__SCALAR_I16},   {"ushort", "uint16", LAC__SCALAR_U16},
                 {"int", "int32", LAC__SCALAR_I32},     {"uint", "uint32", LAC__SCALAR_U32},
                 {"long", "int64", LAC__SCALAR_I64},    {"ulong", "uint64", LAC__SCALAR_U64},
                 {"float", "float32", LAC__SCALAR_F32}, {"double", "float64", LAC__SCALAR_F64}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(word, known[i].name) != 0 && strcmp(word, known[i].sized) != 0) continue;
        *out = known[i].scalar;
        return true;
    }
    return false;
}

static lac_status parse_format(lac__ply_header *h, lac__text *line) {
    char word[WORD] = "";
    (void)lac__text_word(line, word, sizeof word);
    if (strcmp(word, "ascii") == 0)
        h->format = LAC__PLY_ASCII;
    else if (strcmp(word, "binary_little_endian") == 0)
        h->format = LAC__PLY_LITTLE;
    else if (strcmp(word, "binary_big_endian") == 0)
        h->format = LAC__PLY_BIG;
    else
        return bad(h, "format", "expected ascii, binary_little_endian or binary_big_endian");
    return LAC_OK;
}

static lac_status parse_element(lac__ply_header *h, lac__text *line) {
    if (h->elements == LAC__PLY_ELEMENTS) return bad(h, "element", "more than 16 elements");
    lac__ply_element *e = &h->element[h->elements];
    *e = (lac__ply_element){.first = h->properties};
    char word[WORD];
    if (!lac__text_word(line, e->name, sizeof e->name)) return bad(h, "element", "has no name");
    if (!lac__text_word(line, word, sizeof word) || !lac__text_integer(word, &e->count) ||
        e->count < 0)
        return bad(h, e->name, "expected a count that is not negative");
    h->elements++;
    return LAC_OK;
}

static lac_status parse_property(lac__ply_header *h, lac__text *line) {
    if (h->elements == 0) return bad(h, "property", "stands before any element");
    if (h->properties == LAC__PLY_PROPERTIES) return bad(h, "property", "more than 256 properties");
    lac__ply_property *p = &h->property[h->properties];
    *p = (lac__ply_property){.is_list = false};
    char word[WORD] = "";
    (void)lac__text_word(line, word, sizeof word);
    if (strcmp(word, "list") == 0) {
        p->is_list = true;
        if (!lac__text_word(line, word, sizeof word) || !scalar_of(word, &p->length) ||
            p->length >= LAC__SCALAR_F32)
            return bad(h, "property list", "expected an integer type for its length");
        (void)lac__text_word(line, word, sizeof word);
    }
    if (!scalar_of(word, &p->type))
        return bad(h, "property", "expected a type such as float or uchar");
    if (!lac__text_word(line, p->name, sizeof p->name)) return bad(h, "property", "has no name");
    h->properties++;
    h->element[h->elements - 1].properties++;
    return LAC_OK;
}

lac_status lac__ply_parse(const char *path, lac__text *text, lac__ply_header *out) {
    *out = (lac__ply_header){.path = path};
    lac__text line;
    bool complete = false;
    char word[WORD] = "";
    if (!lac__text_line(text, &line, NULL) || !lac__text_word(&line, word, sizeof word) ||
        strcmp(word, "ply") != 0)
        return lac__fail(LAC_ERR_FORMAT,
                         "read_points: %s: no ply file: it does not begin with 'ply'", path);
    while (lac__text_line(text, &line, &complete)) {
        if (!lac__text_word(&line, word, sizeof word)) continue;
        if (strcmp(word, "end_header") == 0) {
            if (!complete) text->at = text->end;
            return out->format != LAC__PLY_UNKNOWN ? LAC_OK : bad(out, "format", "missing");
        }
        if (strcmp(word, "format") == 0)
            LAC_TRY(parse_format(out, &line));
        else if (strcmp(word, "element") == 0)
            LAC_TRY(parse_element(out, &line));
        else if (strcmp(word, "property") == 0)
            LAC_TRY(parse_property(out, &line));
        else if (strcmp(word, "comment") != 0 && strcmp(word, "obj_info") != 0)
            return lac__fail(LAC_ERR_FORMAT, "read_points: %s: ply header: unknown line '%.32s'",
                             path, word);
    }
    return bad(out, "end_header", "missing");
}
