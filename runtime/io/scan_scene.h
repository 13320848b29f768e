/*
 * scan_scene.h - the street that the synthetic scan looks at, in metres around the sensor: x
 * forward along the road, y left, z up; the road lies at z = -LAC__SCAN_HEIGHT.
 */
#ifndef LAC_IO_SCAN_SCENE_H
#define LAC_IO_SCAN_SCENE_H

#include "io/host.h"
#include "io/scan_random.h"

#define LAC__SCAN_HEIGHT 1.73
#define LAC__SCAN_RANGE 80.0

/* Raw label ids of SemanticKITTI. */
enum {
    LAC__LABEL_CAR = 10,
    LAC__LABEL_BICYCLE = 11,
    LAC__LABEL_PERSON = 30,
    LAC__LABEL_ROAD = 40,
    LAC__LABEL_PARKING = 44,
    LAC__LABEL_SIDEWALK = 48,
    LAC__LABEL_BUILDING = 50,
    LAC__LABEL_FENCE = 51,
    LAC__LABEL_MARKING = 60,
    LAC__LABEL_VEGETATION = 70,
    LAC__LABEL_TRUNK = 71,
    LAC__LABEL_TERRAIN = 72,
    LAC__LABEL_POLE = 80,
    LAC__LABEL_SIGN = 81
};

typedef enum lac__scan_shape {
    LAC__SCAN_BOX,
    LAC__SCAN_CYLINDER,
    LAC__SCAN_ELLIPSOID
} lac__scan_shape;

typedef struct lac__scan_object {
    lac__scan_shape shape;
    int16_t label;
    bool windows;
    double x, y, z;         /* centre */
    double size[3];         /* half extents; a cylinder's radius is size[0] */
    double cosine, sine;    /* of the yaw */
    double density;         /* hits per metre of what light passes through; 0: solid */
    double reflectance;     /* 0 to 1 */
    double nearest;         /* distance in the plane */
    double azimuth, spread; /* seen between azimuth - spread and azimuth + spread */
} lac__scan_object;

enum { LAC__SCAN_OBJECTS = 4096, LAC__SCAN_BINS = 1024 };

typedef struct lac__scan_scene {
    uint64_t seed;
    double bend; /* of the road: its middle is at y = lane + bend x^2 */
    double lane;
    double slope[2]; /* of the land to the right and to the left */
    int count;
    lac__scan_object objects[LAC__SCAN_OBJECTS];
    int bin_start[LAC__SCAN_BINS +
                  1]; /* of the objects seen in a sector of azimuth, nearest first */
    int capacity;
    int *bin_objects;
} lac__scan_scene;

typedef struct lac__scan_hit {
    double distance; /* > LAC__SCAN_RANGE: nothing */
    int16_t label;
    double reflectance;
} lac__scan_hit;

/** Fills in everything but the bins. */
void lac__scan_build(lac__scan_scene *scene, uint64_t seed);
/** Distance of a place from the middle of the road, and the height there; both on the ground. */
double lac__scan_offset(const lac__scan_scene *scene, double x, double y);
double lac__scan_ground(const lac__scan_scene *scene, double x, double y);
/** Where the ray hits the ground, if nearer than `hit`. */
void lac__scan_hit_ground(const lac__scan_scene *scene, const double ray[3],
                          lac__scan_random *random, lac__scan_hit *hit);
/** Sorts the objects into sectors: with bin_objects NULL counts the room needed, else fills it. */
void lac__scan_fill_bins(lac__scan_scene *scene);
/** Where the ray hits an object, if nearer than `hit`. */
void lac__scan_hit_objects(const lac__scan_scene *scene, const double ray[3], double azimuth,
                           lac__scan_random *random, lac__scan_hit *hit);

#endif
