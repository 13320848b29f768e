/*
 * fiber.h - stacks that a thread of a block runs on, and the switch between them.
 */
#ifndef SIMT_FIBER_H
#define SIMT_FIBER_H

#include <cstddef>

#pragma GCC visibility push(hidden)
namespace simt {

struct Fiber {
    void *saved; /* x86-64: the stack pointer; elsewhere: a ucontext_t */
    char *stack; /* lowest usable address; null for the OS thread's own stack */
    size_t bytes;
    size_t colour;    /* how far below its end the stack starts */
    void *fake_stack; /* AddressSanitizer's */
    Fiber *next;      /* in the list of free fibers */
};

/* A fiber that starts in `entry`, which must never return. Stacks are reused, never given back. */
Fiber *fiber_take(void (*entry)());
void fiber_release(Fiber *fiber);

/* `last`: `from` is done for and never goes on. */
void fiber_switch(Fiber *from, Fiber *to, bool last);
/* The first thing on a fiber that was never switched to before. `host` is the OS thread's. */
void fiber_entered(Fiber *from, Fiber *host);

/* True when `p` lies in the guard page below a fiber's stack. */
bool fiber_overflowed(const Fiber *fiber, const void *p);

} // namespace simt
#pragma GCC visibility pop

#endif
