/*
 * coords_transfer.c - a coordinate set on another device: a new family with the same lineage.
 *
 * The set and those that it came from are copied, so that a transposed convolution walks back there as it
 * does here; indices and maps are made there when they are needed. Duplicate rows that an index has ruled
 * out here are looked for again.
 */
#include "sparse/family.h"

/* Copies `c` into `family`, or makes the family of it. */
static lac_status copy_set(lac_context *ctx, const lac_coords *c, lac__device *device,
                           lac__family *family, lac_coords **out) {
    lac_tensor *rows = NULL;
    LAC_TRY(lac_tensor_to(ctx, c->rows, device->kind, device->index, &rows));
    return family == NULL ? lac__coords_adopt(ctx, rows, out)
                          : lac__family_add_set(family, rows, out);
}

lac_status lac_coords_to(lac_context *ctx, lac_coords *c, lac_device device, int32_t index,
                         lac_coords **out) {
    LAC_NEED("coords_to", ctx, c, out);
    lac__device *target = NULL;
    LAC_TRY(lac__check_interrupt(ctx));
    const lac_status found = lac__device_need(ctx, device, index, &target);
    if (found != LAC_OK) return lac__prefix(found, "to");
    if (lac__device_equal(target, c->family->device)) {
        lac_coords_retain(c);
        *out = c;
        return LAC_OK;
    }
    lac_coords *first = NULL, *finer = NULL;
    for (const lac_coords *from = c; from != NULL; from = from->parent) {
        lac_coords *copy = NULL;
        const lac_status status =
            copy_set(ctx, from, target, first == NULL ? NULL : first->family, &copy);
        if (status != LAC_OK) {
            lac_coords_release(first);
            return status;
        }
        copy->made_by = from->made_by;
        if (finer != NULL) finer->parent = copy;
        finer = copy;
        if (first == NULL) first = copy;
    }
    *out = first;
    return LAC_OK;
}

void lac_coords_device(const lac_coords *c, lac_device *device, int32_t *index) {
    if (c == NULL || device == NULL || index == NULL) return;
    *device = c->family->device->kind;
    *index = c->family->device->index;
}
