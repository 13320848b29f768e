/*
 * slots_points.h - what the C sides of pooling and of points share: scratch blocks that are freed
 * together, words for counts, and lists of rows.
 */
#ifndef LAC_CUDA_SLOTS_POINTS_H
#define LAC_CUDA_SLOTS_POINTS_H

#include "host.h"
#include "launch_points.h"
#include "sparse/device_points.h"

/** Blocks of the device of `like`. Starts as {.like = t}; memory is reused in stream order, so
 *  blocks may be freed while kernels that use them are queued. */
enum { LAC__MOST_BLOCKS = 32 };
typedef struct lac__blocks {
    const lac_tensor *like;
    int count;
    lac__block block[LAC__MOST_BLOCKS];
} lac__blocks;

/** `count` elements of `size` bytes each, as *out; NULL for none. */
lac_status lac__blocks_take(lac__blocks *blocks, int64_t count, size_t size, void *out);
/** One word of 64 bits that holds `value`. */
lac_status lac__blocks_word(lac__blocks *blocks, uint64_t value, uint64_t **out);
/** Waits for a word. */
lac_status lac__read_word(const lac__blocks *blocks, const uint64_t *word, uint64_t *value);
void lac__blocks_free(lac__blocks *blocks);

/** LAC_ERR_UNSUPPORTED where n rows are too many for int32 row numbers. */
lac_status lac__check_rows_fit(const char *op, int64_t n);

/** One list of n rows. It lives in `blocks`. */
lac_status lac__list_all(lac__blocks *blocks, int64_t n, lac__row_lists *out);
/** Lists of n rows by `number`, int64 or int32 [n]; negative and too large ones are in none. The
 *  lists live in `blocks`. */
lac_status lac__make_lists(lac__blocks *blocks, const void *number, lac_dtype dtype, int64_t n,
                           int64_t groups, lac__row_lists *out);

/** Group of each row of int32 [N,4], numbered ascending, and the first row of each group. Waits. */
lac_status lac__group_device_rows(lac_context *ctx, lac__blocks *blocks, const lac_tensor *rows,
                                  int32_t **group, int32_t **first, int64_t *groups);

/** The entries of lac__cuda_points (device_points.h). */
lac_status lac__cuda_quantize(lac_context *ctx, const lac_tensor *points, const lac_tensor *feats,
                              const lac_quantize_options *options, lac__quantized *out);
lac_status lac__cuda_voxelize(lac_context *ctx, const lac_tensor *points, const lac_tensor *batch,
                              const lac_voxelize_options *options, const int32_t grid[3],
                              lac__voxelized *out);
lac_status lac__cuda_point_rows(lac_context *ctx, const lac_tensor *points, double ratio,
                                lac__point_voxels *out);
lac_status lac__cuda_corner_weights(lac_context *ctx, const lac_tensor *points,
                                    const lac_tensor *index, double scale, lac_tensor *weights);
lac_status lac__cuda_hash_rows(lac_context *ctx, const lac_tensor *rows, const lac_tensor *offsets,
                               lac_tensor *hash);
lac_status lac__cuda_find_rows(lac_context *ctx, const lac_tensor *query,
                               const lac_tensor *reference, lac_tensor *found);
lac_status lac__cuda_count_index(lac_context *ctx, const lac_tensor *index, lac_tensor *count);

#endif
