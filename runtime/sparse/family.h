/*
 * family.h - coordinate sets that were made from one another, and what is derived from them.
 *
 * One reference-counted family owns all of its sets, their indices and the kernel maps between them, and
 * dies with the last handle to any of these; handles to sets and maps count on the family, so there are
 * no cycles. A set remembers the set and the convolution site that it came from.
 */
#ifndef LAC_SPARSE_FAMILY_H
#define LAC_SPARSE_FAMILY_H

#include "core/backend.h"
#include "sparse/index.h"
#include "sparse/neighbours.h"
#include "sparse/pair_lists.h"
#include "sparse/site.h"

typedef struct lac__family {
    atomic_int references;
    lac_context *ctx;
    lac__device *device; /* of all rows, indices and maps */
    struct lac_coords *sets;
    struct lac_kernel_map *maps;
} lac__family;

struct lac_coords {
    lac__family *family;
    struct lac_coords *next;
    lac_tensor *rows; /* int32 [N,4], contiguous, computed */
    lac__index index; /* empty until it is needed */
    bool indexed;
    bool loose; /* the index's box holds the rows, and may be larger than they need */
    bool has_box;
    int64_t box[8]; /* low, high: of the cells that a GPU made the rows of */
    struct lac_coords *parent;
    lac__site made_by; /* when there is a parent */
};

struct lac_kernel_map {
    lac__family *family;
    struct lac_kernel_map *next;
    lac__site site;
    struct lac_coords *in, *out;
    int64_t taps, pairs; /* pairs: -1: of a GPU's map, not asked for yet */
    double owed;         /* multiply-adds a pair that the counters lack for that */
    struct lac_kernel_map *next_owing;
    int64_t centre; /* identity tap, -1: none; its pairs are counted, not stored */
    bool monotone;  /* pairs are sorted by input row as well */
    lac__tap *tap;  /* [taps] as built: sorted by output row */
    lac__block tap_block;
    lac__block *columns; /* memory of the pairs */
    int64_t column_count;
    lac__block columns_block;
    lac__pair_lists forward, reverse;
    bool has_forward, has_reverse;
    lac__neighbours neighbours[2]; /* forward and reverse; derived for ImplicitGEMM */
};

struct lac__device_maps;

/** What the GPU that holds `c` does with coordinates; NULL on the CPU. */
static inline const struct lac__device_maps *lac__device_maps_of(const lac_coords *c) {
    return c->family->device->backend->maps;
}
/** The rows of a set on the CPU. */
static inline const int32_t *lac__rows(const lac_coords *c) {
    return lac__data(c->rows);
}

/** A new family with one set. Takes over the reference to `rows` (int32 [N,4], contiguous), also on failure. */
lac_status lac__coords_adopt(lac_context *ctx, lac_tensor *rows, lac_coords **out);
/** Takes over the reference to `rows`, also on failure. */
lac_status lac__family_add_set(lac__family *family, lac_tensor *rows, lac_coords **out);
/** Builds the index if there is none. */
lac_status lac__coords_need_index(lac_context *ctx, lac_coords *c);
/** Output rows of a strided or generative site on `in`, from the family where it has them. */
lac_status lac__coords_derive(lac_context *ctx, lac_coords *in, const lac__site *site,
                              lac_coords **out);
/** The map of a site, from the family where it has it. Borrowed: it lives as long as the family. */
lac_status lac__map_need(lac_context *ctx, lac_coords *in, lac_coords *out, const lac__site *site,
                         lac_kernel_map **map);
/** Builds the pairs of a new map (merge.c). */
lac_status lac__map_build_pairs(lac_context *ctx, lac_kernel_map *map);
void lac__map_free(lac_kernel_map *map);
/** Pairs over all taps. Waits for a GPU when they are first asked for. */
lac_status lac__map_pairs(lac_context *ctx, lac_kernel_map *map, int64_t *out);
/** Makes the box of the set's index as small as its rows; *changed: it was larger before. */
lac_status lac__coords_tighten(lac_context *ctx, lac_coords *c, bool *changed);

#endif
