/*
 * pool_test.c - the caching pool: reuse, the budget, and the protocol for bindings with a collector.
 */
#include "harness.h"

static lac_status make(lac_context *ctx, int64_t megabytes, lac_tensor **out) {
    lac_tensor_desc desc = {
        .size = sizeof desc, .dtype = LAC_DTYPE_U8, .ndim = 1, .shape = {megabytes * (1 << 20)}};
    return lac_tensor_create(ctx, &desc, out);
}

static lac_memory stats(const lac_context *ctx) {
    lac_memory m;
    lac_memory_stats(ctx, &m);
    return m;
}

static void test_reuse(void) {
    lac_context *ctx = NULL;
    lac_tensor *t = NULL;
    OK(lac_context_create(NULL, &ctx));
    OK(make(ctx, 8, &t));
    const uint64_t once = stats(ctx).reserved;
    for (int i = 0; i < 50; i++) {
        lac_tensor_release(t);
        OK(make(ctx, 8, &t));
    }
    CHECK(stats(ctx).reserved == once);
    CHECK(stats(ctx).live >= 8 << 20 && stats(ctx).live <= stats(ctx).reserved);
    lac_tensor_release(t);
    CHECK(stats(ctx).live == 0 && stats(ctx).peak >= 8 << 20);
    lac_memory_reset_peak(ctx);
    CHECK(stats(ctx).peak == 0);
    lac_memory_empty_cache(ctx);
    CHECK(stats(ctx).reserved == 0);
    close_context(ctx);
}

/* Sizes that never fit what is cached must not pile up. */
static void test_trim(void) {
    lac_context *ctx = NULL;
    lac_tensor *t = NULL;
    OK(lac_context_create(NULL, &ctx));
    for (int64_t size = 1; size <= 64; size *= 2) {
        OK(make(ctx, size, &t));
        lac_tensor_release(t);
    }
    CHECK(stats(ctx).reserved <= (uint64_t)(64 << 20) / 10 * 12 + (1 << 20));
    close_context(ctx);
}

static void test_budget(void) {
    const lac_context_options options = {.size = sizeof options, .budget = 32 << 20};
    lac_context *ctx = NULL;
    lac_tensor *a = NULL, *b = NULL;
    OK(lac_context_create(&options, &ctx));
    CHECK(stats(ctx).budget == 32 << 20);
    OK(make(ctx, 20, &a));
    FAILS(LAC_ERR_OOM, make(ctx, 20, &b));
    CHECK(b == NULL && strstr(lac_last_error(), "budget") != NULL);
    lac_tensor_release(a);
    OK(make(ctx, 28, &b)); /* what was cached makes room */
    lac_tensor_release(b);
    FAILS(LAC_ERR_OOM, make(ctx, 1 << 30, &b));
    FAILS(LAC_ERR_SHAPE, make(ctx, -1, &b));
    close_context(ctx);
}

/* Garbage: tensors that nobody will use again and that only a collection releases. */
static void test_collector(void) {
    lac_context *ctx = NULL;
    lac_tensor *garbage[64], *t = NULL;
    int held = 0, collections = 0;
    uint64_t most = 0;
    OK(lac_context_create(NULL, &ctx));
    lac_memory_collector(ctx, 1);
    for (int i = 0; i < 500; i++) {
        lac_status s = make(ctx, 4, &t);
        if (s == LAC_AGAIN) {
            while (held > 0) lac_tensor_release(garbage[--held]);
            collections++;
            lac_memory_collected(ctx, 1);
            s = make(ctx, 4, &t);
            lac_memory_collected(ctx, 0);
        }
        if (!OK(s)) break;
        garbage[held++] = t;
        if (stats(ctx).reserved > most) most = stats(ctx).reserved;
    }
    CHECK(collections > 0);
    CHECK(most <= 16 << 20); /* one live tensor at a time, and little more */
    while (held > 0) lac_tensor_release(garbage[--held]);
    close_context(ctx);
}

int main(void) {
    begin();
    test_reuse();
    test_trim();
    test_budget();
    test_collector();
    return finish();
}
