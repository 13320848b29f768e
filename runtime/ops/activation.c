/*
 * activation.c - ReLU, LeakyReLU, SiLU.
 */
#include "ops/gemm_producer.h"

lac_status lac_activate(lac_context *ctx, lac_activation kind, double slope, lac_tensor *x,
                        lac_tensor **out) {
    LAC_NEED("activate", ctx, x, out);
    static const char *const names[] = {"identity", "relu", "leaky_relu", "silu"};
    if ((int)kind < 0 || kind > LAC_ACT_SILU)
        return lac__fail(LAC_ERR_ARGUMENT, "activate: there is no activation %d", (int)kind);
    LAC_TRY(lac__check_interrupt(ctx));
    const lac__stage stage = {.kind = LAC__ACTIVATION, .activation = kind, .slope = (float)slope};
    return lac__apply_stage(ctx, names[kind], x, &stage, out);
}
