/*
 * atomic.h - atomics. One OS thread runs all of them, so plain code is enough; each is a scheduling
 * point, and each tells the race checker that the access is atomic.
 */
#ifndef SIMT_DEVICE_ATOMIC_H
#define SIMT_DEVICE_ATOMIC_H

#include "../simt.h"

/* The kernel's line, for reports. */
#define SIMT_CALLER __builtin_return_address(0)

#define SIMT_ATOMIC(name, type, next)                                                              \
    SIMT_UNCHECKED inline type name(type *p, type v) {                                             \
        simt::before_atomic(p, sizeof *p, SIMT_CALLER);                                            \
        const type old = *p;                                                                       \
        *p = (type)(next);                                                                         \
        return old;                                                                                \
    }
#define SIMT_ATOMIC_CAS(type)                                                                      \
    SIMT_UNCHECKED inline type atomicCAS(type *p, type compare, type v) {                          \
        simt::before_atomic(p, sizeof *p, SIMT_CALLER);                                            \
        const type old = *p;                                                                       \
        if (old == compare) *p = v;                                                                \
        return old;                                                                                \
    }
#define SIMT_ATOMICS(type)                                                                         \
    SIMT_ATOMIC(atomicMin, type, v < old ? v : old)                                                \
    SIMT_ATOMIC(atomicMax, type, old < v ? v : old)                                                \
    SIMT_ATOMIC(atomicAnd, type, old &v)                                                           \
    SIMT_ATOMIC(atomicOr, type, old | v)                                                           \
    SIMT_ATOMIC(atomicXor, type, old ^ v)                                                          \
    SIMT_ATOMIC(atomicExch, type, v)                                                               \
    SIMT_ATOMIC_CAS(type)

SIMT_ATOMICS(int)
SIMT_ATOMICS(unsigned)
SIMT_ATOMICS(unsigned long long)
SIMT_ATOMIC(atomicMin, long long, v < old ? v : old)
SIMT_ATOMIC(atomicMax, long long, old < v ? v : old)
SIMT_ATOMIC(atomicAdd, int, (unsigned)old + (unsigned)v)
SIMT_ATOMIC(atomicSub, int, (unsigned)old - (unsigned)v)
SIMT_ATOMIC(atomicAdd, unsigned, old + v)
SIMT_ATOMIC(atomicSub, unsigned, old - v)
SIMT_ATOMIC(atomicInc, unsigned, old >= v ? 0 : old + 1)
SIMT_ATOMIC(atomicDec, unsigned, old == 0 || old > v ? v : old - 1)
SIMT_ATOMIC(atomicAdd, unsigned long long, old + v)
SIMT_ATOMIC(atomicAdd, float, old + v)
SIMT_ATOMIC(atomicExch, float, v)
SIMT_ATOMIC(atomicAdd, double, old + v)

#undef SIMT_ATOMIC
#undef SIMT_ATOMICS
#undef SIMT_ATOMIC_CAS
#undef SIMT_CALLER

#endif
