/*
 * dataflow.h - which dataflow computes a convolution.
 */
#ifndef LAC_OPS_DATAFLOW_H
#define LAC_OPS_DATAFLOW_H

#include "core/backend.h"
#include "ops/pack.h"

/** Checks what the caller asked for and resolves what is left to the modes. */
lac_status lac__flow_make(const lac_context *ctx, const lac_conv3d_options *options,
                          lac__flow *out);
/** The dataflow for one map and one packed weight, never AUTO. */
lac_dataflow lac__flow_choose(const lac__flow *flow, const lac_kernel_map *map,
                              const lac__packed *weight, bool gpu);

#endif
