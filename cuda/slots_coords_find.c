/*
 * slots_coords_find.c - look-ups in an index on a GPU.
 */
#include "slots_coords.h"

#include <string.h>

lac__search lac__search_of(const lac__index *index) {
    lac__search s = {.keys = index->keys.data,
                     .order = lac__index_order(index),
                     .count = index->count,
                     .packing = index->packing};
    memcpy(s.low, index->low, sizeof s.low);
    memcpy(s.high, index->high, sizeof s.high);
    return s;
}

lac_status lac__find__cuda(lac_context *ctx, const lac__index *index, const lac_tensor *query,
                           lac_tensor *found) {
    const lac__search search = lac__search_of(index);
    lac__gpu *gpu = lac__gpu_of(query);
    (void)ctx;
    lac__launch_find_rows(gpu, &search, lac__data(query), query->shape[0], lac__data(found));
    return lac__gpu_check(gpu);
}

lac_status lac__point_index__cuda(lac_context *ctx, const lac_tensor *points,
                                  const lac__index *index, const int32_t stride[3],
                                  lac_tensor *found) {
    const lac__search search = lac__search_of(index);
    lac__gpu *gpu = lac__gpu_of(points);
    (void)ctx;
    lac__launch_point_index(gpu, &search, lac__data(points), points->shape[0], stride,
                            lac__data(found));
    return lac__gpu_check(gpu);
}

lac_status lac__point_corners__cuda(lac_context *ctx, const lac_tensor *points,
                                    const lac__index *index, const int32_t stride[3], bool nearest,
                                    lac_tensor *found, lac_tensor *weights) {
    const lac__search search = lac__search_of(index);
    lac__gpu *gpu = lac__gpu_of(points);
    (void)ctx;
    lac__launch_point_corners(gpu, &search, lac__data(points), points->shape[0], stride, nearest,
                              lac__data(found), lac__data(weights));
    return lac__gpu_check(gpu);
}
