/*
 * slots_coords.h - the functions of lac__cuda_maps, and what they share.
 */
#ifndef LAC_CUDA_SLOTS_COORDS_H
#define LAC_CUDA_SLOTS_COORDS_H

#include "host.h"
#include "launch_coords.h"

/** The table of the backend. */
extern const lac__device_maps lac__cuda_maps;

/* slots_coords_derive.c */
lac_status lac__derive__cuda(lac_context *ctx, const lac_coords *in, const lac__site *site,
                             const lac__reach *reach, lac_tensor **out);

/* slots_coords_find.c */
lac_status lac__find__cuda(lac_context *ctx, const lac__index *index, const lac_tensor *query,
                           lac_tensor *found);
lac_status lac__point_index__cuda(lac_context *ctx, const lac_tensor *points,
                                  const lac__index *index, const int32_t stride[3],
                                  lac_tensor *found);
lac_status lac__point_corners__cuda(lac_context *ctx, const lac_tensor *points,
                                    const lac__index *index, const int32_t stride[3], bool nearest,
                                    lac_tensor *found, lac_tensor *weights);

/* slots_coords_maps.c */
lac_status lac__neighbours__cuda(lac_context *ctx, const lac_kernel_map *map, bool reversed,
                                 lac__neighbours *out);
lac_status lac__orders__cuda(lac_context *ctx, lac__neighbours *n, int splits);

/* slots_coords_lists.c */
lac_status lac__lists__cuda(lac_context *ctx, const lac__neighbours *n, int64_t centre,
                            lac__pair_lists *lists);
lac_status lac__count_pairs__cuda(lac_context *ctx, const lac__neighbours *n, int64_t *pairs);

/** The packing of a box, without the margin of the CPU's: kernels look at cells of the box alone.
 *  UNSUPPORTED where it does not fit 63 bits. */
lac_status lac__narrow_packing(const int64_t low[4], const int64_t high[4], lac__packing *packing);

/** An index as kernels search it. */
lac__search lac__search_of(const lac__index *index);
/** A site as kernels see it, without what is kept of its cells. */
lac__geometry lac__geometry_of(const lac__site *site);

/** Takes a piece of a scratch block that is still to be allocated: its offset; *total grows. */
static inline size_t lac__piece(size_t *total, size_t bytes) {
    const size_t at = *total;
    *total += (bytes + 255) & ~(size_t)255;
    return at;
}
/** The piece at that offset. */
static inline void *lac__piece_at(const lac__block *block, size_t offset) {
    return (char *)block->data + offset;
}

#endif
