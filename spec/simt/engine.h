/*
 * engine.h - what the files of the engine know of each other.
 *
 * One lock guards everything: an API call takes it, and a kernel runs within the call that made it
 * run. So the state below needs no other protection.
 */
#ifndef SIMT_ENGINE_H
#define SIMT_ENGINE_H

#include "fiber.h"
#include "sanitizer.h"
#include "simt.h"

#include <mutex>

#pragma GCC visibility push(hidden)
namespace simt {

std::recursive_mutex &engine_lock();
struct Locked {
    Locked() {
        engine_lock().lock();
    }
    ~Locked() {
        engine_lock().unlock();
    }
    Locked(const Locked &) = delete;
};

/* ---- errors (error.cpp) ---------------------------------------------------------------------- */

/* Remembers a failure for cudaGetLastError and returns it. */
cudaError_t failed(cudaError_t error);
/* After a fault nothing works until cudaDeviceReset: cudaSuccess or the fault. */
extern cudaError_t sticky_error;

/* ---- the race checker, present when kernels are compiled with -fsanitize=thread -------------- */

enum class Access { read, write, atomic };
struct Checker {
    void (*access)(const void *p, size_t bytes, Access kind, unsigned thread, const void *pc);
    void (*fence)();
    void (*sync_warp)(unsigned warp, unsigned mask);
    void (*begin_block)();
    void (*end_launch)();
};
extern const Checker *checker;

/* Notes an access of the calling thread. */
void note_access(const void *p, size_t bytes, Access kind);

/* ---- blocks (block.cpp) ---------------------------------------------------------------------- */

constexpr unsigned max_threads = 1024;

enum class State : uint8_t { ready, at_barrier, in_warp_op, exited };
struct Thread {
    Fiber *fiber; /* null before it starts and after it ends */
    uint3 index;
    unsigned flat;
    State state;
    const char *what; /* the operation it waits in */
    unsigned mask;    /* of a warp operation */
};

extern Thread *current;       /* null outside kernels */
extern const Launch *running; /* likewise */
extern unsigned thread_count; /* of a block of the running launch */
extern unsigned block_epoch;  /* grows at every barrier and block, never reset */

void run_grid(const Launch &launch);
/* The current thread goes to sleep in `state`; returns once it was woken and picked. */
void park(State state, const char *what, unsigned mask);
void wake(Thread &thread);

/* ---- warps (warp.cpp) ------------------------------------------------------------------------ */

extern unsigned warp_epoch[max_threads / 32]; /* grows at every __syncwarp, never reset */
extern bool combining;                        /* the lanes' work is being done */
void warps_begin_block();
/* No rendezvous may still wait for a lane that exits. */
void warp_lane_exits(const Thread &thread);

/* ---- asynchronous copies (async_copy.cpp) ---------------------------------------------------- */

/* A thread may not leave copies under way. */
void async_thread_exits(const Thread &thread);

/* ---- device memory (arena.cpp) --------------------------------------------------------------- */

void *arena_allocate(size_t bytes); /* null when it is full */
bool arena_free(void *p);           /* false when `p` is not a live block */
bool arena_is_live(const void *p);
/* All bytes lie in one live block. */
bool arena_holds(const void *p, size_t bytes);
size_t arena_used();
/* The block at or below `p`; false when there is none. */
bool arena_nearest(const void *p, const char **block, size_t *bytes);
void arena_range(const char **begin, size_t *bytes);
/* Access is counted: kernels and copies open the arena, the outermost close shuts it. */
struct ArenaOpen {
    ArenaOpen();
    ~ArenaOpen();
    ArenaOpen(const ArenaOpen &) = delete;
};

/* ---- host memory (memory.cpp) ---------------------------------------------------------------- */

/* Memory of the host that kernels may use. */
bool is_pinned(const void *p, size_t bytes);

/* ---- reports (report.cpp) -------------------------------------------------------------------- */

/* Explains a fault of a kernel's memory access, for as long as it lives. */
struct FaultWatch {
    FaultWatch();
    ~FaultWatch();
    FaultWatch(const FaultWatch &) = delete;
};

} // namespace simt
#pragma GCC visibility pop

#endif
