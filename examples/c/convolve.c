/*
 * convolve.c - the C API in one page: points that the host owns, voxels, a 3x3x3 convolution, numbers.
 *
 *   cc convolve.c $(pkg-config --cflags --libs lacuna) -o convolve
 */
#include <lacuna/lacuna.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void check(lac_status status) {
    if (status == LAC_OK) return;
    fprintf(stderr, "convolve: %s\n", lac_last_error());
    exit(1);
}

static lac_tensor *make(lac_context *ctx, void *data, int32_t ndim, const int64_t *shape) {
    lac_tensor_desc desc = {.size = sizeof desc, .dtype = LAC_DTYPE_F32, .ndim = ndim};
    for (int32_t i = 0; i < ndim; ++i) desc.shape[i] = shape[i];
    lac_tensor *t = NULL;
    check(lac_tensor_wrap(ctx, &desc, data, NULL, NULL, &t)); /* no copy: `data` must outlive `t` */
    return t;
}

int main(void) {
    /* x y z intensity, as a driver hands them over: two neighbours, a copy of one, one far away. */
    static float points[4][4] = {
        {0.05f, 0.05f, 0.05f, 1.0f},
        {0.15f, 0.05f, 0.05f, 2.0f},
        {0.16f, 0.06f, 0.06f, 9.0f},
        {5.05f, 0.05f, 0.05f, 4.0f},
    };
    /* 27 taps, 4 channels in, 1 out: sums the intensity of the neighbourhood. */
    static float weight[27][4][1];
    for (int tap = 0; tap < 27; ++tap) weight[tap][3][0] = 1.0f;

    lac_context *ctx = NULL;
    check(lac_context_create(NULL, &ctx));
    lac_tensor *cloud = make(ctx, points, 2, (int64_t[]){4, 4});
    lac_tensor *w = make(ctx, weight, 3, (int64_t[]){27, 4, 1});

    lac_quantize_options voxels = {.size = sizeof voxels, .voxel_size = {0.1, 0.1, 0.1}};
    lac_sparse *x = NULL;
    lac_tensor *inverse = NULL;
    check(lac_quantize(ctx, cloud, &voxels, &x, &inverse, NULL, NULL));

    lac_conv3d_options conv = {
        .size = sizeof conv,
        .kernel_size = {3, 3, 3},
        .stride = {1, 1, 1},
        .padding = {-1, -1, -1},
        .dilation = {1, 1, 1},
        .kmap_mode = -1,
        .downsample_mode = -1,
    };
    lac_sparse *y = NULL;
    check(lac_conv3d(ctx, x, w, &conv, &y));

    /* Nothing was computed yet: the result is pending until somebody reads it. */
    lac_tensor *feats = lac_sparse_feats(y);
    lac_coords *coords = lac_sparse_coords(y);
    int64_t n = lac_coords_count(coords);
    float sums[4];
    int64_t voxel_of[4];
    check(lac_tensor_download(ctx, feats, sums, (uint64_t)n * sizeof *sums));
    check(lac_tensor_download(ctx, inverse, voxel_of, sizeof voxel_of));
    printf("%lld voxels\n", (long long)n);
    for (int i = 0; i < 4; ++i) {
        printf("point %d is in voxel %lld: %g\n", i, (long long)voxel_of[i],
               (double)sums[voxel_of[i]]);
    }

    lac_coords_release(coords);
    lac_tensor_release(feats);
    lac_sparse_release(y);
    lac_tensor_release(inverse);
    lac_sparse_release(x);
    lac_tensor_release(w);
    lac_tensor_release(cloud);
    lac_context_release(ctx);
    return 0;
}
