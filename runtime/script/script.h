/*
 * script.h - the parts of the `lacuna` program, which hosts one LuaJIT state on the main thread.
 */
#ifndef LACUNA_SCRIPT_H
#define LACUNA_SCRIPT_H

#include <lua.h>

#include <stdbool.h>

/* root.c: where this program's files are. */

/** The folder that holds lua/lacuna, found from the program's own path; false when there is none. */
bool lac__root_find(void);
/** The same from the folder that holds a program or library. */
bool lac__root_below(const char *folder);
/** The folder found by lac__root_find, without a slash at the end. */
const char *lac__root(void);
/** Sets package.path and package.cpath: this package, LUA_PATH and LUA_CPATH, LuaJIT's defaults. */
void lac__root_set_paths(lua_State *L);

/* run.c: chunks, protected calls and their errors. */

/** Calls the function under `arguments` values on the stack; prints "lacuna: message" when it fails. */
bool lac__run_call(lua_State *L, int arguments, int results);
/** Runs a string; its name in messages is `name`. */
bool lac__run_string(lua_State *L, const char *code, const char *name);
/** Runs a file, stdin when `path` is NULL, with the strings of `argv` as its arguments. */
bool lac__run_file(lua_State *L, const char *path, char **argv);
/** require(module)[field](argv...); *status gets what it returns when that is a number. */
bool lac__run_function(lua_State *L, const char *module, const char *field, char **argv,
                       int *status);

/* interrupt.c: Ctrl-C. */

/** From now on the first SIGINT stops the running operation or chunk, the second ends the process. */
void lac__interrupt_install(lua_State *L);

/** Whether SIGINT came since Ctrl-C was armed last. */
bool lac__interrupt_came(void);

/* line_edit.c: lines typed on a terminal. */

/** Whether standard input and output are a terminal on which lines can be edited. */
bool lac__line_edit_possible(void);
/**
 * Pushes a line without its newline, false after Ctrl-C, or nil at the end of the input. The function
 * at stack index 2, if there is one, completes. false: libedit has no memory; nothing is pushed.
 */
bool lac__line_edit(lua_State *L, const char *prompt);
/** Lua function remember(line): makes it the newest of the history; an older copy of it goes. */
int lac__line_edit_remember(lua_State *L);
/** Lua function width() -> columns of the terminal. */
int lac__line_edit_width(lua_State *L);

/* folders.c */

/** Lua function list_folder(path) -> names, folders with a slash; empty when it cannot be read. */
int lac__folders_list(lua_State *L);
/** Lua function make_folder(path) -> whether it is there now; new ones are the user's alone. */
int lac__folders_make(lua_State *L);

/* host.c: the module "lacuna.host", which Lua code finds only inside this program. */

/** Puts lacuna.host and the loader of lacuna.native into package.preload. */
void lac__host_preload(lua_State *L);
/** Lua functions watch(interrupt, clear, context) and rearm(), of interrupt.c. */
int lac__interrupt_watch(lua_State *L);
int lac__interrupt_rearm(lua_State *L);

#endif
