/*
 * script_alloc_walk_test.c - refused memory in scripts: requests of the library and of LuaJIT's foreign calls,
 * and Lua's own objects under a memory_cap of many sizes.
 */
#include "alloc_walk/lua_memory.h"
#include "alloc_walk/walk.h"

#include <lacuna/lacuna_script.h>

#include <stdio.h>

static const char tiny[] = "local lacuna = require 'lacuna'\n"
                           "local nn = lacuna.nn\n"
                           "local Tiny = nn.class('Tiny', nn.Module)\n"
                           "function Tiny:__init(config)\n"
                           "  self.config = config\n"
                           "  self.conv = nn.Conv3d(4, 4, 3)\n"
                           "  self.head = nn.Linear(4, config.classes or 3)\n"
                           "end\n"
                           "function Tiny:forward(x)\n"
                           "  return self.head(self.conv(x).feats), { 'text', #x.feats }\n"
                           "end\n"
                           "return Tiny\n";
static const char chunk[] = "return { require('lacuna').arange(12) * 2 + 1 }\n";
static char chunk_path[] = "/tmp/lacuna_chunk_XXXXXX.lua";
static char model_path[] = "/tmp/lacuna_walk_XXXXXX.lua";

struct world {
    lac_context *ctx;
    lac_script *script;
    lac_model *model;
    lac_sparse *x;
};

static lac_context *world_context(const world *w) {
    return w->ctx;
}

static world *world_make(void) {
    world *w = calloc(1, sizeof *w);
    const lac_context_options options = {
        .size = sizeof options, .threads = 2, .alloc = host_alloc, .free = host_free};
    if (w == NULL || lac_context_create(&options, &w->ctx) != LAC_OK) return free(w), NULL;
    float data[40 * 4];
    for (int i = 0; i < 160; i++) data[i] = (float)(i * 7 % 11);
    const lac_quantize_options q = {.size = sizeof q, .voxel_size = {1, 1, 1}};
    lac_tensor *points = tensor(w->ctx, LAC_DTYPE_F32, data, 2, 40, 4, 0);
    OK(lac_quantize(w->ctx, points, &q, &w->x, NULL, NULL, NULL));
    lac_tensor_release(points);
    OK(lac_script_create(w->ctx, NULL, &w->script));
    OK(lac_script_run_string(w->script, "require('lacuna').manual_seed(5)", NULL, NULL, 0));
    OK(lac_script_load_model(w->script, model_path, "{\"classes\": 5}", NULL, &w->model));
    return w;
}

static void world_free(world *w) {
    if (w == NULL) return;
    lac_sparse_release(w->x);
    lac_model_release(w->model);
    lac_script_release(w->script);
    lac_context_release(w->ctx);
    free(w);
}

static void release_script(void *script) {
    lac_script_release(script);
}
static void release_model(void *model) {
    lac_model_release(model);
}

/* The first tensor of the results, and a number of the rest. */
static void take(lac_value *out, int n, made *m) {
    for (int i = 0; i < n; i++) {
        if (out[i].kind == LAC_VALUE_TENSOR && m->tensors[0] == NULL) {
            m->tensors[0] = out[i].tensor;
            out[i].tensor = NULL;
        }
        m->number = m->number * 31 + (uint64_t)out[i].kind * 7 + (uint64_t)out[i].count;
        lac_value_release(&out[i]);
    }
}

static lac_status lac_script_create_(const world *w, made *m) {
    lac_script *s = NULL;
    const lac_status status = lac_script_create(w->ctx, NULL, &s);
    m->other = s;
    return status;
}
static lac_status lac_script_run_string_(const world *w, made *m) {
    static const char code[] = "local l = require 'lacuna'\n"
                               "local t = l.arange(12):reshape(3, 4)\n"
                               "return (t:matmul(t:t()) + 1):sum(1), 'text', { 1, 'x', { t } }";
    lac_value out[3];
    const lac_status s = lac_script_run_string(w->script, code, "walk", out, 3);
    take(out, 3, m);
    return s;
}
static lac_status lac_script_run_file_(const world *w, made *m) {
    lac_value out[1];
    const lac_status s = lac_script_run_file(w->script, chunk_path, out, 1);
    take(out, 1, m);
    return s;
}
static lac_status lac_script_load_model_(const world *w, made *m) {
    lac_model *model = NULL;
    const lac_status s =
        lac_script_load_model(w->script, model_path, "{\"classes\": 4}", NULL, &model);
    m->other = model;
    return s;
}
static lac_status lac_model_forward_(const world *w, made *m) {
    const lac_value in = {.kind = LAC_VALUE_SPARSE, .sparse = w->x};
    lac_value out[2];
    const lac_status s = lac_model_forward(w->model, &in, 1, out, 2);
    take(out, 2, m);
    return s;
}

/* ---- a state of the host's ---- */

static lac_status lac_script_open_in_(const world *w, made *m) {
    const int was = atomic_exchange(&armed, 0);
    lua_State *L = host_state();
    atomic_store(&armed, was);
    const lac_status s = lac_script_open_in(L, w->ctx);
    atomic_store(&armed, 0);
    m->number = s == LAC_OK;
    lua_close(L);
    atomic_store(&armed, was);
    return s;
}
static lac_status lac_value_push_(const world *w, made *m) {
    const lac_value inner = {.kind = LAC_VALUE_SPARSE, .sparse = w->x};
    lac_value items[1] = {inner};
    const lac_value list = {.kind = LAC_VALUE_LIST, .count = 1, .items = items};
    const int was = atomic_exchange(&armed, 0);
    lua_State *L = host_state();
    OK(lac_script_open_in(L, w->ctx));
    OK(lac_value_push(L, &(lac_value){.kind = LAC_VALUE_NUMBER}));
    atomic_store(&armed, was);
    const int top = lua_gettop(L);
    const lac_status s = lac_value_push(L, &list);
    CHECK(lua_gettop(L) == top + (s == LAC_OK));
    m->number = s == LAC_OK;
    atomic_store(&armed, 0);
    lua_close(L);
    atomic_store(&armed, was);
    return s;
}
static lac_status lac_value_get_(const world *w, made *m) {
    lua_State *L = lac_script_state(w->script);
    const int was = atomic_exchange(&armed, 0);
    const int top = lua_gettop(L);
    lua_createtable(L, 2, 0);
    lua_pushstring(L, "text");
    lua_rawseti(L, -2, 1);
    lua_pushnumber(L, 7);
    lua_rawseti(L, -2, 2);
    atomic_store(&armed, was);
    lac_value value = {0};
    const lac_status s = lac_value_get(L, -1, &value);
    CHECK(lua_gettop(L) == top + 1);
    lua_settop(L, top);
    take(&value, 1, m);
    return s;
}

static const walk_case cases[] = {
    {"lac_script_create", lac_script_create_, release_script},
    {"lac_script_run_string", lac_script_run_string_, NULL},
    {"lac_script_run_file", lac_script_run_file_, NULL},
    {"lac_script_load_model", lac_script_load_model_, release_model},
    {"lac_model_forward", lac_model_forward_, NULL},
    {"lac_value_push", lac_value_push_, NULL},
    {"lac_script_open_in", lac_script_open_in_, NULL},
};

/* ---- Lua's own memory ---- */

static lac_status capped(const world *w, uint64_t cap, made *m) {
    const lac_script_options options = {.size = sizeof options, .memory_cap = cap, .jit = -1};
    lac_script *s = NULL;
    lac_model *model = NULL;
    const lac_value in = {.kind = LAC_VALUE_SPARSE, .sparse = w->x};
    lac_value out[2] = {0};
    lac_status status = lac_script_create(w->ctx, &options, &s);
    if (status == LAC_OK)
        status = lac_script_run_string(s, "require('lacuna').manual_seed(5)", NULL, NULL, 0);
    if (status == LAC_OK) status = lac_script_load_model(s, model_path, NULL, NULL, &model);
    if (status == LAC_OK) status = lac_model_forward(model, &in, 1, out, 2);
    if (status == LAC_OK) take(out, 2, m);
    lac_model_release(model);
    lac_script_release(s);
    return status;
}

static void walk_caps(void) {
    enum { FROM = 16 << 10, TO = 8 << 20 };
    const walk_case none = {"memory_cap", NULL, NULL};
    int failures = 0, last = 0;
    for (uint64_t cap = FROM; cap <= TO; cap += cap / 24 + 257) {
        world *w = world_make();
        made m = {0};
        const lac_status s = capped(w, cap, &m);
        last = s == LAC_OK;
        failures += !last;
        if (!CHECK(s == LAC_OK || s == LAC_ERR_OOM))
            printf("memory_cap %llu: %s: %s\n", (unsigned long long)cap, lac_status_text(s),
                   lac_last_error());
        drop(&none, &m);
        world_free(w);
        if (!CHECK(atomic_load(&host_blocks) == 0))
            printf("memory_cap %llu: tensors are left\n", (unsigned long long)cap);
        atomic_store(&host_blocks, 0);
    }
    CHECK(failures > 20 && last);
}

static void write_text(char *path, const char *text) {
    FILE *f = fdopen(mkstemps(path, 4), "w");
    CHECK(f != NULL && fputs(text, f) >= 0);
    if (f != NULL) (void)fclose(f);
}

int main(int argc, char **argv) {
    begin();
    write_text(model_path, tiny);
    write_text(chunk_path, chunk);
    world_free(world_make());
    find_libraries();
    walk_all(cases, sizeof cases / sizeof *cases, argc, argv);
    const walk_case texts[] = {{"lac_value_get", lac_value_get_, NULL}};
    if (MALLOC_IS_REFUSED) walk_all(texts, 1, argc, argv);
    if (argc < 2) walk_caps();
    CHECK(remove(model_path) == 0 && remove(chunk_path) == 0);
    return finish();
}
