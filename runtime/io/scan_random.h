/*
 * scan_random.h - numbers of a counter: the same (seed, stream, index) gives the same number
 * whatever was drawn before and on whichever thread. The mixing is SplitMix64's (Steele et al.,
 * 2014).
 */
#ifndef LAC_IO_SCAN_RANDOM_H
#define LAC_IO_SCAN_RANDOM_H

#include <stdint.h>

static inline uint64_t lac__scan_mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

typedef struct lac__scan_random {
    uint64_t key, next;
} lac__scan_random;

static inline lac__scan_random lac__scan_stream(uint64_t seed, uint64_t stream) {
    return (lac__scan_random){.key = lac__scan_mix(seed ^ lac__scan_mix(stream)), .next = 0};
}

/** Uniform on [0,1). */
static inline double lac__scan_uniform(lac__scan_random *r) {
    return (double)(lac__scan_mix(r->key + r->next++) >> 11) * 0x1p-53;
}

static inline double lac__scan_between(lac__scan_random *r, double low, double high) {
    return low + (high - low) * lac__scan_uniform(r);
}

/** Bell-shaped with deviation 1: the sum of four uniforms. */
static inline double lac__scan_noise(lac__scan_random *r) {
    double sum = -2;
    for (int i = 0; i < 4; i++) sum += lac__scan_uniform(r);
    return sum * 1.7320508075688772;
}

#endif
