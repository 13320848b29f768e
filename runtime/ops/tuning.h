/*
 * tuning.h - what the tuner chose for a convolution that is left to AUTO.
 */
#ifndef LAC_OPS_TUNING_H
#define LAC_OPS_TUNING_H

#include "core/backend.h"
#include "sparse/conv_plan.h"

/** Replaces AUTO in *flow by the context's choice for this convolution, where there is one. */
void lac__flow_tune(const lac_context *ctx, const lac__conv_plan *plan, const lac_tensor *feats,
                    int64_t cout, lac__flow *flow);

#endif
