/*
 * tensor_test.c - contexts, tensors, views, wrapping and errors through the public API.
 */
#include "harness.h"

#include <math.h>
#include <stdlib.h>

static void test_context(void) {
    lac_context *ctx = NULL;
    OK(lac_context_create(NULL, &ctx));
    CHECK(lac_context_threads(ctx) >= 1);
    OK(lac_context_set_threads(ctx, 2));
    CHECK(lac_context_threads(ctx) == 2);
    FAILS(LAC_ERR_ARGUMENT, lac_context_set_threads(ctx, 0));
    CHECK(lac_context_threads(ctx) == 2);

    CHECK(lac_context_flag(ctx, LAC_FLAG_CONV_MODE) == 1);
    OK(lac_context_set_flag(ctx, LAC_FLAG_CONV_MODE, 2));
    CHECK(lac_context_flag(ctx, LAC_FLAG_CONV_MODE) == 2);
    FAILS(LAC_ERR_ARGUMENT, lac_context_set_flag(ctx, LAC_FLAG_CONV_MODE, 3));

    lac_context_retain(ctx);
    lac_context_release(ctx);
    close_context(ctx);
    lac_context_release(NULL);
    lac_tensor_release(NULL);
    lac_coords_release(NULL);
    lac_sparse_release(NULL);
    lac_kernel_map_release(NULL);
}

static void test_sizes(lac_context *ctx) {
    lac_tensor *t = NULL;
    lac_tensor_desc desc = {
        .size = sizeof desc, .dtype = LAC_DTYPE_F32, .ndim = 2, .shape = {-1, 4}};
    FAILS(LAC_ERR_SHAPE, lac_tensor_create(ctx, &desc, &t));
    desc.shape[0] = INT64_MAX / 2;
    FAILS(LAC_ERR_SHAPE, lac_tensor_create(ctx, &desc, &t));
    CHECK(t == NULL);
    desc.dtype = (lac_dtype)99;
    desc.shape[0] = 1;
    CHECK(lac_tensor_create(ctx, &desc, &t) != LAC_OK);
    CHECK(t == NULL);

    desc.dtype = LAC_DTYPE_I64;
    desc.shape[0] = 0;
    OK(lac_tensor_create(ctx, &desc, &t));
    CHECK(lac_tensor_numel(t) == 0);
    CHECK(lac_tensor_is_contiguous(t));
    lac_tensor_release(t);
}

static void test_views(lac_context *ctx) {
    const float values[6] = {1, 2, 3, 4, 5, 6};
    lac_tensor *t = tensor(ctx, LAC_DTYPE_F32, values, 2, 3, 2, 0);
    lac_tensor *row = NULL, *tail = NULL, *turned = NULL, *flat = NULL, *copy = NULL;

    OK(lac_tensor_narrow(ctx, t, 0, 1, 2, &tail));
    CHECK(holds(ctx, tail, (const float[]){3, 4, 5, 6}, 4));
    OK(lac_tensor_select(ctx, t, -2, 2, &row));
    CHECK(holds(ctx, row, (const float[]){5, 6}, 2));
    OK(lac_tensor_permute(ctx, t, (const int32_t[]){1, 0}, &turned));
    CHECK(!lac_tensor_is_contiguous(turned));
    OK(lac_contiguous(ctx, turned, &copy));
    CHECK(holds(ctx, copy, (const float[]){1, 3, 5, 2, 4, 6}, 6));
    OK(lac_tensor_reshape(ctx, t, 1, (const int64_t[]){-1}, 1, &flat));
    CHECK(holds(ctx, flat, values, 6));

    FAILS(LAC_ERR_RANGE, lac_tensor_narrow(ctx, t, 0, 2, 2, &(lac_tensor *){NULL}));
    FAILS(LAC_ERR_RANGE, lac_tensor_select(ctx, t, 0, 3, &(lac_tensor *){NULL}));
    CHECK(lac_tensor_reshape(ctx, t, 1, (const int64_t[]){5}, 0, &(lac_tensor *){NULL}) != LAC_OK);
    CHECK(lac_tensor_reshape(ctx, turned, 1, (const int64_t[]){6}, 1, &(lac_tensor *){NULL}) !=
          LAC_OK);

    /* A write through one view is seen through the others, and counted. */
    uint64_t version = lac_tensor_version(t);
    OK(lac_fill(ctx, row, 9.0, 0));
    CHECK(lac_tensor_version(t) != version);
    lac_tensor_release(t); /* the views keep the memory */
    CHECK(holds(ctx, flat, (const float[]){1, 2, 3, 4, 9, 9}, 6));
    CHECK(holds(ctx, copy, (const float[]){1, 3, 5, 2, 4, 6}, 6));

    lac_tensor_release(copy);
    lac_tensor_release(flat);
    lac_tensor_release(turned);
    lac_tensor_release(row);
    lac_tensor_release(tail);
}

static int deleted;

static void count_deletion(void *user) {
    ++deleted;
    free(user);
}

static void test_wrapping(lac_context *ctx) {
    float *memory = malloc(6 * sizeof *memory);
    for (int i = 0; i < 6; ++i) memory[i] = (float)i;
    lac_tensor_desc desc = {
        .size = sizeof desc, .dtype = LAC_DTYPE_F32, .ndim = 2, .shape = {3, 1}, .stride = {2, 1}};
    lac_tensor *column = NULL, *first = NULL, *copy = NULL;
    OK(lac_tensor_wrap(ctx, &desc, memory, count_deletion, memory, &column));
    OK(lac_contiguous(ctx, column, &copy));
    CHECK(holds(ctx, copy, (const float[]){0, 2, 4}, 3));
    OK(lac_tensor_narrow(ctx, column, 0, 0, 1, &first));
    lac_tensor_release(column);
    CHECK(deleted == 0);
    CHECK(holds(ctx, first, (const float[]){0}, 1));
    lac_tensor_release(first);
    CHECK(deleted == 1);
    lac_tensor_release(copy);
    lac_tensor *none = NULL;
    lac_tensor_desc far = {
        .size = sizeof far, .ndim = 2, .shape = {2, 3}, .stride = {INT64_MAX, 1}};
    FAILS(LAC_ERR_SHAPE, lac_tensor_wrap(ctx, &far, &far, NULL, NULL, &none));
    far.shape[0] = 1; /* where no step is made, its size does not matter */
    OK(lac_tensor_wrap(ctx, &far, &far, NULL, NULL, &none));
    CHECK(lac_tensor_is_contiguous(none));
    lac_tensor_release(none);
    far = (lac_tensor_desc){.size = sizeof far, .ndim = 3, .shape = {24, INT64_MAX / 2, 0}};
    FAILS(LAC_ERR_SHAPE, lac_tensor_create(ctx, &far, &none));
}

static void test_dense(lac_context *ctx) {
    lac_tensor *a = tensor(ctx, LAC_DTYPE_F32, (const float[]){1, 2, 3, 4}, 2, 2, 2, 0);
    lac_tensor *b = tensor(ctx, LAC_DTYPE_F32, (const float[]){10, 20}, 1, 2, 0, 0);
    lac_tensor *sum = NULL, *product = NULL, *total = NULL, *integers = NULL, *bad = NULL;
    OK(lac_binary(ctx, LAC_BINARY_ADD, a, b, &sum));
    CHECK(holds(ctx, sum, (const float[]){11, 22, 13, 24}, 4));
    OK(lac_matmul(ctx, a, a, &product));
    CHECK(holds(ctx, product, (const float[]){7, 10, 15, 22}, 4));
    OK(lac_reduce_all(ctx, LAC_REDUCE_SUM, a, &total));
    CHECK(holds(ctx, total, (const float[]){10}, 1));

    lac_tensor *odd = tensor(ctx, LAC_DTYPE_F32, (const float[]){NAN, 1e20f, -2.7f}, 1, 3, 0, 0);
    OK(lac_convert(ctx, odd, LAC_DTYPE_I32, &integers));
    int32_t got[3];
    OK(lac_tensor_download(ctx, integers, got, sizeof got));
    CHECK(got[0] == 0 && got[1] == INT32_MAX && got[2] == -2);

    FAILS(LAC_ERR_SHAPE, lac_binary(ctx, LAC_BINARY_ADD, a, odd, &bad));
    FAILS(LAC_ERR_SHAPE, lac_matmul(ctx, a, odd, &bad));
    CHECK(bad == NULL);

    int64_t indices[2] = {1, 2};
    lac_tensor *index = tensor(ctx, LAC_DTYPE_I64, indices, 1, 2, 0, 0);
    FAILS(LAC_ERR_RANGE, lac_index_select(ctx, a, 0, index, &bad));
    CHECK(bad == NULL);

    lac_tensor *all[] = {index, integers, odd, total, product, sum, b, a};
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i) lac_tensor_release(all[i]);
}

static void *count_alloc(void *user, size_t bytes, size_t alignment) {
    ++*(int *)user;
    return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void count_free(void *user, void *pointer, size_t bytes) {
    (void)bytes;
    --*(int *)user;
    free(pointer);
}

/* A host's allocator sees every block come back; a budget is an error, not a crash. */
static void test_allocator(void) {
    int blocks = 0;
    lac_context_options options = {.size = sizeof options,
                                   .user = &blocks,
                                   .alloc = count_alloc,
                                   .free = count_free,
                                   .budget = 1 << 20};
    lac_context *ctx = NULL;
    OK(lac_context_create(&options, &ctx));
    test_views(ctx);
    lac_tensor_desc desc = {
        .size = sizeof desc, .dtype = LAC_DTYPE_F32, .ndim = 1, .shape = {1 << 20}};
    lac_tensor *t = NULL;
    FAILS(LAC_ERR_OOM, lac_tensor_create(ctx, &desc, &t));
    CHECK(t == NULL);
    test_dense(ctx);
    close_context(ctx);
    CHECK(blocks == 0);
}

int main(void) {
    begin();
    test_context();
    lac_context *ctx = NULL;
    OK(lac_context_create(NULL, &ctx));
    test_sizes(ctx);
    test_views(ctx);
    test_wrapping(ctx);
    test_dense(ctx);
    close_context(ctx);
    test_allocator();
    return finish();
}
