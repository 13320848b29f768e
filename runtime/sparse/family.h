/*
 * family.h - coordinate sets that were made from one another, and what is derived from them.
 *
 * One reference-counted family owns all of its sets, their indices and the kernel maps between them, and
 * dies with the last handle to any of these; handles to sets and maps count on the family, so there are
 * no cycles. A set remembers the set and the convolution site that it came from.
 */
#ifndef LAC_SPARSE_FAMILY_H
#define LAC_SPARSE_FAMILY_H

#include "sparse/index.h"
#include "sparse/neighbours.h"
#include "sparse/pair_lists.h"
#include "sparse/site.h"

typedef struct lac__family {
    atomic_int references;
    lac_context *ctx;
    struct lac_coords *sets;
    struct lac_kernel_map *maps;
} lac__family;

struct lac_coords {
    lac__family *family;
    struct lac_coords *next;
    lac_tensor *rows; /* int32 [N,4], contiguous, computed */
    lac__index index; /* empty until it is needed */
    bool indexed;
    struct lac_coords *parent;
    lac__site made_by; /* when there is a parent */
};

struct lac_kernel_map {
    lac__family *family;
    struct lac_kernel_map *next;
    lac__site site;
    struct lac_coords *in, *out;
    int64_t taps, pairs;
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

#endif
