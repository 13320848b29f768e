/*
 * script_alloc_walk_lua_test.c - Lua runs out of memory in the middle of operations: no reference is lost.
 *
 * The operations of alloc_walk/operations.lua run in a host's state. In turn each request of Lua and of the
 * library is refused, and each and all after it. What was made and is reached no more must be gone after a
 * collection, and everything with the state. Without the JIT compiler: LuaJIT 2.1 (2022) itself crashes
 * where a table's memory is refused in a compiled loop.
 */
#include "alloc_walk/lua_memory.h"

#include <lacuna/lacuna_script.h>

#include <stdio.h>

enum { OPERATIONS = 1, IS_NO_MEMORY = 2, MOST = 20000 };

static char path[] = "/tmp/lacuna_walk_XXXXXX";

static uint64_t live_blocks(lac_context *ctx) {
    lac_memory memory;
    lac_memory_stats(ctx, &memory);
    return memory.blocks;
}

/* What finalizers release, others may refer to. */
static void collect(lua_State *L) {
    for (int i = 0; i < 3; i++) lua_gc(L, LUA_GCCOLLECT, 0);
}

static int say(const char *name, long long at, int all, const char *what) {
    failed++;
    printf("%s: request %lld%s refused: %s\n", name, at, all ? " and all after it" : "", what);
    return 0;
}

/* Runs operation `i` with request `at` refused, or undisturbed (0); false where it fails in another way than
 * by a refusal. */
static int run(lua_State *L, int i, const char *name, long long at, int all) {
    lua_rawgeti(L, OPERATIONS, i);
    lua_getfield(L, -1, "run");
    lua_remove(L, -2);
    if (at > 0) arm(at, all);
    const int error = lua_pcall(L, 0, 0, 0);
    disarm();
    if (error == 0) return 1;
    int right = at > 0 && atomic_load(&refused) > 0;
    if (right && error != LUA_ERRMEM) {
        lua_pushvalue(L, IS_NO_MEMORY);
        lua_pushvalue(L, -2);
        lua_call(L, 1, 1);
        right = lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
    if (!right) (void)say(name, at, all, lua_tostring(L, -1));
    lua_pop(L, 1);
    return right;
}

/* With `each`, memory is counted after every request, which tells the one that lost something. */
static void walk(lua_State *L, lac_context *ctx, int i, const char *name, int each) {
    if (!run(L, i, name, 0, 0) || !run(L, i, name, 0, 0)) return;
    collect(L);
    const uint64_t before = live_blocks(ctx);
    long long at = 0;
    int right = 1;
    for (int all = 0; all < 2; all++) {
        at = 0;
        do {
            right = run(L, i, name, ++at, all) && right;
            if (!each) continue;
            (void)run(L, i, name, 0, 0);
            collect(L);
            if (live_blocks(ctx) == before) continue;
            right = say(name, at, all, "a reference is lost");
            break;
        } while (right && atomic_load(&refused) > 0 && at < MOST);
    }
    if (right && run(L, i, name, 0, 0)) {
        collect(L);
        if (!CHECK(live_blocks(ctx) == before && at > 1 && at < MOST))
            printf("%s: %lld requests, %lld references lost\n", name, at,
                   (long long)(live_blocks(ctx) - before));
    }
    if (each) printf("%s: %lld requests\n", name, at);
}

static void walk_all(const char *only) {
    const lac_context_options options = {
        .size = sizeof options, .threads = 1, .alloc = host_alloc, .free = host_free};
    lac_context *ctx = NULL;
    if (!OK(lac_context_create(&options, &ctx))) return;
    lua_State *L = host_state();
    OK(lac_script_open_in(L, ctx));
    CHECK(luaL_dostring(L, "require('jit').off()") == 0);
    if (CHECK(luaL_loadfile(L, "spec/c/alloc_walk/operations.lua") == 0)) {
        lua_pushstring(L, path);
        if (lua_pcall(L, 1, 2, 0) != 0) (void)say("operations.lua", 0, 0, lua_tostring(L, -1));
    }
    find_libraries();
    for (int i = 1; lua_istable(L, OPERATIONS) && i <= (int)lua_objlen(L, OPERATIONS); i++) {
        char name[64];
        lua_rawgeti(L, OPERATIONS, i);
        lua_getfield(L, -1, "name");
        (void)snprintf(name, sizeof name, "%s", lua_tostring(L, -1));
        lua_pop(L, 2);
        if (only == NULL || strcmp(only, name) == 0) walk(L, ctx, i, name, only != NULL);
    }
    lua_close(L);
    CHECK(live_blocks(ctx) == 0);
    lac_context_release(ctx);
    CHECK(atomic_load(&host_blocks) == 0);
    CHECK(malloc_blocks() == 0);
}

/* The argument, where there is one, names an operation. */
int main(int argc, char **argv) {
    begin();
    const int file = mkstemp(path);
    CHECK(file >= 0 && close(file) == 0);
    walk_all(argc > 1 ? argv[1] : NULL);
    CHECK(remove(path) == 0);
    return finish();
}
