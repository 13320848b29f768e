/*
 * scan_scene.c - puts things along a street at random: houses with setbacks, gardens with hedges
 * and fences, trees, parked cars, poles, signs, people and bicycles.
 *
 * Proportions follow real scans: most returns come from the ground and from vegetation, few from
 * walls.
 */
#include "io/scan_scene.h"

#include <math.h>

static const double end_of_street = 84;

/* Angle and distance under which an object is seen; false where it would touch the sensor. */
static bool place(lac__scan_object *o) {
    const double corner_x = o->size[0],
                 corner_y = o->shape == LAC__SCAN_BOX ? o->size[1] : o->size[0];
    const double reach =
        o->shape == LAC__SCAN_BOX ? hypot(corner_x, corner_y) : fmax(o->size[0], o->size[1]);
    const double distance = hypot(o->x, o->y);
    o->azimuth = atan2(o->y, o->x);
    o->nearest = distance - reach;
    o->spread = 0;
    if (o->shape != LAC__SCAN_BOX) {
        if (o->nearest < 1.5) return false;
        o->spread = asin(reach / distance);
        return true;
    }
    /* Of a box, whose circle may well hold the sensor: its corners, and its nearest point. */
    const double u = -o->x * o->cosine - o->y * o->sine, v = o->x * o->sine - o->y * o->cosine;
    o->nearest = hypot(fmax(fabs(u) - corner_x, 0), fmax(fabs(v) - corner_y, 0));
    for (int i = 0; i < 4; i++) {
        const double a = (i & 1) != 0 ? corner_x : -corner_x,
                     b = (i & 2) != 0 ? corner_y : -corner_y;
        const double x = o->x + a * o->cosine - b * o->sine, y = o->y + a * o->sine + b * o->cosine;
        o->spread =
            fmax(o->spread, fabs(remainder(atan2(y, x) - o->azimuth, 2 * 3.14159265358979323846)));
    }
    return o->nearest >= 1.5;
}

static void add(lac__scan_scene *scene, lac__scan_object o) {
    if (scene->count == LAC__SCAN_OBJECTS || !place(&o) || o.nearest > LAC__SCAN_RANGE) return;
    scene->objects[scene->count++] = o;
}

static double road_y(const lac__scan_scene *scene, double x, double offset) {
    return scene->lane + scene->bend * x * x + offset;
}

/* An object that stands on the ground at `offset` from the middle of the road; z is set from its
 * height. */
static lac__scan_object standing(const lac__scan_scene *scene, lac__scan_shape shape, int label,
                                 double x, double offset, double radius, double height) {
    lac__scan_object o = {
        .shape = shape, .label = (int16_t)label, .x = x, .y = road_y(scene, x, offset)};
    o.size[0] = o.size[1] = radius;
    o.size[2] = 0.5 * height + 0.2; /* 0.4 m in the ground, which is not level */
    o.z = lac__scan_ground(scene, o.x, o.y) + 0.5 * height - 0.2;
    o.cosine = 1;
    o.reflectance = 0.3;
    return o;
}

static void set_yaw(lac__scan_object *o, double yaw) {
    o->cosine = cos(yaw);
    o->sine = sin(yaw);
}

/* Direction of the road. */
static double road_yaw(const lac__scan_scene *scene, double x) {
    return atan(2 * scene->bend * x);
}

static void add_leaves(lac__scan_scene *scene, lac__scan_random *r, double x, double offset,
                       double z, double radius, double density) {
    lac__scan_object o =
        standing(scene, LAC__SCAN_ELLIPSOID, LAC__LABEL_VEGETATION, x, offset, radius, 0);
    o.z = z;
    o.size[1] = radius * lac__scan_between(r, 0.7, 1.2);
    o.size[2] = radius * lac__scan_between(r, 0.6, 1.1);
    set_yaw(&o, lac__scan_between(r, 0, 3));
    o.density = density;
    o.reflectance = lac__scan_between(r, 0.25, 0.5);
    add(scene, o);
}

static void add_tree(lac__scan_scene *scene, lac__scan_random *r, double x, double offset) {
    const double height = lac__scan_between(r, 3.5, 7), radius = lac__scan_between(r, 0.1, 0.28);
    add(scene, standing(scene, LAC__SCAN_CYLINDER, LAC__LABEL_TRUNK, x, offset, radius, height));
    const double soil = lac__scan_ground(scene, x, road_y(scene, x, offset));
    const int clumps = 4 + (int)(5 * lac__scan_uniform(r));
    for (int i = 0; i < clumps; i++)
        add_leaves(scene, r, x + lac__scan_between(r, -1.6, 1.6),
                   offset + lac__scan_between(r, -1.6, 1.6),
                   soil + height * lac__scan_between(r, 0.45, 1.05), lac__scan_between(r, 0.6, 1.6),
                   lac__scan_between(r, 0.5, 1.3));
}

static void add_bush(lac__scan_scene *scene, lac__scan_random *r, double x, double offset) {
    const double radius = lac__scan_between(r, 0.35, 1.3);
    const double soil = lac__scan_ground(scene, x, road_y(scene, x, offset));
    add_leaves(scene, r, x, offset, soil + 0.5 * radius, radius, lac__scan_between(r, 0.9, 3));
}

/* A box along the road. */
static lac__scan_object along(const lac__scan_scene *scene, int label, double x, double offset,
                              double length, double depth, double height) {
    lac__scan_object o = standing(scene, LAC__SCAN_BOX, label, x, offset, 0.5 * length, height);
    o.size[1] = 0.5 * depth;
    set_yaw(&o, road_yaw(scene, x));
    return o;
}

static void add_houses(lac__scan_scene *scene, lac__scan_random *r, double side) {
    double x = -end_of_street + lac__scan_between(r, 0, 10);
    while (x < end_of_street) {
        const double length = lac__scan_between(r, 8, 18), setback = lac__scan_between(r, 18, 36);
        const double depth = lac__scan_between(r, 8, 12);
        lac__scan_object o =
            along(scene, LAC__LABEL_BUILDING, x + 0.5 * length, side * (setback + 0.5 * depth),
                  length, depth, lac__scan_between(r, 5, 10));
        o.windows = true;
        o.reflectance = lac__scan_between(r, 0.25, 0.55);
        add(scene, o);
        x += length + lac__scan_between(r, 6, 30);
    }
}

static void add_garden_edges(lac__scan_scene *scene, lac__scan_random *r, double side) {
    double x = -end_of_street;
    while (x < end_of_street) {
        const double length = lac__scan_between(r, 5, 14),
                     offset = side * lac__scan_between(r, 8.5, 13);
        const double kind = lac__scan_uniform(r);
        if (kind < 0.24) {
            lac__scan_object hedge =
                along(scene, LAC__LABEL_VEGETATION, x + 0.5 * length, offset, length,
                      lac__scan_between(r, 0.6, 1.2), lac__scan_between(r, 0.7, 1.8));
            hedge.density = lac__scan_between(r, 2, 6);
            hedge.reflectance = 0.4;
            add(scene, hedge);
        } else if (kind < 0.46) {
            lac__scan_object fence = along(scene, LAC__LABEL_FENCE, x + 0.5 * length, offset,
                                           length, 0.08, lac__scan_between(r, 0.9, 1.5));
            fence.density = lac__scan_between(r, 5, 15);
            fence.reflectance = 0.35;
            add(scene, fence);
        }
        x += length + lac__scan_between(r, 1, 10);
    }
}

static void add_plants(lac__scan_scene *scene, lac__scan_random *r, double side) {
    /* NOLINTNEXTLINE(cert-flp30-c,clang-analyzer-security.FloatLoopCounter): a random step */
    for (double x = -78; x < 78; x += lac__scan_between(r, 6, 16))
        add_tree(scene, r, x, side * lac__scan_between(r, 7.2, 9.5));
    for (int i = 0; i < 60; i++)
        add_tree(scene, r, lac__scan_between(r, -78, 78), side * lac__scan_between(r, 11, 70));
    for (int i = 0; i < 150; i++) {
        const double u = lac__scan_uniform(r);
        add_bush(scene, r, lac__scan_between(r, -78, 78), side * (7.2 + 60 * u * u));
    }
}

static void add_car(lac__scan_scene *scene, lac__scan_random *r, double x, double offset) {
    const double reflectance = lac__scan_between(r, 0.1, 0.7),
                 length = lac__scan_between(r, 3.8, 4.7);
    const double ground = lac__scan_ground(scene, x, road_y(scene, x, offset));
    const double yaw = road_yaw(scene, x) + lac__scan_between(r, -0.03, 0.03);
    const struct {
        double shift, length, width, low, high;
    } parts[] = {{0, 1, 0.88, 0.22, 0.92}, {0.1, 0.52, 0.76, 0.92, 1.46}};
    for (int i = 0; i < 2; i++) {
        lac__scan_object o = along(scene, LAC__LABEL_CAR, x - parts[i].shift * cos(yaw), offset,
                                   length * parts[i].length, 2 * parts[i].width, 1);
        o.z = ground + 0.5 * (parts[i].low + parts[i].high);
        o.size[2] = 0.5 * (parts[i].high - parts[i].low);
        o.reflectance = reflectance;
        set_yaw(&o, yaw);
        add(scene, o);
    }
}

static void add_cars(lac__scan_scene *scene, lac__scan_random *r, double side) {
    /* NOLINTNEXTLINE(cert-flp30-c,clang-analyzer-security.FloatLoopCounter): a random step */
    for (double x = -75; x < 75; x += lac__scan_between(r, 6, 9))
        if (lac__scan_uniform(r) < 0.16 && fabs(x) > 8)
            add_car(scene, r, x, side * lac__scan_between(r, 2.75, 2.9));
}

static void add_poles(lac__scan_scene *scene, lac__scan_random *r, double side) {
    /* NOLINTNEXTLINE(cert-flp30-c,clang-analyzer-security.FloatLoopCounter): a random step */
    for (double x = -70 + lac__scan_between(r, 0, 20); x < 70; x += lac__scan_between(r, 18, 30)) {
        const double offset = side * lac__scan_between(r, 4.5, 4.9);
        const bool sign = lac__scan_uniform(r) < 0.5;
        lac__scan_object pole =
            standing(scene, LAC__SCAN_CYLINDER, LAC__LABEL_POLE, x, offset,
                     sign ? 0.04 : lac__scan_between(r, 0.07, 0.12), sign ? 2.4 : 6);
        pole.reflectance = 0.5;
        add(scene, pole);
        if (!sign) continue;
        lac__scan_object plate =
            standing(scene, LAC__SCAN_BOX, LAC__LABEL_SIGN, x - 0.06, offset, 0.02, 0);
        plate.size[1] = plate.size[2] = lac__scan_between(r, 0.25, 0.4);
        plate.z = pole.z + 1.1;
        plate.reflectance = 0.95;
        set_yaw(&plate, road_yaw(scene, x));
        add(scene, plate);
    }
}

static void add_people(lac__scan_scene *scene, lac__scan_random *r, double side) {
    for (int i = 0; i < 4; i++) {
        const double x = lac__scan_between(r, -40, 40),
                     offset = side * lac__scan_between(r, 4.9, 6.2);
        lac__scan_object body = standing(scene, LAC__SCAN_ELLIPSOID, LAC__LABEL_PERSON, x, offset,
                                         0.27, lac__scan_between(r, 1.5, 1.85));
        body.size[1] = 0.2;
        set_yaw(&body, lac__scan_between(r, 0, 3));
        add(scene, body);
    }
    for (int i = 0; i < 3; i++) {
        lac__scan_object bicycle = along(scene, LAC__LABEL_BICYCLE, lac__scan_between(r, -30, 30),
                                         side * lac__scan_between(r, 4.6, 6.2), 1.75, 0.3, 1.0);
        bicycle.density = 2.5;
        add(scene, bicycle);
    }
}

void lac__scan_build(lac__scan_scene *scene, uint64_t seed) {
    lac__scan_random r = lac__scan_stream(seed, 1);
    scene->seed = lac__scan_mix(seed);
    scene->count = 0;
    scene->lane = lac__scan_between(&r, 1.5, 1.9);
    scene->bend = lac__scan_between(&r, -0.002, 0.002);
    for (int i = 0; i < 2; i++) scene->slope[i] = lac__scan_between(&r, -0.06, 0.04);
    for (int i = 0; i < 2; i++) {
        const double side = i == 0 ? -1 : 1;
        add_houses(scene, &r, side);
        add_garden_edges(scene, &r, side);
        add_plants(scene, &r, side);
        add_cars(scene, &r, side);
        add_poles(scene, &r, side);
        add_people(scene, &r, side);
    }
}
