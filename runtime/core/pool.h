/*
 * pool.h - the caching allocator of a context.
 *
 * Small blocks come in size classes, eight to a doubling, and go back to a free list of their class; large
 * ones are cut from free pages and join them again (extents.h). The pool grows when no cached block fits; it keeps what it has taken from the system below
 * 1.1 x (the largest need seen) + 128 KiB by returning cached blocks, and below its budget always.
 * Thread safe: a tensor may be released on another thread than its context's.
 */
#ifndef LAC_CORE_POOL_H
#define LAC_CORE_POOL_H

#include "core/status.h"

#include <stdbool.h>

typedef struct lac__pool lac__pool;

/** Memory from a pool, 64-byte aligned. `data` is NULL for no bytes. */
typedef struct lac__block {
    void *data;
    size_t capacity;
} lac__block;

lac_status lac__pool_create(const lac_context_options *options, lac__pool **out);
void lac__pool_retain(lac__pool *pool);
void lac__pool_release(lac__pool *pool);

/** Where the memory of a device comes from. */
typedef struct lac__pool_source {
    void *user;
    void *(*alloc)(void *user, size_t bytes, size_t alignment); /* NULL: no memory */
    void (*free)(void *user, void *pointer, size_t bytes);
    void (*close)(void *user); /* after the last free */
    uint64_t budget;
} lac__pool_source;

/** A pool that counts and limits and leaves the caching to its source: blocks of a device cannot hold the
 *  lists of this one. Its own state lies in `parent`, which it retains. */
lac_status lac__pool_create_device(lac__pool *parent, const lac__pool_source *source,
                                   lac__pool **out);

/** LAC_ERR_OOM, or LAC_AGAIN where a collector is to run first. */
lac_status lac__pool_alloc(lac__pool *pool, size_t bytes, lac__block *out);
/** Leaves *block empty. */
void lac__pool_free(lac__pool *pool, lac__block *block);

void lac__pool_stats(lac__pool *pool, lac_memory *out);
void lac__pool_reset_peak(lac__pool *pool);
void lac__pool_trim(lac__pool *pool);
void lac__pool_collector(lac__pool *pool, bool enabled);
/** Returns what it was before. */
bool lac__pool_collected(lac__pool *pool, bool repeating);

/** Small objects that are not cached; zeroed. NULL when there is no memory. */
void *lac__object_alloc(lac__pool *pool, size_t bytes);
void lac__object_free(lac__pool *pool, void *object, size_t bytes);

#endif
