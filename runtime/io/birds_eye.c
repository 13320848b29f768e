/*
 * birds_eye.c - a picture of points from above: x up, y left, the highest point of a pixel on top.
 */
#include "io/host.h"
#include "io/io.h"

#include <math.h>
#include <string.h>

enum { MOST_PIXELS = 16384 };

static const unsigned char background[3] = {16, 16, 20};

typedef struct view {
    double x0, y0;    /* at the centre */
    double per_metre; /* pixels */
    int32_t pixels;
} view;

static bool is_finite_point(const float *p) {
    return isfinite(p[0]) && isfinite(p[1]) && isfinite(p[2]);
}

/* Around the origin, or the square around the points' own box. */
static view choose_view(const float *points, int64_t rows, int64_t columns, int32_t pixels,
                        double half_extent) {
    view v = {.pixels = pixels};
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    if (half_extent <= 0) {
        for (int64_t i = 0; i < rows; i++) {
            const float *p = points + i * columns;
            if (!is_finite_point(p)) continue;
            for (int a = 0; a < 2; a++) {
                low[a] = fmin(low[a], (double)p[a]);
                high[a] = fmax(high[a], (double)p[a]);
            }
        }
        half_extent = 0;
        if (low[0] <= high[0]) {
            v.x0 = 0.5 * (low[0] + high[0]);
            v.y0 = 0.5 * (low[1] + high[1]);
            half_extent = 0.5 * fmax(high[0] - low[0], high[1] - low[1]) * (1 + 1e-6);
        }
        if (!(half_extent > 0)) half_extent = 1; /* one point, or none */
    }
    v.per_metre = 0.5 * pixels / half_extent;
    return v;
}

/* Without colours: from blue at the lowest point to red at the highest. */
static void colour_by_height(const float *points, int64_t rows, int64_t columns,
                             unsigned char *colours) {
    float low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < rows; i++) {
        if (!is_finite_point(points + i * columns)) continue;
        low = fminf(low, points[i * columns + 2]);
        high = fmaxf(high, points[i * columns + 2]);
    }
    for (int64_t i = 0; i < rows; i++) {
        const float z = points[i * columns + 2];
        const float h =
            isfinite(z) && high > low ? fminf(fmaxf((z - low) / (high - low), 0), 1) : 0;
        colours[3 * i] = (unsigned char)(40 + 215 * h);
        colours[3 * i + 1] = (unsigned char)(80 + 150 * (1 - fabsf(2 * h - 1)));
        colours[3 * i + 2] = (unsigned char)(255 - 215 * h);
    }
}

static void draw(const view *v, const float *points, int64_t rows, int64_t columns,
                 const unsigned char *colours, float *height, unsigned char *image) {
    const int64_t n = (int64_t)v->pixels * v->pixels;
    for (int64_t i = 0; i < n; i++) {
        height[i] = -INFINITY;
        memcpy(image + 3 * i, background, 3);
    }
    for (int64_t i = 0; i < rows; i++) {
        const float *p = points + i * columns;
        if (!is_finite_point(p)) continue;
        const double up = 0.5 * v->pixels - ((double)p[0] - v->x0) * v->per_metre;
        const double across = 0.5 * v->pixels - ((double)p[1] - v->y0) * v->per_metre;
        if (!(up >= 0 && up < v->pixels && across >= 0 && across < v->pixels)) continue;
        const int64_t pixel = (int64_t)up * v->pixels + (int64_t)across;
        if (p[2] <= height[pixel]) continue;
        height[pixel] = p[2];
        memcpy(image + 3 * pixel, colours + 3 * i, 3);
    }
}

lac_status lac__birds_eye(lac_context *ctx, lac_tensor *points, lac_tensor *colours, int32_t pixels,
                          double half_extent, lac_tensor **out) {
    int64_t rows = 0, columns = 0;
    LAC_TRY(lac__check_matrix("birds_eye", "points", points, &rows, &columns));
    if (columns < 3)
        return lac__fail(LAC_ERR_SHAPE, "birds_eye: points have %lld columns, expected x y z first",
                         (long long)columns);
    if (pixels < 1 || pixels > MOST_PIXELS)
        return lac__fail(LAC_ERR_ARGUMENT, "birds_eye: pixels = %d, expected 1 to %d", pixels,
                         MOST_PIXELS);
    if (!(half_extent >= 0) || isinf(half_extent))
        return lac__fail(LAC_ERR_ARGUMENT, "birds_eye: half_extent = %g, expected metres > 0, or 0",
                         half_extent);
    lac_tensor *p = NULL, *c = NULL, *image = NULL;
    lac__block height = {0}, ramp = {0};
    const int64_t shape[3] = {pixels, pixels, 3};
    lac_status status = LAC_OK;
    if (colours != NULL)
        LAC_TRY_OUT(lac__colours_readable(ctx, "birds_eye", colours, rows, &c));
    else
        LAC_TRY_OUT(lac__host->buffer_alloc(ctx, 3 * (size_t)rows, &ramp));
    LAC_TRY_OUT(lac__host->tensor_readable(ctx, points, LAC_DTYPE_F32, &p));
    LAC_TRY_OUT(
        lac__host->buffer_alloc(ctx, sizeof(float) * (size_t)pixels * (size_t)pixels, &height));
    LAC_TRY_OUT(lac__host->tensor_new(ctx, LAC_DTYPE_U8, 3, shape, &image));
    const float *xyz = lac__host->tensor_memory(p);
    const view v = choose_view(xyz, rows, columns, pixels, half_extent);
    if (colours == NULL) colour_by_height(xyz, rows, columns, ramp.data);
    draw(&v, xyz, rows, columns, colours != NULL ? lac__host->tensor_memory(c) : ramp.data,
         height.data, lac__host->tensor_memory(image));
    *out = image;
out:
    lac__drop(p);
    lac__drop(c);
    lac__host->buffer_free(ctx, &height);
    lac__host->buffer_free(ctx, &ramp);
    return status;
}
