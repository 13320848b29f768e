/*
 * fiber.cpp - a switch is a dozen instructions on x86-64; ucontext, elsewhere, makes a system call
 * of each and is several times slower in total.
 */
#include "fiber.h"
#include "sanitizer.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

#if !defined(__x86_64__) || defined(SIMT_UCONTEXT)
#define USE_UCONTEXT 1
#include <ucontext.h>
#endif

namespace simt {

static const size_t stack_bytes = SIMT_ASAN ? 256 << 10 : 64 << 10, page = 4096;
static Fiber *free_fibers;
static size_t fiber_count;

/* Stacks of equal alignment would compete for the same cache sets, so each begins elsewhere within
 * a page. */
static Fiber *create() {
    char *base = (char *)mmap(nullptr, page + stack_bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED || mprotect(base, page, PROT_NONE)) {
        fprintf(stderr, "simt: no memory for the stack of a thread\n");
        abort();
    }
    Fiber *fiber = new Fiber();
    fiber->stack = base + page;
    fiber->bytes = stack_bytes;
    fiber->colour = fiber_count++ * 13 % 64 * 64;
    return fiber;
}

#ifdef USE_UCONTEXT

static ucontext_t *context(Fiber *fiber) {
    if (!fiber->saved) fiber->saved = calloc(1, sizeof(ucontext_t));
    return (ucontext_t *)fiber->saved;
}

static void prepare(Fiber *fiber, void (*entry)()) {
    ucontext_t *uc = context(fiber);
    getcontext(uc);
    uc->uc_stack.ss_sp = fiber->stack;
    uc->uc_stack.ss_size = fiber->bytes - fiber->colour;
    uc->uc_link = nullptr;
    makecontext(uc, entry, 0);
}

static inline void swap(Fiber *from, Fiber *to) {
    swapcontext(context(from), context(to));
}

#else

/* Pushes what a call must preserve, exchanges stacks, pops the same. Every switch returns to the
 * same call below, so the processor predicts the return. */
__attribute__((naked, noinline)) static void swap_stacks(void **, void *) {
    asm("push %rbp\n\t"
        "push %rbx\n\t"
        "push %r12\n\t"
        "push %r13\n\t"
        "push %r14\n\t"
        "push %r15\n\t"
        "mov %rsp, (%rdi)\n\t"
        "mov %rsi, %rsp\n\t"
        "pop %r15\n\t"
        "pop %r14\n\t"
        "pop %r13\n\t"
        "pop %r12\n\t"
        "pop %rbx\n\t"
        "pop %rbp\n\t"
        "ret");
}

/* As swap_stacks leaves a stack: six registers, the address to go to; above it a return address of
 * 0 that ends backtraces and puts the stack pointer where a function expects it. */
static void prepare(Fiber *fiber, void (*entry)()) {
    void **sp = (void **)(fiber->stack + fiber->bytes - fiber->colour);
    *--sp = nullptr;
    *--sp = (void *)entry;
    for (int i = 0; i < 6; ++i) *--sp = nullptr;
    fiber->saved = sp;
}

static inline void swap(Fiber *from, Fiber *to) {
    swap_stacks(&from->saved, to->saved);
}

#endif

Fiber *fiber_take(void (*entry)()) {
    Fiber *fiber = free_fibers;
    if (fiber)
        free_fibers = fiber->next;
    else
        fiber = create();
    fiber->fake_stack = nullptr;
    prepare(fiber, entry);
    return fiber;
}

void fiber_release(Fiber *fiber) {
    fiber->next = free_fibers;
    free_fibers = fiber;
}

void fiber_switch(Fiber *from, Fiber *to, bool last) {
#if SIMT_ASAN
    __sanitizer_start_switch_fiber(last ? nullptr : &from->fake_stack, to->stack, to->bytes);
    swap(from, to);
    __sanitizer_finish_switch_fiber(from->fake_stack, nullptr, nullptr);
#else
    (void)last;
    swap(from, to);
#endif
}

void fiber_entered(Fiber *from, Fiber *host) {
#if SIMT_ASAN
    const void *bottom;
    size_t bytes;
    __sanitizer_finish_switch_fiber(nullptr, &bottom, &bytes);
    if (from == host) {
        host->stack = (char *)const_cast<void *>(bottom);
        host->bytes = bytes;
    }
#else
    (void)from, (void)host;
#endif
}

bool fiber_overflowed(const Fiber *fiber, const void *p) {
    const uintptr_t at = (uintptr_t)p, end = (uintptr_t)fiber->stack;
    return at < end && at >= end - page;
}

} // namespace simt
