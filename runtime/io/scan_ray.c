/*
 * scan_ray.c - rays from the sensor against objects. All rays start at the origin, so an object
 * matters only within the sector of azimuth in which it is seen.
 */
#include "io/scan_scene.h"

#include <math.h>
#include <stdlib.h>

/* Enter and leave distances of the slab |p| <= half along one axis. */
static bool clip(double origin, double direction, double half, double *in, double *out) {
    if (fabs(direction) < 1e-12) return fabs(origin) <= half;
    double a = (-half - origin) / direction, b = (half - origin) / direction;
    if (a > b) {
        const double swap = a;
        a = b;
        b = swap;
    }
    *in = fmax(*in, a);
    *out = fmin(*out, b);
    return *in < *out;
}

/* Roots of the quadratic for a unit sphere or circle in scaled space. */
static bool pierce(const double *origin, const double *direction, int axes, double *in,
                   double *out) {
    double a = 0, b = 0, c = -1;
    for (int i = 0; i < axes; i++) {
        a += direction[i] * direction[i];
        b += origin[i] * direction[i];
        c += origin[i] * origin[i];
    }
    const double d = b * b - a * c;
    if (d <= 0 || a < 1e-18) return false;
    const double root = sqrt(d);
    *in = fmax(*in, (-b - root) / a);
    *out = fmin(*out, (-b + root) / a);
    return *in < *out;
}

/* Ray in the object's own axes, then in and out. */
static bool span(const lac__scan_object *o, const double ray[3], double *in, double *out,
                 double local[3]) {
    const double origin[3] = {-o->x * o->cosine - o->y * o->sine, o->x * o->sine - o->y * o->cosine,
                              -o->z};
    const double direction[3] = {ray[0] * o->cosine + ray[1] * o->sine,
                                 ray[1] * o->cosine - ray[0] * o->sine, ray[2]};
    *in = 0.5;
    *out = LAC__SCAN_RANGE;
    bool hit = true;
    if (o->shape == LAC__SCAN_BOX) {
        for (int i = 0; i < 3 && hit; i++) hit = clip(origin[i], direction[i], o->size[i], in, out);
    } else {
        const int axes = o->shape == LAC__SCAN_CYLINDER ? 2 : 3;
        double scaled_origin[3] = {0}, scaled_direction[3] = {0};
        for (int i = 0; i < axes; i++) {
            scaled_origin[i] = origin[i] / o->size[i];
            scaled_direction[i] = direction[i] / o->size[i];
        }
        hit = pierce(scaled_origin, scaled_direction, axes, in, out);
        if (hit && axes == 2) hit = clip(origin[2], direction[2], o->size[2], in, out);
    }
    for (int i = 0; i < 3; i++) local[i] = origin[i] + *in * direction[i];
    return hit;
}

/* Panes swallow most of the light; the rest comes back from the frame or from inside. */
static bool behind_window(const lac__scan_object *o, const double local[3],
                          lac__scan_random *random, double *t) {
    const bool side = fabs(fabs(local[1]) - o->size[1]) < 0.01;
    const double along = (side ? local[0] : local[1]) / 2.6, up = (local[2] + o->size[2]) / 3.0;
    const double u = along - floor(along), v = up - floor(up);
    if (u < 0.3 || u > 0.75 || v < 0.35 || v > 0.8) return true;
    const double chance = lac__scan_uniform(random);
    if (chance < 0.55) return false;
    *t += chance < 0.85 ? 0.14 : 0.14 + 4 * lac__scan_uniform(random);
    return true;
}

static void hit_object(const lac__scan_object *o, const double ray[3], lac__scan_random *random,
                       lac__scan_hit *hit) {
    double in = 0, out = 0, local[3];
    if (!span(o, ray, &in, &out, local) || in >= hit->distance) return;
    double t = in, reflectance = o->reflectance;
    if (o->density > 0) {
        t -= log(1 - lac__scan_uniform(random)) / o->density;
        if (t >= out) return;
        reflectance *= 0.5 + 0.5 * lac__scan_uniform(random);
    }
    const bool swallowed = o->windows && !behind_window(o, local, random, &t);
    if (t >= hit->distance) return;
    *hit = (lac__scan_hit){
        .distance = t, .label = swallowed ? 0 : o->label, .reflectance = reflectance};
}

void lac__scan_hit_objects(const lac__scan_scene *scene, const double ray[3], double azimuth,
                           lac__scan_random *random, lac__scan_hit *hit) {
    const double turn = azimuth / (2 * 3.14159265358979323846);
    int bin = (int)((turn - floor(turn)) * LAC__SCAN_BINS);
    if (bin >= LAC__SCAN_BINS) bin = LAC__SCAN_BINS - 1;
    for (int i = scene->bin_start[bin]; i < scene->bin_start[bin + 1]; i++) {
        const lac__scan_object *o = &scene->objects[scene->bin_objects[i]];
        if (o->nearest > hit->distance) break;
        hit_object(o, ray, random, hit);
    }
}

static int by_distance(const void *a, const void *b) {
    const lac__scan_object *p = a, *q = b;
    return p->nearest < q->nearest ? -1 : p->nearest > q->nearest;
}

void lac__scan_fill_bins(lac__scan_scene *scene) {
    const double per_radian = LAC__SCAN_BINS / (2 * 3.14159265358979323846);
    int used = 0;
    if (scene->bin_objects == NULL)
        qsort(scene->objects, (size_t)scene->count, sizeof *scene->objects, by_distance);
    for (int bin = 0; bin < LAC__SCAN_BINS; bin++) {
        scene->bin_start[bin] = used;
        for (int i = 0; i < scene->count; i++) {
            const lac__scan_object *o = &scene->objects[i];
            const double away = (bin + 0.5) / per_radian - o->azimuth;
            const double around = fabs(remainder(away, 2 * 3.14159265358979323846));
            if (around > o->spread + 1.0 / per_radian) continue;
            if (scene->bin_objects != NULL) scene->bin_objects[used] = i;
            used++;
        }
    }
    scene->bin_start[LAC__SCAN_BINS] = used;
    scene->capacity = used;
}
