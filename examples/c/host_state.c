/*
 * host_state.c - an application that has a LuaJIT state of its own, with its own functions and rules, and
 * lets its scripts use Lacuna on a context that it also uses from C.
 *
 *   cc host_state.c $(pkg-config --cflags --libs lacuna_script luajit) -o host_state
 */
#include <lacuna/lacuna_script.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <stdio.h>
#include <stdlib.h>

/* The application's script: its own function scan(), and Lacuna. */
static const char rules[] = "local lacuna = require 'lacuna'\n"
                            "function obstacles(height)\n"
                            "  local points = scan()\n"
                            "  local x = lacuna.quantize(points, { voxel_size = 0.5 })\n"
                            "  local z = x.feats:select(2, 3)\n"
                            "  return z:gt(height):sum(), x\n"
                            "end\n";

static lac_context *ctx; /* the application's, on the thread of its Lua state */

static void check(lac_status status) {
    if (status == LAC_OK) return;
    fprintf(stderr, "host_state: %s\n", lac_last_error());
    exit(1);
}

/* scan() -> Tensor [N,3]: what the application measured, without a copy. */
static int scan(lua_State *L) {
    static float points[][3] = {{1, 1, 0.1f}, {1.1f, 1, 0.1f}, {4, 2, 1.9f}, {4, 3, 2.2f}};
    const lac_tensor_desc desc = {
        .size = sizeof desc, .dtype = LAC_DTYPE_F32, .ndim = 2, .shape = {4, 3}};
    lac_value value = {.kind = LAC_VALUE_TENSOR};
    lac_status status = lac_tensor_wrap(ctx, &desc, points, NULL, NULL, &value.tensor);
    if (status == LAC_OK) status = lac_value_push(L, &value);
    lac_tensor_release(value.tensor); /* Lua has a reference of its own */
    return status == LAC_OK ? 1 : luaL_error(L, "scan: %s", lac_last_error());
}

static void call(lua_State *L, int arguments, int results) {
    if (lua_pcall(L, arguments, results, 0) == 0) return;
    fprintf(stderr, "host_state: %s\n", lua_tostring(L, -1));
    exit(1);
}

int main(void) {
    check(lac_context_create(NULL, &ctx));
    lua_State *L = luaL_newstate();
    if (!L) return 1;
    luaL_openlibs(L);
    lua_register(L, "scan", scan);
    check(lac_script_open_in(L, ctx)); /* from here on, require "lacuna" works */

    if (luaL_loadstring(L, rules) != 0) {
        fprintf(stderr, "host_state: %s\n", lua_tostring(L, -1));
        return 1;
    }
    call(L, 0, 0);

    lua_getglobal(L, "obstacles");
    lua_pushnumber(L, 1.0);
    call(L, 1, 2);
    lac_value count, voxels;
    check(lac_value_get(L, -2, &count));
    check(lac_value_get(L, -1, &voxels));
    lua_pop(L, 2);

    /* From here on it is C again, on the same context. */
    int64_t above = 0;
    check(lac_tensor_download(ctx, count.tensor, &above, sizeof above));
    lac_coords *coords = lac_sparse_coords(voxels.sparse);
    printf("%lld of %lld voxels are above 1 m\n", (long long)above,
           (long long)lac_coords_count(coords));

    lac_coords_release(coords);
    lac_value_release(&voxels);
    lac_value_release(&count);
    lua_close(L);
    lac_context_release(ctx);
    return 0;
}
