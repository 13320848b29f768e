/*
 * lib_script.h - the parts of liblacuna_script.
 */
#ifndef LAC_SCRIPT_LIB_SCRIPT_H
#define LAC_SCRIPT_LIB_SCRIPT_H

#include "lacuna/lacuna_script.h"

#include <lua.h>

#include <stdbool.h>

/* What the counting allocator of a capped state knows. */
typedef struct lac__lua_memory {
    uint64_t used, cap;
    bool refused; /* a request, so far */
} lac__lua_memory;

struct lac_script {
    int references; /* of one thread, like the state */
    lac_context *ctx;
    lua_State *L;
    bool restricted;
    lac__lua_memory memory;
};

/* lib_root.c: where the package is. */

/** The folder that holds lua/lacuna, found once from this library's path; NULL with a message. */
const char *lac__lib_root(void);

/* lib_context.c: which context the package takes. */

/** Lua function: sets package.path, and the preload of lacuna.context for the context at index 1
 *  (light userdata). Raises where the package is already loaded. */
int lac__lib_prepare(lua_State *L);

/* lib_state.c */

/** After memory ran out: collects, without the cap, because LuaJIT has no collection in an emergency. */
void lac__lib_recover(lua_State *L);

/* lib_call.c: no Lua error leaves the library. */

/** Calls `body` with `request` as light userdata at index 1; its error becomes a status and a message. */
lac_status lac__lib_protect(lua_State *L, lua_CFunction body, void *request);
/** Pushes a function of lua/lacuna/embed.lua. */
void lac__lib_push_function(lua_State *L, const char *name);
/** Makes `m` values nil; ARGUMENT where there is no place for them. */
lac_status lac__lib_clear(lac_value *out, int32_t m);
/** After a call: the host's own calls of this context never see LAC_AGAIN. Releases `out` on failure. */
lac_status lac__lib_finish(lac_context *ctx, lac_status status, lac_value *out, int32_t m);

/** Name in the registry of the globals of a restricted state. */
#define LAC__LIB_ENVIRONMENT "lacuna.environment"

#endif
