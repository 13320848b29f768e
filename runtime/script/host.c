/*
 * host.c - what the program gives to Lua: terminal input, and the way from Ctrl-C to the context.
 *
 *   host.read_line(prompt, complete) -> line without its newline; false after Ctrl-C; nil at the end
 *   host.remember, host.width        -> line_edit.c, as is complete
 *   host.list_folder, make_folder    -> folders.c
 *   host.tty                         -> {stdin=, stdout=, stderr=}: whether each is a terminal
 *   host.edits                       -> whether lines are edited, with a history
 *   host.watch, host.rearm           -> interrupt.c
 */
#include "script/script.h"

#include <lauxlib.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void show(const char *prompt) {
    (void)fputs(prompt, stdout);
    (void)fflush(stdout);
}

/*
 * Shows the prompt and waits for a line to be typed; false after Ctrl-C. Behind the prompt the
 * signal is let through in the wait alone: one that came just before the read would leave it
 * waiting.
 */
static bool wait_for_terminal(const char *prompt) {
    sigset_t interrupt, before;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, &before);
    show(prompt);
    struct pollfd terminal = {.fd = STDIN_FILENO, .events = POLLIN};
    bool interrupted =
        lac__interrupt_came() || (ppoll(&terminal, 1, NULL, &before) < 0 && errno == EINTR);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return !interrupted;
}

static int read_line(lua_State *L) {
    const char *prompt = luaL_optstring(L, 1, "");
    lua_settop(L, 2);
    if (lac__line_edit_possible() && lac__line_edit(L, prompt)) return 1;
    bool interrupted = false;
    if (isatty(STDIN_FILENO))
        interrupted = !wait_for_terminal(prompt);
    else
        show(prompt);
    char *line = NULL;
    size_t capacity = 0;
    errno = 0;
    ssize_t n = interrupted ? -1 : getline(&line, &capacity, stdin);
    if (n < 0) {
        interrupted = interrupted || errno == EINTR;
        clearerr(stdin);
        if (interrupted) {
            (void)lac__interrupt_rearm(L); /* nothing ran that could be stopped */
            lua_pushboolean(L, 0);
        } else {
            lua_pushnil(L);
        }
    } else {
        if (n > 0 && line[n - 1] == '\n') --n;
        if (n > 0 && line[n - 1] == '\r') --n;
        lua_pushlstring(L, line, (size_t)n);
    }
    free(line);
    return 1;
}

static void set_tty(lua_State *L, const char *name, int fd) {
    lua_pushboolean(L, isatty(fd));
    lua_setfield(L, -2, name);
}

static int open_host(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"read_line", read_line},           {"remember", lac__line_edit_remember},
        {"width", lac__line_edit_width},    {"list_folder", lac__folders_list},
        {"make_folder", lac__folders_make}, {"watch", lac__interrupt_watch},
        {"rearm", lac__interrupt_rearm},    {NULL, NULL},
    };
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    lua_newtable(L);
    set_tty(L, "stdin", STDIN_FILENO);
    set_tty(L, "stdout", STDOUT_FILENO);
    set_tty(L, "stderr", STDERR_FILENO);
    lua_setfield(L, -2, "tty");
    lua_pushboolean(L, lac__line_edit_possible());
    lua_setfield(L, -2, "edits");
    lua_pushstring(L, lac__root());
    lua_setfield(L, -2, "root");
    return 1;
}

/* Loads lacuna.native as require would, and tells interrupt.c which context it made. */
static int open_native(lua_State *L) {
    lua_pushfstring(L, "%s/lua/lacuna/native.lua", lac__root());
    if (luaL_loadfile(L, lua_tostring(L, -1))) return lua_error(L);
    lua_pushliteral(L, "lacuna.native");
    lua_call(L, 1, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "lacuna.cli.interrupt");
    lua_call(L, 1, 1);
    lua_pushvalue(L, -2);
    lua_pushcfunction(L, lac__interrupt_watch);
    lua_call(L, 2, 0);
    return 1;
}

void lac__host_preload(lua_State *L) {
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, open_host);
    lua_setfield(L, -2, "lacuna.host");
    lua_pushcfunction(L, open_native);
    lua_setfield(L, -2, "lacuna.native");
    lua_pop(L, 2);
}
