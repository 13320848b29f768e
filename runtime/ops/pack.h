/*
 * pack.h - weights in the layout of the convolution kernels.
 *
 * Layout: float32 [panel][tap][Cin][nr], panels of nr output channels, the last one filled up with zeros;
 * nr is the kernel's. bfloat16 [panel][tap][ceil(Cin / 2)][nr][2]: two channels beside each other, a last
 * odd one beside zeros. A GPU's backend has a layout of its own, in the dtype of the weight. Packed once for a weight tensor and kept on its storage until that is written.
 */
#ifndef LAC_OPS_PACK_H
#define LAC_OPS_PACK_H

#include "core/tensor.h"

typedef struct lac__packed {
    lac__attachment base;
    lac__pool *pool, *objects; /* of the block, of this */
    lac__block block;
    const char *isa;  /* the kernels that it was packed for */
    uint64_t version; /* of the weight */
    int64_t taps, cin, cout;
    int32_t nr;
    bool transposed;  /* source rows are output channels */
    bool finite;      /* no NaN, no infinity */
    lac_dtype dtype;  /* float32 or bfloat16; on a GPU the weight's */
    lac_dtype source; /* the weight's */
    const void *data;
} lac__packed;

/** `t` in float32 and contiguous: itself, retained, or a copy. Caller releases. */
lac_status lac__plain(lac_context *ctx, lac_tensor *t, lac_tensor **out);

/**
 * The packed form of `weight`, from its cache where that is current.
 *
 * @param weight      [taps,cin,cout], or [cout,cin] when `transposed` (taps = 1); any floating dtype
 * @param dtype       of the packed form: float32, or the weight's where its device has kernels for that
 * @param out         retained for the caller
 */
lac_status lac__pack(lac_context *ctx, lac_tensor *weight, int64_t taps, int64_t cin, int64_t cout,
                     bool transposed, lac_dtype dtype, lac__packed **out);
static inline int64_t lac__packed_tap_bytes(const lac__packed *p) {
    return p->dtype == LAC_DTYPE_BF16 ? (p->cin + 1) / 2 * 4 * p->nr : p->cin * 4 * p->nr;
}
static inline void lac__packed_release(lac__packed *packed) {
    lac__attachment_release(packed != NULL ? &packed->base : NULL);
}

#endif
