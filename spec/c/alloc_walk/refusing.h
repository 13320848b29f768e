/*
 * refusing.h - memory that counts the requests of the libraries, and refuses the ones that are chosen.
 *
 * Two ways lead to it: the host allocator of a context, and, unless a sanitizer owns them, malloc and its
 * relatives, which the program defines in place of the C library's: there the requests count whose return
 * address lies in one of our libraries. What other libraries ask for is never refused.
 */
#ifndef SPEC_ALLOC_WALK_REFUSING_H
#define SPEC_ALLOC_WALK_REFUSING_H

#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define REFUSES_MALLOC 1
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef REFUSES_MALLOC
#endif
#endif
#endif

#ifdef REFUSES_MALLOC
enum { MALLOC_IS_REFUSED = 1 };
#else
enum { MALLOC_IS_REFUSED = 0 };
#endif

/* Requests are counted and refused while `armed`: number `refuse_at` (from 1) and, if `refuse_all`, every
 * one after it. */
static atomic_int armed;
static atomic_llong requests, refused, host_blocks;
static long long refuse_at;
static int refuse_all;

static inline int refuses(void) {
    if (!atomic_load(&armed)) return 0;
    const long long number = atomic_fetch_add(&requests, 1) + 1;
    const int refuse = number == refuse_at || (refuse_all && number > refuse_at);
    if (refuse) atomic_fetch_add(&refused, 1);
    return refuse;
}

static inline void arm(long long at, int all) {
    refuse_at = at;
    refuse_all = all;
    atomic_store(&requests, 0);
    atomic_store(&refused, 0);
    atomic_store(&armed, 1);
}

static inline void disarm(void) {
    atomic_store(&armed, 0);
}

static inline void *host_alloc(void *user, size_t bytes, size_t alignment) {
    (void)user;
    if (refuses()) return NULL;
    void *p = NULL;
    if (posix_memalign(&p, alignment, bytes) != 0) return NULL;
    atomic_fetch_add(&host_blocks, 1);
    return p;
}

static inline void host_free(void *user, void *pointer, size_t bytes) {
    (void)user;
    (void)bytes;
    atomic_fetch_sub(&host_blocks, 1);
    free(pointer);
}

#ifdef REFUSES_MALLOC

/* Where our libraries' code lies, and the blocks that it took while armed and that nobody has freed. */
enum { MOST_RANGES = 16, MOST_BLOCKS = 4096 };
static struct { uintptr_t from, to; } ours[MOST_RANGES];
static atomic_int ranges;
static _Atomic(void *) blocks[MOST_BLOCKS];
static atomic_int blocks_used;

static int add_ranges(struct dl_phdr_info *info, size_t size, void *user) {
    (void)size;
    (void)user;
    /* What Lua files ask of malloc is asked by LuaJIT for them. */
    if (strstr(info->dlpi_name, "liblacuna") == NULL &&
        strstr(info->dlpi_name, "libluajit") == NULL)
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_LOAD || (info->dlpi_phdr[i].p_flags & PF_X) == 0)
            continue;
        const int n = atomic_load(&ranges);
        if (n == MOST_RANGES) return 1;
        ours[n].from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        ours[n].to = ours[n].from + info->dlpi_phdr[i].p_memsz;
        atomic_store(&ranges, n + 1);
    }
    return 0;
}

/* To be called when every plugin has been opened. */
static inline void find_libraries(void) {
    atomic_store(&ranges, 0);
    (void)dl_iterate_phdr(add_ranges, NULL);
}

static inline int is_ours(const void *caller) {
    const uintptr_t at = (uintptr_t)caller;
    for (int i = 0; i < atomic_load(&ranges); i++) {
        if (at >= ours[i].from && at < ours[i].to) return 1;
    }
    return 0;
}

static inline void note(void *block) {
    for (int i = 0; block != NULL && i < MOST_BLOCKS; i++) {
        void *none = NULL;
        if (!atomic_compare_exchange_strong(&blocks[i], &none, block)) continue;
        if (i >= atomic_load(&blocks_used)) atomic_store(&blocks_used, i + 1);
        return;
    }
}

static inline void forget(void *block) {
    for (int i = 0; block != NULL && i < atomic_load(&blocks_used); i++) {
        void *same = block;
        if (atomic_compare_exchange_strong(&blocks[i], &same, NULL)) return;
    }
}

/* Blocks of malloc that our libraries took while armed and still have; none is known afterwards. */
static inline int malloc_blocks(void) {
    int n = 0;
    for (int i = 0; i < atomic_load(&blocks_used); i++)
        n += atomic_exchange(&blocks[i], NULL) != NULL;
    atomic_store(&blocks_used, 0);
    return n;
}

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *block);

/* What follows is seen by the libraries, whatever the flags say of visibility. */
#pragma GCC visibility push(default)
#define CALLED_BY_OURS (atomic_load(&armed) && is_ours(__builtin_return_address(0)))

void *malloc(size_t bytes) {
    const int mine = CALLED_BY_OURS;
    if (mine && refuses()) return errno = ENOMEM, NULL;
    void *block = __libc_malloc(bytes);
    if (mine) note(block);
    return block;
}

void *calloc(size_t n, size_t bytes) {
    const int mine = CALLED_BY_OURS;
    if (mine && refuses()) return errno = ENOMEM, NULL;
    void *block = __libc_calloc(n, bytes);
    if (mine) note(block);
    return block;
}

void *realloc(void *old, size_t bytes) {
    const int mine = CALLED_BY_OURS;
    if (mine && bytes > 0 && refuses()) return errno = ENOMEM, NULL;
    void *block = __libc_realloc(old, bytes);
    if (block != NULL || bytes == 0) forget(old);
    if (mine) note(block);
    return block;
}

int posix_memalign(void **out, size_t alignment, size_t bytes) {
    const int mine = CALLED_BY_OURS;
    if (mine && refuses()) return ENOMEM;
    void *block = __libc_memalign(alignment, bytes);
    if (block == NULL) return ENOMEM;
    if (mine) note(block);
    *out = block;
    return 0;
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    const int mine = CALLED_BY_OURS;
    if (mine && refuses()) return errno = ENOMEM, NULL;
    void *block = __libc_memalign(alignment, bytes);
    if (mine) note(block);
    return block;
}

char *strdup(const char *text) {
    const int mine = CALLED_BY_OURS;
    if (mine && refuses()) return errno = ENOMEM, NULL;
    const size_t bytes = strlen(text) + 1;
    char *copy = __libc_malloc(bytes);
    if (copy == NULL) return NULL;
    if (mine) note(copy);
    return memcpy(copy, text, bytes);
}

/* Large blocks of a context without a host allocator. */
void *mmap(void *hint, size_t bytes, int protection, int flags, int fd, off_t offset) {
    if (CALLED_BY_OURS && refuses()) return errno = ENOMEM, MAP_FAILED;
    return (void *)syscall(SYS_mmap, hint, bytes, protection, flags, fd, offset); /* NOLINT */
}

void free(void *block) {
    if (block != NULL) forget(block);
    __libc_free(block);
}

#pragma GCC visibility pop

#else

static inline void find_libraries(void) {}
static inline int malloc_blocks(void) { /* LeakSanitizer's business */
    return 0;
}

#endif
#endif
