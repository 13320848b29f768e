/*
 * log.c - see log.h. The newest records stay: a full queue drops its oldest.
 */
#include "core/log.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { RECORDS = 256, TEXT_SIZE = 240 };

struct lac__log {
    lac__log_sink *sink; /* NULL: the queue */
    void *user;
    pthread_mutex_t lock;
    unsigned first, count;
    struct {
        lac_log_level level;
        char text[TEXT_SIZE];
    } records[RECORDS];
};

lac__log *lac__log_create(lac__pool *pool, lac__log_sink *sink, void *user) {
    lac__log *log = lac__object_alloc(pool, sizeof *log);
    if (log == NULL) return NULL;
    log->sink = sink;
    log->user = user;
    (void)pthread_mutex_init(&log->lock, NULL);
    return log;
}

void lac__log_destroy(lac__pool *pool, lac__log *log) {
    if (log == NULL) return;
    (void)pthread_mutex_destroy(&log->lock);
    lac__object_free(pool, log, sizeof *log);
}

void lac__log_write(lac__log *log, lac_log_level level, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (log->sink != NULL) { /* without the lock: what the host does there is its own */
        char text[TEXT_SIZE];
        (void)vsnprintf(text, sizeof text, format, args);
        va_end(args);
        log->sink(log->user, level, text);
        return;
    }
    (void)pthread_mutex_lock(&log->lock);
    const unsigned slot = (log->first + log->count) % RECORDS;
    log->records[slot].level = level;
    (void)vsnprintf(log->records[slot].text, TEXT_SIZE, format, args);
    if (log->count < RECORDS)
        log->count++;
    else
        log->first = (log->first + 1) % RECORDS;
    (void)pthread_mutex_unlock(&log->lock);
    va_end(args);
}

bool lac__log_take(lac__log *log, lac_log_level *level, char *text, size_t capacity) {
    (void)pthread_mutex_lock(&log->lock);
    const bool any = log->count > 0;
    if (any) {
        if (level != NULL) *level = log->records[log->first].level;
        if (capacity > 0) (void)snprintf(text, capacity, "%s", log->records[log->first].text);
        log->first = (log->first + 1) % RECORDS;
        log->count--;
    }
    (void)pthread_mutex_unlock(&log->lock);
    return any;
}
