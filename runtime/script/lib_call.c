/*
 * lib_call.c - calls into Lua. Everything that may raise, and in Lua that is everything that may take
 * memory, runs below lac__lib_protect.
 */
#include "script/lib_script.h"

#include <lauxlib.h>

#include <stdio.h>
#include <string.h>

static const char embed_key[] = "lacuna.embed";

void lac__lib_push_function(lua_State *L, const char *name) {
    lua_getfield(L, LUA_REGISTRYINDEX, embed_key);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_getglobal(L, "require");
        lua_pushstring(L, embed_key);
        lua_call(L, 1, 1);
        lua_pushvalue(L, -1);
        lua_setfield(L, LUA_REGISTRYINDEX, embed_key);
    }
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

typedef struct {
    char text[1024]; /* copied: what runs in between may set the last error */
    lac_status status;
} failure;

/* Lua's message for memory that is over, also behind what `require` or a script put before it. */
static bool tells_no_memory(const char *text) {
    static const char message[] = "not enough memory";
    const size_t length = strlen(text), end = sizeof message - 1;
    return length >= end && strcmp(text + length - end, message) == 0;
}

/* Which status the message stands for: embed.lua knows if it is a failed operation's. */
static int classify(lua_State *L) {
    failure *f = lua_touserdata(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, embed_key);
    if (!lua_istable(L, -1)) return 0;
    lua_getfield(L, -1, "status");
    lua_pushstring(L, f->text);
    lua_call(L, 1, 1);
    if (lua_isnumber(L, -1)) f->status = (lac_status)lua_tointeger(L, -1);
    return 0;
}

/* The error value on top of the stack, which is popped. */
static lac_status report(lua_State *L, int error) {
    failure f = {.text = "script: raised a value that is no string", .status = LAC_ERR_SCRIPT};
    if (error == LUA_ERRMEM ||
        (lua_type(L, -1) == LUA_TSTRING && tells_no_memory(lua_tostring(L, -1)))) {
        lua_pop(L, 1);
        lac__lib_recover(L);
        return lac_fail(LAC_ERR_OOM,
                        "script: Lua is out of memory: raise memory_cap, or keep less");
    }
    if (lua_type(L, -1) == LUA_TSTRING)
        (void)snprintf(f.text, sizeof f.text, "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
    if (lua_cpcall(L, classify, &f) != 0) lua_pop(L, 1);
    return lac_fail(f.status, f.text);
}

lac_status lac__lib_protect(lua_State *L, lua_CFunction body, void *request) {
    if (!lua_checkstack(L, 8)) return lac_fail(LAC_ERR_OOM, "script: the Lua stack is full");
    const int error = lua_cpcall(L, body, request);
    return error == 0 ? LAC_OK : report(L, error);
}

lac_status lac__lib_clear(lac_value *out, int32_t m) {
    if (m < 0 || (m > 0 && out == NULL))
        return lac_fail(LAC_ERR_ARGUMENT, "script: no place for the results: out is NULL or m_max "
                                          "negative");
    if (m > 0) memset(out, 0, (size_t)m * sizeof *out);
    return LAC_OK;
}

lac_status lac__lib_finish(lac_context *ctx, lac_status status, lac_value *out, int32_t m) {
    lac_memory_collector(ctx, 0);
    for (int32_t i = 0; i < m && status != LAC_OK; i++) lac_value_release(&out[i]);
    return status;
}

/* ---- chunks ---- */

typedef struct {
    lac_script *s;
    const char *code; /* NULL: the file `name` */
    const char *name;
    lac_value *out;
    int32_t m;
} chunk;

static int run(lua_State *L) {
    const chunk *c = lua_touserdata(L, 1);
    const char *mode = c->s->restricted ? "t" : "bt";
    lac__lib_push_function(L, "run");
    int error;
    if (c->code != NULL) {
        const char *name = lua_pushfstring(L, "=%s", c->name != NULL ? c->name : "script");
        error = luaL_loadbufferx(L, c->code, strlen(c->code), name, mode);
        lua_remove(L, -2);
    } else {
        error = luaL_loadfilex(L, c->name, mode);
    }
    if (error != 0) return lua_error(L);
    if (c->s->restricted) {
        lua_getfield(L, LUA_REGISTRYINDEX, LAC__LIB_ENVIRONMENT);
        (void)lua_setfenv(L, -2);
    }
    lua_pushlightuserdata(L, NULL);
    lua_pushinteger(L, 0);
    lua_pushlightuserdata(L, c->out);
    lua_pushinteger(L, c->m);
    lua_call(L, 5, 0);
    return 0;
}

static lac_status run_chunk(chunk *c) {
    lac_status status = lac__lib_clear(c->out, c->m);
    if (status != LAC_OK) return status;
    status = lac__lib_protect(c->s->L, run, c);
    return lac__lib_finish(c->s->ctx, status, c->out, c->m);
}

lac_status lac_script_run_string(lac_script *s, const char *code, const char *name, lac_value *out,
                                 int32_t m_max) {
    if (s == NULL || code == NULL)
        return lac_fail(LAC_ERR_ARGUMENT, "script: the script or its code is NULL");
    return run_chunk(&(chunk){.s = s, .code = code, .name = name, .out = out, .m = m_max});
}

lac_status lac_script_run_file(lac_script *s, const char *path, lac_value *out, int32_t m_max) {
    if (s == NULL || path == NULL)
        return lac_fail(LAC_ERR_ARGUMENT, "script: the script or the path is NULL");
    return run_chunk(&(chunk){.s = s, .name = path, .out = out, .m = m_max});
}
