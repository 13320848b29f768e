/*
 * failing_allocator.h - a host allocator that counts, and refuses the request number `fail_at`.
 */
#ifndef SPEC_FAILING_ALLOCATOR_H
#define SPEC_FAILING_ALLOCATOR_H

#include <stdint.h>
#include <stdlib.h>

static int64_t requests, fail_at, alive;

static void *host_alloc(void *user, size_t bytes, size_t alignment) {
    (void)user;
    if (++requests == fail_at) return NULL;
    void *p = NULL;
    if (posix_memalign(&p, alignment, bytes) != 0) return NULL;
    alive++;
    return p;
}

static void host_free(void *user, void *pointer, size_t bytes) {
    (void)user;
    (void)bytes;
    alive--;
    free(pointer);
}

#endif
