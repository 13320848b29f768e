/*
 * analyze.h - what analyzers that look at one file cannot know: a failure is never LAC_OK, also with a prefix;
 * where an element is read or written, its tensor has memory (one without elements may have none). Included
 * by analyze.sh before every file of runtime/ and cuda/ that does not define them (script/ has its own).
 */
#ifndef SPEC_SUPPORT_ANALYZE_H
#define SPEC_SUPPORT_ANALYZE_H

#include "core/tensor.h"

static inline lac_status lac__failed(lac_status recorded, lac_status given) {
    (void)recorded;
    if (given == LAC_OK) __builtin_unreachable();
    return given;
}

static inline lac_status lac__prefixed(lac_status recorded, lac_status given) {
    (void)recorded;
    return given;
}

static inline void *lac__elements(void *data) {
    if (data == NULL) __builtin_unreachable();
    return data;
}

#define lac__fail(status, ...) lac__failed(lac__fail(status, __VA_ARGS__), (status))
#define lac__prefix(status, text) lac__prefixed(lac__prefix(status, text), (status))
#define lac__data(t) lac__elements(lac__data(t))

#endif
