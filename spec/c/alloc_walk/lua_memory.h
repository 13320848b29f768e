/*
 * lua_memory.h - a host's own Lua state, whose requests are counted and refused like the libraries'.
 */
#ifndef SPEC_ALLOC_WALK_LUA_MEMORY_H
#define SPEC_ALLOC_WALK_LUA_MEMORY_H

#include "alloc_walk/refusing.h"
#include "harness.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

/* Lua's blocks are its own business: they are not looked up among those of the libraries. */
#ifdef REFUSES_MALLOC
#define LUA_REALLOC __libc_realloc
#define LUA_FREE __libc_free
#else
#define LUA_REALLOC realloc
#define LUA_FREE free
#endif

static inline void *lua_memory(void *user, void *block, size_t old, size_t bytes) {
    (void)user;
    if (bytes == 0) return LUA_FREE(block), NULL;
    if ((block == NULL || bytes > old) && refuses()) return NULL;
    return LUA_REALLOC(block, bytes);
}

static inline lua_State *host_state(void) {
    lua_State *L = lua_newstate(lua_memory, NULL);
    CHECK(L != NULL);
    luaL_openlibs(L);
    return L;
}

#endif
