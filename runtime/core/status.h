/*
 * status.h - how a failure travels: a status up the stack, its text in thread-local memory.
 */
#ifndef LAC_CORE_STATUS_H
#define LAC_CORE_STATUS_H

#include "lacuna/lacuna.h"

#include <stdarg.h>

/** Records the message and returns `status`, so that a check reads `return lac__fail(...)`. */
lac_status lac__fail(lac_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
lac_status lac__vfail(lac_status status, const char *format, va_list args);
/** Puts "prefix: " before the message of a failure that is passed on. */
lac_status lac__prefix(lac_status status, const char *prefix);

/** ARGUMENT where one of the pointers is NULL; `names` are theirs, as "ctx, x, out". */
lac_status lac__need(const char *op, const char *names, const void *const *pointers, size_t count);

/* What a public function does first: each pointer that its header does not allow to be NULL. */
#define LAC_NEED(op, ...)                                                                          \
    do {                                                                                           \
        const void *const lac_need_[] = {__VA_ARGS__};                                             \
        const size_t lac_count_ = sizeof lac_need_ / sizeof *lac_need_;                            \
        const lac_status lac_needed_ = lac__need((op), #__VA_ARGS__, lac_need_, lac_count_);       \
        if (lac_needed_ != LAC_OK) return lac_needed_;                                             \
    } while (0)

#define LAC_TRY(expression)                                                                        \
    do {                                                                                           \
        const lac_status lac_try_ = (expression);                                                  \
        if (lac_try_ != LAC_OK) return lac_try_;                                                   \
    } while (0)

/* For functions with one cleanup at `out:` and a local `status`. */
#define LAC_TRY_OUT(expression)                                                                    \
    do {                                                                                           \
        status = (expression);                                                                     \
        if (status != LAC_OK) goto out;                                                            \
    } while (0)

#endif
