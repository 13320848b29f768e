/*
 * pool.c - see pool.h.
 */
#include "core/pool.h"

#include "core/checked.h"
#include "core/extents.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ALIGNMENT = 64, CLASSES = 8 * 42, SLACK = 128 << 10 };

/* What a block of a device is rounded up to: CUDA's own alignment. */
enum { DEVICE_GRAIN = 256 };

/* Blocks above this size are cut from pages, unless the host brought its own allocator. */
enum { LARGE = 256 << 10, GRAIN = 256 << 10, HUGE_GRAIN = 2 << 20, HUGE = 16 << 20 };

typedef struct free_block {
    struct free_block *next;
} free_block;

struct lac__pool {
    atomic_int references;
    pthread_mutex_t lock;
    void *user;
    void *(*alloc)(void *user, size_t bytes, size_t alignment);
    void (*free)(void *user, void *pointer, size_t bytes);
    lac_memory stats;
    uint64_t need;  /* the largest `live` that a collection could not reduce */
    bool collector; /* LAC_AGAIN before growing past the limit */
    bool repeating; /* between a collection and the end of the repeated call */
    free_block *cached[CLASSES];
    lac__extent *extents;
    bool paged;        /* large blocks come from extents */
    lac__pool *parent; /* of a device's pool, which caches nothing: else NULL */
    void (*close)(void *user);
    void *last_mapped; /* the pages taken last */
};

/* Class c holds blocks of (8 + c % 8) * 2^(c / 8) * 8 bytes: 64, 72, .. 120, 128, 144, .. */
static size_t class_bytes(int c) {
    return (size_t)(8 + c % 8) << (c / 8 + 3);
}

static int class_of(size_t bytes) {
    if (bytes <= 64) return 0;
    const size_t units = (bytes + 7) / 8 - 1; /* >= 8 */
    const int exponent = 63 - __builtin_clzll((unsigned long long)units) - 3;
    const int step = (int)(units >> exponent) - 8 + 1;
    return 8 * exponent + step;
}

static void *system_alloc(void *user, size_t bytes, size_t alignment) {
    (void)user;
    void *p = NULL;
    return posix_memalign(&p, alignment, bytes) == 0 ? p : NULL;
}

static void system_free(void *user, void *pointer, size_t bytes) {
    (void)user;
    (void)bytes;
    free(pointer);
}

/** 80 % of the memory that this process may have. */
static uint64_t default_budget(void) {
    uint64_t total = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    static const char *const limits[] = {"/sys/fs/cgroup/memory.max",
                                         "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        FILE *f = fopen(limits[i], "r");
        unsigned long long bytes = 0;
        if (f == NULL) continue;
        if (fscanf(f, "%llu", &bytes) == 1 && bytes > 0 && bytes < total) total = bytes;
        (void)fclose(f);
    }
    return total / 10 * 8;
}

lac_status lac__pool_create(const lac_context_options *options, lac__pool **out) {
    void *(*alloc)(void *, size_t, size_t) = system_alloc;
    void *user = NULL;
    if (options != NULL && options->alloc != NULL) {
        if (options->free == NULL)
            return lac__fail(LAC_ERR_ARGUMENT, "context: alloc without free");
        alloc = options->alloc;
        user = options->user;
    }
    lac__pool *pool = alloc(user, sizeof *pool, ALIGNMENT);
    if (pool == NULL) return lac__fail(LAC_ERR_OOM, "context: no memory");
    memset(pool, 0, sizeof *pool);
    atomic_init(&pool->references, 1);
    (void)pthread_mutex_init(&pool->lock, NULL);
    pool->user = user;
    pool->alloc = alloc;
    pool->paged = alloc == system_alloc;
    pool->free = alloc == system_alloc ? system_free : options->free;
    pool->stats.budget =
        options != NULL && options->budget > 0 ? options->budget : default_budget();
    *out = pool;
    return LAC_OK;
}

lac_status lac__pool_create_device(lac__pool *parent, const lac__pool_source *source,
                                   lac__pool **out) {
    lac__pool *pool = lac__object_alloc(parent, sizeof *pool);
    if (pool == NULL) return LAC_ERR_OOM;
    atomic_init(&pool->references, 1);
    (void)pthread_mutex_init(&pool->lock, NULL);
    pool->user = source->user;
    pool->alloc = source->alloc;
    pool->free = source->free;
    pool->close = source->close;
    pool->stats.budget = source->budget;
    pool->parent = parent;
    lac__pool_retain(parent);
    *out = pool;
    return LAC_OK;
}

void lac__pool_retain(lac__pool *pool) {
    atomic_fetch_add(&pool->references, 1);
}

/* Returns cached memory to the system, pages first and then large blocks before small ones, until `reserved` <= target. */
static void trim_to(lac__pool *pool, uint64_t target) {
    if (pool->stats.reserved > target)
        pool->stats.reserved -= lac__extents_unmap(&pool->extents, pool->stats.reserved - target);
    for (int c = CLASSES - 1; c >= 0 && pool->stats.reserved > target; c--) {
        while (pool->cached[c] != NULL && pool->stats.reserved > target) {
            free_block *block = pool->cached[c];
            pool->cached[c] = block->next;
            pool->free(pool->user, block, class_bytes(c));
            pool->stats.reserved -= class_bytes(c);
        }
    }
}

void lac__pool_release(lac__pool *pool) {
    if (pool == NULL || atomic_fetch_sub(&pool->references, 1) != 1) return;
    trim_to(pool, 0);
    (void)pthread_mutex_destroy(&pool->lock);
    lac__pool *parent = pool->parent;
    if (parent == NULL) {
        pool->free(pool->user, pool, sizeof *pool);
        return;
    }
    pool->close(pool->user);
    lac__object_free(parent, pool, sizeof *pool);
    lac__pool_release(parent);
}

static size_t round_up(size_t bytes, size_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

static bool is_large(const lac__pool *pool, size_t bytes) {
    return pool->paged && bytes > LARGE;
}

/* A cached block of at least `bytes`; *capacity tells how much. */
static void *take_cached(lac__pool *pool, size_t bytes, size_t *capacity) {
    if (is_large(pool, bytes)) {
        *capacity = round_up(bytes, LAC__PAGE);
        return lac__extents_take(&pool->extents, *capacity);
    }
    const int wanted = class_of(bytes);
    const int last = wanted + 2 < CLASSES ? wanted + 2 : CLASSES - 1; /* at most 1.25 x */
    for (int c = wanted; c <= last && (!pool->paged || class_bytes(c) <= LARGE); c++) {
        if (pool->cached[c] == NULL) continue;
        free_block *block = pool->cached[c];
        pool->cached[c] = block->next;
        *capacity = class_bytes(c);
        return block;
    }
    return NULL;
}

static void give_cached(lac__pool *pool, void *data, size_t capacity) {
    if (is_large(pool, capacity)) {
        lac__extents_give(&pool->extents, data, capacity);
        return;
    }
    const int c = class_of(capacity);
    free_block *block = data;
    block->next = pool->cached[c];
    pool->cached[c] = block;
}

static uint64_t limit_for(uint64_t need) {
    return need + need / 10 + SLACK;
}

static lac_status over_budget(const lac__pool *pool, size_t bytes) {
    return lac__fail(
        LAC_ERR_OOM,
        "out of memory: %.1f MB more than the %.1f MB in use do not fit the budget of %.1f MB",
        (double)bytes / 1e6, (double)pool->stats.live / 1e6, (double)pool->stats.budget / 1e6);
}

/* Takes enough memory for a block of `bytes` from the system and caches it. The lock is held. */
static lac_status grow(lac__pool *pool, size_t bytes) {
    const bool large = is_large(pool, bytes);
    const size_t taken =
        large ? round_up(bytes, bytes < HUGE ? GRAIN : HUGE_GRAIN) : class_bytes(class_of(bytes));
    const uint64_t wanted = pool->stats.live + taken;
    const bool may_collect = pool->collector && !pool->repeating;
    if (may_collect && pool->stats.reserved + taken > limit_for(pool->need)) return LAC_AGAIN;
    /* With a collector, `live` tells the need only right after a collection: else it holds garbage. */
    if (!may_collect && pool->need < wanted) pool->need = wanted;
    uint64_t limit = limit_for(pool->need);
    if (limit > pool->stats.budget) limit = pool->stats.budget;
    trim_to(pool, limit > taken ? limit - taken : 0);
    if (pool->stats.reserved + taken > pool->stats.budget) {
        if (may_collect) return LAC_AGAIN;
        return over_budget(pool, taken);
    }
    void *memory = large ? lac__extents_map(pool->last_mapped, taken)
                         : pool->alloc(pool->user, taken, ALIGNMENT);
    if (memory == NULL) {
        if (may_collect) return LAC_AGAIN;
        return lac__fail(LAC_ERR_OOM, "out of memory: the system has no %.1f MB more",
                         (double)taken / 1e6);
    }
    if (large) pool->last_mapped = memory;
    pool->stats.reserved += taken;
    give_cached(pool, memory, taken);
    return LAC_OK;
}

/* A block for `bytes` from a device. The lock is held. */
static lac_status take_direct(lac__pool *pool, size_t bytes, size_t *capacity, void **data) {
    const size_t taken = round_up(bytes, DEVICE_GRAIN);
    const uint64_t wanted = pool->stats.live + taken;
    const bool may_collect = pool->collector && !pool->repeating;
    if (may_collect && wanted > limit_for(pool->need)) return LAC_AGAIN;
    if (!may_collect && pool->need < wanted) pool->need = wanted;
    if (wanted > pool->stats.budget) {
        if (may_collect) return LAC_AGAIN;
        return over_budget(pool, taken);
    }
    *data = pool->alloc(pool->user, taken, DEVICE_GRAIN);
    if (*data == NULL) {
        if (may_collect) return LAC_AGAIN;
        return lac__fail(LAC_ERR_OOM,
                         "out of memory: the device has no %.1f MB more beside the %.1f MB in use",
                         (double)taken / 1e6, (double)pool->stats.live / 1e6);
    }
    *capacity = taken;
    pool->stats.reserved = wanted;
    return LAC_OK;
}

/* A block for `bytes` from the lists, or from the system by way of them. The lock is held. */
static lac_status take(lac__pool *pool, size_t bytes, size_t *capacity, void **data) {
    *data = take_cached(pool, bytes, capacity);
    if (*data != NULL) return LAC_OK;
    LAC_TRY(grow(pool, bytes));
    *data = take_cached(pool, bytes, capacity);
    return LAC_OK;
}

lac_status lac__pool_alloc(lac__pool *pool, size_t bytes, lac__block *out) {
    *out = (lac__block){0};
    if (bytes == 0) return LAC_OK;
    if (bytes > (size_t)1 << 46)
        return lac__fail(LAC_ERR_OOM, "out of memory: %.1f TB asked for", (double)bytes / 1e12);
    (void)pthread_mutex_lock(&pool->lock);
    size_t capacity = 0;
    void *data = NULL;
    const lac_status status = pool->parent != NULL ? take_direct(pool, bytes, &capacity, &data)
                                                   : take(pool, bytes, &capacity, &data);
    if (status == LAC_OK) {
        *out = (lac__block){.data = data, .capacity = capacity};
        pool->stats.live += capacity;
        pool->stats.blocks++;
        if (pool->stats.live > pool->stats.peak) pool->stats.peak = pool->stats.live;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return status;
}

void lac__pool_free(lac__pool *pool, lac__block *block) {
    if (block->data == NULL) return;
    (void)pthread_mutex_lock(&pool->lock);
    pool->stats.live -= block->capacity;
    if (pool->parent != NULL) {
        pool->free(pool->user, block->data, block->capacity);
        pool->stats.reserved = pool->stats.live;
    } else {
        give_cached(pool, block->data, block->capacity);
    }
    pool->stats.blocks--;
    (void)pthread_mutex_unlock(&pool->lock);
    *block = (lac__block){0};
}

void lac__pool_stats(lac__pool *pool, lac_memory *out) {
    (void)pthread_mutex_lock(&pool->lock);
    *out = pool->stats;
    (void)pthread_mutex_unlock(&pool->lock);
}

void lac__pool_reset_peak(lac__pool *pool) {
    (void)pthread_mutex_lock(&pool->lock);
    pool->stats.peak = pool->stats.live;
    (void)pthread_mutex_unlock(&pool->lock);
}

void lac__pool_trim(lac__pool *pool) {
    (void)pthread_mutex_lock(&pool->lock);
    trim_to(pool, 0);
    pool->need = pool->stats.live;
    (void)pthread_mutex_unlock(&pool->lock);
}

void lac__pool_collector(lac__pool *pool, bool enabled) {
    (void)pthread_mutex_lock(&pool->lock);
    pool->collector = enabled;
    (void)pthread_mutex_unlock(&pool->lock);
}

bool lac__pool_collected(lac__pool *pool, bool repeating) {
    (void)pthread_mutex_lock(&pool->lock);
    const bool before = pool->repeating;
    pool->repeating = repeating;
    (void)pthread_mutex_unlock(&pool->lock);
    return before;
}

void *lac__object_alloc(lac__pool *pool, size_t bytes) {
    void *object = pool->alloc(pool->user, bytes, ALIGNMENT);
    if (object == NULL) {
        (void)lac__fail(LAC_ERR_OOM, "out of memory: the system has no %zu bytes more", bytes);
        return NULL;
    }
    return memset(object, 0, bytes);
}

void lac__object_free(lac__pool *pool, void *object, size_t bytes) {
    if (object != NULL) pool->free(pool->user, object, bytes);
}
