/*
 * weights.c - the tensors of a file of weights, read once and shared by contexts in any number of threads.
 *
 * They live in a context that nobody computes with: it holds their memory, its pool is thread safe, and
 * every tensor retains it. Their storages are read only, so that what convolutions derive from
 * them (the packed forms, attached under a lock) stays true.
 */
#include "core/tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DEPTH = 64, MOST_OBJECTS = 100000, PATH_SIZE = 4096, NAME_SIZE = 1024 };
enum { GROUP = 1, DATASET = 2 }; /* of lac_hdf5_kind */

typedef struct {
    char *name;
    lac_tensor *tensor;
} entry;

struct lac_weights {
    atomic_int references;
    lac_context *ctx;
    entry *list;
    int64_t count, capacity;
    char *arch;
};

typedef struct {
    lac_weights *w;
    lac_hdf5 *file;
    const char *title; /* the file's path, for messages */
    size_t root;       /* characters of a dataset's path that are not part of its name */
    int64_t objects;
} reader;

static lac_status no_memory(void) {
    return lac__fail(LAC_ERR_OOM, "weights: out of memory");
}

/* Takes the reference to `t`, also on failure. */
static lac_status append(lac_weights *w, const char *path, lac_tensor *t) {
    if (w->count == w->capacity) {
        const int64_t capacity = w->capacity == 0 ? 64 : 2 * w->capacity;
        entry *list = realloc(w->list, (size_t)capacity * sizeof *list);
        if (list == NULL) {
            lac_tensor_release(t);
            return no_memory();
        }
        w->list = list;
        w->capacity = capacity;
    }
    char *name = strdup(path);
    if (name == NULL) {
        lac_tensor_release(t);
        return no_memory();
    }
    for (char *c = name; *c != '\0'; c++)
        if (*c == '/') *c = '.';
    t->storage->read_only = true;
    /* NOLINTNEXTLINE(analyzer-malloc-leak): gcc loses what is stored at an index it does not know */
    w->list[w->count++] = (entry){.name = name, .tensor = t};
    return LAC_OK;
}

static lac_status read_group(reader *r, char path[PATH_SIZE], size_t length, int depth);

static lac_status read_member(reader *r, char path[PATH_SIZE], size_t length, int depth) {
    int32_t kind = 0;
    LAC_TRY(lac_hdf5_kind(r->file, path, &kind));
    if (kind == GROUP) return read_group(r, path, length, depth + 1);
    if (kind != DATASET) return LAC_OK;
    lac_tensor *t = NULL;
    LAC_TRY(lac_hdf5_read(r->w->ctx, r->file, path, &t));
    return append(r->w, path + r->root, t);
}

/* A group may be a member of itself: depth and number of members are bounded. */
static lac_status read_group(reader *r, char path[PATH_SIZE], size_t length, int depth) {
    if (depth > MOST_DEPTH)
        return lac__fail(LAC_ERR_FORMAT, "weights: %s: more than %d groups inside one another",
                         r->title, MOST_DEPTH);
    int64_t members = 0;
    char name[NAME_SIZE];
    LAC_TRY(lac_hdf5_count(r->file, length == 0 ? "/" : path, &members));
    for (int64_t i = 0; i < members; i++) {
        if (++r->objects > MOST_OBJECTS)
            return lac__fail(LAC_ERR_FORMAT, "weights: %s: more than %d objects", r->title,
                             MOST_OBJECTS);
        path[length] = '\0';
        LAC_TRY(lac_hdf5_name(r->file, length == 0 ? "/" : path, i, name, sizeof name));
        const int used = snprintf(path + length, PATH_SIZE - length, "/%s", name);
        if (used < 0 || (size_t)used >= PATH_SIZE - length)
            return lac__fail(LAC_ERR_FORMAT, "weights: %s: a path of more than %d characters",
                             r->title, PATH_SIZE - 1);
        LAC_TRY(read_member(r, path, length + (size_t)used, depth));
    }
    path[length] = '\0';
    return LAC_OK;
}

/* "/state_dict" or "/model" where that group is the root's only member, else "". */
static lac_status find_root(reader *r, char path[PATH_SIZE]) {
    static const char *const groups[] = {"state_dict", "model"};
    int64_t members = 0;
    int32_t kind = 0;
    char name[NAME_SIZE];
    path[0] = '\0';
    LAC_TRY(lac_hdf5_count(r->file, "/", &members));
    if (members != 1) return LAC_OK;
    LAC_TRY(lac_hdf5_name(r->file, "/", 0, name, sizeof name));
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if (strcmp(name, groups[i]) != 0) continue;
        (void)snprintf(path, PATH_SIZE, "/%s", groups[i]);
        LAC_TRY(lac_hdf5_kind(r->file, path, &kind));
        if (kind != GROUP) path[0] = '\0';
    }
    return LAC_OK;
}

static lac_status read_all(reader *r) {
    char path[PATH_SIZE];
    lac_tensor *value = NULL;
    LAC_TRY(find_root(r, path));
    const size_t length = strlen(path);
    r->root = length + 1;
    LAC_TRY(read_group(r, path, length, 0));
    if (r->w->count == 0)
        return lac__fail(LAC_ERR_FORMAT, "weights: %s: there are no tensors in it", r->title);
    LAC_TRY(lac_hdf5_attr_read(r->w->ctx, r->file, "/", "arch", &r->w->arch, &value));
    lac_tensor_release(value); /* an arch that is no text is none */
    return LAC_OK;
}

lac_status lac_weights_open(const char *path, lac_weights **out) {
    LAC_NEED("weights_open", path, out);
    if (path == NULL) return lac__fail(LAC_ERR_ARGUMENT, "weights: the path is NULL");
    lac_weights *w = calloc(1, sizeof *w);
    if (w == NULL) return no_memory();
    atomic_init(&w->references, 1);
    lac_hdf5 *file = NULL;
    lac_status status = lac_context_create(NULL, &w->ctx);
    if (status == LAC_OK) status = lac_hdf5_open(w->ctx, path, "r", &file);
    if (status == LAC_OK) status = read_all(&(reader){.w = w, .file = file, .title = path});
    lac_hdf5_release(file);
    if (status != LAC_OK) {
        lac_weights_release(w);
        return status;
    }
    *out = w;
    return LAC_OK;
}

void lac_weights_retain(lac_weights *w) {
    if (w == NULL) return;
    atomic_fetch_add(&w->references, 1);
}

void lac_weights_release(lac_weights *w) {
    if (w == NULL || atomic_fetch_sub(&w->references, 1) != 1) return;
    for (int64_t i = 0; i < w->count; i++) {
        lac_tensor_release(w->list[i].tensor);
        free(w->list[i].name);
    }
    free(w->list);
    lac_text_free(w->arch);
    lac_context_release(w->ctx);
    free(w);
}

int64_t lac_weights_count(const lac_weights *w) {
    if (w == NULL) return 0;
    return w->count;
}

const char *lac_weights_name(const lac_weights *w, int64_t i) {
    if (w == NULL) return NULL;
    return i >= 0 && i < w->count ? w->list[i].name : NULL;
}

const char *lac_weights_arch(const lac_weights *w) {
    if (w == NULL) return NULL;
    return w->arch;
}

lac_status lac_weights_get(const lac_weights *w, const char *name, lac_tensor **out) {
    LAC_NEED("weights_get", w, name, out);
    for (int64_t i = 0; i < w->count; i++) {
        if (strcmp(w->list[i].name, name) != 0) continue;
        lac_tensor_retain(w->list[i].tensor);
        *out = w->list[i].tensor;
        return LAC_OK;
    }
    return lac__fail(LAC_ERR_ARGUMENT, "weights: no tensor '%s' among %lld, the first is '%s'",
                     name, (long long)w->count, w->list[0].name);
}
