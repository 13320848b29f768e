/*
 * scan_ground.c - the ground as a height over (x,y): a road, kerbs, sidewalks, and land that rolls.
 */
#include "io/scan_scene.h"

#include <math.h>

static const double road_half = 3.7, kerb_height = 0.13, kerb_run = 0.04, walk_end = 5.9;

static double lattice(uint64_t seed, int64_t i, int64_t j) {
    return (double)(lac__scan_mix(seed ^
                                  lac__scan_mix((uint64_t)i * 0x10001u ^ (uint64_t)j << 32)) >>
                    40) *
           0x1p-24;
}

/* Smooth noise on [-1,1] with one random value a cell. */
static double roll(uint64_t seed, double x, double y) {
    const double fx = floor(x), fy = floor(y);
    const int64_t i = (int64_t)fx, j = (int64_t)fy;
    double u = x - fx, v = y - fy;
    u *= u * (3 - 2 * u);
    v *= v * (3 - 2 * v);
    const double a = lattice(seed, i, j), b = lattice(seed, i + 1, j);
    const double c = lattice(seed, i, j + 1), d = lattice(seed, i + 1, j + 1);
    return 2 * (a + (b - a) * u + (c - a) * v + (a - b - c + d) * u * v) - 1;
}

double lac__scan_offset(const lac__scan_scene *scene, double x, double y) {
    return y - scene->lane - scene->bend * x * x;
}

double lac__scan_ground(const lac__scan_scene *scene, double x, double y) {
    const double s = lac__scan_offset(scene, x, y), far = fabs(s);
    double z = 0.03 * roll(scene->seed, x / 7, y / 7) - LAC__SCAN_HEIGHT;
    if (far < road_half) return z - 0.004 * s * s;
    const double edge = fmin((far - road_half) / kerb_run, 1);
    z += kerb_height * edge - 0.055 * (1 - edge);
    if (far < walk_end) return z;
    const double land = far - walk_end, blend = fmin(land / 6, 1);
    const double rise = scene->slope[s > 0] * fmin(land, 25);
    return z + rise +
           blend * (0.3 * roll(scene->seed + 1, x / 9, y / 9) + 0.07 * roll(scene->seed + 2, x, y));
}

/* What lies there. Driveways cross the land here and there. */
static void describe(const lac__scan_scene *scene, double x, double y, lac__scan_hit *hit) {
    const double s = lac__scan_offset(scene, x, y), far = fabs(s);
    const double dash = x / 6 - floor(x / 6);
    if (far < road_half) {
        const bool marking = (far < 0.07 && dash < 0.5) || (far > 3.5 && far < 3.6);
        hit->label = marking ? LAC__LABEL_MARKING : LAC__LABEL_ROAD;
        hit->reflectance = marking ? 0.75 : 0.28;
    } else if (far < walk_end) {
        hit->label = LAC__LABEL_SIDEWALK;
        hit->reflectance = 0.4;
    } else if (lattice(scene->seed + 3, (int64_t)floor(x / 4), s > 0) < 0.12 && far < 16) {
        hit->label = LAC__LABEL_PARKING;
        hit->reflectance = 0.33;
    } else {
        hit->label = LAC__LABEL_TERRAIN;
        hit->reflectance = 0.45;
    }
}

enum { STEPS = 22, HALVINGS = 9 };

void lac__scan_hit_ground(const lac__scan_scene *scene, const double ray[3],
                          lac__scan_random *random, lac__scan_hit *hit) {
    const double flat = hypot(ray[0], ray[1]), pitch = ray[2] / flat;
    if (pitch > 0.05) return;
    /* Grass ends the ray a little above the soil. */
    const double u = lac__scan_uniform(random), grass = 0.14 * u * u;
    /* The ground lies between two cones around the sensor's foot. */
    const double from = (LAC__SCAN_HEIGHT - 0.3) / (0.06 - pitch) / flat;
    double to =
        pitch < -0.075 ? (LAC__SCAN_HEIGHT + 0.4) / (-pitch - 0.065) / flat : LAC__SCAN_RANGE;
    to = fmin(to, hit->distance);
    if (from >= to) return;
    const double ratio = pow(to / from, 1.0 / STEPS);
    double above = from, below = 0;
    for (int i = 0; i < STEPS && below == 0; i++) {
        const double t = above * ratio;
        if (t * ray[2] <= lac__scan_ground(scene, t * ray[0], t * ray[1]))
            below = t;
        else
            above = t;
    }
    if (below == 0) return;
    for (int i = 0; i < HALVINGS; i++) {
        const double t = 0.5 * (above + below);
        if (t * ray[2] <= lac__scan_ground(scene, t * ray[0], t * ray[1]))
            below = t;
        else
            above = t;
    }
    describe(scene, below * ray[0], below * ray[1], hit);
    if (hit->label == LAC__LABEL_TERRAIN) below -= fmin(grass / fmax(-ray[2], 0.02), 0.6);
    hit->distance = below;
}
