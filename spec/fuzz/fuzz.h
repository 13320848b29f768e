/*
 * fuzz.h - what the fuzz targets share: bytes as numbers, one context, results that must hold.
 *
 * A target is LLVMFuzzerTestOneInput over bytes that decode to arguments. libFuzzer calls it with what it
 * makes up; replay.c with files. Whatever the bytes are, a call ends in LAC_OK or in an error of one
 * line, the sanitizers are silent, and all memory is given back.
 */
#ifndef LACUNA_SPEC_FUZZ_H
#define LACUNA_SPEC_FUZZ_H

#include <lacuna/lacuna.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    ((condition) ? (void)0                                                                         \
                 : (fprintf(stderr, "%s:%d: %s (last error: %s)\n", __FILE__, __LINE__,            \
                            #condition, lac_last_error()),                                         \
                    abort()))

typedef struct {
    const uint8_t *at, *end;
} bytes;

/* The next byte, 0 beyond the end. */
static inline int32_t take(bytes *b) {
    return b->at < b->end ? *b->at++ : 0;
}
/* A number from `low` to `high`, at most 256 of them. */
static inline int32_t take_in(bytes *b, int32_t low, int32_t high) {
    return low + take(b) % (high - low + 1);
}
static inline void take_into(bytes *b, void *out, size_t n) {
    for (size_t i = 0; i < n; i++) ((uint8_t *)out)[i] = (uint8_t)take(b);
}
static inline int32_t take_i32(bytes *b) {
    int32_t v;
    take_into(b, &v, sizeof v);
    return v;
}

/* A context with little memory, so that a wrong size is an error and not a slow machine. */
static inline lac_context *fuzz_context(void) {
    const lac_context_options options = {.size = sizeof options, .threads = 2, .budget = 1 << 26};
    lac_context *ctx = NULL;
    REQUIRE(lac_context_create(&options, &ctx) == LAC_OK);
    return ctx;
}

/* Gives it back; nothing that was made from it may be left. */
static inline void fuzz_close(lac_context *ctx) {
    lac_memory memory;
    lac_context_clear_interrupt(ctx);
    lac_memory_empty_cache(ctx);
    lac_memory_stats(ctx, &memory);
    REQUIRE(memory.blocks == 0 && memory.live == 0);
    lac_context_release(ctx);
}

/* 1 for LAC_OK; an error must have a line that says something, with `name` in it unless that is NULL. */
static inline int well(lac_status status, const char *name) {
    if (status == LAC_OK) return 1;
    const char *text = lac_last_error();
    REQUIRE(status > LAC_OK && status <= LAC_ERR_SCRIPT && status != LAC_ERR_INTERNAL);
    REQUIRE(text[0] != '\0' && strchr(text, '\n') == NULL);
    REQUIRE(name == NULL || strstr(text, name) != NULL);
    return 0;
}

static inline lac_tensor *fuzz_tensor(lac_context *ctx, lac_dtype dtype, const void *data,
                                      int32_t ndim, int64_t a, int64_t b, int64_t c) {
    lac_tensor_desc desc = {.size = sizeof desc, .dtype = dtype, .ndim = ndim, .shape = {a, b, c}};
    lac_tensor *t = NULL;
    REQUIRE(lac_tensor_create(ctx, &desc, &t) == LAC_OK);
    REQUIRE(lac_tensor_upload(ctx, t, data,
                              (uint64_t)lac_tensor_numel(t) * lac_dtype_size(dtype)) == LAC_OK);
    return t;
}

/* Reads every byte of a result, so that the sanitizers see what is not there. */
static inline void fuzz_read(lac_context *ctx, lac_tensor *t) {
    lac_tensor_desc desc;
    lac_tensor *plain = NULL;
    lac_tensor_describe(t, &desc);
    if (!well(lac_contiguous(ctx, t, &plain), NULL)) return;
    const uint64_t size = (uint64_t)lac_tensor_numel(t) * lac_dtype_size(desc.dtype);
    void *copy = malloc(size + 1);
    REQUIRE(copy != NULL);
    well(lac_tensor_download(ctx, plain, copy, size), NULL);
    free(copy);
    lac_tensor_release(plain);
}

/* A file in memory that holds these bytes; close(fd) gives it back. */
static inline int fuzz_file(const uint8_t *data, size_t size, char path[32]) {
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    REQUIRE(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

#endif
