/*
 * world.h - small objects of every kind for the walks through tensors, layers, sparse tensors and points.
 */
#ifndef SPEC_ALLOC_WALK_WORLD_H
#define SPEC_ALLOC_WALK_WORLD_H

#include "alloc_walk/walk.h"

enum { ROWS = 40, CHANNELS = 4 };

struct world {
    lac_context *ctx;
    lac_tensor *points;            /* float32 [ROWS,4], several to a voxel */
    lac_tensor *batched;           /* float32 [ROWS,4]: (b,x,y,z) */
    lac_tensor *a, *b;             /* float32 [ROWS,CHANNELS] */
    lac_tensor *square, *channel;  /* float32 [CHANNELS,CHANNELS], [CHANNELS] */
    lac_tensor *mean, *var;        /* float32 [CHANNELS], which a training batch_norm writes */
    lac_tensor *k27, *k8;          /* weights of 27 and 8 taps */
    lac_tensor *mask;              /* uint8 [ROWS,CHANNELS] */
    lac_tensor *index, *sample;    /* int64 [ROWS] */
    lac_tensor *wide;              /* int64 [ROWS,CHANNELS] of row numbers */
    lac_tensor *rows;              /* int32 [.,4], unique */
    lac_tensor *corners, *weights; /* int64 and float32 [ROWS,8] */
    lac_tensor *image;             /* uint8 [8,5,3] */
    lac_sparse *x, *coarse;        /* of points; strided by 2 */
    lac_coords *coords, *fresh;    /* of x; of its rows, in a family without an index */
    lac_kernel_map *map;           /* of a submanifold kernel on x */
};

static const lac_conv3d_options submanifold = {.size = sizeof submanifold,
                                               .kernel_size = {3, 3, 3},
                                               .padding = {-1, -1, -1},
                                               .kmap_mode = -1,
                                               .downsample_mode = -1};
static const lac_conv3d_options down = {.size = sizeof down,
                                        .kernel_size = {2, 2, 2},
                                        .stride = {2, 2, 2},
                                        .padding = {-1, -1, -1},
                                        .kmap_mode = -1,
                                        .downsample_mode = -1};

static lac_context *world_context(const world *w) {
    return w->ctx;
}

static inline void world_tensor(world *w, lac_tensor **to, lac_dtype dtype, int64_t first,
                                int64_t second, int64_t third, int modulus) {
    const int32_t ndim = third > 0 ? 3 : second > 0 ? 2 : 1;
    static double data[2048];
    const int64_t n = first * (second > 0 ? second : 1) * (third > 0 ? third : 1);
    for (int64_t i = 0; i < n; i++) {
        const int value = (int)(i * 7 % modulus);
        switch ((int)dtype) {
        case LAC_DTYPE_F32: ((float *)(void *)data)[i] = (float)value * 0.5f; break;
        case LAC_DTYPE_I64: ((int64_t *)(void *)data)[i] = value; break;
        case LAC_DTYPE_I32: ((int32_t *)(void *)data)[i] = value; break;
        default: ((uint8_t *)(void *)data)[i] = (uint8_t)value; break;
        }
    }
    *to = tensor(w->ctx, dtype, data, ndim, first, second, third);
}

static world *world_make(void) {
    world *w = calloc(1, sizeof *w);
    const lac_context_options options = {
        .size = sizeof options, .threads = 2, .alloc = host_alloc, .free = host_free};
    if (w == NULL || lac_context_create(&options, &w->ctx) != LAC_OK) return free(w), NULL;
    world_tensor(w, &w->points, LAC_DTYPE_F32, ROWS, 4, 0, 11);
    world_tensor(w, &w->a, LAC_DTYPE_F32, ROWS, CHANNELS, 0, 23);
    world_tensor(w, &w->b, LAC_DTYPE_F32, ROWS, CHANNELS, 0, 17);
    world_tensor(w, &w->square, LAC_DTYPE_F32, CHANNELS, CHANNELS, 0, 5);
    world_tensor(w, &w->channel, LAC_DTYPE_F32, CHANNELS, 0, 0, 13);
    world_tensor(w, &w->mean, LAC_DTYPE_F32, CHANNELS, 0, 0, 3);
    world_tensor(w, &w->var, LAC_DTYPE_F32, CHANNELS, 0, 0, 9);
    world_tensor(w, &w->k27, LAC_DTYPE_F32, 27, CHANNELS, CHANNELS, 19);
    world_tensor(w, &w->k8, LAC_DTYPE_F32, 8, CHANNELS, CHANNELS, 19);
    world_tensor(w, &w->mask, LAC_DTYPE_U8, ROWS, CHANNELS, 0, 2);
    world_tensor(w, &w->index, LAC_DTYPE_I64, ROWS, 0, 0, 9);
    world_tensor(w, &w->sample, LAC_DTYPE_I64, ROWS, 0, 0, 2);
    world_tensor(w, &w->wide, LAC_DTYPE_I64, ROWS, CHANNELS, 0, 9);
    world_tensor(w, &w->corners, LAC_DTYPE_I64, ROWS, 8, 0, 9);
    world_tensor(w, &w->weights, LAC_DTYPE_F32, ROWS, 8, 0, 3);
    world_tensor(w, &w->image, LAC_DTYPE_U8, 8, 5, 3, 251);
    const lac_quantize_options q = {.size = sizeof q, .voxel_size = {1, 1, 1}};
    OK(lac_quantize(w->ctx, w->points, &q, &w->x, NULL, NULL, NULL));
    w->coords = lac_sparse_coords(w->x);
    OK(lac_coords_tensor(w->ctx, w->coords, &w->rows));
    OK(lac_coords_create(w->ctx, w->rows, &w->fresh));
    OK(lac_convert(w->ctx, w->rows, LAC_DTYPE_F32, &w->batched));
    return w;
}

/* A case whose call starts from maps asks for them. */
static inline void world_maps(const world *w) {
    world *all = (world *)(uintptr_t)w;
    const int was = atomic_exchange(&armed, 0);
    if (w->map == NULL) {
        OK(lac_kernel_map_build(w->ctx, w->x, &submanifold, &all->map, NULL));
        OK(lac_conv3d(w->ctx, w->x, w->k8, &down, &all->coarse));
    }
    atomic_store(&armed, was);
}

static void world_free(world *w) {
    if (w == NULL) return;
    lac_tensor *const tensors[] = {w->points,  w->batched, w->a,      w->b,    w->square,
                                   w->channel, w->mean,    w->var,    w->k27,  w->k8,
                                   w->mask,    w->index,   w->sample, w->wide, w->rows,
                                   w->corners, w->weights, w->image};
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) lac_tensor_release(tensors[i]);
    lac_sparse_release(w->x);
    lac_sparse_release(w->coarse);
    lac_coords_release(w->coords);
    lac_coords_release(w->fresh);
    lac_kernel_map_release(w->map);
    lac_context_release(w->ctx);
    free(w);
}

#endif
