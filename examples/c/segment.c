/*
 * segment.c - labels for a buffer of points: voxels, MinkUNet, the class of each point.
 *
 *   cc segment.c $(pkg-config --cflags --libs lacuna_script) -o segment
 *   ./segment [WEIGHTS.h5]        without weights the network is freshly initialised
 *
 * The network is a Lua script, models/minkunet.lua; all else here are operations of the C library.
 */
#include <lacuna/lacuna_script.h>

#include <stdio.h>
#include <stdlib.h>

enum { POINTS = 20000, COLUMNS = 4, CLASSES = 19 };

static void check(lac_status status) {
    if (status == LAC_OK) return;
    fprintf(stderr, "segment: %s\n", lac_last_error());
    exit(1);
}

static void print_record(void *user, lac_log_level level, const char *text) {
    (void)user;
    if (level == LAC_LOG_WARNING) fprintf(stderr, "segment: %s\n", text);
}

/* What a sensor would deliver: a floor and a wall, x y z intensity. */
static void fill(float points[POINTS][COLUMNS]) {
    for (int i = 0; i < POINTS; ++i) {
        const float u = (float)(i % 200) * 0.05f, v = (float)(i / 200) * 0.05f;
        points[i][0] = i % 2 ? u : 10.0f;
        points[i][1] = i % 2 ? v : u;
        points[i][2] = i % 2 ? 0.0f : v;
        points[i][3] = i % 2 ? 0.2f : 0.7f;
    }
}

/* The buffer as a tensor, not copied: it outlives the tensor. */
static lac_tensor *wrap(lac_context *ctx, float points[POINTS][COLUMNS]) {
    lac_tensor_desc desc = {
        .size = sizeof desc, .dtype = LAC_DTYPE_F32, .ndim = 2, .shape = {POINTS, COLUMNS}};
    lac_tensor *t = NULL;
    check(lac_tensor_wrap(ctx, &desc, points, NULL, NULL, &t));
    return t;
}

/* The class of each voxel. */
static lac_tensor *classify(lac_context *ctx, lac_model *net, lac_sparse *x) {
    const lac_value input = {.kind = LAC_VALUE_SPARSE, .sparse = x};
    lac_value logits;
    lac_tensor *classes = NULL;
    check(lac_model_forward(net, &input, 1, &logits, 1));
    if (logits.kind != LAC_VALUE_TENSOR) {
        fprintf(stderr, "segment: the model gave no tensor\n");
        exit(1);
    }
    check(lac_reduce(ctx, LAC_REDUCE_ARGMAX, logits.tensor, 1, 0, &classes));
    lac_value_release(&logits);
    return classes;
}

int main(int argc, char **argv) {
    static float points[POINTS][COLUMNS];
    static int64_t labels[POINTS];
    fill(points);

    const lac_context_options options = {.size = sizeof options, .log = print_record};
    lac_context *ctx = NULL;
    lac_weights *weights = NULL;
    lac_script *script = NULL;
    lac_model *net = NULL;
    check(lac_context_create(&options, &ctx));
    check(lac_script_create(ctx, NULL, &script));
    if (argc > 1) check(lac_weights_open(argv[1], &weights));
    check(lac_script_load_model(script, "minkunet", weights ? NULL : "{\"num_classes\": 19}",
                                weights, &net));

    lac_tensor *cloud = wrap(ctx, points), *voxel_of = NULL, *of_points = NULL;
    const lac_quantize_options grid = {.size = sizeof grid, .voxel_size = {0.05, 0.05, 0.05}};
    lac_sparse *x = NULL;
    const double start = lac_clock();
    check(lac_quantize(ctx, cloud, &grid, &x, &voxel_of, NULL, NULL));
    lac_tensor *classes = classify(ctx, net, x);
    check(lac_index_select(ctx, classes, 0, voxel_of, &of_points)); /* no point was dropped */
    check(lac_tensor_download(ctx, of_points, labels, sizeof labels));
    const double seconds = lac_clock() - start;

    static int64_t histogram[CLASSES];
    for (int i = 0; i < POINTS; ++i)
        if (labels[i] >= 0 && labels[i] < CLASSES) histogram[labels[i]]++;
    printf("%d points in %lld voxels\n", POINTS, (long long)lac_tensor_numel(classes));
    for (int c = 0; c < CLASSES; ++c)
        if (histogram[c] > 0) printf("class %d: %lld points\n", c, (long long)histogram[c]);
    fprintf(stderr, "%.0f ms\n", seconds * 1e3);

    lac_tensor_release(of_points);
    lac_tensor_release(classes);
    lac_sparse_release(x);
    lac_tensor_release(voxel_of);
    lac_model_release(net);
    lac_script_release(script);
    lac_tensor_release(cloud);
    lac_weights_release(weights);
    lac_context_release(ctx);
    return 0;
}
