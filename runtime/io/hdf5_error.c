/*
 * hdf5_error.c - the lock around libhdf5 and its error stack as one line.
 */
#include "io/hdf5_file.h"

#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* The host's own setting, put back on the way out. Guarded by `lock`. */
static H5E_auto2_t host_print;
static void *host_print_data;

void lac__hdf5_lock(void) {
    (void)pthread_mutex_lock(&lock);
    host_print = NULL;
    host_print_data = NULL;
    (void)H5Eget_auto2(H5E_DEFAULT, &host_print, &host_print_data);
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

void lac__hdf5_unlock(void) {
    (void)H5Eset_auto2(H5E_DEFAULT, host_print, host_print_data);
    (void)pthread_mutex_unlock(&lock);
}

enum { REASON = 200 };

/* The first entry upwards is the innermost: what really went wrong. */
static herr_t take_reason(unsigned n, const H5E_error2_t *entry, void *data) {
    char *reason = data;
    if (n == 0 && entry->desc != NULL) (void)snprintf(reason, REASON, "%s", entry->desc);
    return 0;
}

lac_status lac__hdf5_fail(const lac_hdf5 *f, lac_status status, const char *object,
                          const char *what) {
    char reason[REASON] = "";
    (void)H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_reason, reason);
    for (char *p = reason; *p != '\0'; p++)
        if ((unsigned char)*p < ' ') *p = ' '; /* names from the file may hold anything */
    return lac__fail(status, "hdf5: %.400s: %.200s%s%s%s%s%s", f->path,
                     object != NULL ? object : "", object != NULL ? ": " : "", what,
                     reason[0] != '\0' ? " (libhdf5: " : "", reason, reason[0] != '\0' ? ")" : "");
}
