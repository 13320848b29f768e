/*
 * folders.c - what Lua cannot do with folders: list one, and make one with those above it.
 */
#include "script/script.h"

#include <lauxlib.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool is_folder(const char *folder, const char *name) {
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    struct stat about;
    return n > 0 && (size_t)n < sizeof path && stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

int lac__folders_list(lua_State *L) {
    const char *folder = luaL_checkstring(L, 1);
    lua_newtable(L);
    DIR *stream = opendir(folder);
    if (!stream) return 1;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        bool folder_too = entry->d_type == DT_DIR ||
                          (entry->d_type != DT_REG && is_folder(folder, entry->d_name));
        lua_pushfstring(L, "%s%s", entry->d_name, folder_too ? "/" : "");
        lua_rawseti(L, -2, ++count);
    }
    closedir(stream);
    return 1;
}

int lac__folders_make(lua_State *L) {
    size_t length;
    const char *wanted = luaL_checklstring(L, 1, &length);
    char path[PATH_MAX];
    bool made = length > 0 && length < sizeof path;
    if (made) memcpy(path, wanted, length + 1);
    for (size_t i = 1; made && i <= length; ++i) {
        if (path[i] != '/' && path[i] != '\0') continue;
        char separator = path[i];
        path[i] = '\0';
        made = mkdir(path, 0700) == 0 || errno == EEXIST || is_folder(path, ".");
        path[i] = separator;
    }
    lua_pushboolean(L, made);
    return 1;
}
