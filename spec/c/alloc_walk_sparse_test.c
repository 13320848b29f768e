/*
 * alloc_walk_sparse_test.c - refused memory in coordinates, kernel maps, convolutions, pooling and points.
 */
#include "alloc_walk/world.h"

#define CASE(function, ...)                                                                        \
    static lac_status function##_(const world *w, made *m) {                                       \
        return function(__VA_ARGS__);                                                              \
    }
#define OUT (&m->tensors[0])
#define OUT2 (&m->tensors[1])

static const int32_t stride[3] = {2, 2, 2}, one[3] = {1, 1, 1};
static const int32_t range[4] = {1, 8, 8, 8};

CASE(lac_coords_create, w->ctx, w->rows, &m->coords)
CASE(lac_coords_find, w->ctx, w->fresh, w->rows, OUT)
CASE(lac_coords_strided, w->ctx, w->fresh, &down, &m->coords)
CASE(lac_sparse_with_feats, w->ctx, w->x, w->batched, &m->sparse)
CASE(lac_conv3d, w->ctx, w->x, w->k27, &submanifold, &m->sparse)
CASE(lac_pool3d, w->ctx, w->x, LAC_POOL_MAX, &down, &m->sparse)
CASE(lac_to_dense, w->ctx, w->batched, w->fresh, range, 0, OUT)
CASE(lac_point_index, w->ctx, w->batched, w->fresh, stride, OUT)
CASE(lac_point_corners, w->ctx, w->batched, w->fresh, one, 0, OUT, OUT2)
CASE(lac_trilinear_weights, w->ctx, w->points, w->corners, 2, OUT)
CASE(lac_devoxelize, w->ctx, w->a, w->corners, w->weights, OUT)
CASE(lac_scatter_mean, w->ctx, w->a, w->index, 9, NULL, OUT)
CASE(lac_point_voxelize, w->ctx, w->batched, w->batched, 0.5, &m->sparse, OUT, OUT2)
CASE(lac_hash_rows, w->ctx, w->rows, NULL, OUT)
CASE(lac_find_rows, w->ctx, w->wide, w->wide, OUT)
CASE(lac_count_index, w->ctx, w->index, 9, OUT)
CASE(lac_birds_eye, w->ctx, w->points, NULL, 16, 0, OUT)

static lac_status lac_coords_index_(const world *w, made *m) {
    const lac_status s = lac_coords_index(w->ctx, w->fresh);
    m->number = s == LAC_OK;
    return s;
}
static lac_status lac_sparse_create_(const world *w, made *m) {
    const lac_sparse_desc d = {.size = sizeof d, .stride = {1, 1, 1}, .batch_size = 1};
    return lac_sparse_create(w->ctx, w->batched, w->fresh, &d, &m->sparse);
}

/* Down, up again along the cached map, and a generative transpose, by each dataflow. */
static lac_status strided(const world *w, made *m, int dataflow, int generative) {
    lac_conv3d_options o = down, back = down;
    lac_sparse *coarse = NULL;
    lac_tensor *feats = NULL;
    o.dataflow = back.dataflow = dataflow;
    o.bias = w->channel;
    back.transposed = 1;
    back.generative = generative;
    lac_status s = lac_conv3d(w->ctx, w->x, w->k8, &o, &coarse);
    if (s == LAC_OK) s = force(w->ctx, feats = lac_sparse_feats(coarse));
    if (s == LAC_OK) s = lac_conv3d(w->ctx, coarse, w->k8, &back, &m->sparse);
    lac_tensor_release(feats);
    lac_sparse_release(coarse);
    return s;
}
static lac_status implicit_(const world *w, made *m) {
    return strided(w, m, LAC_DATAFLOW_IMPLICIT_GEMM, 0);
}
static lac_status gather_scatter_(const world *w, made *m) {
    return strided(w, m, LAC_DATAFLOW_GATHER_SCATTER, 0);
}
static lac_status fetch_on_demand_(const world *w, made *m) {
    return strided(w, m, LAC_DATAFLOW_FETCH_ON_DEMAND, 1);
}
/* Sorted by tap mask in parts, and computed at once; weights that give their memory to their packed form. */
static lac_status sorted_(const world *w, made *m) {
    lac_conv3d_options o = submanifold;
    o.dataflow = LAC_DATAFLOW_IMPLICIT_GEMM;
    o.sort = 2;
    o.splits = 3;
    lac_tensor_allow_packed(w->k27);
    const lac_status s = lac_conv3d(w->ctx, w->x, w->k27, &o, &m->sparse);
    return s;
}
static lac_status minkowski_(const world *w, made *m) {
    lac_conv3d_options o = down;
    o.downsample_mode = LAC_DOWNSAMPLE_MINKOWSKI;
    o.kmap_mode = LAC_KMAP_HASHMAP;
    for (int i = 0; i < 3; i++) o.kernel_size[i] = 3;
    return lac_conv3d(w->ctx, w->x, w->k27, &o, &m->sparse);
}
static lac_status lac_kernel_map_build_(const world *w, made *m) {
    return lac_kernel_map_build(w->ctx, w->x, &down, &m->map, &m->coords);
}
static lac_status lac_kernel_map_pairs_(const world *w, made *m) {
    world_maps(w);
    return lac_kernel_map_pairs(w->ctx, w->map, 13, OUT);
}
static lac_status lac_kernel_map_transpose_(const world *w, made *m) {
    world_maps(w);
    return lac_kernel_map_transpose(w->ctx, w->map, &m->map);
}
static lac_status lac_tuning_key_make_(const world *w, made *m) {
    lac_tuning_key key = {0};
    const lac_status s = lac_tuning_key_make(w->ctx, w->x, &submanifold, 8, &key);
    if (s == LAC_OK) m->number = mix(1, &key, sizeof key);
    return s;
}
/* Enough of them to make the list grow. */
static lac_status lac_tuning_set_(const world *w, made *m) {
    const lac_tuning_choice choice = {.dataflow = LAC_DATAFLOW_FETCH_ON_DEMAND};
    for (int i = 1; i <= 100; i++) {
        const lac_tuning_key key = {.taps = 27, .cin = i, .cout = 1};
        const lac_status s = lac_tuning_set(w->ctx, &key, &choice);
        if (s != LAC_OK) return s;
    }
    m->number = (uint64_t)lac_tuning_count(w->ctx);
    return LAC_OK;
}
static lac_status lac_quantize_(const world *w, made *m) {
    const lac_quantize_options o = {.size = sizeof o,
                                    .voxel_size = {1, 1, 1},
                                    .reduce = LAC_POINT_MEAN,
                                    .origin_min = 1,
                                    .feats = w->a};
    return lac_quantize(w->ctx, w->points, &o, &m->sparse, OUT, OUT2, NULL);
}
static lac_status voxelize(const world *w, made *m, int dynamic) {
    const lac_voxelize_options o = {.size = sizeof o,
                                    .dynamic = dynamic,
                                    .raw = !dynamic,
                                    .voxel_size = {1, 1, 1},
                                    .range = {0, 0, 0, 8, 8, 8},
                                    .max_points = dynamic ? 0 : 3,
                                    .max_voxels = dynamic ? 0 : 30,
                                    .batch = w->sample};
    lac_voxelize_info info = {0};
    const lac_status s = lac_voxelize(w->ctx, w->points, &o, &m->sparse, &info);
    m->tensors[0] = info.num_points;
    m->tensors[1] = info.point_voxel;
    m->tensors[2] = info.voxels;
    return s;
}
static lac_status lac_voxelize_(const world *w, made *m) {
    return voxelize(w, m, 0);
}
static lac_status dynamic_(const world *w, made *m) {
    return voxelize(w, m, 1);
}
static lac_status lac_synthetic_scan_(const world *w, made *m) {
    const lac_scan_options o = {.size = sizeof o, .beams = 4, .azimuths = 8, .seed = 3};
    return lac_synthetic_scan(w->ctx, &o, OUT, OUT2);
}

#define ROW(function)                                                                              \
    { #function, function##_, NULL }
static const walk_case cases[] = {
    ROW(lac_coords_create),

    ROW(lac_coords_index),
    ROW(lac_coords_find),
    ROW(lac_coords_strided),
    ROW(lac_sparse_create),
    ROW(lac_sparse_with_feats),
    ROW(lac_conv3d),
    {"lac_conv3d by ImplicitGEMM", implicit_, NULL},
    {"lac_conv3d by GatherScatter", gather_scatter_, NULL},
    {"lac_conv3d by FetchOnDemand", fetch_on_demand_, NULL},
    {"lac_conv3d sorted", sorted_, NULL},
    {"lac_conv3d of Minkowski", minkowski_, NULL},
    ROW(lac_kernel_map_build),
    ROW(lac_kernel_map_pairs),
    ROW(lac_kernel_map_transpose),
    ROW(lac_tuning_key_make),
    ROW(lac_tuning_set),
    ROW(lac_pool3d),
    ROW(lac_to_dense),
    ROW(lac_quantize),
    ROW(lac_voxelize),
    {"lac_voxelize dynamic", dynamic_, NULL},
    ROW(lac_point_index),
    ROW(lac_point_corners),
    ROW(lac_trilinear_weights),
    ROW(lac_devoxelize),
    ROW(lac_scatter_mean),
    ROW(lac_point_voxelize),
    ROW(lac_hash_rows),
    ROW(lac_find_rows),
    ROW(lac_count_index),
    ROW(lac_birds_eye),
    ROW(lac_synthetic_scan),
};

int main(int argc, char **argv) {
    begin();
    /* The plugin is opened before its calls are walked. */
    world *w = world_make();
    made m = {0};
    OK(lac_birds_eye_(w, &m));
    lac_tensor_release(m.tensors[0]);
    world_free(w);
    find_libraries();
    walk_all(cases, sizeof cases / sizeof *cases, argc, argv);
    return finish();
}
