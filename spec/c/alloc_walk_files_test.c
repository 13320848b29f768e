/*
 * alloc_walk_files_test.c - refused memory in what reads and writes files. Requests of HDF5, libpng and zlib
 * themselves are not refused. A file that was not written is not there.
 */
#include "alloc_walk/world.h"

#include <stdio.h>

#define OUT (&m->tensors[0])

static char folder[] = "/tmp/lacuna_alloc_walk_XXXXXX";
static char bin[64], ply[64], pcd[64], compressed[64], label[64], h5[64], fresh[64];

static void name_files(void) {
    CHECK(mkdtemp(folder) != NULL);
    const struct {
        char *to;
        const char *name;
    } files[] = {{bin, "a.bin"}, {ply, "a.ply"}, {pcd, "a.pcd"},    {compressed, "c.pcd"},
                 {h5, "a.h5"},   {fresh, "new"}, {label, "a.label"}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        (void)snprintf(files[i].to, 64, "%s/%s", folder, files[i].name);
}

static void write_raw(const char *path, const void *data, size_t bytes) {
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL && fwrite(data, 1, bytes, f) == bytes);
    if (f != NULL) (void)fclose(f);
}

static lac_status write_h5(const world *w, const char *path) {
    lac_hdf5 *f = NULL;
    lac_status s = lac_hdf5_open(w->ctx, path, "w", &f);
    if (s == LAC_OK) s = lac_hdf5_make_group(f, "/stem");
    if (s == LAC_OK) s = lac_hdf5_write(w->ctx, f, "/stem/kernel", w->k27, 3);
    if (s == LAC_OK) s = lac_hdf5_write(w->ctx, f, "/head/bias", w->channel, 0);
    if (s == LAC_OK) s = lac_hdf5_attr_write(w->ctx, f, "/", "arch", "{\"model\": \"tiny\"}", NULL);
    if (s == LAC_OK) s = lac_hdf5_attr_write(w->ctx, f, "/stem", "stride", NULL, w->index);
    if (s == LAC_OK) s = lac_hdf5_close(f);
    lac_hdf5_release(f);
    return s;
}

static void write_files(void) {
    world *w = world_make();
    float points[ROWS * 4];
    OK(lac_tensor_download(w->ctx, w->points, points, sizeof points));
    write_raw(bin, points, sizeof points);
    static const char head[] = "VERSION .7\nFIELDS x y z intensity\nSIZE 4 4 4 4\nTYPE F F F F\n"
                               "COUNT 1 1 1 1\nWIDTH 40\nHEIGHT 1\nPOINTS 40\nDATA ";
    char text[sizeof head + 64 + sizeof points];
    int n = snprintf(text, sizeof text, "%sbinary\n", head);
    memcpy(text + n, points, sizeof points);
    write_raw(pcd, text, (size_t)n + sizeof points);
    n = snprintf(text, sizeof text, "%sbinary_compressed\n", head);
    /* As literal runs of 32 bytes. */
    unsigned char *at = (unsigned char *)text + n + 8;
    for (size_t i = 0; i < sizeof points; i += 32, at += 33) {
        *at = 31;
        memcpy(at + 1, (const char *)points + i, 32);
    }
    const uint32_t sizes[2] = {(uint32_t)(sizeof points / 32 * 33), sizeof points};
    memcpy(text + n, sizes, sizeof sizes);
    write_raw(compressed, text, (size_t)n + sizeof sizes + sizes[0]);
    OK(lac_labels_write(w->ctx, label, w->index));
    OK(lac_ply_write(w->ctx, ply, w->points, NULL, w->index));
    OK(write_h5(w, h5));
    world_free(w);
}

/* An output that is not complete is not there; a complete one is taken away again. */
static lac_status finished(lac_status s, made *m) {
    const int there = access(fresh, F_OK) == 0;
    CHECK(there == (s == LAC_OK));
    if (there) (void)remove(fresh);
    m->number = (uint64_t)there;
    return s;
}

static lac_status read_points(const world *w, made *m, const char *path) {
    const lac_points_options o = {.size = sizeof o, .columns = path == bin ? 4 : 0, .dtype = -1};
    return lac_points_read(w->ctx, path, &o, OUT);
}
static lac_status bin_(const world *w, made *m) {
    return read_points(w, m, bin);
}
static lac_status ply_(const world *w, made *m) {
    return read_points(w, m, ply);
}
static lac_status pcd_(const world *w, made *m) {
    return read_points(w, m, pcd);
}
static lac_status compressed_(const world *w, made *m) {
    return read_points(w, m, compressed);
}
static lac_status lac_labels_read_(const world *w, made *m) {
    return lac_labels_read(w->ctx, label, OUT);
}
static lac_status lac_labels_write_(const world *w, made *m) {
    lac_status s = lac_tensor_select(w->ctx, w->mask, 1, 0, OUT);
    return finished(s == LAC_OK ? lac_labels_write(w->ctx, fresh, *OUT) : s, m);
}
static lac_status lac_ply_write_(const world *w, made *m) {
    lac_status s = lac_tensor_narrow(w->ctx, w->points, 1, 0, 3, OUT);
    return finished(s == LAC_OK ? lac_ply_write(w->ctx, fresh, *OUT, NULL, w->sample) : s, m);
}
static lac_status lac_png_write_(const world *w, made *m) {
    lac_status s = lac_tensor_select(w->ctx, w->image, 2, 1, OUT);
    return finished(s == LAC_OK ? lac_png_write(w->ctx, fresh, *OUT) : s, m);
}

static lac_status lac_hdf5_write_(const world *w, made *m) {
    return finished(write_h5(w, fresh), m);
}

/* An attribute that is a view; the rest is undisturbed. */
static lac_status lac_hdf5_attr_write_(const world *w, made *m) {
    lac_hdf5 *f = NULL;
    const int was = atomic_exchange(&armed, 0);
    OK(lac_hdf5_open(w->ctx, fresh, "w", &f));
    atomic_store(&armed, was);
    lac_status s = lac_tensor_select(w->ctx, w->a, 1, 1, OUT);
    if (s == LAC_OK) s = lac_hdf5_attr_write(w->ctx, f, "/", "a", NULL, *OUT);
    if (s == LAC_OK) s = lac_hdf5_close(f);
    lac_hdf5_release(f);
    return finished(s, m);
}

static lac_status open_h5(const world *w, lac_hdf5 **f) {
    return lac_hdf5_open(w->ctx, h5, "r", f);
}
static lac_status lac_hdf5_open_(const world *w, made *m) {
    lac_hdf5 *f = NULL;
    const lac_status s = open_h5(w, &f);
    m->number = f != NULL;
    lac_hdf5_release(f);
    return s;
}
static lac_status lac_hdf5_read_(const world *w, made *m) {
    lac_hdf5 *f = NULL;
    lac_status s = open_h5(w, &f);
    if (s == LAC_OK) s = lac_hdf5_read(w->ctx, f, "/stem/kernel", OUT);
    lac_hdf5_release(f);
    return s;
}
static lac_status lac_hdf5_attr_read_(const world *w, made *m) {
    lac_hdf5 *f = NULL;
    lac_status s = open_h5(w, &f);
    if (s == LAC_OK) s = lac_hdf5_attr_read(w->ctx, f, "/", "arch", &m->text, OUT);
    char *none = NULL;
    if (s == LAC_OK) s = lac_hdf5_attr_read(w->ctx, f, "/stem", "stride", &none, OUT);
    lac_hdf5_release(f);
    return s;
}
/* What only looks. */
static lac_status look(const world *w, made *m) {
    lac_hdf5 *f = NULL;
    int32_t kind = 0;
    int64_t count = 0, attributes = 0;
    char name[32] = "", attribute[32] = "";
    lac_tensor_desc desc = {.size = sizeof desc};
    uint64_t stored = 0;
    lac_status s = open_h5(w, &f);
    if (s == LAC_OK) s = lac_hdf5_kind(f, "/stem/kernel", &kind);
    if (s == LAC_OK) s = lac_hdf5_count(f, "/", &count);
    if (s == LAC_OK) s = lac_hdf5_name(f, "/", 1, name, sizeof name);
    if (s == LAC_OK) s = lac_hdf5_describe(f, "/stem/kernel", &desc, &stored);
    if (s == LAC_OK) s = lac_hdf5_attr_count(f, "/stem", &attributes);
    if (s == LAC_OK) s = lac_hdf5_attr_name(f, "/stem", 0, attribute, sizeof attribute);
    lac_hdf5_release(f);
    if (s == LAC_OK)
        m->number =
            (uint64_t)kind + (uint64_t)count * 10 + (uint64_t)attributes * 100 + stored * 1000;
    return s;
}

static void release_weights(void *weights) {
    lac_weights_release(weights);
}
static lac_status lac_weights_open_(const world *w, made *m) {
    (void)w;
    lac_weights *weights = NULL;
    lac_status s = lac_weights_open(h5, &weights);
    if (s == LAC_OK) s = lac_weights_get(weights, "stem.kernel", OUT);
    m->other = weights;
    return s;
}

static lac_stored stored_floats(void) {
    return (lac_stored){.size = sizeof(lac_stored),
                        .type = LAC_STORED_F32,
                        .ndim = 2,
                        .shape = {4, ROWS},
                        .stride = {1, 4},
                        .storage_bytes = ROWS * 16};
}
static void release_file(void *file) {
    lac_file_release(file);
}
static lac_status lac_file_open_(const world *w, made *m) {
    lac_file *f = NULL;
    const lac_status s = lac_file_open(w->ctx, "walk", bin, &f);
    m->other = f;
    return s;
}
static lac_status lac_file_read_tensor_(const world *w, made *m) {
    lac_file *f = NULL;
    const lac_stored stored = stored_floats();
    lac_status s = lac_file_open(w->ctx, "walk", bin, &f);
    if (s == LAC_OK) s = lac_file_read_tensor(w->ctx, f, &stored, NULL, OUT);
    m->other = f;
    return s;
}

#define ROW(function)                                                                              \
    { #function, function##_, NULL }
static const walk_case cases[] = {
    {"lac_points_read", bin_, NULL},
    {"lac_points_read of .ply", ply_, NULL},
    {"lac_points_read of .pcd", pcd_, NULL},
    {"lac_points_read of compressed .pcd", compressed_, NULL},
    ROW(lac_labels_read),
    ROW(lac_labels_write),
    ROW(lac_ply_write),
    ROW(lac_png_write),
    ROW(lac_hdf5_open),
    ROW(lac_hdf5_write),
    ROW(lac_hdf5_attr_write),
    ROW(lac_hdf5_read),
    {"lac_hdf5_describe", look, NULL},
    {"lac_file_open", lac_file_open_, release_file},
    {"lac_file_read_tensor", lac_file_read_tensor_, release_file},
};

int main(int argc, char **argv) {
    begin();
    name_files();
    write_files(); /* which also opens the plugin */
    find_libraries();
    walk_all(cases, sizeof cases / sizeof *cases, argc, argv);
    const walk_case shared[] = {ROW(lac_hdf5_attr_read),
                                {"lac_weights_open", lac_weights_open_, release_weights}};
    if (MALLOC_IS_REFUSED) walk_all(shared, 2, argc, argv);
    char *const files[] = {bin, ply, pcd, compressed, label, h5};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) CHECK(remove(files[i]) == 0);
    CHECK(rmdir(folder) == 0); /* no temporary file is left */
    return finish();
}
