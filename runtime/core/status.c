/*
 * status.c - the thread's last error.
 */
#include "core/status.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MESSAGE_SIZE = 1024 };

static _Thread_local char message[MESSAGE_SIZE];

const char *lac_last_error(void) {
    return message;
}

lac_status lac__vfail(lac_status status, const char *format, va_list args) {
    char text[MESSAGE_SIZE]; /* an argument may point into the old message */
    (void)vsnprintf(text, sizeof text, format, args);
    memcpy(message, text, sizeof text);
    return status;
}

lac_status lac__fail(lac_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)lac__vfail(status, format, args);
    va_end(args);
    return status;
}

lac_status lac_fail(lac_status status, const char *text) {
    return lac__fail(status, "%s", text);
}

lac_status lac__prefix(lac_status status, const char *prefix) {
    if (status == LAC_OK || status == LAC_AGAIN) return status;
    return lac__fail(status, "%s: %s", prefix, message);
}

const char *lac_status_text(lac_status status) {
    switch (status) {
    case LAC_OK: return "ok";
    case LAC_ERR_ARGUMENT: return "bad argument";
    case LAC_ERR_SHAPE: return "shape mismatch";
    case LAC_ERR_DTYPE: return "wrong dtype";
    case LAC_ERR_DEVICE: return "wrong device";
    case LAC_ERR_DUPLICATE: return "duplicate coordinates";
    case LAC_ERR_RANGE: return "out of range";
    case LAC_ERR_LINEAGE: return "no forward convolution";
    case LAC_ERR_OOM: return "out of memory";
    case LAC_ERR_IO: return "file error";
    case LAC_ERR_FORMAT: return "bad file content";
    case LAC_ERR_UNSUPPORTED: return "not available";
    case LAC_ERR_INTERRUPTED: return "interrupted";
    case LAC_ERR_INTERNAL: return "internal error";
    case LAC_AGAIN: return "collect and call again";
    case LAC_ERR_SCRIPT: return "script error";
    }
    return "unknown status";
}

const char *lac_version(void) {
    return LAC_VERSION;
}
uint32_t lac_abi(void) {
    return 3;
}

double lac_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

lac_status lac__need(const char *op, const char *names, const void *const *pointers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const size_t length = strcspn(names, ",");
        if (pointers[i] == NULL)
            return lac__fail(LAC_ERR_ARGUMENT, "%s: %.*s is NULL", op, (int)length, names);
        names += length + (names[length] == ',' ? 2 : 0);
    }
    return LAC_OK;
}
