/*
 * hosts.c N - what a host may do for long: eight threads, each with a context and a script of its own, that share
 * nothing and agree to the bit on N scans; and a memory budget that is hit and recovered from, N times.
 */
#include "../c/harness.h"

#include <lacuna/lacuna_script.h>

#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 8, LARGEST = 2000, BUDGET = 64 << 20 };

static int rounds = 20;

static const char prepare[] =
    "local lacuna = require 'lacuna'\n"
    "lacuna.manual_seed(7)\n"
    "local net = lacuna.models.minkunet{ cr = 0.25, num_classes = 5 }\n"
    "local cloud = lacuna.io.synthetic_scan{ beams = 16, azimuths = 300, seed = 1 }\n"
    "function scan(first, count)\n"
    "  local x = lacuna.quantize(cloud:narrow(1, first, count), { voxel_size = 0.5,\n"
    "    origin = 'min' })\n"
    "  return net(x)\n"
    "end\n"
    "function large(n) return lacuna.zeros(n, 1024) + 1 end\n";

/* FNV-1a over what the scan of round `i` gives. */
static lac_status run_scan(lac_context *ctx, lac_script *s, int i, uint64_t *hash) {
    char code[64];
    lac_value out = {0};
    const int count = i % 10 == 0 ? 0 : 1 + i * 997 % LARGEST;
    (void)snprintf(code, sizeof code, "return scan(%d, %d)", 1 + i * 131 % LARGEST, count);
    lac_status status = lac_script_run_string(s, code, NULL, &out, 1);
    if (status != LAC_OK) return status;
    const size_t bytes = (size_t)lac_tensor_numel(out.tensor) * sizeof(float);
    unsigned char *data = malloc(bytes + 1);
    status = data ? lac_tensor_download(ctx, out.tensor, data, bytes) : LAC_ERR_OOM;
    for (size_t j = 0; status == LAC_OK && j < bytes; j++)
        *hash = (*hash ^ data[j]) * 1099511628211u;
    free(data);
    lac_value_release(&out);
    return status;
}

typedef struct {
    uint64_t hash;
    lac_status status;
} worker;

static void *work(void *argument) {
    worker *me = argument;
    lac_context *ctx = NULL;
    lac_script *s = NULL;
    const lac_context_options one = {.size = sizeof one, .threads = 1};
    me->hash = 14695981039346656037u;
    me->status = lac_context_create(&one, &ctx);
    if (me->status == LAC_OK) me->status = lac_script_create(ctx, NULL, &s);
    if (me->status == LAC_OK) me->status = lac_script_run_string(s, prepare, NULL, NULL, 0);
    for (int i = 0; i < rounds && me->status == LAC_OK; i++)
        me->status = run_scan(ctx, s, i, &me->hash);
    if (me->status != LAC_OK) printf("a thread: %s\n", lac_last_error());
    lac_script_release(s);
    lac_context_release(ctx);
    return NULL;
}

static void test_threads(void) {
    static worker alone, workers[THREADS];
    pthread_t threads[THREADS];
    (void)work(&alone);
    CHECK(alone.status == LAC_OK);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(workers[i].status == LAC_OK && workers[i].hash == alone.hash);
    }
}

static void test_budget(void) {
    lac_context *ctx = NULL;
    lac_script *s = NULL;
    const lac_context_options small = {.size = sizeof small, .threads = 1, .budget = BUDGET};
    OK(lac_context_create(&small, &ctx));
    OK(lac_script_create(ctx, NULL, &s));
    OK(lac_script_run_string(s, prepare, NULL, NULL, 0));
    uint64_t first = 1;
    lac_memory before, after;
    OK(run_scan(ctx, s, 3, &first));
    OK(lac_script_collect(s));
    lac_memory_stats(ctx, &before);
    for (int i = 0; i < rounds; i++) {
        lac_value out = {0};
        char code[64];
        uint64_t hash = 1;
        (void)snprintf(code, sizeof code, "return large(%d)", 12000 + 1000 * (i % 9));
        FAILS(LAC_ERR_OOM, lac_script_run_string(s, code, NULL, &out, 1));
        OK(run_scan(ctx, s, 3, &hash));
        if (!CHECK(hash == first)) printf("round %d of %d\n", i, rounds);
    }
    OK(lac_script_collect(s));
    lac_memory_stats(ctx, &after);
    CHECK(after.live == before.live && after.blocks == before.blocks);
    CHECK(after.reserved <= BUDGET);
    lac_script_release(s);
    close_context(ctx);
}

int main(int argc, char **argv) {
    begin();
    if (argc > 1) rounds = atoi(argv[1]);
    test_threads();
    test_budget();
    return finish();
}
