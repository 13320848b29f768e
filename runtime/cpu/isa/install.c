/*
 * install.c - puts the kernels of this build into a table.
 */
#include "cpu/isa/isa.h"

#define STRING2(x) #x
#define STRING(x) STRING2(x)

void LAC__ISA_NAME(install)(lac__backend *table);
lac_status LAC__ISA_NAME(conv3d)(lac_context *ctx, const lac__conv3d_args *args);
lac_status LAC__ISA_NAME(epilogue)(lac_context *ctx, const lac__epilogue_args *args);

void LAC__ISA_NAME(install)(lac__backend *table) {
    table->isa = STRING(LAC_ISA);
    table->panel = LAC__PANEL;
    table->conv3d = LAC__ISA_NAME(conv3d);
    table->epilogue = LAC__ISA_NAME(epilogue);
}
