/*
 * walk.h - template of a program that makes one call of the API at a time, every one of its memory requests
 * refused in turn.
 *
 * A case makes one call on objects of a `world`, which is made anew for each request, so that caches are
 * cold, and keeps the results in `made`. The call, and the computation of what it left pending, must return
 * OOM (or succeed, where it can do without), leave nothing behind, and give the bits of an undisturbed
 * call when it is repeated on the same objects.
 */
#ifndef SPEC_ALLOC_WALK_WALK_H
#define SPEC_ALLOC_WALK_WALK_H

#include "alloc_walk/refusing.h"
#include "harness.h"

enum { MOST_MADE = 6, MOST_REQUESTS = 3000 };

typedef struct {
    lac_tensor *tensors[MOST_MADE];
    lac_sparse *sparse;
    lac_coords *coords;
    lac_kernel_map *map;
    lac_context *ctx; /* of lac_context_create */
    char *text;
    void *other; /* released by the case's own `release` */
    uint64_t number;
} made;

typedef struct world world;

typedef struct {
    const char *name; /* of the function */
    lac_status (*call)(const world *w, made *m);
    void (*release)(void *other);
} walk_case;

static world *world_make(void);
static lac_context *world_context(const world *w);
static void world_free(world *w);

static inline uint64_t mix(uint64_t hash, const void *data, size_t bytes) {
    const unsigned char *at = data;
    for (size_t i = 0; i < bytes; i++) hash = (hash ^ at[i]) * 1099511628211u;
    return hash;
}

static inline uint64_t mix_tensor(lac_context *ctx, uint64_t hash, lac_tensor *t) {
    if (t == NULL) return hash;
    lac_tensor_desc desc = {.size = sizeof desc};
    lac_tensor *plain = NULL;
    lac_tensor_describe(t, &desc);
    hash = mix(hash, desc.shape, (size_t)desc.ndim * sizeof *desc.shape);
    const size_t bytes = (size_t)lac_tensor_numel(t) * lac_dtype_size(desc.dtype);
    void *data = malloc(bytes + 1);
    if (data != NULL && OK(lac_contiguous(ctx, t, &plain)) &&
        OK(lac_tensor_download(ctx, plain, data, bytes)))
        hash = mix(hash, data, bytes);
    free(data);
    lac_tensor_release(plain);
    return hash;
}

/* Of everything that was made; tensors that lac_tensor_create leaves undefined are not passed here. */
static inline uint64_t digest(lac_context *ctx, const made *m) {
    uint64_t hash = mix(14695981039346656037u, &m->number, sizeof m->number);
    for (int i = 0; i < MOST_MADE; i++) hash = mix_tensor(ctx, hash, m->tensors[i]);
    if (m->sparse != NULL) {
        lac_tensor *feats = lac_sparse_feats(m->sparse), *rows = NULL;
        lac_coords *coords = lac_sparse_coords(m->sparse);
        OK(lac_coords_tensor(ctx, coords, &rows));
        hash = mix_tensor(ctx, mix_tensor(ctx, hash, feats), rows);
        lac_tensor_release(feats);
        lac_tensor_release(rows);
        lac_coords_release(coords);
    }
    if (m->coords != NULL) {
        lac_tensor *rows = NULL;
        OK(lac_coords_tensor(ctx, m->coords, &rows));
        hash = mix_tensor(ctx, hash, rows);
        lac_tensor_release(rows);
    }
    if (m->map != NULL) {
        int64_t sizes[4] = {0};
        lac_kernel_map_describe(m->map, &sizes[0], &sizes[1], &sizes[2], &sizes[3]);
        hash = mix(hash, sizes, sizeof sizes);
    }
    return m->text != NULL ? mix(hash, m->text, strlen(m->text)) : hash;
}

static inline void drop(const walk_case *c, made *m) {
    for (int i = 0; i < MOST_MADE; i++) lac_tensor_release(m->tensors[i]);
    lac_sparse_release(m->sparse);
    lac_coords_release(m->coords);
    lac_kernel_map_release(m->map);
    lac_text_free(m->text);
    lac_context_release(m->ctx);
    if (m->other != NULL) c->release(m->other);
    *m = (made){0};
}

static inline lac_status force(lac_context *ctx, lac_tensor *t) {
    return t != NULL ? lac_tensor_force(ctx, t) : LAC_OK;
}

static inline lac_status run(const walk_case *c, const world *w, made *m) {
    lac_context *ctx = world_context(w);
    lac_status s = c->call(w, m);
    for (int i = 0; i < MOST_MADE && s == LAC_OK; i++) s = force(ctx, m->tensors[i]);
    if (s == LAC_OK && m->sparse != NULL) {
        lac_tensor *feats = lac_sparse_feats(m->sparse);
        s = force(ctx, feats);
        lac_tensor_release(feats);
    }
    return s;
}

static inline int say(const walk_case *c, long long at, int all, const char *what) {
    failed++;
    printf("alloc walk: %s: request %lld%s refused: %s\n", c->name, at,
           all ? " and all after it" : "", what);
    return 0;
}

/* One walk with request `at` refused. *more tells if there was such a request. */
static inline int step(const walk_case *c, long long at, int all, uint64_t wanted, int *more) {
    world *w = world_make();
    made m = {0};
    if (w == NULL) return say(c, at, all, "no world");
    lac_memory_empty_cache(world_context(w));
    arm(at, all);
    const lac_status s = run(c, w, &m);
    disarm();
    *more = atomic_load(&refused) > 0;
    int right = 1;
    if (s != LAC_OK && s != LAC_ERR_OOM) right = say(c, at, all, lac_status_text(s));
    if (s == LAC_ERR_OOM && lac_last_error()[0] == '\0') right = say(c, at, all, "no message");
    if (s == LAC_ERR_OOM && !*more) right = say(c, at, all, "out of memory without a refusal");
    if (s == LAC_OK && digest(world_context(w), &m) != wanted)
        right = say(c, at, all, "other bits");
    drop(c, &m);
    if (s != LAC_OK) {
        const lac_status again = run(c, w, &m);
        if (again != LAC_OK) {
            right = say(c, at, all, "the repeated call fails");
            printf("  %s: %s\n", lac_status_text(again), lac_last_error());
        } else if (digest(world_context(w), &m) != wanted) {
            right = say(c, at, all, "other bits when repeated");
        }
        drop(c, &m);
    }
    world_free(w);
    if (atomic_load(&host_blocks) != 0) right = say(c, at, all, "the context's memory leaks");
    atomic_store(&host_blocks, 0);
    if (malloc_blocks() != 0) right = say(c, at, all, "malloc's memory leaks");
    return right;
}

/* Returns how many requests were refused. */
static inline long long walk(const walk_case *c) {
    long long at = 0;
    world *w = world_make();
    made m = {0};
    const lac_status s = run(c, w, &m);
    if (s != LAC_OK) {
        (void)say(c, 0, 0, lac_last_error());
        drop(c, &m);
        world_free(w);
        return 0;
    }
    const uint64_t wanted = digest(world_context(w), &m);
    drop(c, &m);
    world_free(w);
    for (int all = 0; all < 2; all++) {
        int more = 1, right = 1;
        for (at = 1; more && right && at < MOST_REQUESTS; at++)
            right = step(c, at, all, wanted, &more);
        if (right) passed++;
    }
    return at - 2;
}

/* Every case, or the one that the program's argument names. */
static inline void walk_all(const walk_case *cases, size_t n, int argc, char **argv) {
    for (size_t i = 0; i < n; i++) {
        if (argc > 1 && strcmp(argv[1], cases[i].name) != 0) continue;
        const long long took = walk(&cases[i]);
        if (argc > 1) printf("%s: %lld requests\n", cases[i].name, took);
        if (took < 1 && MALLOC_IS_REFUSED)
            (void)say(&cases[i], 0, 0, "it asks for no memory: it belongs into the spec's list");
    }
}

#endif
