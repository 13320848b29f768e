/*
 * text.c - see text.h.
 */
#include "io/text.h"

#include <stdlib.h>
#include <string.h>

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool lac__text_line(lac__text *text, lac__text *line, bool *complete) {
    if (text->at >= text->end) return false;
    const char *newline = memchr(text->at, '\n', (size_t)(text->end - text->at));
    const char *end = newline != NULL ? newline : text->end;
    *line = (lac__text){text->at, end};
    if (line->end > line->at && line->end[-1] == '\r') line->end--;
    text->at = newline != NULL ? newline + 1 : text->end;
    if (complete != NULL) *complete = newline != NULL;
    return true;
}

bool lac__text_word(lac__text *text, char *word, size_t capacity) {
    const char *p = text->at;
    while (p < text->end && is_blank(*p)) p++;
    const char *start = p;
    while (p < text->end && !is_blank(*p)) p++;
    text->at = p;
    if (p == start) return false;
    size_t length = (size_t)(p - start);
    if (length > capacity - 1) length = capacity - 1;
    memcpy(word, start, length);
    word[length] = '\0';
    return true;
}

bool lac__text_integer(const char *word, int64_t *out) {
    const bool negative = word[0] == '-';
    const char *p = word + (negative ? 1 : 0);
    if (*p == '\0') return false;
    int64_t value = 0;
    for (; *p != '\0'; p++) {
        if (*p < '0' || *p > '9') return false;
        if (__builtin_mul_overflow(value, (int64_t)10, &value)) return false;
        if (__builtin_add_overflow(value, (int64_t)(*p - '0'), &value)) return false;
    }
    *out = negative ? -value : value;
    return true;
}

bool lac__text_number(const char *word, locale_t c_locale, double *out) {
    char *end = NULL;
    *out = strtod_l(word, &end, c_locale);
    return end != word && *end == '\0';
}
