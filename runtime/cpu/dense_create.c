/*
 * dense_create.c - arange, and the counter-based random numbers.
 *
 * Element i of draw d under seed s is a function of (s, d, i) alone: two rounds of the finalizer of
 * splitmix64 (Steele, Lea and Flood, 2014) over the mixed counters. So neither strides nor threads
 * matter. Normal numbers are made in pairs (Box and Muller, 1958): elements 2k and 2k + 1 share
 * both uniform numbers.
 */
#include "cpu/dense_walk.h"

#include "core/half.h"

#include <math.h>
#include <string.h>

typedef struct plan {
    const lac__rand_args *args;
    uint64_t key;
    int bits; /* of a uniform number: the significand's, so that rounding keeps it uniform */
} plan;

static uint64_t mix(uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint64_t random_bits(const plan *r, uint64_t counter) {
    return mix(mix(r->key + counter * 0x9e3779b97f4a7c15u) ^ r->key);
}

static void put(lac_dtype dtype, double value, char *at) {
    const float single = (float)value;
    uint16_t half;
    switch (dtype) {
    case LAC_DTYPE_F64: memcpy(at, &value, sizeof value); return;
    case LAC_DTYPE_F32: memcpy(at, &single, sizeof single); return;
    case LAC_DTYPE_F16: half = lac__float_to_f16(single); break;
    default: half = lac__float_to_bf16(single); break;
    }
    memcpy(at, &half, sizeof half);
}

static double rounded(lac_dtype dtype, double value) {
    switch (dtype) {
    case LAC_DTYPE_F64: return value;
    case LAC_DTYPE_F32: return (double)(float)value;
    case LAC_DTYPE_F16: return (double)lac__f16_to_float(lac__float_to_f16((float)value));
    default: return (double)lac__bf16_to_float(lac__float_to_bf16((float)value));
    }
}

static void uniform_row(int64_t n, char *const *p, const int64_t *step, int64_t first,
                        const void *extra) {
    const plan *r = extra;
    const double a = r->args->a, b = r->args->b, unit = ldexp(1.0, -r->bits);
    const lac_dtype dtype = r->args->dst->dtype;
    for (int64_t i = 0; i < n; i++) {
        const double u = (double)(random_bits(r, (uint64_t)(first + i)) >> (64 - r->bits)) * unit;
        const double value = rounded(dtype, a + (b - a) * u);
        put(dtype, value < b ? value : a,
            p[0] + i * step[0]); /* rounding may reach b, which is excluded */
    }
}

static void normal_row(int64_t n, char *const *p, const int64_t *step, int64_t first,
                       const void *extra) {
    const plan *r = extra;
    const lac_dtype dtype = r->args->dst->dtype;
    const double mean = r->args->a, deviation = r->args->b;
    double pair[2] = {0};
    for (int64_t i = 0; i < n; i++) {
        const int64_t position = first + i;
        if (i == 0 || position % 2 == 0) {
            const uint64_t counter = (uint64_t)(position & ~(int64_t)1);
            const double u = (double)((random_bits(r, counter) >> 11) + 1) * 0x1p-53; /* (0, 1] */
            const double v = (double)(random_bits(r, counter + 1) >> 11) * 0x1p-53;
            const double radius = sqrt(-2 * log(u)), angle = 6.283185307179586 * v;
            pair[0] = radius * cos(angle);
            pair[1] = radius * sin(angle);
        }
        put(dtype, mean + deviation * pair[position % 2], p[0] + i * step[0]);
    }
}

lac_status lac_rand__cpu(lac_context *ctx, const lac__rand_args *args) {
    const int bits[] = {
        [LAC_DTYPE_F32] = 24, [LAC_DTYPE_F16] = 11, [LAC_DTYPE_BF16] = 8, [LAC_DTYPE_F64] = 53};
    const plan r = {.args = args,
                    .key = mix(mix(args->seed + 0x9e3779b97f4a7c15u) + args->draw),
                    .bits = bits[args->dst->dtype]};
    lac__walk w = lac__walk_over(args->dst);
    lac__walk_add(&w, args->dst);
    return lac__walk_run(ctx, &w, args->distribution == LAC_UNIFORM ? uniform_row : normal_row, &r);
}

static void arange_row(int64_t n, char *const *p, const int64_t *step, int64_t first,
                       const void *extra) {
    const lac__arange_args *args = extra;
    const lac_dtype dtype = args->out->dtype;
    for (int64_t i = 0; i < n; i++) {
        char *at = p[0] + i * step[0];
        if (lac__is_floating(dtype)) {
            put(dtype, args->start + (double)(first + i) * args->step, at);
            continue;
        }
        const int64_t value = (int64_t)args->start + (first + i) * (int64_t)args->step;
        const int32_t word = (int32_t)value;
        const uint8_t byte = (uint8_t)value;
        if (dtype == LAC_DTYPE_I64)
            memcpy(at, &value, sizeof value);
        else if (dtype == LAC_DTYPE_I32)
            memcpy(at, &word, sizeof word);
        else
            memcpy(at, &byte, sizeof byte);
    }
}

lac_status lac_arange__cpu(lac_context *ctx, const lac__arange_args *args) {
    lac__walk w = lac__walk_over(args->out);
    lac__walk_add(&w, args->out);
    return lac__walk_run(ctx, &w, arange_row, args);
}
