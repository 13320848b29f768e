/*
 * fields_fuzz.c - lac_points_from_fields over a buffer that ends where its records do: any offsets, steps
 * and types.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    bytes b = {data, data + size};
    const int32_t fields = take_in(&b, -1, 66), wild = take(&b);
    int64_t offsets[66] = {0}, n = take_in(&b, 0, 40), step = take_in(&b, 0, 40);
    int32_t dtypes[66] = {0};
    for (int32_t i = 0; i < fields && i < 66; i++) {
        offsets[i] = take_in(&b, 0, 44) - 2;
        dtypes[i] = take_in(&b, -1, 13);
        if (wild == i) take_into(&b, &offsets[i], 8);
        if (wild == 100 + i) take_into(&b, &dtypes[i], 4);
    }
    uint8_t *records = malloc((size_t)(n * step) + 1), *tight = records + 1;
    REQUIRE(records != NULL);
    for (int64_t i = 0; i < n * step; i++) tight[i] = (uint8_t)take(&b);
    if (wild == 200) take_into(&b, &step, 8); /* steps and counts that the buffer does not have: */
    if (wild == 201) n = (int64_t)1 << 61;    /* nothing may be read before they are refused */
    const int believable = wild != 200 && wild != 201;
    lac_context *ctx = fuzz_context();
    lac_tensor *t = NULL;
    if (believable || step < 0 || n > INT32_MAX) {
        if (well(lac_points_from_fields(ctx, tight, n, step, offsets, dtypes, fields, &t), NULL)) {
            REQUIRE(lac_tensor_numel(t) == n * fields);
            fuzz_read(ctx, t);
        }
    }
    lac_tensor_release(t);
    fuzz_close(ctx);
    free(records);
    return 0;
}
