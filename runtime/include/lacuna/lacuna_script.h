/*
 * lacuna_script.h - models that are Lua scripts, in a C or C++ host: liblacuna_script.
 *
 * A host loads a model and its weights once for each thread that runs it; the weights are shared:
 *
 *     lac_weights_open("minkunet.h5", &weights);                              once
 *     lac_context_create(NULL, &ctx);                                         in each thread
 *     lac_script_create(ctx, NULL, &script);
 *     lac_script_load_model(script, "minkunet", "{\"num_classes\": 19}", weights, &model);
 *     lac_model_forward(model, &in, 1, &out, 1);                              for each scan
 *
 * A script is one LuaJIT state on one context. It, its models and its context are used by one thread at a
 * time; two scripts never meet. Only lac_context_interrupt comes from other threads: it stops a running
 * call in the next operation. The Lua package is found from the library's own path.
 *
 * Functions return a lac_status as those of lacuna.h do. What a script raises is LAC_ERR_SCRIPT, with Lua's
 * message in lac_last_error(); a failed operation of the library keeps its own status. Memory that is over is
 * LAC_ERR_OOM. No Lua error ever leaves a function of this header, and none of them prints; scripts may.
 */
#ifndef LACUNA_LACUNA_SCRIPT_H
#define LACUNA_LACUNA_SCRIPT_H

#include "lacuna/lacuna.h"

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

struct lua_State;

/* ---- values ---------------------------------------------------------------------------------- */

typedef enum lac_value_kind {
    LAC_VALUE_NIL = 0,
    LAC_VALUE_NUMBER = 1, /* also Lua's booleans, as 0 and 1 */
    LAC_VALUE_STRING = 2,
    LAC_VALUE_TENSOR = 3,
    LAC_VALUE_SPARSE = 4,
    LAC_VALUE_POINTS = 5, /* a PointTensor */
    LAC_VALUE_LIST = 6    /* a Lua table with the keys 1 .. count */
} lac_value_kind;

/** What goes into a script and comes out of it. Fields that the kind does not name are 0. */
typedef struct lac_value {
    int32_t kind;            /* lac_value_kind */
    int32_t count;           /* LIST: items */
    double number;           /* NUMBER */
    const char *text;        /* STRING, with a zero behind it */
    size_t length;           /* STRING: bytes */
    lac_tensor *tensor;      /* TENSOR; POINTS: features [N,C] */
    lac_tensor *coords;      /* POINTS: (b,x,y,z), float32 [N,4] */
    lac_sparse *sparse;      /* SPARSE */
    struct lac_value *items; /* LIST */
} lac_value;

/** Releases what a value that came out of a script holds, and makes it nil. NULL is fine. Any thread. */
void lac_value_release(lac_value *value);

/* ---- scripts --------------------------------------------------------------------------------- */

typedef struct lac_script lac_script;
typedef struct lac_model lac_model;

typedef struct lac_script_options {
    uint32_t size;      /* sizeof(lac_script_options) */
    int32_t restricted; /* 1: see below */
    uint64_t
        memory_cap; /* bytes that Lua's own objects may take; 0: no limit. Tensors do not count here
                            but in the context's budget */
    int32_t jit;    /* 1: compile hot loops, -1: do not; 0: unless restricted or capped. With a memory_cap
                       LuaJIT's compiled code may crash where Lua's memory ends, so 1 is for trusted hosts */
} lac_script_options;

/**
 * A LuaJIT state with the package `lacuna` on a context.
 *
 * Restricted: scripts have `lacuna`, its modules and models, and of Lua's own what computes (math, string,
 * table, bit, pcall and the like); no ffi, io, os, debug, package, jit or coroutines, no bytecode, no data(),
 * and nothing in `lacuna` that opens files (io, hdf5, convert, tune, net:save, net:load). `require` knows
 * "lacuna" and "lacuna.nn". This protects a host from the mistakes of those who write its models. It is no
 * protection from malice: what is not trusted belongs into a process of its own.
 *
 * @param ctx     its thread, memory and default device serve the script                (retained)
 * @param options NULL: all zero                                                        (copied)
 * @return ARGUMENT; OOM, also where memory_cap is too little to start with (8 MiB suffice); UNSUPPORTED
 *         (files of the package that are missing)
 */
lac_status lac_script_create(lac_context *ctx, const lac_script_options *options, lac_script **out);
void lac_script_retain(lac_script *s);
/** The state is closed with the last reference; models hold one. */
void lac_script_release(lac_script *s);

/**
 * Runs a chunk of Lua.
 *
 * @param code  text, or bytecode unless restricted                                    (borrowed)
 * @param name  of the chunk in messages; NULL: "script"
 * @param out   [out] [m_max] what the chunk returns: nil where it returns less, the rest is dropped. Pending
 *              results are computed, and outlive the script unless they lie over a C array of its own
              (copy = false). May be NULL when m_max is 0               (caller releases each)
 * @return SCRIPT, or the status of the operation that failed; `out` is all nil then
 */
lac_status lac_script_run_string(lac_script *s, const char *code, const char *name, lac_value *out,
                                 int32_t m_max);
/** The same with a file. */
lac_status lac_script_run_file(lac_script *s, const char *path, lac_value *out, int32_t m_max);
/** Collects garbage: releases tensors that only garbage holds, such as inputs of earlier calls. Nobody has to
 *  call it: garbage is also collected before the pool grows. */
lac_status lac_script_collect(lac_script *s);
/** The Lua state, borrowed, for hosts that add functions of their own. */
struct lua_State *lac_script_state(lac_script *s);

/* ---- models ---------------------------------------------------------------------------------- */

/**
 * Makes a network.
 *
 * @param file        name of a model, such as "minkunet", or the path of a script that returns a constructor
 * @param config_json an object, the constructor's options. NULL: those in the file of `weights` if it is of
 *                    a model of that name, else none
 * @param weights     NULL: a fresh initialisation. Else every tensor of the network is the one of its name:
 *                    shared where dtypes agree, else a converted copy. Names and shapes must be the
 *                    network's; all differences are in one message               (retained)
 * @param out         on the context's default device, where a GPU takes copies of the weights
 *                                                                              (caller releases)
 */
lac_status lac_script_load_model(lac_script *s, const char *file, const char *config_json,
                                 lac_weights *weights, lac_model **out);
void lac_model_retain(lac_model *m);
void lac_model_release(lac_model *m);

/**
 * Runs a network.
 *
 * @param in  [n] the arguments. Tensors are retained until the script's collector finds that nothing uses
 *            them; memory that was wrapped without a deleter must live as long         (borrowed)
 * @param out [out] [m_max] the results, as of lac_script_run_string      (caller releases each)
 */
lac_status lac_model_forward(lac_model *m, const lac_value *in, int32_t n, lac_value *out,
                             int32_t m_max);

/* ---- a host that already has a Lua state ------------------------------------------------------- */

/**
 * Makes `require "lacuna"` work in a LuaJIT state of the host's, on a context of the host's. The state needs
 * its `package` and `ffi` libraries, and no lacuna yet.
 *
 * @param L   used by the thread that uses `ctx`
 * @param ctx until the state is closed                                                (retained)
 */
lac_status lac_script_open_in(struct lua_State *L, lac_context *ctx);
/** Pushes a value onto the stack of a state of lac_script_open_in or lac_script_state; on failure
 *  nothing. Tensors: retained. */
lac_status lac_value_push(struct lua_State *L, const lac_value *value);
/** The value at `index` of the stack, which stays there. SCRIPT for what has no kind. Caller releases. */
lac_status lac_value_get(struct lua_State *L, int index, lac_value *out);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
