/*
 * line_edit.c - a line typed on a terminal, with libedit's editing, history and completion.
 *
 * libedit's own signal handling stays off. SIGINT and SIGCONT are blocked while a line is edited, except
 * in the ppoll that waits for a key, so that they can come neither between the look and the wait nor
 * while libedit works. The terminal is in editing mode only while a line is read.
 */
#include "script/script.h"

#include <lauxlib.h>

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum {
    COMPLETER = 2, /* argument of read_line: the function that completes */
    LINES_KEPT = 2000,
    USUAL_WIDTH = 80
};

static struct {
    EditLine *el;
    History *history;
    lua_State *L; /* of the read_line that runs */
    const char *prompt;
    sigset_t waiting; /* the signals that are blocked while a key is waited for */
} editor;

bool lac__line_edit_possible(void) {
    const char *terminal = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && terminal && *terminal &&
           strcmp(terminal, "dumb") != 0;
}

static char *show_prompt(EditLine *el) {
    (void)el;
    return (char *)(uintptr_t)editor.prompt; /* libedit only reads it */
}

/* SIGCONT is caught so that it ends the wait for a key. */
static void on_continue(int number) {
    (void)number;
}

/* Waits for a byte: 1; 0 at the end of the input; -1 after Ctrl-C or an error. */
static int next_byte(EditLine *el, char *byte) {
    for (;;) {
        struct pollfd terminal = {.fd = STDIN_FILENO, .events = POLLIN};
        if (ppoll(&terminal, 1, NULL, &editor.waiting) < 0) {
            if (errno != EINTR || lac__interrupt_came()) return -1;
            /* Stopped and continued: the shell may have changed the terminal's mode, of which libedit
             * knows nothing until it has left its own. */
            (void)el_set(el, EL_PREP_TERM, 0);
            (void)el_set(el, EL_PREP_TERM, 1);
            (void)el_set(el, EL_REFRESH);
            continue;
        }
        ssize_t n = read(STDIN_FILENO, byte, 1);
        if (n >= 0) return (int)n;
        if (errno != EINTR && errno != EAGAIN) return -1;
    }
}

/* libedit's source of characters. */
static int next_character(EditLine *el, wchar_t *character) {
    mbstate_t state;
    memset(&state, 0, sizeof state);
    for (;;) {
        char byte;
        int n = next_byte(el, &byte);
        if (n <= 0) return n;
        size_t used = mbrtowc(character, &byte, 1, &state);
        if (used == (size_t)-2) continue; /* the character has more bytes */
        if (used == (size_t)-1) *character = L'?';
        return 1;
    }
}

/*
 * The Tab key: the completer gets the text before the cursor and gives what to insert there, nil for
 * nothing, and a text to show below the line, or nil.
 */
static unsigned char complete(EditLine *el, int key) {
    (void)key;
    lua_State *L = editor.L;
    if (!lua_isfunction(L, COMPLETER)) return CC_ERROR;
    int top = lua_gettop(L);
    unsigned char result = CC_ERROR;
    const LineInfo *line = el_line(el);
    lua_pushvalue(L, COMPLETER);
    lua_pushlstring(L, line->buffer, (size_t)(line->cursor - line->buffer));
    if (lua_pcall(L, 1, 2, 0) == 0) {
        const char *insert = lua_tostring(L, -2), *listing = lua_tostring(L, -1);
        if (insert && *insert && el_insertstr(el, insert) == 0) result = CC_REFRESH;
        if (listing) {
            printf("\n%s\n", listing);
            result = CC_REDISPLAY;
        }
    }
    lua_settop(L, top);
    return result;
}

static void bind_keys(EditLine *el) {
    static const char *const keys[][2] = {
        {"^I", "lacuna-complete"},           {"^R", "em-inc-search-prev"},
        {"\\e[3~", "ed-delete-next-char"},   {"\\e[1~", "ed-move-to-beg"},
        {"\\e[4~", "ed-move-to-end"},        {"\\e[H", "ed-move-to-beg"},
        {"\\e[F", "ed-move-to-end"},         {"\\e[1;5C", "em-next-word"},
        {"\\e[1;5D", "ed-prev-word"},        {"\\e[A", "ed-search-prev-history"},
        {"\\e[B", "ed-search-next-history"}, {"\\eOA", "ed-search-prev-history"},
        {"\\eOB", "ed-search-next-history"},
    };
    (void)el_set(el, EL_ADDFN, "lacuna-complete", "completes Lua", complete);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; ++i)
        (void)el_set(el, EL_BIND, keys[i][0], keys[i][1], NULL);
}

static int close_editor(lua_State *L) {
    (void)L;
    if (editor.el) el_end(editor.el);
    if (editor.history) history_end(editor.history);
    editor.el = NULL;
    editor.history = NULL;
    return 0;
}

/* Makes the editor at its first use; it is closed with the Lua state. */
static bool open_editor(lua_State *L) {
    if (editor.el) return true;
    if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1) (void)setlocale(LC_CTYPE, "C.UTF-8");
    lua_newuserdata(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, close_editor);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, "lacuna.line_edit");

    editor.history = history_init();
    editor.el = editor.history ? el_init("lacuna", stdin, stdout, stderr) : NULL;
    if (!editor.el) {
        close_editor(L);
        return false;
    }
    HistEvent event;
    (void)history(editor.history, &event, H_SETSIZE, LINES_KEPT);
    (void)el_set(editor.el, EL_SIGNAL, 0);
    (void)el_set(editor.el, EL_EDITOR, "emacs");
    (void)el_set(editor.el, EL_PROMPT, show_prompt);
    (void)el_set(editor.el, EL_HIST, history, editor.history);
    (void)el_set(editor.el, EL_GETCFN, next_character);
    bind_keys(editor.el);
    (void)el_source(editor.el, NULL); /* the user's ~/.editrc */
    return true;
}

bool lac__line_edit(lua_State *L, const char *prompt) {
    if (!open_editor(L)) return false;
    const struct sigaction continued = {.sa_handler = on_continue};
    struct sigaction before;
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGCONT);
    sigprocmask(SIG_BLOCK, &held, &editor.waiting);
    sigaction(SIGCONT, &continued, &before);
    editor.L = L;
    editor.prompt = prompt;
    (void)fflush(stdout);
    el_resize(editor.el); /* the window may have changed while a chunk ran */
    int length = 0;
    const char *line = lac__interrupt_came() ? NULL : el_gets(editor.el, &length);
    (void)fflush(stdout);
    sigprocmask(SIG_SETMASK, &editor.waiting, NULL);
    sigaction(SIGCONT, &before, NULL);

    if (lac__interrupt_came()) {
        (void)lac__interrupt_rearm(L); /* nothing ran that could be stopped */
        lua_pushboolean(L, 0);
    } else if (line && length > 0) {
        while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r')) --length;
        lua_pushlstring(L, line, (size_t)length);
    } else {
        lua_pushnil(L);
    }
    return true;
}

int lac__line_edit_remember(lua_State *L) {
    const char *line = luaL_checkstring(L, 1);
    if (!lac__line_edit_possible() || !open_editor(L)) return 0;
    HistEvent event;
    for (int more = history(editor.history, &event, H_FIRST); more >= 0;) {
        if (strcmp(event.str, line) == 0) {
            (void)history(editor.history, &event, H_DEL, event.num);
            break;
        }
        more = history(editor.history, &event, H_NEXT);
    }
    (void)history(editor.history, &event, H_ENTER, line);
    return 0;
}

int lac__line_edit_width(lua_State *L) {
    struct winsize size = {0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    lua_pushinteger(L, known ? size.ws_col : USUAL_WIDTH);
    return 1;
}
