/*
 * conv_table.h - the fastest tiles of the convolution kernels as measured on a device. `make bench-gpu
 * SWEEP=1` (spec/gpu/sweep.lua) writes this file.
 *
 * A row: kernel; input and output channels, rounded up to a multiple of 32; rows of the result, rounded
 * down to a power of two; then the tiles: rows as they stand, sorted by their taps, and sorted in two and
 * three parts.
 *
 * Nobody has measured yet: there are no rows, and conv_tuning.c computes every choice.
 */
#ifndef LAC_CUDA_CONV_TABLE_H
#define LAC_CUDA_CONV_TABLE_H

#include "launch_conv.h"

/** Compute capability of the device that the rows were measured on; others do not use them. */
#define LAC__TABLE_CAPABILITY 0

/** X(kernel, cin, cout, rows, unsorted, sorted, two, three) */
#define LAC__TABLE(X)

#endif
