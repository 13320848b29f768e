/*
 * scan.c - a spinning laser scanner on a car in the street of scan_scene.c.
 *
 * Every ray draws its random numbers from a stream of its own, so that the result is the same for
 * any number of threads. The beams are spaced as on the scanner of the KITTI data: the upper half
 * from 2 degrees above the horizon down to -8.5, the lower half on to -24.4.
 */
#include "io/io.h"
#include "io/scan_scene.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

typedef struct echo {
    float x, y, z, intensity;
    int32_t label; /* 0: none */
} echo;

static double beam_pitch(int beam, int beams) {
    const double u = (beam + 0.5) / beams;
    return (u < 0.5 ? 2 - 21 * u : -8.7 - 31.4 * (u - 0.5)) * pi / 180;
}

/* Weak echoes get lost: from dark, far, or grazed surfaces; close by, the car itself is in the way.
 */
static bool is_lost(const lac__scan_hit *hit, lac__scan_random *random) {
    const double weak = (1 - hit->reflectance) * hit->distance / LAC__SCAN_RANGE;
    const double blocked = hit->distance < 5.5 ? 0.12 * (5.5 - hit->distance) : 0;
    return lac__scan_uniform(random) <
           0.015 + 0.4 * weak * weak + blocked + (hit->distance > 65 ? 0.25 : 0);
}

static echo cast(const lac__scan_scene *scene, const lac_scan_options *options, int beam,
                 int column) {
    lac__scan_random random = lac__scan_stream(options->seed ^ 0x5ca9u,
                                               (uint64_t)beam << 32 | (uint64_t)(uint32_t)column);
    lac__scan_random laser = lac__scan_stream(options->seed ^ 0x1a5eu, (uint64_t)beam);
    const double bias = 0.012 * lac__scan_noise(&laser), tilt = 0.0012 * lac__scan_noise(&laser);
    const double skew =
        lac__scan_between(&laser, -0.01, 0.01); /* lasers do not fire all in one plane */
    const double pitch =
        beam_pitch(beam, options->beams) + tilt + 0.0002 * lac__scan_noise(&random);
    const double azimuth =
        pi - 2 * pi * (column + 0.5 + 0.1 * lac__scan_noise(&random)) / options->azimuths + skew;
    const double ray[3] = {cos(pitch) * cos(azimuth), cos(pitch) * sin(azimuth), sin(pitch)};
    lac__scan_hit hit = {.distance = LAC__SCAN_RANGE};
    lac__scan_hit_objects(scene, ray, azimuth, &random, &hit);
    lac__scan_hit_ground(scene, ray, &random, &hit);
    echo e = {.label = 0};
    if (hit.label == 0 || hit.distance >= LAC__SCAN_RANGE || is_lost(&hit, &random)) return e;
    const double distance = hit.distance + bias + 0.016 * lac__scan_noise(&random);
    const double strength =
        hit.reflectance * (1.1 - 0.006 * distance) + 0.06 * lac__scan_noise(&random);
    e.x = (float)(distance * ray[0]);
    e.y = (float)(distance * ray[1]);
    e.z = (float)(distance * ray[2]);
    e.intensity = (float)fmin(fmax(strength, 0), 0.99);
    e.label = hit.label;
    return e;
}

static lac_status check_options(const lac_scan_options *options) {
    if (options == NULL || options->size != sizeof *options)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "synthetic_scan: options.size is not sizeof(lac_scan_options)");
    if (options->beams < 1 || options->beams > 1024)
        return lac__fail(LAC_ERR_ARGUMENT, "synthetic_scan: beams = %d, expected 1 to 1024",
                         options->beams);
    if (options->azimuths < 1 || options->azimuths > 65536)
        return lac__fail(LAC_ERR_ARGUMENT, "synthetic_scan: azimuths = %d, expected 1 to 65536",
                         options->azimuths);
    return LAC_OK;
}

static void copy_echoes(const echo *echoes, int64_t rays, float *points, int64_t *labels) {
    int64_t n = 0;
    for (int64_t i = 0; i < rays; i++) {
        if (echoes[i].label == 0) continue;
        points[4 * n] = echoes[i].x;
        points[4 * n + 1] = echoes[i].y;
        points[4 * n + 2] = echoes[i].z;
        points[4 * n + 3] = echoes[i].intensity;
        labels[n++] = echoes[i].label;
    }
}

static lac_status scan(lac_context *ctx, const lac_scan_options *options, lac__scan_scene *scene,
                       echo *echoes, lac_tensor **points, lac_tensor **labels) {
    lac__scan_build(scene, options->seed);
    scene->bin_objects = NULL;
    lac__scan_fill_bins(scene);
    lac__block bins = {0};
    LAC_TRY(lac__host->buffer_alloc(ctx, sizeof(int) * (size_t)(scene->capacity + 1), &bins));
    scene->bin_objects = bins.data;
    lac__scan_fill_bins(scene);
    /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): num_threads reads it */
    const int columns = options->azimuths, threads = lac__host->threads(ctx);
    const int64_t rays = (int64_t)options->beams * columns;
    int64_t hits = 0;
#pragma omp parallel for schedule(dynamic, 256) num_threads(threads) reduction(+ : hits)
    for (int64_t i = 0; i < rays; i++) {
        echoes[i] = cast(scene, options, (int)(i / columns), (int)(i % columns));
        hits += echoes[i].label != 0;
    }
    lac__host->buffer_free(ctx, &bins);
    const int64_t shape[2] = {hits, 4};
    lac_tensor *p = NULL, *l = NULL;
    LAC_TRY(lac__host->tensor_new(ctx, LAC_DTYPE_F32, 2, shape, &p));
    const lac_status status = lac__host->tensor_new(ctx, LAC_DTYPE_I64, 1, shape, &l);
    if (status != LAC_OK) {
        lac__drop(p);
        return status;
    }
    copy_echoes(echoes, rays, lac__host->tensor_memory(p), lac__host->tensor_memory(l));
    *points = p;
    *labels = l;
    return LAC_OK;
}

lac_status lac__synthetic_scan(lac_context *ctx, const lac_scan_options *options,
                               lac_tensor **points, lac_tensor **labels) {
    LAC_TRY(check_options(options));
    const size_t rays = (size_t)options->beams * (size_t)options->azimuths;
    lac__block scene = {0}, echoes = {0};
    lac_status status = lac__host->buffer_alloc(ctx, sizeof(lac__scan_scene), &scene);
    if (status == LAC_OK) status = lac__host->buffer_alloc(ctx, rays * sizeof(echo), &echoes);
    if (status == LAC_OK) status = scan(ctx, options, scene.data, echoes.data, points, labels);
    lac__host->buffer_free(ctx, &echoes);
    lac__host->buffer_free(ctx, &scene);
    return status;
}
