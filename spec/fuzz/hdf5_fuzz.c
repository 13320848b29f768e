/*
 * hdf5_fuzz.c - HDF5 files of any bytes: all that can be asked of one is asked, and it is opened as
 * weights. libFuzzer does not see into libhdf5: hdf5_survive.c damages its structures by chance.
 */
#include "fuzz.h"

enum { MOST_OBJECTS = 200 };

static void read_attributes(lac_context *ctx, lac_hdf5 *f, const char *file, const char *path) {
    int64_t count = 0;
    char name[256];
    if (!well(lac_hdf5_attr_count(f, path, &count), file)) return;
    for (int64_t i = 0; i < count && i < 20; i++) {
        char *text = NULL;
        lac_tensor *value = NULL;
        if (!well(lac_hdf5_attr_name(f, path, i, name, sizeof name), file)) continue;
        well(lac_hdf5_attr_read(ctx, f, path, name, &text, &value), file);
        if (value != NULL) fuzz_read(ctx, value);
        lac_tensor_release(value);
        lac_text_free(text);
    }
}

static void walk(lac_context *ctx, lac_hdf5 *f, const char *file, const char *path, int *left) {
    int32_t kind = 0;
    int64_t count = 0;
    uint64_t stored = 0;
    lac_tensor_desc desc;
    lac_tensor *t = NULL;
    char name[256], below[1024];
    if (--*left < 0 || !well(lac_hdf5_kind(f, path, &kind), file) || kind == 0) return;
    read_attributes(ctx, f, file, path);
    if (kind == 2) {
        well(lac_hdf5_describe(f, path, &desc, &stored), file);
        if (well(lac_hdf5_read(ctx, f, path, &t), file)) fuzz_read(ctx, t);
        lac_tensor_release(t);
        return;
    }
    if (!well(lac_hdf5_count(f, path, &count), file)) return;
    for (int64_t i = 0; i<count && * left> 0 && strlen(path) < 500; i++) {
        if (!well(lac_hdf5_name(f, path, i, name, sizeof name), file)) continue;
        (void)snprintf(below, sizeof below, "%s/%s", strcmp(path, "/") == 0 ? "" : path, name);
        walk(ctx, f, file, below, left);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[32];
    const int fd = fuzz_file(data, size, path);
    lac_context *ctx = fuzz_context();
    lac_hdf5 *f = NULL;
    lac_weights *w = NULL;
    int left = MOST_OBJECTS;
    if (well(lac_hdf5_open(ctx, path, "r", &f), path)) walk(ctx, f, path, "/", &left);
    lac_hdf5_release(f);
    if (well(lac_weights_open(path, &w), path)) REQUIRE(lac_weights_name(w, 0) != NULL);
    lac_weights_release(w);
    fuzz_close(ctx);
    (void)close(fd);
    return 0;
}
