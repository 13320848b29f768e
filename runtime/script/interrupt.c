/*
 * interrupt.c - Ctrl-C stops what runs; a second one ends the process.
 *
 * Hooks do not fire inside compiled traces, so the handler also sets the context's interrupt flag,
 * which every operation of the library looks at. Both become the Lua error "interrupted".
 */
#include "script/script.h"

#include <lauxlib.h>

#include <signal.h>
#include <stdint.h>
#include <string.h>

typedef void (*context_fn)(void *context);

static lua_State *state;
static context_fn interrupt_context;
static context_fn clear_context;
static void *volatile context;
static volatile sig_atomic_t came;

static void stop(lua_State *L, lua_Debug *record) {
    (void)record;
    lua_sethook(L, NULL, 0, 0);
    lua_pushliteral(L, "interrupted"); /* no position: it is anywhere */
    lua_error(L);
}

static void on_sigint(int number) {
    (void)signal(number, SIG_DFL);
    came = 1;
    lua_sethook(state, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
    if (context) interrupt_context(context);
}

static void arm(void) {
    came = 0;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_sigint; /* no SA_RESTART: a read from the terminal returns */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

bool lac__interrupt_came(void) {
    return came != 0;
}

void lac__interrupt_install(lua_State *L) {
    state = L;
    arm();
}

/* Addresses come as Lua numbers, which hold every user-space address exactly. */
static void *address(lua_State *L, int index) {
    return (void *)(uintptr_t)luaL_checknumber(L, index);
}

int lac__interrupt_watch(lua_State *L) {
    void *interrupt = address(L, 1), *clear = address(L, 2);
    memcpy(&interrupt_context, &interrupt, sizeof interrupt);
    memcpy(&clear_context, &clear, sizeof clear);
    context = address(L, 3);
    return 0;
}

int lac__interrupt_rearm(lua_State *L) {
    lua_sethook(L, NULL, 0, 0);
    if (context) clear_context(context);
    arm();
    return 0;
}
