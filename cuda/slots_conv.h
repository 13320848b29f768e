/*
 * slots_conv.h - what the slots of convolution share.
 */
#ifndef LAC_CUDA_SLOTS_CONV_H
#define LAC_CUDA_SLOTS_CONV_H

#include "host.h"
#include "launch_conv.h"

/** The stages of an epilogue that end in `out`, as kernels take them. */
lac__finish lac__finish_of(const lac__epilogue *epilogue, const lac_tensor *out);

#endif
