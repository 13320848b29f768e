/*
 * points_file_fuzz.c - .bin, .pcd and .ply files of any bytes. The first byte chooses the format and,
 * for .bin, columns and dtype.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const endings[] = {".bin", ".pcd", ".ply"};
    bytes b = {data, data + size};
    const int32_t choice = take(&b);
    const char *ending = endings[choice % 3];
    char memory[32], path[64];
    const int fd = fuzz_file(b.at, (size_t)(b.end - b.at), memory);
    (void)snprintf(path, sizeof path, "/tmp/lacuna_fuzz_%d%s", (int)getpid(), ending);
    (void)unlink(path);
    REQUIRE(symlink(memory, path) == 0);
    lac_context *ctx = fuzz_context();
    const lac_points_options options = {
        .size = sizeof options,
        .columns = choice % 3 != 0 || choice & 128 ? 0 : 3 + choice / 3 % 6,
        .dtype = choice % 3 != 0 ? -1 : choice / 24 % 3 - 1};
    lac_tensor *t = NULL;
    if (well(lac_points_read(ctx, path, &options, &t), path)) {
        lac_tensor_desc desc;
        lac_tensor_describe(t, &desc);
        REQUIRE(desc.ndim == 2 && desc.shape[1] >= 1 && desc.dtype == LAC_DTYPE_F32);
        fuzz_read(ctx, t);
    }
    lac_tensor_release(t);
    fuzz_close(ctx);
    (void)unlink(path);
    (void)close(fd);
    return 0;
}
