/*
 * main.c - the `lacuna` program: scripts, -e, stdin, the REPL, and commands written in Lua.
 *
 *   lacuna [-e CODE]... [SCRIPT | - | COMMAND] [ARGUMENTS]
 *
 * Exit status: 0 done, 1 failed, 2 wrong usage.
 */
#include "script/script.h"

#include <lauxlib.h>
#include <lualib.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    DONE = 0,
    FAILED = 1,
    USAGE = 2,
    NOT_A_COMMAND = -1 /* cli.main: there is a file of that name */
};

static lua_State *open_state(void) {
    lua_State *L = luaL_newstate();
    if (!L) return NULL;
    lua_pushboolean(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX,
                 "LUA_NOENV"); /* root.c reads LUA_PATH and LUA_CPATH itself */
    luaL_openlibs(L);
    lac__root_set_paths(L);
    lac__host_preload(L);
    lac__interrupt_install(L);
    return L;
}

/* `arg`: the script at 0, its arguments from 1, what stands before it below 0. */
static void set_arg(lua_State *L, int argc, char **argv, int script) {
    lua_createtable(L, argc, script);
    for (int i = 0; i < argc; ++i) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - script);
    }
    lua_setglobal(L, "arg");
}

static int run_script(lua_State *L, int argc, char **argv, int script) {
    set_arg(L, argc, argv, script);
    const char *path = strcmp(argv[script], "-") == 0 ? NULL : argv[script];
    return lac__run_file(L, path, argv + script + 1) ? DONE : FAILED;
}

static int run_lua(lua_State *L, const char *module, const char *field, char **argv) {
    int status = DONE;
    return lac__run_function(L, module, field, argv, &status) ? status : FAILED;
}

/* A path, or a name with an extension, is a script; other words are commands, or else scripts. */
static int run_word(lua_State *L, int argc, char **argv, int i) {
    bool script = strcmp(argv[i], "-") == 0 || strpbrk(argv[i], "/.");
    int status = script ? NOT_A_COMMAND : run_lua(L, "lacuna.cli", "main", argv + i);
    return status == NOT_A_COMMAND ? run_script(L, argc, argv, i) : status;
}

static int usage(const char *text, const char *what) {
    (void)fprintf(stderr, "lacuna: %s%s; try lacuna --help\n", text, what);
    return USAGE;
}

static int run(lua_State *L, int argc, char **argv) {
    static char *none[] = {NULL};
    bool ran_code = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; ++i) {
        const char *option = argv[i];
        if (strcmp(option, "--") == 0) {
            ++i;
            break;
        } else if (strncmp(option, "-e", 2) == 0) {
            const char *code = option[2] ? option + 2 : argv[++i];
            if (!code) return usage("-e needs ", "code");
            if (!ran_code) {
                set_arg(L, argc, argv, argc);
                int status = run_lua(L, "lacuna.shortcuts", "install", none);
                if (status != DONE) return status;
            }
            ran_code = true;
            if (!lac__run_string(L, code, "=(command line)")) return FAILED;
        } else if (strcmp(option, "-v") == 0 || strcmp(option, "--version") == 0) {
            printf("lacuna %s\n", LAC_VERSION);
            return DONE;
        } else if (strcmp(option, "-h") == 0 || strcmp(option, "--help") == 0) {
            return run_lua(L, "lacuna.cli", "help", none);
        } else {
            return usage("unknown option ", option);
        }
    }
    if (i < argc) return run_word(L, argc, argv, i);
    return ran_code ? DONE : run_lua(L, "lacuna.repl", "run", none);
}

int main(int argc, char **argv) {
    if (!lac__root_find()) {
        (void)fprintf(stderr, "lacuna: no Lua package in ../share/lacuna or .. of this program\n");
        return FAILED;
    }
    lua_State *L = open_state();
    if (!L) {
        (void)fprintf(stderr, "lacuna: cannot create a LuaJIT state\n");
        return FAILED;
    }
    int status = run(L, argc, argv);
    lua_close(L);
    if (fflush(stdout) || ferror(stdout)) {
        (void)fprintf(stderr, "lacuna: cannot write to standard output\n");
        if (status == DONE) status = FAILED;
    }
    return status;
}
