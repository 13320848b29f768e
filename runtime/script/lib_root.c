/*
 * lib_root.c - the package beside liblacuna_script: by root.c's layouts, from the folder of the library or, in
 * a system with lib/ARCHITECTURE, from the one above. Looked for once in a process.
 */
#include "script/lib_script.h"
#include "script/script.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char anchor = 0; /* any object tells dladdr which file it is in */
static bool found;

static void find(void) {
    Dl_info info;
    char folder[PATH_MAX];
    if (dladdr(&anchor, &info) == 0 || info.dli_fname == NULL) return;
    const char *slash = strrchr(info.dli_fname, '/');
    if (slash == NULL) return;
    const int length = (int)(slash - info.dli_fname);
    static const char *const above[] = {"", "/.."};
    for (int i = 0; i < 2 && !found; i++) {
        const int used =
            snprintf(folder, sizeof folder, "%.*s%s", length, info.dli_fname, above[i]);
        found = used > 0 && used < PATH_MAX && lac__root_below(folder);
    }
}

const char *lac__lib_root(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, find);
    if (found) return lac__root();
    (void)lac_fail(LAC_ERR_UNSUPPORTED,
                   "script: no Lua package in ../share/lacuna or .. of liblacuna_script.so");
    return NULL;
}
