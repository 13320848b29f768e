/*
 * maps_order.cu - what implicit GEMM needs to skip absent taps: which taps each row has, the union
 * of each tile of 32 rows, and how much work each group of 4 tiles is.
 */
#include "coords.cuh"

enum { THREADS = LAC__COORDS_THREADS, TILES_OF_GROUP = 4 };

/* blockIdx.y: word of the mask. */
static __global__ void __launch_bounds__(THREADS)
    find_masks(const int32_t *table, int64_t rows, int64_t first, int64_t last, uint64_t *masks) {
    const int64_t begin = first + 64 * (int64_t)blockIdx.y;
    const int64_t end = begin + 64 < last ? begin + 64 : last;
    for (int64_t row = thread_number(); row < rows; row += thread_count()) {
        uint64_t mask = 0;
        for (int64_t k = begin; k < end; k++)
            mask |= (uint64_t)(table[(size_t)k * (size_t)rows + (size_t)row] >= 0) << (k - begin);
        masks[(size_t)blockIdx.y * (size_t)rows + (size_t)row] = mask;
    }
}

void lac__launch_tap_masks(lac__gpu *gpu, const int32_t *table, int64_t rows, int64_t first,
                           int64_t last, uint64_t *masks) {
    if (rows > 0)
        LAC_LAUNCH(gpu, find_masks, dim3(coords_blocks(rows), (unsigned)((last - first + 63) / 64)),
                   THREADS, 0, table, rows, first, last, masks);
}

static __global__ void __launch_bounds__(THREADS)
    gather_masks(const uint64_t *masks, const int32_t *order, int64_t rows, uint64_t *keys) {
    for (int64_t i = thread_number(); i < rows; i += thread_count()) keys[i] = masks[order[i]];
}

void lac__launch_gather_masks(lac__gpu *gpu, const uint64_t *masks, const int32_t *order,
                              int64_t rows, uint64_t *keys) {
    if (rows > 0)
        LAC_LAUNCH(gpu, gather_masks, coords_blocks(rows), THREADS, 0, masks, order, rows, keys);
}

/* A warp joins the masks of a tile, a lane a row; blockIdx.y: words 2y and 2y + 1 of the tile's. */
static __global__ void __launch_bounds__(THREADS)
    join_tiles(const uint64_t *masks, const int32_t *order, int64_t rows, int64_t words,
               int64_t taps, uint32_t *tiles) {
    const int64_t position = thread_number(), tile = position / 32;
    if (tile * 32 >= rows) return; /* all lanes of the warp */
    uint64_t mask = 0;
    if (64 * (int64_t)blockIdx.y < taps && position < rows) {
        const int64_t row = order != nullptr ? order[position] : position;
        mask = masks[(size_t)blockIdx.y * (size_t)rows + (size_t)row];
    }
    for (int step = 16; step > 0; step /= 2) mask |= __shfl_xor_sync(0xffffffffu, mask, step);
    const int64_t word = 2 * (int64_t)blockIdx.y;
    if (threadIdx.x % 32 == 0) {
        tiles[tile * words + word] = (uint32_t)mask;
        if (word + 1 < words) tiles[tile * words + word + 1] = (uint32_t)(mask >> 32);
    }
}

void lac__launch_tile_masks(lac__gpu *gpu, const uint64_t *masks, const int32_t *order,
                            int64_t rows, int64_t taps, int64_t words, uint32_t *tiles) {
    if (rows <= 0) return;
    const unsigned blocks = (unsigned)((rows + THREADS - 1) / THREADS);
    LAC_LAUNCH(gpu, join_tiles, dim3(blocks, (unsigned)((words + 1) / 2)), THREADS, 0, masks, order,
               rows, words, taps, tiles);
}

static __global__ void __launch_bounds__(THREADS)
    count_taps(const uint32_t *tiles, int64_t tile_count, int64_t words, int64_t most,
               uint64_t *keys) {
    const int64_t groups = (tile_count + TILES_OF_GROUP - 1) / TILES_OF_GROUP;
    for (int64_t g = thread_number(); g < groups; g += thread_count()) {
        int64_t taps = 0;
        for (int64_t w = 0; w < words; w++) {
            uint32_t mask = 0;
            for (int64_t t = g * TILES_OF_GROUP; t < (g + 1) * TILES_OF_GROUP && t < tile_count;
                 t++)
                mask |= tiles[t * words + w];
            taps += __popc(mask);
        }
        keys[g] = (uint64_t)(most - taps);
    }
}

void lac__launch_group_keys(lac__gpu *gpu, const uint32_t *tiles, int64_t tile_count, int64_t words,
                            int64_t most, uint64_t *keys) {
    if (tile_count > 0)
        LAC_LAUNCH(gpu, count_taps, coords_blocks((tile_count + 3) / 4), THREADS, 0, tiles,
                   tile_count, words, most, keys);
}
