/*
 * log.h - where messages go: to the host's function, or into a bounded queue that the host polls.
 */
#ifndef LAC_CORE_LOG_H
#define LAC_CORE_LOG_H

#include "core/pool.h"

typedef struct lac__log lac__log;

/** `sink` NULL: a queue. */
typedef void lac__log_sink(void *user, lac_log_level level, const char *text);
lac__log *lac__log_create(lac__pool *pool, lac__log_sink *sink, void *user);
void lac__log_destroy(lac__pool *pool, lac__log *log);
void lac__log_write(lac__log *log, lac_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool lac__log_take(lac__log *log, lac_log_level *level, char *text, size_t capacity);

#endif
