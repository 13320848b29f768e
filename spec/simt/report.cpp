/*
 * report.cpp - faults of the kernel under test: which kernel, block and thread, and then abort.
 */
#include "engine.h"

#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace simt {

static void say_where() {
    if (!running)
        fprintf(stderr, "simt: ");
    else if (!current)
        fprintf(stderr, "simt: kernel %s: ", running->name);
    else
        fprintf(stderr, "simt: kernel %s, block (%u,%u,%u), thread (%u,%u,%u): ", running->name,
                blockIdx.x, blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z);
}

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    say_where();
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}

void note_access(const void *p, size_t bytes, Access kind) {
    if (checker && bytes)
        checker->access(p, bytes, kind, current->flat, __builtin_return_address(0));
}

/* Each word of the row is read by the lane that gets it (transposed: by one of the two that do). */
void check_matrix_row(unsigned lane, const void *row, bool transposed) {
    if ((uintptr_t)row % 16)
        die("ldmatrix: the row of lane %u, %p, is not aligned to 16", lane, row);
    if (is_device_memory(row)) die("ldmatrix: the row of lane %u is not in shared memory", lane);
    if (!checker) return;
    const unsigned r = lane % 8, warp = current->flat & ~31u;
    for (unsigned word = 0; word < 4; ++word) {
        const unsigned reader = transposed ? 8 * word + r / 2 : 4 * r + word;
        checker->access((const char *)row + 4 * word, 4, Access::read, warp + reader,
                        __builtin_return_address(0));
    }
}

void check_prefetch(const void *p) {
    if (!is_device_memory(p)) die("prefetch of %p, which is not device memory", p);
}

/* ---- memory faults --------------------------------------------------------------------------- */

/* AddressSanitizer explains faults itself, by source line. */
#if SIMT_ASAN

FaultWatch::FaultWatch() {}
FaultWatch::~FaultWatch() {}

#else

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE};
static struct sigaction before[3];
static char handler_stack[64 << 10];
static stack_t stack_before;

static void explain(const void *p) {
    const char *block;
    size_t bytes;
    if (current && current->fiber && fiber_overflowed(current->fiber, p))
        fprintf(stderr, "the thread's stack overflowed\n");
    else if (arena_nearest(p, &block, &bytes))
        fprintf(stderr, "fault at %p, byte %zu of a block of %zu bytes\n", p,
                (size_t)((const char *)p - block), bytes);
    else
        fprintf(stderr, "fault at address %p\n", p);
}

/* Whatever handled the signal before gets it when the instruction runs again. */
static void on_fault(int signal, siginfo_t *info, void *) {
    for (int i = 0; i < 3; ++i) sigaction(signals[i], &before[i], nullptr);
    say_where();
    if (signal == SIGFPE)
        fprintf(stderr, "integer division by zero or overflow\n");
    else
        explain(info->si_addr);
}

FaultWatch::FaultWatch() {
    stack_t stack = {};
    stack.ss_sp = handler_stack;
    stack.ss_size = sizeof handler_stack;
    sigaltstack(&stack, &stack_before);
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    for (int i = 0; i < 3; ++i) sigaction(signals[i], &action, &before[i]);
}

FaultWatch::~FaultWatch() {
    for (int i = 0; i < 3; ++i) sigaction(signals[i], &before[i], nullptr);
    sigaltstack(&stack_before, nullptr);
}

#endif

} // namespace simt
