/*
 * install.c - puts the kernels of this build into a table.
 */
#include "cpu/isa/isa.h"

#define STRING2(x) #x
#define STRING(x) STRING2(x)

void LAC__ISA_NAME(install)(lac__backend *table);

void LAC__ISA_NAME(install)(lac__backend *table) {
    table->isa = STRING(LAC_ISA);
    table->panel = LAC__PANEL;
    table->bf16_tiles = &lac__tiles_bf16;
    table->bf16_instruction = false;
    table->conv3d = LAC__ISA_NAME(conv3d);
    table->conv3d_implicit = LAC__ISA_NAME(conv3d_implicit);
    table->epilogue = LAC__ISA_NAME(epilogue);
}
