/*
 * op_args_dense.h - attributes of the dense tensor operations.
 */
#ifndef LAC_CORE_OP_ARGS_DENSE_H
#define LAC_CORE_OP_ARGS_DENSE_H

#include "core/tensor.h"

#endif
