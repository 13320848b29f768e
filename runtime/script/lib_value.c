/*
 * lib_value.c - values between C and Lua. lua/lacuna/embed.lua reads and writes the structs; their texts
 * and lists come from malloc.
 */
#include "script/lib_script.h"

#include <lauxlib.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void lac_value_release(lac_value *value) {
    if (value == NULL) return;
    lac_tensor_release(value->tensor);
    lac_tensor_release(value->coords);
    lac_sparse_release(value->sparse);
    for (int32_t i = 0; i < value->count; i++) lac_value_release(&value->items[i]);
    free(value->items);
    free((void *)(uintptr_t)value->text);
    memset(value, 0, sizeof *value);
}

/* ---- on the stack of a state ----
 *
 * A protected function sees neither the stack of its caller nor can it leave anything there, and what the
 * caller does unprotected must not take memory: values go through a slot of the registry that is made
 * first. */

typedef struct {
    int ref;
    const lac_value *in;
    lac_value *out;
} slot;

static int make(lua_State *L) {
    slot *s = lua_touserdata(L, 1);
    lua_pushboolean(L, 1);
    s->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static int decode(lua_State *L) {
    const slot *s = lua_touserdata(L, 1);
    lac__lib_push_function(L, "decode");
    lua_pushlightuserdata(L, (void *)(uintptr_t)s->in);
    lua_call(L, 1, 1);
    lua_rawseti(L, LUA_REGISTRYINDEX, s->ref);
    return 0;
}

static int encode(lua_State *L) {
    const slot *s = lua_touserdata(L, 1);
    lac__lib_push_function(L, "encode");
    lua_pushlightuserdata(L, s->out);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->ref);
    lua_call(L, 2, 0);
    return 0;
}

static int forget(lua_State *L) {
    const slot *s = lua_touserdata(L, 1);
    luaL_unref(L, LUA_REGISTRYINDEX, s->ref);
    return 0;
}

lac_status lac_value_push(struct lua_State *L, const lac_value *value) {
    if (L == NULL || value == NULL)
        return lac_fail(LAC_ERR_ARGUMENT, "value: it or the Lua state is NULL");
    slot s = {.in = value};
    lac_status status = lac__lib_protect(L, make, &s);
    if (status != LAC_OK) return status;
    status = lac__lib_protect(L, decode, &s);
    if (status == LAC_OK) lua_rawgeti(L, LUA_REGISTRYINDEX, s.ref);
    (void)lac__lib_protect(L, forget, &s);
    return status;
}

lac_status lac_value_get(struct lua_State *L, int index, lac_value *out) {
    if (L == NULL) return lac_fail(LAC_ERR_ARGUMENT, "value: the Lua state is NULL");
    slot s = {.out = out};
    lac_status status = lac__lib_clear(out, 1);
    if (status == LAC_OK) status = lac__lib_protect(L, make, &s);
    if (status != LAC_OK) return status;
    lua_pushvalue(L, index);
    lua_rawseti(L, LUA_REGISTRYINDEX, s.ref);
    status = lac__lib_protect(L, encode, &s);
    if (status != LAC_OK) lac_value_release(out);
    (void)lac__lib_protect(L, forget, &s);
    return status;
}
