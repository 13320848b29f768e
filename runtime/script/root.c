/*
 * root.c - finds the Lua package from the program's own path, so that it runs from any directory; and from
 * liblacuna_script's (lib_root.c).
 *
 * Three layouts are known: an installation (PREFIX/bin beside PREFIX/share/lacuna), the build folder
 * of a source tree (build/lacuna below lua/), and a build folder elsewhere, which holds a link named
 * `source` to the tree.
 */
#include "script/script.h"

#include <lauxlib.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char root[PATH_MAX];

const char *lac__root(void) {
    return root;
}

static bool readable(const char *folder, const char *file) {
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", folder, file);
    return n > 0 && (size_t)n < sizeof path && access(path, R_OK) == 0;
}

bool lac__root_below(const char *folder) {
    static const char *const layouts[] = {"../share/lacuna", "source", ".."};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; ++i) {
        char candidate[PATH_MAX];
        int length = snprintf(candidate, sizeof candidate, "%s/%s", folder, layouts[i]);
        if (length <= 0 || (size_t)length >= sizeof candidate) continue;
        if (readable(candidate, "lua/lacuna/errors.lua") && realpath(candidate, root)) return true;
    }
    return false;
}

bool lac__root_find(void) {
    char folder[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", folder, sizeof folder - 1);
    if (n <= 0) return false;
    folder[n] = '\0';
    char *slash = strrchr(folder, '/');
    if (!slash) return false;
    *slash = '\0';

    /* A build folder holds its own libraries, wherever the Lua files are. */
    if (readable(folder, "liblacuna.so")) (void)setenv("LACUNA_LIB_DIR", folder, 0);
    return lac__root_below(folder);
}

/* LUA_PATH's rule: ";;" stands for the default, which follows when it is not mentioned, so that the
 * modules of the system stay in reach. */
static void push_environment_path(lua_State *L, const char *variable, const char *fallback) {
    const char *value = getenv(variable);
    if (!value || !*value) {
        lua_pushstring(L, fallback);
    } else if (strstr(value, ";;")) {
        lua_pushfstring(L, ";%s;", fallback);
        const char *middle = lua_tostring(L, -1);
        luaL_gsub(L, value, ";;", middle);
        lua_remove(L, -2);
    } else {
        lua_pushfstring(L, "%s;%s", value, fallback);
    }
}

void lac__root_set_paths(lua_State *L) {
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "path");
    push_environment_path(L, "LUA_PATH", lua_tostring(L, -1));
    lua_pushfstring(L, "%s/lua/?.lua;%s/lua/?/init.lua;%s", root, root, lua_tostring(L, -1));
    lua_setfield(L, -4, "path");
    lua_pop(L, 2);
    lua_getfield(L, -1, "cpath");
    push_environment_path(L, "LUA_CPATH", lua_tostring(L, -1));
    lua_setfield(L, -3, "cpath");
    lua_pop(L, 2);
}
