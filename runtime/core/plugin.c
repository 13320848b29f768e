/*
 * plugin.c - see plugin.h. Only a success is remembered: after a failure the next call looks again.
 */
#include "core/plugin.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Any object of this library will do: dladdr tells which file it came from. */
static const char anchor = 0;

/* "<folder of liblacuna>/<name><suffix>" where that file exists, else the bare name, which the
 * system's search path may know. */
static void locate(const char *name, char path[PATH_MAX]) {
    static const char *const suffixes[] = {"", ".0"};
    Dl_info info;
    if (dladdr(&anchor, &info) != 0 && info.dli_fname != NULL) {
        const char *slash = strrchr(info.dli_fname, '/');
        for (int i = 0; slash != NULL && i < 2; i++) {
            const int used = snprintf(path, PATH_MAX, "%.*s/%s%s", (int)(slash - info.dli_fname),
                                      info.dli_fname, name, suffixes[i]);
            if (used > 0 && used < PATH_MAX && access(path, R_OK) == 0) return;
        }
    }
    (void)snprintf(path, PATH_MAX, "%s.0", name);
}

lac_status lac__plugin_open(const char *name, const char *variable, const char *symbol,
                            const char *purpose, void **out) {
    char path[PATH_MAX];
    const char *given = getenv(variable);
    if (given != NULL && given[0] != '\0')
        (void)snprintf(path, sizeof path, "%s", given);
    else
        locate(name, path);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return lac__fail(LAC_ERR_UNSUPPORTED, "%s: cannot open %s, which is needed for %s: %s",
                         name, path, purpose, dlerror());
    void *found = dlsym(library, symbol);
    if (found == NULL) {
        (void)dlclose(library);
        return lac__fail(LAC_ERR_UNSUPPORTED, "%s: %s has no %s: it is another library", name, path,
                         symbol);
    }
    *out = found;
    return LAC_OK;
}
