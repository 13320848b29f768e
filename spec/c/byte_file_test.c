/*
 * byte_file_test.c - ranges of files and stored tensors through the C API: descriptions that must not be
 * believed, the memory budget, and every memory request failing in turn.
 */
#include "failing_allocator.h"
#include "harness.h"

#include <stdlib.h>
#include <unistd.h>

enum { N = 1 << 20 }; /* int16 values 0, 1, 2, ... modulo 2^16, in a file of 2 MiB and 16 bytes */

static char path[] = "/tmp/lacuna_byte_file_XXXXXX";

static void write_file(void) {
    static int16_t values[N];
    for (int i = 0; i < N; i++) values[i] = (int16_t)(uint16_t)(i & 0xffff);
    const int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, "0123456789abcdef", 16) == 16 &&
          write(fd, values, sizeof values) == (ssize_t)sizeof values);
    (void)close(fd);
}

static lac_stored whole(void) {
    return (lac_stored){.size = sizeof(lac_stored),
                        .type = LAC_STORED_I16,
                        .ndim = 1,
                        .shape = {N},
                        .stride = {1},
                        .storage_offset = 16,
                        .storage_bytes = 2 * (int64_t)N};
}

static void check_ranges(lac_context *ctx, lac_file *f) {
    char text[8] = "";
    int64_t size = 0;
    OK(lac_file_size(f, &size));
    CHECK(size == 16 + 2 * (int64_t)N);
    OK(lac_file_read(f, 10, text, 6));
    CHECK(memcmp(text, "abcdef", 6) == 0);
    OK(lac_file_read(f, size, NULL, 0));
    FAILS(LAC_ERR_RANGE, lac_file_read(f, size - 5, text, 6));
    FAILS(LAC_ERR_RANGE, lac_file_read(f, -1, text, 1));
    FAILS(LAC_ERR_RANGE, lac_file_read(f, 0, text, -1));
    FAILS(LAC_ERR_RANGE, lac_file_read(f, INT64_MAX, text, INT64_MAX));
    FAILS(LAC_ERR_ARGUMENT, lac_file_read(f, 0, NULL, 1));
    FAILS(LAC_ERR_ARGUMENT, lac_file_read(NULL, 0, text, 1));
    lac_file *none = NULL;
    FAILS(LAC_ERR_IO, lac_file_open(ctx, "read", "/tmp", &none));
    CHECK(strncmp(lac_last_error(), "read: /tmp: ", 12) == 0);
    FAILS(LAC_ERR_ARGUMENT, lac_file_open(ctx, NULL, NULL, &none));
    CHECK(none == NULL);
}

/* Column `c` of the values seen as [1024, 1024], and of its transpose. */
static void check_gather(lac_context *ctx, lac_file *f) {
    static int32_t got[N];
    lac_stored s = whole();
    s.ndim = 2;
    s.shape[0] = s.shape[1] = 1024;
    for (int transposed = 0; transposed < 2; transposed++) {
        s.stride[transposed] = 1024;
        s.stride[!transposed] = 1;
        lac_tensor *t = NULL;
        OK(lac_file_read_tensor(ctx, f, &s, NULL, &t));
        OK(lac_tensor_download(ctx, t, got, sizeof got));
        lac_tensor_release(t);
        int wrong = 0;
        for (int i = 0; i < N; i++) {
            const int at = transposed ? (i % 1024) * 1024 + i / 1024 : i;
            wrong += got[i] != (int16_t)(uint16_t)(at & 0xffff);
        }
        CHECK(wrong == 0);
    }
}

static void check_refused(lac_context *ctx, lac_file *f) {
    lac_tensor *t = NULL;
    lac_stored s = whole();
    s.size--;
    FAILS(LAC_ERR_ARGUMENT, lac_file_read_tensor(ctx, f, &s, NULL, &t));
    FAILS(LAC_ERR_ARGUMENT, lac_file_read_tensor(ctx, f, NULL, NULL, &t));
    FAILS(LAC_ERR_ARGUMENT, lac_file_read_tensor(ctx, NULL, &s, NULL, &t));
    for (int type = -1; type <= 13; type += 14) {
        s = whole();
        s.type = type;
        FAILS(LAC_ERR_DTYPE, lac_file_read_tensor(ctx, f, &s, NULL, &t));
    }
    static const struct {
        int32_t ndim;
        int64_t shape[2], stride[2], offset;
        lac_status status;
    } views[] = {
        {9, {1}, {1}, 0, LAC_ERR_SHAPE},
        {-1, {1}, {1}, 0, LAC_ERR_SHAPE},
        {1, {-1}, {1}, 0, LAC_ERR_SHAPE},
        {1, {2}, {-1}, 1, LAC_ERR_SHAPE},
        {1, {N + 1}, {1}, 0, LAC_ERR_RANGE},
        {1, {1}, {1}, N, LAC_ERR_RANGE},
        {1, {1}, {1}, -1, LAC_ERR_RANGE},
        {1, {2}, {INT64_MAX}, 0, LAC_ERR_RANGE},
        {1, {2}, {INT64_MAX}, 1, LAC_ERR_SHAPE},
        {1, {INT64_MAX}, {INT64_MAX}, 0, LAC_ERR_SHAPE},
        {2, {INT64_MAX, 4}, {0, 0}, 0, LAC_ERR_SHAPE},
        {2, {INT64_MAX / 4, 0}, {1, 1}, 0, LAC_ERR_SHAPE},
        {2, {2, 2}, {INT64_MAX, INT64_MAX}, 0, LAC_ERR_SHAPE},
    };
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        s = whole();
        s.ndim = views[i].ndim;
        s.offset = views[i].offset;
        memcpy(s.shape, views[i].shape, sizeof views[i].shape);
        memcpy(s.stride, views[i].stride, sizeof views[i].stride);
        FAILS(views[i].status, lac_file_read_tensor(ctx, f, &s, NULL, &t));
    }
    static const int64_t storages[][2] = {
        {17, 2 * (int64_t)N}, {-1, 8}, {0, -1}, {INT64_MAX, INT64_MAX}, {16, 2 * (int64_t)N + 1}};
    for (size_t i = 0; i < sizeof storages / sizeof *storages; i++) {
        s = whole();
        s.shape[0] = 1;
        s.storage_offset = storages[i][0];
        s.storage_bytes = storages[i][1];
        FAILS(LAC_ERR_RANGE, lac_file_read_tensor(ctx, f, &s, NULL, &t));
    }
    s = whole();
    s.has_crc32 = 1;
    s.name = "stem.weight";
    FAILS(LAC_ERR_FORMAT, lac_file_read_tensor(ctx, f, &s, NULL, &t));
    CHECK(strstr(lac_last_error(), ": stem.weight: crc32") != NULL);
    float zeros[4] = {0};
    lac_tensor *loaded = tensor(ctx, LAC_DTYPE_F32, zeros, 1, 4, 0, 0);
    FAILS(LAC_ERR_ARGUMENT, lac_file_read_tensor(ctx, f, &s, loaded, &t));
    lac_tensor_release(loaded);
    CHECK(t == NULL);
}

/* A tensor of 4 MiB where 1 MiB is allowed. */
static void check_budget(void) {
    const lac_context_options options = {.size = sizeof options, .budget = 1 << 20};
    lac_context *ctx = NULL;
    lac_file *f = NULL;
    lac_tensor *t = NULL;
    OK(lac_context_create(&options, &ctx));
    OK(lac_file_open(ctx, NULL, path, &f));
    const lac_stored s = whole();
    FAILS(LAC_ERR_OOM, lac_file_read_tensor(ctx, f, &s, NULL, &t));
    lac_file_release(f);
    close_context(ctx);
}

/* Overlapping rows, the path with the most memory requests. */
static lac_status read_rows(lac_context **ctx, lac_file **f, lac_tensor **t) {
    const lac_context_options options = {
        .size = sizeof options, .threads = 1, .alloc = host_alloc, .free = host_free};
    lac_stored s = whole();
    s.ndim = 2;
    s.shape[0] = s.shape[1] = 700;
    s.stride[0] = 500;
    s.stride[1] = 1;
    lac_status status = lac_context_create(&options, ctx);
    if (status == LAC_OK) status = lac_file_open(*ctx, NULL, path, f);
    if (status == LAC_OK) status = lac_file_read_tensor(*ctx, *f, &s, NULL, t);
    return status;
}

static void check_requests(void) {
    int finished = 0;
    for (int64_t i = 1; !finished && i < 100; i++) {
        lac_context *ctx = NULL;
        lac_file *f = NULL;
        lac_tensor *t = NULL;
        requests = alive = 0;
        fail_at = i;
        const lac_status status = read_rows(&ctx, &f, &t);
        finished = requests < fail_at;
        CHECK(finished ? status == LAC_OK && lac_tensor_numel(t) == 490000 : status == LAC_ERR_OOM);
        fail_at = 0;
        lac_tensor_release(t);
        lac_file_release(f);
        lac_context_release(ctx);
        CHECK(alive == 0);
    }
    CHECK(finished);
}

int main(void) {
    begin();
    write_file();
    lac_context *ctx = NULL;
    lac_file *f = NULL;
    OK(lac_context_create(NULL, &ctx));
    OK(lac_file_open(ctx, "read", path, &f));
    check_ranges(ctx, f);
    check_gather(ctx, f);
    check_refused(ctx, f);
    CHECK(truncate(path, 1000) == 0);
    lac_tensor *t = NULL;
    const lac_stored s = whole();
    FAILS(LAC_ERR_IO, lac_file_read_tensor(ctx, f, &s, NULL, &t));
    CHECK(strstr(lac_last_error(), "byte 1000") != NULL);
    CHECK(truncate(path, 16 + 2 * (long)N) == 0);
    lac_file_release(f);
    lac_file_release(NULL);
    close_context(ctx);
    check_budget();
    check_requests();
    (void)unlink(path);
    return finish();
}
