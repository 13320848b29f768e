/*
 * op_args.h - the attribute struct of every operation of ops.def: plain data, resolved at the call.
 */
#ifndef LAC_CORE_OP_ARGS_H
#define LAC_CORE_OP_ARGS_H

#include "core/op_args_conv.h"
#include "core/op_args_dense.h"
#include "core/op_args_pool.h"
#include "core/op_args_point.h"

#endif
