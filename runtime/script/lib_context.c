/*
 * lib_context.c - lua/lacuna/native.lua makes a context of its own unless package.preload has
 * "lacuna.context": a function that gives the host's, and the path of the liblacuna that it belongs to.
 */
#include "script/lib_script.h"

#include <lauxlib.h>

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int release(lua_State *L) {
    lac_context **box = lua_touserdata(L, 1);
    lac_context_release(*box);
    *box = NULL;
    return 0;
}

/* A full userdata that holds a reference to the context for as long as the function below lives. */
static void push_owner(lua_State *L, lac_context *ctx) {
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): what is in the box is a pointer */
    lac_context **box = lua_newuserdata(L, sizeof *box);
    *box = NULL;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, release);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lac_context_retain(ctx);
    *box = ctx;
}

/* Of the liblacuna that this library calls: a text in it is not moved by any linker. */
static void push_library(lua_State *L) {
    Dl_info info;
    char path[PATH_MAX];
    if (dladdr(lac_version(), &info) == 0 || info.dli_fname == NULL ||
        realpath(info.dli_fname, path) == NULL)
        luaL_error(L, "script: cannot tell which file liblacuna was loaded from");
    lua_pushstring(L, path);
}

static int give_context(lua_State *L) {
    lac_context **box = lua_touserdata(L, lua_upvalueindex(1));
    lua_pushlightuserdata(L, *box);
    lua_pushvalue(L, lua_upvalueindex(2));
    return 2;
}

static void check_not_loaded(lua_State *L) {
    lua_getfield(L, -1, "loaded");
    lua_getfield(L, -1, "lacuna.native");
    if (!lua_isnil(L, -1))
        luaL_error(L, "script: this Lua state has loaded lacuna on another context: open it before "
                      "the first require");
    lua_pop(L, 2);
}

int lac__lib_prepare(lua_State *L) {
    lac_context *ctx = lua_touserdata(L, 1);
    const char *root = lac__lib_root();
    if (root == NULL) return luaL_error(L, "%s", lac_last_error());
    lua_getglobal(L, "package");
    if (!lua_istable(L, -1))
        return luaL_error(L, "script: the Lua state has no package library: call luaL_openlibs");
    check_not_loaded(L);
    lua_pushfstring(L, "%s/lua/?.lua;%s/lua/?/init.lua;", root, root);
    lua_getfield(L, -2, "path");
    if (!lua_isstring(L, -1)) return luaL_error(L, "script: package.path is no string");
    if (strncmp(lua_tostring(L, -1), lua_tostring(L, -2), lua_objlen(L, -2)) != 0) {
        lua_concat(L, 2);
        lua_setfield(L, -2, "path");
    } else {
        lua_pop(L, 2);
    }
    lua_getfield(L, -1, "preload");
    push_owner(L, ctx);
    push_library(L);
    lua_pushcclosure(L, give_context, 2);
    lua_setfield(L, -2, "lacuna.context");
    return 0;
}

lac_status lac_script_open_in(struct lua_State *L, lac_context *ctx) {
    if (L == NULL || ctx == NULL)
        return lac_fail(LAC_ERR_ARGUMENT, "script: the Lua state or the context is NULL");
    return lac__lib_protect(L, lac__lib_prepare, ctx);
}
