/*
 * dense_cat.c - concatenation: copies into narrowed parts of the result.
 */
#include "core/shape.h"
#include "ops/cat_producer.h"

/* Checks the list against its first tensor and gives the result's shape. */
static lac_status cat_shape(lac_tensor *const *list, int32_t count, int32_t d, lac__shape *shape) {
    const lac_tensor *first = list[0];
    *shape = lac__shape_of(first);
    for (int32_t i = 1; i < count; i++) {
        const lac_tensor *t = list[i];
        if (t->dtype != first->dtype)
            return lac__fail(LAC_ERR_DTYPE, "cat: %s and %s, expected one dtype",
                             lac_dtype_name(first->dtype), lac_dtype_name(t->dtype));
        LAC_TRY(lac__same_device("cat: an item", first, t));
        bool fits = t->ndim == first->ndim;
        for (int32_t j = 0; fits && j < t->ndim; j++)
            fits = j == d || t->shape[j] == first->shape[j];
        if (!fits) {
            char a[LAC__SHAPE_TEXT], b[LAC__SHAPE_TEXT];
            return lac__fail(
                LAC_ERR_SHAPE,
                "cat: shapes %s and %s differ in another dimension than the joined one",
                lac__shape_text(first, a), lac__shape_text(t, b));
        }
        if (__builtin_add_overflow(shape->size[d], t->shape[d], &shape->size[d]))
            return lac__fail(LAC_ERR_SHAPE, "cat: more than 2^63 rows");
    }
    return LAC_OK;
}

lac_status lac__cat_copy(lac_context *ctx, lac_tensor *const *list, int32_t count, int32_t d,
                         lac_tensor *out) {
    lac_tensor part = *out;
    for (int32_t i = 0; i < count; i++) {
        part.shape[d] = list[i]->shape[d];
        const lac__copy_args args = {.src = list[i], .dst = &part};
        LAC_TRY(LAC__DISPATCH(ctx, out, copy, &args));
        part.offset += part.shape[d] * part.stride[d];
    }
    return LAC_OK;
}

/* Two matrices of features, whose readers may do without the copy. */
static bool can_wait(lac_tensor *const *list, int32_t count, int32_t d) {
    const lac_dtype dtype = list[0]->dtype;
    return count == 2 && d == 1 && list[0]->ndim == 2 && lac__is_floating(dtype) &&
           dtype != LAC_DTYPE_F64;
}

lac_status lac_cat(lac_context *ctx, lac_tensor *const *list, int32_t count, int32_t dim,
                   lac_tensor **out) {
    LAC_NEED("cat", ctx, out);
    if (count > 0) LAC_NEED("cat", list);
    for (int32_t i = 0; i < count; i++) LAC_NEED("cat", list[i]);
    if (count < 1)
        return lac__fail(LAC_ERR_ARGUMENT, "cat: an empty list, expected at least one tensor");
    int32_t d = 0;
    LAC_TRY(lac__dimension("cat", list[0], dim, &d));
    lac__shape shape;
    LAC_TRY(cat_shape(list, count, d, &shape));
    if (can_wait(list, count, d)) return lac__cat_defer(ctx, list[0], list[1], out);
    for (int32_t i = 0; i < count; i++) LAC_TRY(lac__read(ctx, list[i]));
    lac_tensor *r = NULL;
    LAC_TRY(lac__tensor_new_beside(ctx, list[0], list[0]->dtype, shape.ndim, shape.size, &r));
    const lac_status status = lac__cat_copy(ctx, list, count, d, r);
    if (status != LAC_OK) {
        lac_tensor_release(r);
        return status;
    }
    *out = r;
    return LAC_OK;
}
