/*
 * op_args_conv.h - attributes of the operations on features and kernel maps.
 */
#ifndef LAC_CORE_OP_ARGS_CONV_H
#define LAC_CORE_OP_ARGS_CONV_H

#include "core/pending.h"

struct lac__packed;

/** How a convolution is computed, modes resolved. */
typedef struct lac__flow {
    lac_dataflow dataflow;
    bool sorted;       /* ImplicitGEMM: rows by tap mask */
    int splits;        /* ImplicitGEMM: parts of the taps, added in their order */
    double epsilon;    /* GatherScatter */
    int64_t mm_thresh; /* GatherScatter */
    bool tf32;         /* float32 on a GPU may use tensor cores */
} lac__flow;

typedef struct lac__conv3d_args {
    /* [N,Cin], contiguous, in the dtype of the packed weights; FetchOnDemand takes the channels from two
     * tensors, the second behind the first, which has an even number then. */
    const lac_tensor *x, *x2;         /* x2: NULL for one source */
    const struct lac__packed *weight; /* packed for this backend */
    const lac_kernel_map *map;        /* NULL: row i feeds row i through one tap */
    bool reversed;                    /* the map is walked from its outputs to its inputs */
    const lac__epilogue *epilogue;
    lac_tensor *out;       /* [M,Cout], any floating dtype */
    const lac__flow *flow; /* what AUTO stands for is resolved */
    /* GatherScatter: the weight [taps,Cin,Cout] in the dtype of the packed one, contiguous */
    const lac_tensor *plain;
} lac__conv3d_args;

typedef lac__conv3d_args lac__conv3d_implicit_args;
typedef lac__conv3d_args lac__conv3d_gather_args;

/** The stages of an epilogue over elements that exist already: same bits as in the producer. */
typedef struct lac__epilogue_args {
    const lac_tensor *source; /* [N,C] contiguous, any floating dtype */
    const lac__epilogue *epilogue;
    lac_tensor *out; /* same shape; the source itself, or float32 for halves, or the same dtype */
} lac__epilogue_args;

#endif
