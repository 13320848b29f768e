/*
 * checked.h - sizes that cannot wrap around.
 */
#ifndef LAC_CORE_CHECKED_H
#define LAC_CORE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** *out = a * b; false when that overflows or a factor is negative. */
static inline bool lac__mul_size(int64_t a, int64_t b, int64_t *out) {
    return a >= 0 && b >= 0 && !__builtin_mul_overflow(a, b, out);
}

static inline int64_t lac__min(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static inline int64_t lac__max(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/** Division toward minus infinity; b > 0. */
static inline int64_t lac__floor_div(int64_t a, int64_t b) {
    const int64_t q = a / b;
    return q - (a % b < 0);
}

#endif
