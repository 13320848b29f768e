/*
 * arena.cpp - device memory: one range of addresses that the host cannot touch outside kernels and
 * copies.
 *
 * Blocks are aligned to 256 bytes and followed by a red zone, which is checked when the block is
 * freed (and poisoned under AddressSanitizer). New memory is full of NaNs. The range is twice the
 * memory that is for sale, so that fragmentation alone does not make it full. It is made of huge
 * pages: opening and shutting it, which every launch does, takes a time for each page.
 */
#include "engine.h"

#include <cstring>
#include <iterator>
#include <map>
#include <sys/mman.h>

namespace simt {

static const size_t alignment = 256, red_zone = 256, page = 2 << 20;
static const unsigned char red = 0xA5;

static struct {
    char *base;
    size_t bytes, top; /* the range; what was ever handed out */
    size_t used;       /* by live blocks, as the limit counts it */
    unsigned opened;
} arena;

/* Offset to bytes asked for, and offset to size of the gap. Never destroyed: streams may end later.
 * */
static std::map<size_t, size_t> &live() {
    static auto *blocks = new std::map<size_t, size_t>;
    return *blocks;
}
static std::map<size_t, size_t> &gaps() {
    static auto *blocks = new std::map<size_t, size_t>;
    return *blocks;
}

static size_t padded(size_t bytes) {
    return (bytes + alignment - 1) / alignment * alignment;
}

static void protect(bool open) {
    if (arena.top) mprotect(arena.base, arena.top, open ? PROT_READ | PROT_WRITE : PROT_NONE);
}

ArenaOpen::ArenaOpen() {
    if (arena.opened++ == 0) protect(true);
}

ArenaOpen::~ArenaOpen() {
    if (--arena.opened == 0) protect(false);
}

static bool create() {
    arena.bytes = (2 * config.memory + (64 << 20)) / page * page;
    void *base = mmap(nullptr, arena.bytes + page, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return false;
    arena.base = (char *)(((uintptr_t)base + page - 1) / page * page);
    madvise(arena.base, arena.bytes, MADV_HUGEPAGE);
    if (config.open_memory) arena.opened = 1; /* for good */
    return true;
}

static bool grow(size_t bytes) {
    bytes = (bytes + page - 1) / page * page;
    if (bytes > arena.bytes - arena.top) return false;
    SIMT_POISON(arena.base + arena.top, bytes);
    if (arena.opened) mprotect(arena.base + arena.top, bytes, PROT_READ | PROT_WRITE);
    arena.top += bytes;
    return true;
}

static void add_gap(size_t offset, size_t bytes) {
    auto next = gaps().lower_bound(offset);
    if (next != gaps().end() && offset + bytes == next->first) {
        bytes += next->second;
        next = gaps().erase(next);
    }
    if (next != gaps().begin()) {
        auto before = std::prev(next);
        if (before->first + before->second == offset) {
            before->second += bytes;
            return;
        }
    }
    gaps()[offset] = bytes;
}

/* First fit; else the range grows. */
static bool find_room(size_t bytes, size_t *offset) {
    for (auto gap = gaps().begin(); gap != gaps().end(); ++gap) {
        if (gap->second < bytes) continue;
        *offset = gap->first;
        const size_t left = gap->second - bytes;
        gaps().erase(gap);
        if (left) gaps()[*offset + bytes] = left;
        return true;
    }
    const size_t top = arena.top;
    if (!grow(bytes)) return false;
    *offset = top;
    if (arena.top > top + bytes) add_gap(top + bytes, arena.top - top - bytes);
    return true;
}

void *arena_allocate(size_t bytes) {
    if (bytes == 0) bytes = 1;
    if (!arena.base && !create()) return nullptr;
    if (bytes > config.memory || padded(bytes) > config.memory - arena.used) return nullptr;
    size_t offset;
    if (!find_room(padded(bytes) + red_zone, &offset)) return nullptr;
    ArenaOpen open;
    char *p = arena.base + offset;
    SIMT_UNPOISON(p, padded(bytes) + red_zone);
    std::memset(p, 0xFF, bytes);
    std::memset(p + bytes, red, padded(bytes) + red_zone - bytes);
    SIMT_POISON(p + bytes, padded(bytes) + red_zone - bytes);
    live()[offset] = bytes;
    arena.used += padded(bytes);
    return p;
}

bool arena_is_live(const void *p) {
    return is_device_memory(p) && live().count((size_t)((const char *)p - arena.base));
}

bool arena_free(void *p) {
    if (!arena_is_live(p)) return false;
    const size_t offset = (size_t)((char *)p - arena.base);
    const size_t bytes = live()[offset], size = padded(bytes) + red_zone;
    {
        ArenaOpen open;
        SIMT_UNPOISON((char *)p, size);
        for (size_t i = bytes; i < size; ++i)
            if (((unsigned char *)p)[i] != red)
                die("byte %zu of a block of %zu bytes was written", i, bytes);
        SIMT_POISON((char *)p, size);
    }
    live().erase(offset);
    arena.used -= padded(bytes);
    add_gap(offset, size);
    return true;
}

bool is_device_memory(const void *p) {
    return arena.base && (uintptr_t)p - (uintptr_t)arena.base < arena.bytes;
}

bool arena_nearest(const void *p, const char **block, size_t *bytes) {
    if (!is_device_memory(p)) return false;
    auto after = live().upper_bound((size_t)((const char *)p - arena.base));
    if (after == live().begin()) return false;
    --after;
    *block = arena.base + after->first;
    *bytes = after->second;
    return true;
}

bool arena_holds(const void *p, size_t bytes) {
    const char *block;
    size_t size;
    if (!arena_nearest(p, &block, &size)) return false;
    const size_t offset = (size_t)((const char *)p - block);
    return offset <= size && bytes <= size - offset;
}

size_t arena_used() {
    return arena.used;
}

void arena_range(const char **begin, size_t *bytes) {
    *begin = arena.base;
    *bytes = arena.bytes;
}

} // namespace simt
