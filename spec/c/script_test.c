/*
 * script_test.c - scripts and models in a host: values both ways, errors and their statuses, shared weights,
 * restricted states, a state of the host's, and four threads whose results are equal to the bit.
 */
#include "harness.h"

#include <lacuna/lacuna_script.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdlib.h>

static const char tiny[] =
    "local lacuna = require 'lacuna'\n"
    "local nn = lacuna.nn\n"
    "local Tiny = nn.class('Tiny', nn.Module)\n"
    "function Tiny:__init(config)\n"
    "  self.config = config\n"
    "  self.stem = nn.Sequential(nn.Conv3d(4, 16, 3), nn.BatchNorm(16), nn.ReLU())\n"
    "  self.down = nn.Conv3d(16, 32, 2, { stride = 2 })\n"
    "  self.up = nn.Conv3d(32, 16, 2, { stride = 2, transposed = true })\n"
    "  self.head = nn.Linear(16, config.classes or 3)\n"
    "end\n"
    "function Tiny:forward(x)\n"
    "  return self.head(self.up(self.down(self.stem(x))).feats), #x.feats\n"
    "end\n"
    "return Tiny\n";

static char model_path[] = "/tmp/lacuna_model_XXXXXX.lua";
static char weights_path[] = "/tmp/lacuna_model_XXXXXX.h5";

static void write_model(void) {
    FILE *file = fdopen(mkstemps(model_path, 4), "w");
    (void)fputs(tiny, file);
    fclose(file);
    file = fdopen(mkstemps(weights_path, 3), "w");
    fclose(file);
}

static lac_script *script(lac_context *ctx, const lac_script_options *options) {
    lac_script *s = NULL;
    OK(lac_script_create(ctx, options, &s));
    return s;
}

static void save_weights(lac_context *ctx) {
    char code[512];
    lac_script *s = script(ctx, NULL);
    (void)snprintf(code, sizeof code,
                   "local lacuna = require 'lacuna'\nlacuna.manual_seed(5)\n"
                   "lacuna.models['%s']{ classes = 5 }:save('%s')",
                   model_path, weights_path);
    OK(lac_script_run_string(s, code, NULL, NULL, 0));
    lac_script_release(s);
}

static void test_values(lac_context *ctx) {
    lac_script *s = script(ctx, NULL);
    lac_value out[8];
    if (OK(lac_script_run_string(s, "return 1.5, true, 'a\\0b', nil, {1, {'x'}, {}}, 7LL", "values",
                                 out, 8))) {
        CHECK(out[0].kind == LAC_VALUE_NUMBER && out[0].number == 1.5);
        CHECK(out[1].kind == LAC_VALUE_NUMBER && out[1].number == 1);
        CHECK(out[2].kind == LAC_VALUE_STRING && out[2].length == 3);
        CHECK(memcmp(out[2].text, "a\0b", 4) == 0);
        CHECK(out[3].kind == LAC_VALUE_NIL && out[6].kind == LAC_VALUE_NIL);
        CHECK(out[4].kind == LAC_VALUE_LIST && out[4].count == 3);
        CHECK(out[4].items[1].kind == LAC_VALUE_LIST && out[4].items[1].items[0].text[0] == 'x');
        CHECK(out[4].items[2].kind == LAC_VALUE_LIST && out[4].items[2].count == 0);
        CHECK(out[5].kind == LAC_VALUE_NUMBER && out[5].number == 7);
    }
    for (int i = 0; i < 8; i++) lac_value_release(&out[i]);

    const char objects[] =
        "local lacuna = require 'lacuna'\n"
        "local x = lacuna.SparseTensor(lacuna.ones(2, 3), {{0,0,0,0}, {0,1,0,0}})\n"
        "local p = lacuna.PointTensor(lacuna.full({2, 1}, 5), lacuna.zeros(2, 4))\n"
        "return lacuna.arange(4) + 1, x + x, p";
    if (OK(lac_script_run_string(s, objects, NULL, out, 3))) {
        lac_tensor *feats = out[1].sparse ? lac_sparse_feats(out[1].sparse) : NULL;
        CHECK(out[0].kind == LAC_VALUE_TENSOR && lac_tensor_numel(out[0].tensor) == 4);
        CHECK(out[1].kind == LAC_VALUE_SPARSE);
        CHECK(holds(ctx, feats, (const float[]){2, 2, 2, 2, 2, 2}, 6));
        CHECK(out[2].kind == LAC_VALUE_POINTS);
        CHECK(holds(ctx, out[2].tensor, (const float[]){5, 5}, 2));
        CHECK(out[2].coords && lac_tensor_numel(out[2].coords) == 8);
        lac_tensor_release(feats);
    }
    lac_script_release(s); /* results outlive it */
    for (int i = 0; i < 3; i++) lac_value_release(&out[i]);
}

static void test_errors(lac_context *ctx) {
    lac_script *s = script(ctx, NULL);
    lac_value out[2];
    FAILS(LAC_ERR_SCRIPT, lac_script_run_string(s, "return 1 +", "half", out, 1));
    CHECK(strncmp(lac_last_error(), "half:1:", 7) == 0);
    FAILS(LAC_ERR_SCRIPT, lac_script_run_string(s, "error('no such scan')", NULL, out, 1));
    CHECK(strcmp(lac_last_error(), "script:1: no such scan") == 0);
    FAILS(LAC_ERR_SCRIPT, lac_script_run_string(s, "error({})", NULL, out, 1));
    FAILS(LAC_ERR_SCRIPT, lac_script_run_string(s, "return 1, {a = 2}", NULL, out, 2));
    CHECK(out[0].kind == LAC_VALUE_NIL);
    FAILS(LAC_ERR_SCRIPT, lac_script_run_string(s, "return {1, {print}}", NULL, out, 1));
    FAILS(LAC_ERR_SHAPE, lac_script_run_string(s,
                                               "local l = require 'lacuna'\n"
                                               "local y = l.zeros(2, 3):matmul(l.zeros(2, 3))\n"
                                               "return y",
                                               "shapes", out, 1));
    CHECK(strncmp(lac_last_error(), "shapes:2: ", 10) == 0);
    FAILS(LAC_ERR_SCRIPT, lac_script_run_file(s, "/nowhere/model.lua", out, 1));
    FAILS(LAC_ERR_ARGUMENT, lac_script_run_file(s, NULL, out, 1));
    CHECK(strstr(lac_last_error(), "path is NULL") != NULL);
    FAILS(LAC_ERR_ARGUMENT, lac_script_run_string(s, NULL, NULL, out, 1));
    FAILS(LAC_ERR_ARGUMENT, lac_script_run_string(s, "", NULL, NULL, 1));
    lac_context_interrupt(ctx);
    FAILS(LAC_ERR_INTERRUPTED,
          lac_script_run_string(s, "return require('lacuna').zeros(2) + 1", NULL, out, 1));
    lac_context_clear_interrupt(ctx);
    OK(lac_script_run_string(s, "return 1", NULL, out, 1));
    lac_model *m = NULL;
    FAILS(LAC_ERR_SCRIPT, lac_script_load_model(s, "no_such_model", NULL, NULL, &m));
    CHECK(strstr(lac_last_error(), "minkunet") != NULL);
    FAILS(LAC_ERR_SCRIPT, lac_script_load_model(s, model_path, "[1", NULL, &m));
    FAILS(LAC_ERR_ARGUMENT, lac_script_load_model(s, NULL, NULL, NULL, &m));
    CHECK(m == NULL);
    lac_model_release(NULL);
    lac_script_release(s);
    lac_script_release(NULL);
    lac_value_release(NULL);
    const lac_script_options wrong = {.size = 3}, jit = {.size = sizeof jit, .jit = 7};
    FAILS(LAC_ERR_ARGUMENT, lac_script_create(ctx, &wrong, &s));
    FAILS(LAC_ERR_ARGUMENT, lac_script_create(ctx, &jit, &s));
    FAILS(LAC_ERR_ARGUMENT, lac_script_create(NULL, NULL, &s));
}

enum { POINTS = 300, CLASSES = 5 };

/* Without checks, which are the main thread's; NULL on failure. */
static lac_sparse *make_input(lac_context *ctx) {
    float data[POINTS][4];
    for (int i = 0; i < POINTS; i++) {
        data[i][0] = (float)(i * 7 % 12);
        data[i][1] = (float)(i / 12 % 5);
        data[i][2] = (float)(i / 60);
        data[i][3] = (float)(i % 9) * 0.125f;
    }
    const lac_tensor_desc desc = {.size = sizeof desc, .ndim = 2, .shape = {POINTS, 4}};
    const lac_quantize_options q = {.size = sizeof q, .voxel_size = {1, 1, 1}};
    lac_tensor *points = NULL;
    lac_sparse *x = NULL;
    if (lac_tensor_wrap(ctx, &desc, data, NULL, NULL, &points) == LAC_OK)
        (void)lac_quantize(ctx, points, &q, &x, NULL, NULL, NULL);
    lac_tensor_release(points);
    return x;
}

/* One forward; the logits of up to POINTS voxels. */
static lac_status forward(lac_context *ctx, lac_model *m, lac_sparse *x, float *logits) {
    const lac_value in = {.kind = LAC_VALUE_SPARSE, .sparse = x};
    lac_value out[2];
    lac_status status = lac_model_forward(m, &in, 1, out, 2);
    if (status != LAC_OK) return status;
    const int64_t numel = lac_tensor_numel(out[0].tensor);
    if (numel != (int64_t)out[1].number * CLASSES || numel > POINTS * CLASSES)
        status = LAC_ERR_SHAPE;
    else
        status = lac_tensor_download(ctx, out[0].tensor, logits, (uint64_t)numel * sizeof *logits);
    lac_value_release(&out[0]);
    lac_value_release(&out[1]);
    return status;
}

static void test_model(lac_context *ctx) {
    static float shared[POINTS * CLASSES], loaded[POINTS * CLASSES];
    lac_script *s = script(ctx, NULL);
    lac_model *m = NULL, *same = NULL;
    lac_weights *w = NULL;
    char code[512];
    OK(lac_weights_open(weights_path, &w));
    FAILS(LAC_ERR_SCRIPT, lac_script_load_model(s, model_path, "{\"classes\": 4}", w, &m));
    CHECK(strstr(lac_last_error(), "head.weight is [5, 16], expected [4, 16]") != NULL);
    OK(lac_script_load_model(s, model_path, NULL, w, &same)); /* the file says five classes */
    OK(lac_script_load_model(s, model_path, "{\"classes\": 5, \"x\": null}", w, &m));
    lac_sparse *x = make_input(ctx);
    OK(forward(ctx, m, x, shared));
    CHECK(shared[0] != 0);

    /* The same as a network that read the file itself. */
    (void)snprintf(code, sizeof code,
                   "local net = require('lacuna').models['%s']{classes = 5}:load('%s')\n"
                   "function run(x) return net(x), #x.feats end",
                   model_path, weights_path);
    OK(lac_script_run_string(s, code, NULL, NULL, 0));
    lua_State *L = lac_script_state(s);
    lua_getglobal(L, "run");
    const lac_value in = {.kind = LAC_VALUE_SPARSE, .sparse = x};
    lac_value out;
    FAILS(LAC_ERR_ARGUMENT, lac_value_push(L, NULL));
    FAILS(LAC_ERR_ARGUMENT, lac_value_push(NULL, &in));
    OK(lac_value_push(L, &in));
    CHECK(lua_pcall(L, 1, 1, 0) == 0);
    if (OK(lac_value_get(L, -1, &out)) && CHECK(out.kind == LAC_VALUE_TENSOR)) {
        OK(lac_tensor_download(ctx, out.tensor, loaded,
                               (uint64_t)lac_tensor_numel(out.tensor) * sizeof *loaded));
        CHECK(memcmp(shared, loaded, sizeof shared) == 0);
    }
    lac_value_release(&out);
    lua_pop(L, 1);
    OK(lac_script_collect(s));

    const lac_value number = {.kind = LAC_VALUE_NUMBER, .number = 1}, nothing = {.kind = 99};
    FAILS(LAC_ERR_SCRIPT, lac_model_forward(m, &number, 1, &out, 1));
    FAILS(LAC_ERR_SCRIPT, lac_model_forward(m, &nothing, 1, &out, 1));
    FAILS(LAC_ERR_ARGUMENT, lac_model_forward(m, NULL, 1, &out, 1));
    lac_model_retain(m);
    lac_model_release(m);
    lac_script_release(s); /* models hold it */
    lac_weights_release(w);
    OK(forward(ctx, m, x, shared));
    lac_model_release(same);
    lac_model_release(m);
    lac_sparse_release(x);
}

static void test_restricted(lac_context *ctx) {
    static const char *const refused[] = {
        "require 'ffi'",
        "io.open('x')",
        "os.getenv('HOME')",
        "debug.getinfo(1)",
        "jit.off()",
        "package.path = ''",
        "coroutine.create(print)",
        "string.dump(print)",
        "('x').dump(print)",
        "getfenv(1)",
        "dofile('x')",
        "load(print)",
        "require('lacuna').zeros(2):data()",
        "require('lacuna').io.read_points('x')",
        "require('lacuna').hdf5.open('x')",
        "require('lacuna').nn.Linear(2, 2):save('x')",
        "require('lacuna').convert.load('x')",
        "require('lacuna').nn.Linear(2, 2):load('x')",
        "require 'lacuna.native'",
        "require('lacuna').x = 1",
        "getmetatable('').__index.rep = nil",
        "assert(loadstring('\\27LJ'))",
        "local l = require 'lacuna'; l.tensor(l.zeros(2).h, {shape = {1}, dtype = 'float32'})",
    };
    const lac_script_options options = {
        .size = sizeof options, .restricted = 1, .memory_cap = 16 << 20};
    lac_script *s = script(ctx, &options);
    if (!s) return;
    lac_value out = {0};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const lac_status status = lac_script_run_string(s, refused[i], "refused", NULL, 0);
        if (!CHECK(status == LAC_ERR_SCRIPT)) printf("ran: %s\n", refused[i]);
    }
    FAILS(LAC_ERR_SCRIPT, lac_script_run_string(s, "\033LJ\002", NULL, NULL, 0));
    if (OK(lac_script_run_string(s,
                                 "x = loadstring('return ...')(math.floor(2.5))\n"
                                 "return x + _G.x + #('ab'):rep(2)",
                                 NULL, &out, 1)))
        CHECK(out.number == 8);
    /* Its own memory is limited, and it lives on. */
    FAILS(LAC_ERR_OOM, lac_script_run_string(s, "return #('x'):rep(1e9)", NULL, &out, 1));
    FAILS(LAC_ERR_OOM,
          lac_script_run_string(s, "local t = {} for i = 1, 1e9 do t[i] = {} end", NULL, NULL, 0));
    OK(lac_script_run_string(s, "for i = 1, 1e5 do local t = { i } end", NULL, NULL, 0));

    /* Models by name and by path; the latter with the script's globals. */
    lac_model *m = NULL;
    lac_weights *w = NULL;
    static float logits[POINTS * CLASSES];
    lac_sparse *x = make_input(ctx);
    OK(lac_weights_open(weights_path, &w));
    if (OK(lac_script_load_model(s, model_path, NULL, w, &m))) OK(forward(ctx, m, x, logits));
    lac_model_release(m);
    m = NULL;
    OK(lac_script_load_model(s, "minkunet", "{\"cr\": 0.25}", NULL, &m));
    lac_model_release(m);
    lac_weights_release(w);
    lac_sparse_release(x);
    lac_script_release(s);

    const lac_script_options small = {.size = sizeof small, .memory_cap = 100000};
    s = NULL;
    FAILS(LAC_ERR_OOM, lac_script_create(ctx, &small, &s));
    CHECK(s == NULL);
}

static void test_host_state(lac_context *ctx) {
    lua_State *L = luaL_newstate();
    FAILS(LAC_ERR_SCRIPT, lac_script_open_in(L, ctx)); /* without a package library */
    luaL_openlibs(L);
    OK(lac_script_open_in(L, ctx));
    if (CHECK(luaL_dostring(L, "local lacuna = require 'lacuna'\n"
                               "return lacuna.zeros(3) + 1, require('lacuna.native').ctx") == 0)) {
        lac_value v;
        CHECK(lua_gettop(L) == 2);
        if (OK(lac_value_get(L, 1, &v))) CHECK(holds(ctx, v.tensor, (const float[]){1, 1, 1}, 3));
        lac_value_release(&v);
        FAILS(LAC_ERR_SCRIPT, lac_value_get(L, 2, &v));
        CHECK(lua_gettop(L) == 2);
    }
    FAILS(LAC_ERR_SCRIPT, lac_script_open_in(L, ctx)); /* it is loaded */
    FAILS(LAC_ERR_ARGUMENT, lac_script_open_in(L, NULL));
    lua_close(L);
}

enum { THREADS = 4 };
#ifndef ROUNDS
#define ROUNDS 1000
#endif

typedef struct {
    lac_weights *weights;
    int wrong;
    float first[POINTS * CLASSES];
} worker;

static lac_status run_rounds(worker *me, lac_context *ctx, lac_script *s, lac_model **m,
                             lac_sparse **x) {
    lac_status status = lac_script_load_model(s, model_path, NULL, me->weights, m);
    if (status != LAC_OK) return status;
    for (int i = 0; i < ROUNDS && status == LAC_OK; i++) {
        float logits[POINTS * CLASSES] = {0};
        status = forward(ctx, *m, *x, i == 0 ? me->first : logits);
        if (i > 0 && memcmp(logits, me->first, sizeof logits) != 0) me->wrong++;
    }
    return status;
}

static void *work(void *argument) {
    worker *me = argument;
    lac_context *ctx = NULL;
    lac_script *s = NULL;
    lac_model *m = NULL;
    const lac_context_options one = {.size = sizeof one, .threads = 1};
    if (lac_context_create(&one, &ctx) != LAC_OK) me->wrong++;
    lac_sparse *x = me->wrong == 0 ? make_input(ctx) : NULL;
    lac_status status = lac_script_create(ctx, NULL, &s);
    if (status == LAC_OK) status = run_rounds(me, ctx, s, &m, &x);
    if (status != LAC_OK) {
        printf("a thread: %s\n", lac_last_error());
        me->wrong++;
    }
    lac_model_release(m);
    lac_script_release(s);
    lac_sparse_release(x);
    lac_context_release(ctx);
    return NULL;
}

static void test_threads(void) {
    static worker workers[THREADS];
    pthread_t threads[THREADS];
    lac_weights *w = NULL;
    if (!OK(lac_weights_open(weights_path, &w))) return;
    for (int i = 0; i < THREADS; i++) {
        workers[i].weights = w;
        CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK(workers[i].wrong == 0);
        CHECK(memcmp(workers[i].first, workers[0].first, sizeof workers[0].first) == 0);
    }
    CHECK(workers[0].first[0] != 0);
    lac_weights_release(w);
}

int main(void) {
    begin();
    lac_context *ctx = NULL;
    write_model();
    OK(lac_context_create(NULL, &ctx));
    save_weights(ctx);
    test_values(ctx);
    test_errors(ctx);
    test_model(ctx);
    test_restricted(ctx);
    test_host_state(ctx);
    close_context(ctx);
    test_threads();
    remove(model_path);
    remove(weights_path);
    return finish();
}
