/*
 * conv_tuning.h - which convolution kernel, and which tiles, in one place.
 *
 * The tile is that of the environment variable LACUNA_CUDA_TILE (64x32, 64x64, 128x64, 128x96,
 * 128x128), where it is set and the kernel has it; else that of the table of measurements,
 * conv_table.h; else the cheapest by an estimate. The variable is read at every launch, so that a
 * process can time one tile after the other.
 */
#ifndef LAC_CUDA_CONV_TUNING_H
#define LAC_CUDA_CONV_TUNING_H

#include "launch_conv.h"

typedef struct lac__conv_choice {
    bool tensor_cores;
    lac__conv_tile tile;
} lac__conv_choice;

/** The kernel, and its tile by the estimate, for a product of so many rows and output channels,
 *  `splits` times; `tf32`: float32 may be rounded to it. */
lac__conv_choice lac__conv_choose(const lac__gpu *gpu, int32_t dtype, bool tf32, int64_t rows,
                                  int64_t cout, int splits);
/** "mma f16 128x64", "simt f32 64x32". */
const char *lac__conv_kernel_name(int32_t dtype, lac__conv_choice choice);
/** With the kernel of the choice, and its tile unless the variable or the table says another. A
 *  variable that names no tile is the launch's error. */
void lac__launch_conv3d(lac__gpu *gpu, const lac__product *product, lac__conv_choice choice);

#endif
