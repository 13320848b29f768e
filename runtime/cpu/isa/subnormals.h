/*
 * subnormals.h - switches subnormal float32 numbers off (taken and given as zero) and back on, for this
 * thread.
 */
#ifndef LAC_CPU_ISA_SUBNORMALS_H
#define LAC_CPU_ISA_SUBNORMALS_H

#if defined(__x86_64__)
#include <immintrin.h>

static inline unsigned lac__subnormals_off(void) {
    const unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040u); /* FTZ and DAZ */
    return mode;
}

static inline void lac__subnormals_restore(unsigned mode) {
    _mm_setcsr(mode);
}

#elif defined(__aarch64__)

static inline unsigned lac__subnormals_off(void) {
    unsigned long mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" : : "r"(mode | 1ul << 24)); /* FZ */
    return (unsigned)mode;
}

static inline void lac__subnormals_restore(unsigned mode) {
    __asm__ volatile("msr fpcr, %0" : : "r"((unsigned long)mode));
}

#else

static inline unsigned lac__subnormals_off(void) {
    return 0;
}

static inline void lac__subnormals_restore(unsigned mode) {
    (void)mode;
}

#endif
#endif
