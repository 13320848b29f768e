/*
 * racecheck.cpp - finds races by what is ordered, not by what happened to go wrong.
 *
 * Kernels are compiled with -fsanitize=thread and libtsan is left out: the functions that the
 * compiler calls for every access are here. Two accesses of one byte race when at least one writes,
 * not both are atomic, and nothing orders them:
 *   - threads of a block are ordered by a barrier;
 *   - lanes of a warp also by a __syncwarp that both take part in, directly or through others;
 *     shuffles, votes, ldmatrix and mma make lanes meet but do not order their memory accesses;
 *   - blocks of a launch by nothing but a __threadfence() in each, the earlier one's after its
 *     access (an approximation: that an atomic carries the news is taken for granted).
 * Shared memory that the block reads but never wrote is reported too, and so is memory of the host.
 * The launch ends with the reports and abort(). Launches are taken as ordered, whatever their
 * streams.
 */
#include "code_location.h"
#include "engine.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

extern "C" const char __start_simt_builtin[] __attribute__((visibility("hidden")));
extern "C" const char __stop_simt_builtin[] __attribute__((visibility("hidden")));

namespace simt {

/* ---- what is remembered of each byte --------------------------------------------------------- */

/* The last access of a kind; of lanes that came at the same time, all of them. */
struct Record {
    unsigned epoch; /* block_epoch */
    unsigned when;  /* warp_epoch */
    unsigned lanes;
    unsigned pc;
    uint16_t warp;
    bool several; /* warps of the block, in this epoch */
};
struct Cell {
    Record write, read, atomic;
};

/* Most accesses are whole words: these use the first of four cells, until a part of the word is
 * accessed. */
constexpr size_t page_bytes = 4096;
struct Page {
    Cell cells[page_bytes];
    bool split[page_bytes / 4];
};

static Page *page_of(uintptr_t address) {
    static std::unordered_map<uintptr_t, std::unique_ptr<Page>> pages;
    static struct {
        uintptr_t number;
        Page *page;
    } recent[64];
    const uintptr_t number = address / page_bytes;
    auto &slot = recent[number % 64];
    if (slot.page && slot.number == number) return slot.page;
    auto &page = pages[number];
    if (!page) page.reset(new Page());
    slot = {number, page.get()};
    return slot.page;
}

/* ---- order ----------------------------------------------------------------------------------- */

/* seen[w][j][i]: the warp_epoch up to which lane j of warp w knows what lane i did. */
static unsigned seen[max_threads / 32][32][32];

static void on_sync_warp(unsigned warp, unsigned mask) {
    unsigned joined[32] = {};
    auto &lanes = seen[warp];
    for (unsigned j = 0; j < 32; ++j) {
        if (!(mask >> j & 1)) continue;
        for (unsigned i = 0; i < 32; ++i) joined[i] = std::max(joined[i], lanes[j][i]);
    }
    for (unsigned j = 0; j < 32; ++j)
        if (mask >> j & 1) joined[j] = warp_epoch[warp];
    for (unsigned j = 0; j < 32; ++j)
        if (mask >> j & 1) std::memcpy(lanes[j], joined, sizeof joined);
}

/* Blocks of the launch by their first epoch, and the last epoch in which they fenced. */
struct BlockSpan {
    unsigned first_epoch, fence_epoch;
};
static std::vector<BlockSpan> blocks;

static void on_begin_block() {
    blocks.push_back({block_epoch, 0});
}

static void on_fence() {
    blocks.back().fence_epoch = block_epoch;
}

static bool fenced(unsigned epoch) {
    if (!blocks.back().fence_epoch) return false;
    auto after = std::upper_bound(blocks.begin(), blocks.end(), epoch,
                                  [](unsigned e, const BlockSpan &b) { return e < b.first_epoch; });
    return std::prev(after)->fence_epoch >= epoch;
}

/* Whether `old` and what `thread` does now are unordered. */
static bool unordered(const Record &old, unsigned thread, bool global) {
    if (old.epoch < blocks.front().first_epoch) return false; /* an earlier launch, or never */
    if (old.epoch < blocks.back().first_epoch) return global && !fenced(old.epoch);
    if (old.epoch != block_epoch) return false;
    if (old.several || old.warp != thread / 32) return true;
    const unsigned others = old.lanes & ~(1u << thread % 32);
    for (unsigned i = 0; i < 32; ++i)
        if (others >> i & 1 && seen[old.warp][thread % 32][i] <= old.when) return true;
    return false;
}

static void remember(Record &record, unsigned thread, unsigned pc) {
    const uint16_t warp = (uint16_t)(thread / 32);
    const unsigned lane = 1u << thread % 32, when = warp_epoch[warp];
    const bool same_epoch = record.epoch == block_epoch;
    const bool together = same_epoch && record.warp == warp && record.when == when;
    const bool several = same_epoch && (record.several || record.warp != warp);
    record = {block_epoch, when, together ? record.lanes | lane : lane, pc, warp, several};
}

/* ---- reports --------------------------------------------------------------------------------- */

static unsigned reports;

static bool is_new(const char *what, unsigned pc, unsigned other) {
    static std::set<std::pair<const char *, std::pair<unsigned, unsigned>>> told;
    ++reports;
    return told.size() < 16 && told.insert({what, {pc, other}}).second;
}

static void say(const char *what, const void *address, unsigned thread, unsigned pc) {
    fprintf(stderr, "simt: kernel %s, block (%u,%u,%u): %s %p\n", running->name, blockIdx.x,
            blockIdx.y, blockIdx.z, what, address);
    fprintf(stderr, "simt:   thread %u at %s\n", thread, code_location(pc).c_str());
}

static void report_race(const char *what, const void *address, const Record &old, unsigned thread,
                        unsigned pc) {
    if (!is_new(what, pc, old.pc)) return;
    say(what, address, thread, pc);
    const bool this_block = old.epoch >= blocks.back().first_epoch;
    fprintf(stderr, "simt:   and before, lanes %08x of warp %u%s of %s block, at %s\n", old.lanes,
            old.warp, old.several ? " and other warps" : "", this_block ? "the same" : "another",
            code_location(old.pc).c_str());
}

static void report_single(const char *what, const void *address, unsigned thread, unsigned pc) {
    if (is_new(what, pc, 0)) say(what, address, thread, pc);
}

static void on_end_launch() {
    if (reports) die("%u races and the like", reports);
    blocks.clear();
}

/* ---- accesses -------------------------------------------------------------------------------- */

static void check(Cell &cell, const void *address, Access kind, unsigned thread, unsigned pc,
                  bool global) {
    const bool writes = kind != Access::read;
    if (unordered(cell.write, thread, global))
        report_race(writes ? "two writes race at" : "a read races with a write at", address,
                    cell.write, thread, pc);
    if (kind != Access::atomic && unordered(cell.atomic, thread, global))
        report_race("an atomic races with a plain access at", address, cell.atomic, thread, pc);
    if (writes && unordered(cell.read, thread, global))
        report_race("a write races with a read at", address, cell.read, thread, pc);
    const unsigned written = std::max(cell.write.epoch, cell.atomic.epoch);
    if (!writes && !global && written < blocks.back().first_epoch)
        report_single("the block reads shared memory that it has not written, at", address, thread,
                      pc);
    remember(kind == Access::atomic ? cell.atomic : writes ? cell.write : cell.read, thread, pc);
}

static void check_range(uintptr_t at, size_t bytes, Access kind, unsigned thread, unsigned pc,
                        bool global) {
    const uintptr_t end = at + bytes;
    while (at < end) {
        Page &page = *page_of(at);
        const size_t offset = at % page_bytes, word = offset / 4;
        Cell *cells = page.cells + 4 * word;
        const bool whole = offset % 4 == 0 && end - at >= 4;
        if (whole && !page.split[word]) {
            check(*cells, (void *)at, kind, thread, pc, global);
            at += 4;
            continue;
        }
        if (!page.split[word]) {
            for (int i = 1; i < 4; ++i) cells[i] = cells[0];
            page.split[word] = true;
        }
        check(page.cells[offset], (void *)at, kind, thread, pc, global);
        ++at;
    }
}

static bool within(uintptr_t p, const void *begin, size_t bytes) {
    return p - (uintptr_t)begin < bytes;
}

static void on_access(const void *p, size_t bytes, Access kind, unsigned thread, const void *code) {
    const uintptr_t at = (uintptr_t)p;
    if (is_device_memory(p)) {
        check_range(at, bytes, kind, thread, code_offset(code), true);
        return;
    }
    if (within(at, current->fiber->stack, current->fiber->bytes)) return;
    if (in_module_data(p)) {
        check_range(at, bytes, kind, thread, code_offset(code), false);
        return;
    }
    const bool argument = within(at, running->arguments, running->argument_bytes);
    if (argument || is_pinned(p, bytes) || (kind == Access::read && in_module(p))) return;
    report_single("the kernel touches memory that is not the device's:", p, thread,
                  code_offset(code));
}

/* Called by instrumented code. The lanes' work of a warp operation reads the stacks of all of them.
 * */
static inline void instrumented(const void *p, size_t bytes, Access kind, const void *pc) {
    if (!current || combining) return;
    if (within((uintptr_t)p, __start_simt_builtin,
               (size_t)(__stop_simt_builtin - __start_simt_builtin)))
        return;
    on_access(p, bytes, kind, current->flat, pc);
}

static const Checker the_checker = {on_access, on_fence, on_sync_warp, on_begin_block,
                                    on_end_launch};

} // namespace simt

/* ---- what the compiler calls ----------------------------------------------------------------- */

#pragma GCC visibility push(hidden)
extern "C" {

/* Called when an instrumented file is loaded: without any, there is no checker. */
void __tsan_init() {
    simt::checker = &simt::the_checker;
}
void __tsan_func_entry(void *) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void **, void *) {}
void __tsan_vptr_read(void **) {}

#define PC __builtin_return_address(0)
#define HOOK(name, bytes, kind)                                                                    \
    void __tsan_##name##bytes(void *p) {                                                           \
        simt::instrumented(p, bytes, simt::Access::kind, PC);                                      \
    }
/* A volatile access is a relaxed atomic to those who use it. */
#define HOOKS(bytes)                                                                               \
    HOOK(read, bytes, read)                                                                        \
    HOOK(write, bytes, write)                                                                      \
    HOOK(unaligned_read, bytes, read)                                                              \
    HOOK(unaligned_write, bytes, write)                                                            \
    HOOK(volatile_read, bytes, atomic)                                                             \
    HOOK(volatile_write, bytes, atomic)                                                            \
    HOOK(unaligned_volatile_read, bytes, atomic)                                                   \
    HOOK(unaligned_volatile_write, bytes, atomic)
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

/* Only the host code of an instrumented file does these: guards of statics, reference counts. */
#define PLAIN_ATOMIC(bits, type)                                                                   \
    type __tsan_atomic##bits##_load(const volatile type *p, int) {                                 \
        return __atomic_load_n(p, __ATOMIC_SEQ_CST);                                               \
    }                                                                                              \
    type __tsan_atomic##bits##_fetch_add(volatile type *p, type v, int) {                          \
        return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);                                         \
    }
PLAIN_ATOMIC(8, char)
PLAIN_ATOMIC(32, int)
PLAIN_ATOMIC(64, long)

void __tsan_read_range(void *p, size_t bytes) {
    simt::instrumented(p, bytes, simt::Access::read, PC);
}
void __tsan_write_range(void *p, size_t bytes) {
    simt::instrumented(p, bytes, simt::Access::write, PC);
}

} // extern "C"
#pragma GCC visibility pop
