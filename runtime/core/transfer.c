/*
 * transfer.c - tensors from one device to another, and the rule that an operation's tensors share one.
 */
#include "core/backend.h"

lac_status lac__same_device(const char *what, const lac_tensor *a, const lac_tensor *b) {
    if (b == NULL || lac__device_equal(a->storage->device, b->storage->device)) return LAC_OK;
    char first[LAC__DEVICE_TEXT], second[LAC__DEVICE_TEXT];
    return lac__fail(LAC_ERR_DEVICE, "%s on %s, expected %s like the rest: move it with :to()",
                     what, lac__device_text(b->storage->device, second),
                     lac__device_text(a->storage->device, first));
}

static lac_status to_device(lac_context *ctx, lac_tensor *t, lac__device *device,
                            lac_tensor **out) {
    lac_tensor *plain = NULL, *copy = NULL;
    LAC_TRY(lac_contiguous(ctx, t, &plain));
    lac_status status = lac__read(ctx, plain);
    if (status == LAC_OK)
        status = lac__tensor_new_on(ctx, device, t->dtype, t->ndim, t->shape, &copy);
    if (status == LAC_OK) {
        const size_t bytes = (size_t)lac_tensor_numel(t) * lac_dtype_size(t->dtype);
        status = lac__device_copy(device, lac__data(copy), plain->storage->device, lac__data(plain),
                                  bytes);
    }
    lac_tensor_release(plain);
    if (status != LAC_OK) {
        lac_tensor_release(copy);
        return status;
    }
    *out = copy;
    return LAC_OK;
}

lac_status lac_tensor_to(lac_context *ctx, lac_tensor *t, lac_device device, int32_t index,
                         lac_tensor **out) {
    LAC_NEED("tensor_to", ctx, t, out);
    lac__device *target = NULL;
    const lac_status status = lac__device_need(ctx, device, index, &target);
    if (status != LAC_OK) return lac__prefix(status, "to");
    if (!lac__device_equal(target, t->storage->device)) return to_device(ctx, t, target, out);
    lac_tensor_retain(t);
    *out = t;
    return LAC_OK;
}

lac_status lac__on_host(lac_context *ctx, lac_tensor *t, lac_tensor **out) {
    if (!lac__on_cpu(t)) return to_device(ctx, t, &ctx->cpu, out);
    LAC_TRY(lac__read(ctx, t));
    return lac_contiguous(ctx, t, out);
}

lac_status lac__move_result(lac_context *ctx, lac__device *device, lac_tensor **t) {
    if (lac__device_equal(device, (*t)->storage->device)) return LAC_OK;
    lac_tensor *moved = NULL;
    const lac_status status = to_device(ctx, *t, device, &moved);
    lac_tensor_release(*t);
    *t = moved;
    return status;
}
