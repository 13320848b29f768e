/*
 * block.cpp - runs the threads of a block: who is ready, who waits, who goes on next.
 *
 * A thread that blocks picks its successor and switches to it directly. A thread gets a stack only
 * when it starts, and a thread that ends without having blocked leaves its stack to the next one
 * without a switch; so a kernel without barriers runs like a loop.
 */
#include "engine.h"

#include <cstdio>
#include <cstring>
#include <utility>

uint3 threadIdx SIMT_BUILTIN, blockIdx SIMT_BUILTIN;
dim3 blockDim SIMT_BUILTIN, gridDim SIMT_BUILTIN;

namespace simt {

Statistics statistics;
Thread *current;
const Launch *running;
unsigned thread_count, block_epoch;

static Thread threads[max_threads];
static Fiber host_fiber;
static Fiber *came_from; /* whom a new fiber was switched from */
static unsigned exited;

/* ---- who is ready ---------------------------------------------------------------------------- */

/* A ring: a thread is in it at most once. */
static struct {
    uint16_t ring[max_threads];
    unsigned head, count;
} ready;

static uint16_t &ready_at(unsigned i) {
    return ready.ring[(ready.head + i) % max_threads];
}

static uint64_t random_state, random_seed;
static void seed_random() {
    if (random_seed == config.seed && random_state) return;
    random_seed = config.seed;
    random_state = (88172645463325252u ^ config.seed * 0x9E3779B97F4A7C15u) | 1;
}
static unsigned random_number() {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 11);
}

static void push_ready(const Thread &thread) {
    ready_at(ready.count++) = (uint16_t)thread.flat;
}

/* So that all others have their turn before. */
static void push_ready_last(const Thread &thread) {
    if (config.order != Order::lifo) return push_ready(thread);
    ready.head = (ready.head + max_threads - 1) % max_threads;
    ready.ring[ready.head] = (uint16_t)thread.flat;
    ++ready.count;
}

static Thread *pop_ready() {
    if (!ready.count) return nullptr;
    --ready.count;
    if (config.order == Order::fifo) {
        const unsigned id = ready.ring[ready.head];
        ready.head = (ready.head + 1) % max_threads;
        return &threads[id];
    }
    uint16_t &last = ready_at(ready.count);
    if (config.order == Order::random)
        std::swap(last, ready_at(random_number() % (ready.count + 1)));
    return &threads[last];
}

void wake(Thread &thread) {
    thread.state = State::ready;
    push_ready(thread);
}

/* ---- switching ------------------------------------------------------------------------------- */

static unsigned atomics_in_a_row;
static uint64_t atomics_without_progress;

static void thread_main();

static void go_on_as(Thread &thread) {
    current = &thread;
    threadIdx = thread.index;
}

[[noreturn]] static void report_deadlock();

static void switch_to_next() {
    Thread *next = pop_ready();
    if (!next) report_deadlock();
    if (next == current) return;
    ++statistics.switches;
    atomics_in_a_row = 0;
    Fiber *mine = current->fiber;
    if (!next->fiber) next->fiber = fiber_take(thread_main);
    came_from = mine;
    go_on_as(*next);
    fiber_switch(mine, next->fiber, false);
}

void park(State state, const char *what, unsigned mask) {
    current->state = state;
    current->what = what;
    current->mask = mask;
    atomics_without_progress = 0;
    switch_to_next();
}

/* In random order other threads may come in between; in the other orders a thread that spins on an
 * atomic lets them after a while. */
void scheduling_point() {
    if (!current) return;
    if (++atomics_without_progress > 1u << 26) die("the block makes no progress: it spins");
    ++atomics_in_a_row;
    if (config.order == Order::random ? random_number() % 4 != 0 : atomics_in_a_row < 1024) return;
    push_ready_last(*current);
    switch_to_next();
}

void before_atomic(const void *p, size_t bytes, const void *caller) {
    scheduling_point();
    if (checker && current) checker->access(p, bytes, Access::atomic, current->flat, caller);
}

void fence() {
    if (checker && current) checker->fence();
}

uint64_t ticks() {
    return statistics.switches;
}

int lane() {
    return (int)(current->flat & 31);
}

/* ---- the barrier ----------------------------------------------------------------------------- */

/* Threads that have exited count as arrived. */
static struct {
    unsigned arrived;
    int sum, result;
    const char *file;
    int line;
} meeting;

static void release_barrier() {
    meeting.result = meeting.sum;
    meeting.sum = 0;
    if (meeting.arrived) {
        for (unsigned i = 0; i < thread_count; ++i)
            if (threads[i].state == State::at_barrier) wake(threads[i]);
    }
    meeting.arrived = 0;
    ++block_epoch;
    ++statistics.barriers;
}

int barrier_count(int predicate, const char *file, int line) {
    if (meeting.arrived &&
        (meeting.line != line || (meeting.file != file && std::strcmp(meeting.file, file))))
        die("threads of one block wait at different barriers (%s:%d and %s:%d)", meeting.file,
            meeting.line, file, line);
    meeting.file = file;
    meeting.line = line;
    meeting.sum += predicate;
    if (meeting.arrived + 1 + exited == thread_count) {
        release_barrier();
        return meeting.result;
    }
    ++meeting.arrived;
    park(State::at_barrier, "__syncthreads", 0);
    return meeting.result;
}

void barrier(const char *file, int line) {
    barrier_count(0, file, line);
}

/* ---- start and end of a thread --------------------------------------------------------------- */

static void leave_current() {
    Thread &me = *current;
    async_thread_exits(me);
    warp_lane_exits(me);
    me.state = State::exited;
    ++exited;
    atomics_without_progress = 0;
    if (meeting.arrived && meeting.arrived + exited == thread_count) release_barrier();
}

/* Not instrumented: this frame is still there when the stack goes to another thread. */
#if SIMT_ASAN
__attribute__((no_sanitize_address))
#endif
static void
thread_main() {
    fiber_entered(came_from, &host_fiber);
    Fiber *mine = current->fiber;
    for (;;) {
        running->invoke(running->entry, running->arguments);
        leave_current();
        current->fiber = nullptr;
        Thread *next = pop_ready();
        if (!next && exited < thread_count) report_deadlock();
        if (next && !next->fiber) {
            next->fiber = mine;
            go_on_as(*next);
            continue;
        }
        fiber_release(mine);
        ++statistics.switches;
        Fiber *to = &host_fiber;
        if (next) {
            to = next->fiber;
            go_on_as(*next);
        } else {
            current = nullptr;
        }
        came_from = mine;
        fiber_switch(mine, to, true);
    }
}

/* ---- blocks and grids ------------------------------------------------------------------------ */

/* Past the end of the launch's dynamic shared memory. */
constexpr size_t canary_bytes = 1024;
constexpr unsigned char canary = 0xA5;
alignas(1024) unsigned char dynamic_shared[shared_limit + canary_bytes];

static void guard_shared(size_t bytes) {
    std::memset(dynamic_shared + bytes, canary, canary_bytes);
    SIMT_POISON(dynamic_shared + bytes, sizeof dynamic_shared - bytes);
}

static void check_shared(size_t bytes) {
    SIMT_UNPOISON(dynamic_shared, sizeof dynamic_shared);
    for (size_t i = 0; i < canary_bytes; ++i)
        if (dynamic_shared[bytes + i] != canary)
            die("the block wrote %zu bytes past its %zu bytes of dynamic shared memory", i + 1,
                bytes);
}

static void arrange_threads(dim3 block) {
    thread_count = block.x * block.y * block.z;
    uint3 at = {0, 0, 0};
    for (unsigned i = 0; i < thread_count; ++i) {
        threads[i].flat = i;
        threads[i].index = at;
        if (++at.x == block.x) {
            at.x = 0;
            if (++at.y == block.y) {
                at.y = 0;
                ++at.z;
            }
        }
    }
}

static void run_block() {
    exited = 0;
    meeting.arrived = 0;
    meeting.sum = 0;
    ++block_epoch;
    ++statistics.blocks;
    statistics.threads += thread_count;
    warps_begin_block();
    if (checker) checker->begin_block();
    ready.head = ready.count = 0;
    for (unsigned i = 0; i < thread_count; ++i) wake(threads[i]);
    Thread *first = pop_ready();
    first->fiber = fiber_take(thread_main);
    came_from = &host_fiber;
    go_on_as(*first);
    ++statistics.switches;
    fiber_switch(&host_fiber, first->fiber, false);
}

void run_grid(const Launch &launch) {
    seed_random();
    ArenaOpen open;
    FaultWatch watch;
    running = &launch;
    gridDim = launch.grid;
    blockDim = launch.block;
    arrange_threads(launch.block);
    guard_shared(launch.shared_bytes);
    uint3 at;
    for (at.z = 0; at.z < gridDim.z; ++at.z)
        for (at.y = 0; at.y < gridDim.y; ++at.y)
            for (at.x = 0; at.x < gridDim.x; ++at.x) {
                blockIdx = at;
                /* NaNs, so that a read before a write shows. */
                std::memset(dynamic_shared, 0xFF, launch.shared_bytes);
                run_block();
            }
    check_shared(launch.shared_bytes);
    if (checker) checker->end_launch();
    running = nullptr;
}

/* ---- deadlock -------------------------------------------------------------------------------- */

[[noreturn]] static void report_deadlock() {
    static bool told[max_threads];
    const Thread *first = nullptr;
    fprintf(stderr, "simt: deadlock in kernel %s\n", running->name);
    std::memset(told, 0, sizeof told);
    for (unsigned i = 0; i < thread_count; ++i) {
        const Thread &a = threads[i];
        if (a.state == State::exited || told[i]) continue;
        if (!first) first = &a;
        unsigned same = 0;
        for (unsigned j = i; j < thread_count; ++j) {
            const Thread &b = threads[j];
            if (b.state != a.state || b.mask != a.mask || std::strcmp(b.what, a.what)) continue;
            if (a.state == State::in_warp_op && b.flat / 32 != i / 32) continue;
            told[j] = true;
            ++same;
        }
        if (a.state == State::at_barrier)
            fprintf(stderr, "simt:   %u threads, the first is %u, wait at the barrier %s:%d\n",
                    same, i, meeting.file, meeting.line);
        else
            fprintf(stderr, "simt:   %u threads, the first is %u, wait in %s for lanes %08x\n",
                    same, i, a.what, a.mask);
    }
    if (first) go_on_as(threads[first->flat]);
    die("no thread can go on: %u of %u have exited, %u wait at the barrier", exited, thread_count,
        meeting.arrived);
}

} // namespace simt
