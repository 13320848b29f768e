/*
 * harness.h - checks that count themselves, and the few calls that every harness makes.
 *
 * A harness prints a line for each failed check and ends with "N passed, N failed".
 */
#ifndef SPEC_HARNESS_H
#define SPEC_HARNESS_H

#include <lacuna/lacuna.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int passed, failed;

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
/* The call must succeed. */
#define OK(call) check_status((call), LAC_OK, #call, __FILE__, __LINE__)
/* The call must fail with this status and leave a message. */
#define FAILS(status, call) check_status((call), (status), #call, __FILE__, __LINE__)

static inline int check(int truth, const char *what, const char *file, int line) {
    if (truth) {
        ++passed;
    } else {
        ++failed;
        printf("%s:%d: %s\n", file, line, what);
    }
    return truth;
}

static inline int check_status(lac_status got, lac_status wanted, const char *what,
                               const char *file, int line) {
    int right = got == wanted && (got == LAC_OK || lac_last_error()[0] != '\0');
    if (!right) {
        printf("%s:%d: %s gave '%s' (%s)\n", file, line, what, lac_status_text(got),
               got == LAC_OK ? "" : lac_last_error());
        ++failed;
        return 0;
    }
    ++passed;
    return 1;
}

/* What was printed stays, whatever happens later. */
static inline void begin(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
}

static inline int finish(void) {
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}

/* A tensor of `dtype` and up to three sizes, filled from `data`. Caller releases. */
static inline lac_tensor *tensor(lac_context *ctx, lac_dtype dtype, const void *data, int32_t ndim,
                                 int64_t a, int64_t b, int64_t c) {
    lac_tensor_desc desc = {.size = sizeof desc, .dtype = dtype, .ndim = ndim, .shape = {a, b, c}};
    lac_tensor *t = NULL;
    if (!OK(lac_tensor_create(ctx, &desc, &t))) return NULL;
    OK(lac_tensor_upload(ctx, t, data, (uint64_t)lac_tensor_numel(t) * lac_dtype_size(dtype)));
    return t;
}

/* 1 when `t` holds exactly these float32 values. */
static inline int holds(lac_context *ctx, lac_tensor *t, const float *wanted, int64_t n) {
    float got[256];
    if (!t || n > 256 || lac_tensor_numel(t) != n) return 0;
    if (lac_tensor_download(ctx, t, got, (uint64_t)n * sizeof *got) != LAC_OK) return 0;
    for (int64_t i = 0; i < n; ++i) {
        if (got[i] != wanted[i]) {
            printf("element %lld is %g, wanted %g\n", (long long)i, (double)got[i],
                   (double)wanted[i]);
            return 0;
        }
    }
    return 1;
}

/* Releases the context; nothing that was made from it may be left. */
static inline void close_context(lac_context *ctx) {
    lac_memory memory;
    lac_memory_empty_cache(ctx);
    lac_memory_stats(ctx, &memory);
    CHECK(memory.blocks == 0);
    CHECK(memory.live == 0);
    lac_context_release(ctx);
}

#endif
