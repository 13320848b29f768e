/*
 * run.c - protected calls: what fails prints one line, "lacuna: message", on stderr.
 *
 * LACUNA_TRACE=1 adds Lua's traceback.
 */
#include "script/script.h"

#include <lauxlib.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool wants_trace(void) {
    const char *value = getenv("LACUNA_TRACE");
    return value && *value && strcmp(value, "0") != 0;
}

/* Makes a string of the error value while the stack of the failure is still there. */
static int describe(lua_State *L) {
    if (!lua_isstring(L, 1)) {
        if (!luaL_callmeta(L, 1, "__tostring") || !lua_isstring(L, -1)) {
            lua_settop(L, 1);
            lua_pushfstring(L, "error value is a %s, not a string", luaL_typename(L, 1));
        }
        lua_replace(L, 1);
        lua_settop(L, 1);
    }
    if (wants_trace()) {
        luaL_traceback(L, L, lua_tostring(L, 1), 1);
    }
    return 1;
}

static bool report(lua_State *L, int status) {
    if (status == 0) return true;
    const char *message = lua_tostring(L, -1);
    (void)fflush(stdout);
    if (!message) message = "unknown failure";
    const char *name = strncmp(message, "lacuna: ", 8) == 0 ? "" : "lacuna: ";
    (void)fprintf(stderr, "%s%s\n", name, message);
    (void)fflush(stderr);
    lua_pop(L, 1);
    return false;
}

bool lac__run_call(lua_State *L, int arguments, int results) {
    int base = lua_gettop(L) - arguments;
    lua_pushcfunction(L, describe);
    lua_insert(L, base);
    int status = lua_pcall(L, arguments, results, base);
    lua_remove(L, base);
    return report(L, status);
}

bool lac__run_string(lua_State *L, const char *code, const char *name) {
    int status = luaL_loadbuffer(L, code, strlen(code), name);
    return status ? report(L, status) : lac__run_call(L, 0, 0);
}

static int push_arguments(lua_State *L, char **argv) {
    int n = 0;
    while (argv[n]) ++n;
    luaL_checkstack(L, n, "too many arguments");
    for (int i = 0; i < n; ++i) lua_pushstring(L, argv[i]);
    return n;
}

bool lac__run_file(lua_State *L, const char *path, char **argv) {
    int status = luaL_loadfile(L, path);
    if (status) return report(L, status);
    return lac__run_call(L, push_arguments(L, argv), 0);
}

bool lac__run_function(lua_State *L, const char *module, const char *field, char **argv,
                       int *status) {
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    if (!lac__run_call(L, 1, 1)) return false;
    lua_getfield(L, -1, field);
    lua_remove(L, -2);
    if (!lac__run_call(L, push_arguments(L, argv), 1)) return false;
    if (lua_isnumber(L, -1)) *status = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return true;
}
