/*
 * backend.h - the table of kernels of one backend, one slot an operation of ops.def.
 *
 * The CPU's table is filled with reference kernels and then overridden by the builds of the convolution
 * kernels for the widest instruction set that the machine has. A backend knows tensors and kernel maps,
 * never Lua, files or models.
 */
#ifndef LAC_CORE_BACKEND_H
#define LAC_CORE_BACKEND_H

#include "core/op_args.h"

struct lac__tiles;
struct lac__packed;
struct lac__device_maps;
struct lac__device_points;

typedef struct lac__backend {
    const char *isa; /* "avx512", "avx2", "reference", "cuda" */
    int32_t panel;   /* output channels of a packed panel of weights */
    /** Convolution tiles of bfloat16 (cpu/isa). Those without the instruction for it need
     *  subnormal numbers to be off. */
    const struct lac__tiles *bf16_tiles;
    bool bf16_instruction;
    /** Coordinates and points on a device; NULL on the CPU, where the sparse layer has its own. */
    const struct lac__device_maps *maps;
    const struct lac__device_points *points;
    /** Fills block, data and finite of packed weights whose other fields are set, from `plain`:
     *  contiguous, in the dtype of the packed form. */
    lac_status (*pack_weights)(lac_context *ctx, const lac_tensor *plain,
                               struct lac__packed *packed);
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator */
#define LAC_OP(name) lac_status (*name)(lac_context * ctx, const lac__##name##_args *args);
#include "core/ops.def"
#undef LAC_OP
} lac__backend;

#define LAC_OP(name) lac_status lac_##name##__cpu(lac_context *ctx, const lac__##name##_args *args);
#include "core/ops.def"
#undef LAC_OP

/** The table for this machine, LACUNA_ISA permitting. Lives as long as the process. */
lac_status lac__cpu_backend(const lac__backend **out);

/** Runs an operation's kernel on the device of tensor `on` unless the context was interrupted. */
#define LAC__DISPATCH(ctx, on, name, args)                                                         \
    (lac__interrupted(ctx) ? lac__check_interrupt(ctx)                                             \
                           : (on)->storage->device->backend->name((ctx), (args)))

#endif
