/*
 * epilogue.cu - stages over sums that lie in memory: partial sums of several parts, those of the
 * gather kernels, and pointwise operations by themselves. A thread has 8 channels of a row; it
 * reads them before it writes them, so the result may replace its source.
 */
#include "epilogue.cuh"

using namespace conv;

enum { THREADS = 256, LANES = 8 };

static __global__ void __launch_bounds__(THREADS)
    finish_rows(const void *source, int32_t dtype, int32_t parts, int64_t rows, bool aligned,
                const __grid_constant__ lac__finish f) {
    const int64_t across = (f.width + LANES - 1) / LANES, total = rows * across;
    const int64_t step = (int64_t)gridDim.x * THREADS;
    for (int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x; i < total; i += step) {
        const int64_t row = quotient(i, across);
        const int column = (int)(i - row * across) * LANES, left = f.width - column;
        const int count = left < LANES ? left : LANES;
        const size_t at = (size_t)row * (size_t)f.width + (size_t)column;
        float v[LANES], more[LANES];
        load_any(dtype, source, at, aligned, count, v);
        for (int p = 1; p < parts; p++) {
            const size_t part = (size_t)p * (size_t)rows * (size_t)f.width;
            load_any(dtype, source, part + at, aligned, count, more);
#pragma unroll
            for (int j = 0; j < LANES; j++) v[j] += more[j];
        }
        finish_lanes(f, (size_t)row, column, v);
    }
}

void lac__launch_epilogue(lac__gpu *gpu, const void *source, int32_t dtype, int32_t parts,
                          int64_t rows, const lac__finish *finish) {
    const int64_t total = rows * ((finish->width + LANES - 1) / LANES);
    const int64_t blocks = (total + THREADS - 1) / THREADS, most = (int64_t)gpu->sm_count * 16;
    const bool aligned = finish->width % LANES == 0 && (uintptr_t)source % 16 == 0;
    if (total > 0)
        LAC_LAUNCH(gpu, finish_rows, (unsigned)(blocks < most ? blocks : most), THREADS, 0, source,
                   dtype, parts, rows, aligned, *finish);
}
