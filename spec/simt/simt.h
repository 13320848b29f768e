/*
 * simt.h - what the CUDA shims ask of the engine.
 *
 * A kernel is compiled by the host compiler. Each thread of a block runs on a fiber of its own, all
 * of them on one OS thread, and goes on until it blocks: at a barrier or in a warp operation.
 * Blocks run one after another in index order. So everything between two blocking points is atomic,
 * and a kernel that relies on that by mistake is caught by another thread order or by the race
 * checker.
 *
 * Kernels and engine must be linked into one module: the thread's coordinates are hidden globals.
 */
#ifndef SIMT_H
#define SIMT_H

#include "shim/cuda_runtime_api.h"

#include <cstddef>
#include <cstdint>
#include <tuple>

#define SIMT_EMULATOR 1
#if defined(__clang__)
#define SIMT_UNCHECKED __attribute__((noinline, no_sanitize("thread")))
#else
#define SIMT_UNCHECKED __attribute__((noinline, no_sanitize_thread))
#endif

#pragma GCC visibility push(hidden)

/* Rewritten whenever another thread or block goes on. Together, so that the race checker knows
 * them. */
#define SIMT_BUILTIN __attribute__((section("simt_builtin")))
extern uint3 threadIdx SIMT_BUILTIN, blockIdx SIMT_BUILTIN;
extern dim3 blockDim SIMT_BUILTIN, gridDim SIMT_BUILTIN;
constexpr int warpSize = 32;

namespace simt {

/* ---- modes, read from the environment when the program starts -------------------------------- */

enum class Order { fifo, lifo, random };
struct Config {
    Order order = Order::fifo; /* SIMT_ORDER=fifo|lifo|random: which ready thread goes on */
    uint64_t seed = 1;         /* SIMT_SEED=n, for random */
    bool lazy_streams = false; /* SIMT_STREAM=lazy: work runs only when something waits for it */
    bool late_copies = false;  /* SIMT_CPASYNC=late: cp.async data lands at the wait, not before */
    size_t memory = size_t(4) << 30; /* SIMT_MEMORY=bytes of device memory */
    int devices = 1;                 /* SIMT_DEVICES=n */
    bool open_memory = false; /* SIMT_MEMORY_OPEN=1: host code may reach it, which is faster */
    uint64_t fail_launch = 0; /* SIMT_FAIL_LAUNCH=n: the n-th launch of the process faults */
};
extern Config config;

struct Statistics {
    uint64_t switches, threads, blocks, launches, warp_ops, barriers;
};
extern Statistics statistics;

/* ---- what runs inside a kernel --------------------------------------------------------------- */

/* Runs once all lanes of `mask` have come: lane l's argument is args[l]. */
using Combine = void (*)(void *const *args, unsigned mask);

/* A rendezvous of the lanes in `mask`, matched by mask and function; `what` is for reports. */
void warp_op(unsigned mask, void *arg, Combine combine, const char *what);
/* __syncwarp: of all warp operations the one that orders memory accesses of the lanes. */
void sync_warp(unsigned mask);
void barrier(const char *file, int line);
/* A barrier that also returns how many threads brought a true `predicate`. */
int barrier_count(int predicate, const char *file, int line);
/* A point where another thread may go on, so that spinning ends. */
void scheduling_point();
/* Precedes an atomic operation: a scheduling point, and a note for the race checker. */
void before_atomic(const void *p, size_t bytes, const void *caller);
void fence();
uint64_t ticks();
int lane();

constexpr size_t shared_default = 48 << 10, shared_limit = 227 << 10;
extern unsigned char dynamic_shared[];

void async_copy(void *to, const void *from, unsigned bytes, unsigned from_bytes);
void async_commit();
void async_wait(unsigned groups_left);

/* Faults of the kernel under test: report kernel, block and thread, then abort. */
[[noreturn]] void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool is_device_memory(const void *p);
/* Addresses that ldmatrix and prefetch are given. */
void check_matrix_row(unsigned lane, const void *row, bool transposed);
void check_prefetch(const void *p);

/* ---- launching ------------------------------------------------------------------------------- */

struct Launch {
    const char *name;
    dim3 grid, block;
    size_t shared_bytes;
    const void *entry;
    void (*invoke)(const void *entry, const void *arguments);
    const void *arguments;
    size_t argument_bytes;
    void (*free_arguments)(const void *arguments);
};
/* Checks the configuration and puts the launch into the stream; frees the arguments in the end. */
cudaError_t enqueue_launch(const Launch &launch, cudaStream_t stream);

/* `configure(...)(arguments...)` is what `kernel<<<...>>>(arguments...)` is under nvcc. */
template <class... Parameters> struct Configured {
    Launch launch;
    cudaStream_t stream;

    template <class... Arguments> cudaError_t operator()(Arguments &&...arguments) {
        using Values = std::tuple<Parameters...>;
        static_assert(sizeof...(Arguments) == sizeof...(Parameters), "arguments of a kernel");
        launch.arguments = new Values(static_cast<Parameters>(arguments)...);
        launch.argument_bytes = sizeof(Values);
        launch.free_arguments = [](const void *p) { delete static_cast<const Values *>(p); };
        launch.invoke = [](const void *entry, const void *values) {
            std::apply(reinterpret_cast<void (*)(Parameters...)>(const_cast<void *>(entry)),
                       *static_cast<const Values *>(values));
        };
        return enqueue_launch(launch, stream);
    }
};

template <class... Parameters>
Configured<Parameters...> configure(const char *name, void (*kernel)(Parameters...), dim3 grid,
                                    dim3 block, size_t shared_bytes, cudaStream_t stream) {
    const void *entry = reinterpret_cast<const void *>(kernel);
    return {{name, grid, block, shared_bytes, entry, nullptr, nullptr, 0, nullptr}, stream};
}

} // namespace simt

#pragma GCC visibility pop

#endif
