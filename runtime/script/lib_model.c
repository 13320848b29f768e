/*
 * lib_model.c - networks: a reference in the registry of their script's state.
 */
#include "script/lib_script.h"

#include <lauxlib.h>

#include <stdlib.h>

struct lac_model {
    int references;
    lac_script *script; /* retained */
    int ref;            /* of the module in the registry */
};

typedef struct {
    const char *file, *config;
    lac_weights *weights;
    int ref;
} load_request;

static int load(lua_State *L) {
    load_request *r = lua_touserdata(L, 1);
    lac__lib_push_function(L, "load");
    lua_pushstring(L, r->file);
    lua_pushstring(L, r->config); /* nil for NULL */
    if (r->weights != NULL)
        lua_pushlightuserdata(L, r->weights);
    else
        lua_pushnil(L);
    lua_call(L, 3, 1);
    r->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

lac_status lac_script_load_model(lac_script *s, const char *file, const char *config_json,
                                 lac_weights *weights, lac_model **out) {
    if (s == NULL || file == NULL || out == NULL)
        return lac_fail(LAC_ERR_ARGUMENT, "load_model: the script, the name or out is NULL");
    lac_model *m = calloc(1, sizeof *m);
    if (m == NULL) return lac_fail(LAC_ERR_OOM, "load_model: out of memory");
    load_request r = {.file = file, .config = config_json, .weights = weights};
    const lac_status status = lac__lib_finish(s->ctx, lac__lib_protect(s->L, load, &r), NULL, 0);
    if (status != LAC_OK) {
        free(m);
        return status;
    }
    *m = (lac_model){.references = 1, .script = s, .ref = r.ref};
    lac_script_retain(s);
    *out = m;
    return LAC_OK;
}

void lac_model_retain(lac_model *m) {
    if (m != NULL) m->references++;
}

static int unref(lua_State *L) {
    const lac_model *m = lua_touserdata(L, 1);
    luaL_unref(L, LUA_REGISTRYINDEX, m->ref);
    return 0;
}

void lac_model_release(lac_model *m) {
    if (m == NULL || --m->references > 0) return;
    (void)lac__lib_protect(m->script->L, unref, m);
    lac_script_release(m->script);
    free(m);
}

typedef struct {
    const lac_model *m;
    const lac_value *in;
    int32_t n;
    lac_value *out;
    int32_t m_max;
} forward_request;

static int forward(lua_State *L) {
    const forward_request *r = lua_touserdata(L, 1);
    lac__lib_push_function(L, "run");
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->m->ref);
    lua_pushlightuserdata(L, (void *)(uintptr_t)r->in);
    lua_pushinteger(L, r->n);
    lua_pushlightuserdata(L, r->out);
    lua_pushinteger(L, r->m_max);
    lua_call(L, 5, 0);
    return 0;
}

lac_status lac_model_forward(lac_model *m, const lac_value *in, int32_t n, lac_value *out,
                             int32_t m_max) {
    if (m == NULL) return lac_fail(LAC_ERR_ARGUMENT, "forward: the model is NULL");
    if (n < 0 || n > 64 || (n > 0 && in == NULL))
        return lac_fail(LAC_ERR_ARGUMENT, "forward: in is NULL or n not within 0 and 64");
    lac_status status = lac__lib_clear(out, m_max);
    if (status != LAC_OK) return status;
    forward_request r = {.m = m, .in = in, .n = n, .out = out, .m_max = m_max};
    status = lac__lib_protect(m->script->L, forward, &r);
    return lac__lib_finish(m->script->ctx, status, out, m_max);
}
