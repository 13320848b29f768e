/*
 * points_fields_test.c - records of a PointCloud2's kind to a matrix, the log callback, the default device.
 */
#include "harness.h"

#include <stdlib.h>

/* x y z float32, ring uint16, intensity uint8 and time float64, packed without alignment. */
enum { STEP = 23, RECORDS = 3 };

static void record(unsigned char *to, float x, uint16_t ring, uint8_t intensity, double time) {
    const float xyz[3] = {x, x + 1, x + 2};
    memcpy(to, xyz, sizeof xyz);
    memcpy(to + 12, &ring, sizeof ring);
    to[14] = intensity;
    memcpy(to + 15, &time, sizeof time);
}

static void test_fields(lac_context *ctx) {
    unsigned char data[STEP * RECORDS];
    record(data, 1, 7, 200, 0.5);
    record(data + STEP, -4, 65535, 0, -2);
    record(data + 2 * STEP, 100, 0, 255, 1e300);
    const int64_t offsets[] = {0, 4, 8, 14, 12};
    const int32_t types[] = {LAC_STORED_F32, LAC_STORED_F32, LAC_STORED_F32, LAC_STORED_U8,
                             LAC_STORED_U16};
    lac_tensor *t = NULL;
    if (OK(lac_points_from_fields(ctx, data, RECORDS, STEP, offsets, types, 5, &t))) {
        const float wanted[] = {1, 2, 3, 200, 7, -4, -3, -2, 0, 65535, 100, 101, 102, 255, 0};
        CHECK(holds(ctx, t, wanted, 15));
        lac_tensor_desc desc;
        lac_tensor_describe(t, &desc);
        CHECK(desc.ndim == 2 && desc.shape[0] == RECORDS && desc.shape[1] == 5);
    }
    lac_tensor_release(t);

    const int64_t time_at = 15;
    const int32_t time_type = LAC_STORED_F64;
    if (OK(lac_points_from_fields(ctx, data, 2, STEP, &time_at, &time_type, 1, &t)))
        CHECK(holds(ctx, t, (const float[]){0.5f, -2}, 2));
    lac_tensor_release(t);
    if (OK(lac_points_from_fields(ctx, NULL, 0, STEP, offsets, types, 5, &t)))
        CHECK(lac_tensor_numel(t) == 0);
    lac_tensor_release(t);
}

static void test_errors(lac_context *ctx) {
    const float data[8] = {0};
    const int64_t inside[] = {0, 4}, outside[] = {0, 13}, negative[] = {0, -1};
    const int32_t floats[] = {LAC_STORED_F32, LAC_STORED_F32}, halves[] = {LAC_STORED_F16, 99};
    lac_tensor *t = NULL;
    FAILS(LAC_ERR_RANGE, lac_points_from_fields(ctx, data, 2, 16, outside, floats, 2, &t));
    CHECK(strstr(lac_last_error(), "field 1 has 4 bytes at 13") != NULL);
    FAILS(LAC_ERR_RANGE, lac_points_from_fields(ctx, data, 2, 16, negative, floats, 2, &t));
    FAILS(LAC_ERR_DTYPE, lac_points_from_fields(ctx, data, 2, 16, inside, halves, 1, &t));
    FAILS(LAC_ERR_DTYPE, lac_points_from_fields(ctx, data, 2, 16, inside, halves + 1, 1, &t));
    FAILS(LAC_ERR_ARGUMENT, lac_points_from_fields(ctx, data, -1, 16, inside, floats, 2, &t));
    FAILS(LAC_ERR_ARGUMENT, lac_points_from_fields(ctx, data, 2, 0, inside, floats, 2, &t));
    FAILS(LAC_ERR_ARGUMENT, lac_points_from_fields(ctx, data, 2, 16, inside, floats, 0, &t));
    FAILS(LAC_ERR_ARGUMENT, lac_points_from_fields(ctx, NULL, 2, 16, inside, floats, 2, &t));
    FAILS(LAC_ERR_ARGUMENT,
          lac_points_from_fields(ctx, data, INT64_MAX, 16, inside, floats, 2, &t));
    lac_context_interrupt(ctx);
    FAILS(LAC_ERR_INTERRUPTED, lac_points_from_fields(ctx, data, 2, 16, inside, floats, 2, &t));
    lac_context_clear_interrupt(ctx);
    CHECK(t == NULL);
}

typedef struct {
    int records;
    lac_log_level level;
    char text[256];
} sink;

static void take(void *user, lac_log_level level, const char *text) {
    sink *s = user;
    s->records++;
    s->level = level;
    (void)snprintf(s->text, sizeof s->text, "%s", text);
}

/* Reading a .bin whose size fits one number of columns logs which. */
static void test_log(void) {
    char path[] = "/tmp/lacuna_log_XXXXXX.bin";
    const int fd = mkstemps(path, 4);
    FILE *file = fdopen(fd, "wb");
    const float row[5] = {1, 2, 3, 4, 5};
    (void)fwrite(row, sizeof *row, 5, file);
    fclose(file);

    sink s = {0};
    const lac_context_options options = {.size = sizeof options, .log = take, .log_user = &s};
    for (int queued = 0; queued < 2; queued++) {
        lac_context *ctx = NULL;
        lac_tensor *t = NULL;
        char text[256] = "";
        OK(lac_context_create(queued ? NULL : &options, &ctx));
        OK(lac_points_read(ctx, path, NULL, &t));
        lac_tensor_release(t);
        CHECK(lac_log_poll(ctx, NULL, text, sizeof text) == queued);
        if (queued) CHECK(strcmp(text, s.text) == 0);
        CHECK(s.records == 1 && s.level == LAC_LOG_INFO && strstr(s.text, "5 float32 columns"));
        lac_context_release(ctx);
    }
    remove(path);
}

static void test_default_device(void) {
    lac_context_options options = {.size = sizeof options, .device = LAC_DEVICE_CPU};
    lac_context *ctx = NULL;
    lac_device device = LAC_DEVICE_CUDA;
    int32_t index = -1;
    OK(lac_context_create(&options, &ctx));
    lac_context_default_device(ctx, &device, &index);
    CHECK(device == LAC_DEVICE_CPU && index == 0);
    close_context(ctx);
    options.device_index = 3;
    FAILS(LAC_ERR_DEVICE, lac_context_create(&options, &ctx));
    CHECK(strncmp(lac_last_error(), "context: ", 9) == 0);
    options.device = 9;
    FAILS(LAC_ERR_DEVICE, lac_context_create(&options, &ctx));
}

int main(void) {
    begin();
    lac_context *ctx = NULL;
    OK(lac_context_create(NULL, &ctx));
    test_fields(ctx);
    test_errors(ctx);
    close_context(ctx);
    test_log();
    test_default_device();
    CHECK(lac_fail(LAC_ERR_RANGE, "a text of the host's") == LAC_ERR_RANGE);
    CHECK(strcmp(lac_last_error(), "a text of the host's") == 0);
    return finish();
}
