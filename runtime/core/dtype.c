/*
 * dtype.c - sizes and names of element types.
 */
#include "lacuna/lacuna.h"

static const struct {
    size_t size;
    const char *name;
} dtypes[] = {
    [LAC_DTYPE_F32] = {4, "float32"},   [LAC_DTYPE_F16] = {2, "float16"},
    [LAC_DTYPE_BF16] = {2, "bfloat16"}, [LAC_DTYPE_F64] = {8, "float64"},
    [LAC_DTYPE_I32] = {4, "int32"},     [LAC_DTYPE_I64] = {8, "int64"},
    [LAC_DTYPE_U8] = {1, "uint8"},
};

static int known(lac_dtype dtype) {
    return (int)dtype >= 0 && (size_t)dtype < sizeof dtypes / sizeof *dtypes;
}

size_t lac_dtype_size(lac_dtype dtype) {
    return known(dtype) ? dtypes[dtype].size : 0;
}
const char *lac_dtype_name(lac_dtype dtype) {
    return known(dtype) ? dtypes[dtype].name : "no dtype";
}
