/*
 * analyze.h - what analyzers that look at one file cannot know: a failure is never LAC_OK. Included before
 * every file by analyze.sh.
 */
#ifndef SPEC_SUPPORT_ANALYZE_H
#define SPEC_SUPPORT_ANALYZE_H

#include "core/status.h"

static inline lac_status lac__failed(lac_status recorded, lac_status given) {
    (void)recorded;
    if (given == LAC_OK) __builtin_unreachable();
    return given;
}

#define lac__fail(status, ...) lac__failed(lac__fail(status, __VA_ARGS__), (status))

#endif
