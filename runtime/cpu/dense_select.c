/*
 * dense_select.c - nonzero and masked_select: one thread, in order.
 */
#include "cpu/dense_walk.h"

#include <string.h>

enum { BLOCK = 65536 };

#define NONZERO(T) (((const T *)x)[i] != 0)
static inline bool is_nonzero(lac_dtype dtype, const void *x, int64_t i) {
    switch (dtype) {
    case LAC_DTYPE_F32: return NONZERO(float);
    case LAC_DTYPE_F64: return NONZERO(double);
    case LAC_DTYPE_F16:
    case LAC_DTYPE_BF16: return (((const uint16_t *)x)[i] & 0x7fffu) != 0;
    case LAC_DTYPE_I32: return NONZERO(int32_t);
    case LAC_DTYPE_I64: return NONZERO(int64_t);
    default: return NONZERO(uint8_t);
    }
}

lac_status lac_nonzero__cpu(lac_context *ctx, const lac__nonzero_args *args) {
    const void *x = lac__data(args->x);
    const int64_t n = lac_tensor_numel(args->x);
    const int32_t ndim = args->x->ndim;
    int64_t *out = args->out == NULL ? NULL : lac__data(args->out);
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i % BLOCK == 0) LAC_TRY(lac__check_interrupt(ctx));
        if (!is_nonzero(args->x->dtype, x, i)) continue;
        int64_t rest = i;
        for (int32_t d = ndim - 1; out != NULL && d >= 0; d--) {
            out[count * ndim + d] = rest % args->x->shape[d];
            rest /= args->x->shape[d];
        }
        count++;
    }
    *args->count = count;
    return LAC_OK;
}

lac_status lac_masked_select__cpu(lac_context *ctx, const lac__masked_select_args *args) {
    const uint8_t *mask = lac__data(args->mask);
    const char *x = lac__data(args->x);
    char *out = lac__data(args->out);
    const int64_t n = lac_tensor_numel(args->x);
    const size_t size = lac_dtype_size(args->x->dtype);
    for (int64_t i = 0; i < n; i++) {
        if (i % BLOCK == 0) LAC_TRY(lac__check_interrupt(ctx));
        if (mask[i] == 0) continue;
        memcpy(out, x + (size_t)i * size, size);
        out += size;
    }
    return LAC_OK;
}
