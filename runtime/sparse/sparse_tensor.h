/*
 * sparse_tensor.h - features on the rows of a coordinate set.
 */
#ifndef LAC_SPARSE_SPARSE_TENSOR_H
#define LAC_SPARSE_SPARSE_TENSOR_H

#include "sparse/family.h"

struct lac_sparse {
    atomic_int references;
    lac_context *ctx;
    lac_tensor *feats; /* [N,C], possibly pending */
    lac_coords *coords;
    lac_sparse_desc desc;
};

#endif
