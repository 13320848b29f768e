/*
 * text.h - lines, words and numbers of a text that may be anything, independent of the locale.
 */
#ifndef LAC_IO_TEXT_H
#define LAC_IO_TEXT_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A range of bytes that is read from the front. */
typedef struct lac__text {
    const char *at, *end;
} lac__text;

/** Takes the next line, without its end; false at the end of the text. `complete` (or NULL) tells
 *  whether the line ended with a newline. */
bool lac__text_line(lac__text *text, lac__text *line, bool *complete);
/** Takes the next word of any length into `word` (at most capacity - 1 bytes of it); false when
 *  there is none. White space is blanks, tabs and newlines. */
bool lac__text_word(lac__text *text, char *word, size_t capacity);
/** A decimal integer that fits; no sign but '-'. */
bool lac__text_integer(const char *word, int64_t *out);
/** A number as strtod reads it in the "C" locale: also nan and inf. */
bool lac__text_number(const char *word, locale_t c_locale, double *out);

#endif
