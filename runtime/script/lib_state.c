/*
 * lib_state.c - the Lua state of a script: its allocator, what it loads, its end.
 */
#include "script/lib_script.h"

#include <lauxlib.h>
#include <luajit.h>
#include <lualib.h>

#include <stdlib.h>

/* Counts, and has no memory beyond the cap. Shrinking always works. */
static void *count(void *user, void *block, size_t old, size_t bytes) {
    lac__lua_memory *m = user;
    if (block == NULL) old = 0;
    if (bytes > old && (m->used > m->cap || bytes - old > m->cap - m->used)) {
        m->refused = true;
        return NULL;
    }
    if (bytes == 0) {
        free(block);
        m->used -= old;
        return NULL;
    }
    void *moved = realloc(block, bytes);
    if (moved == NULL) return NULL;
    m->used = m->used - old + bytes;
    return moved;
}

static int collect(lua_State *L) {
    lua_gc(L, LUA_GCCOLLECT, 0);
    lua_gc(L, LUA_GCCOLLECT, 0); /* what finalizers of the first run let go */
    return 0;
}

void lac__lib_recover(lua_State *L) {
    void *user = NULL;
    lac__lua_memory *m = lua_getallocf(L, &user) == count ? user : NULL;
    const uint64_t cap = m != NULL ? m->cap : 0;
    if (m != NULL) m->cap = UINT64_MAX;
    if (lua_cpcall(L, collect, NULL) != 0) lua_pop(L, 1);
    if (m != NULL) m->cap = cap;
}

lac_status lac_script_collect(lac_script *s) {
    if (s == NULL) return lac_fail(LAC_ERR_ARGUMENT, "script: the script is NULL");
    return lac__lib_finish(s->ctx, lac__lib_protect(s->L, collect, NULL), NULL, 0);
}

static lua_State *open_state(lac_script *s, const lac_script_options *options) {
    if (options->memory_cap == 0) return luaL_newstate();
    s->memory.cap = options->memory_cap;
    return lua_newstate(count, &s->memory);
}

typedef struct {
    lac_script *s;
    const lac_script_options *options;
} request;

static int prepare(lua_State *L) {
    const request *r = lua_touserdata(L, 1);
    /* LuaJIT has no collection in an emergency, so a capped state lets less garbage gather. */
    if (r->options->memory_cap > 0) {
        lua_gc(L, LUA_GCSETPAUSE, 110);
        lua_gc(L, LUA_GCSETSTEPMUL, 400);
    }
    /* Where memory ends inside of luaopen_ffi, LuaJIT 2.1 loses the 3.5 kB of its table of types. */
    r->s->memory.cap = UINT64_MAX;
    luaL_openlibs(L);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "ffi");
    lua_call(L, 1, 0);
    r->s->memory.cap = r->options->memory_cap;
    /* Out of memory in compiled code, LuaJIT 2.1 crashes. */
    const bool plain = !r->s->restricted && r->options->memory_cap == 0;
    const bool jit = r->options->jit == 1 || (r->options->jit == 0 && plain);
    (void)luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | (jit ? LUAJIT_MODE_ON : LUAJIT_MODE_OFF));
    lua_pushcfunction(L, lac__lib_prepare);
    lua_pushlightuserdata(L, r->s->ctx);
    lua_call(L, 1, 0);
    lac__lib_push_function(L, "start");
    lua_pushboolean(L, r->s->restricted);
    lua_pushinteger(L, (lua_Integer)sizeof(lac_value));
    lua_call(L, 2, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, LAC__LIB_ENVIRONMENT);
    return 0;
}

static lac_status check(const lac_script_options *options, lac_script_options *known) {
    if (options == NULL) return LAC_OK;
    if (options->size != sizeof *known)
        return lac_fail(LAC_ERR_ARGUMENT,
                        "script: options.size is not sizeof(lac_script_options): set it");
    if (options->jit < -1 || options->jit > 1)
        return lac_fail(LAC_ERR_ARGUMENT, "script: jit is none of -1, 0 and 1");
    *known = *options;
    return LAC_OK;
}

lac_status lac_script_create(lac_context *ctx, const lac_script_options *options,
                             lac_script **out) {
    lac_script_options known = {0};
    if (ctx == NULL || out == NULL)
        return lac_fail(LAC_ERR_ARGUMENT, "script: the context or out is NULL");
    lac_status status = check(options, &known);
    if (status != LAC_OK) return status;
    if (lac__lib_root() == NULL) return LAC_ERR_UNSUPPORTED;
    lac_script *s = calloc(1, sizeof *s);
    if (s == NULL) return lac_fail(LAC_ERR_OOM, "script: out of memory");
    s->references = 1;
    s->ctx = ctx;
    s->restricted = known.restricted != 0;
    lac_context_retain(ctx);
    s->L = open_state(s, &known);
    status = s->L == NULL
                 ? lac_fail(LAC_ERR_OOM, "script: no memory for a Lua state (or none with a "
                                         "memory_cap in this build of LuaJIT)")
                 : lac__lib_protect(s->L, prepare, &(request){.s = s, .options = &known});
    status = lac__lib_finish(ctx, status, NULL, 0);
    if (status != LAC_OK && s->memory.refused)
        status =
            lac_fail(LAC_ERR_OOM, "script: memory_cap is too little to load the package: 8 MiB "
                                  "suffice");
    if (status != LAC_OK) {
        lac_script_release(s);
        return status;
    }
    *out = s;
    return LAC_OK;
}

void lac_script_retain(lac_script *s) {
    if (s != NULL) s->references++;
}

void lac_script_release(lac_script *s) {
    if (s == NULL || --s->references > 0) return;
    s->memory.cap = UINT64_MAX; /* finalizers that get no memory would not release what they hold */
    if (s->L != NULL) lua_close(s->L);
    lac_context_release(s->ctx);
    free(s);
}

struct lua_State *lac_script_state(lac_script *s) {
    return s != NULL ? s->L : NULL;
}
