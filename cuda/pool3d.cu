/*
 * pool3d.cu - maximum and mean of the inputs in each window, read from the map's table.
 *
 * A thread owns an output element, or four of a row, and walks the taps in the order of the CPU:
 * ascending, the centre tap last. So sums are the same to the bit, whatever else is in the batch.
 */
#include "launch_pool.h"
#include "point_walk.cuh"

#include <math.h>

template <int WIDTH> struct Lanes { float v[WIDTH]; };

template <int WIDTH> __device__ inline Lanes<WIDTH> load(const float *from) {
    Lanes<WIDTH> l;
    if constexpr (WIDTH == 4) {
        const float4 f = *reinterpret_cast<const float4 *>(from);
        l.v[0] = f.x;
        l.v[1] = f.y;
        l.v[2] = f.z;
        l.v[3] = f.w;
    } else {
        l.v[0] = *from;
    }
    return l;
}

template <int WIDTH> __device__ inline void store(float *to, const Lanes<WIDTH> &l) {
    if constexpr (WIDTH == 4)
        *reinterpret_cast<float4 *>(to) = make_float4(l.v[0], l.v[1], l.v[2], l.v[3]);
    else
        *to = l.v[0];
}

template <int WIDTH, bool MEAN> __device__ inline void take(Lanes<WIDTH> &sum, const float *from) {
    const Lanes<WIDTH> l = load<WIDTH>(from);
    for (int c = 0; c < WIDTH; c++) {
        if (MEAN)
            sum.v[c] += l.v[c];
        else if (l.v[c] > sum.v[c] || l.v[c] != l.v[c]) /* a NaN comes in and is not replaced */
            sum.v[c] = l.v[c];
    }
}

template <int WIDTH, bool MEAN>
static __global__ void __launch_bounds__(LAC__WALK_THREADS) pool_rows(lac__windows w) {
    const int64_t pieces = w.channels / WIDTH;
    for (int64_t i = lac__walk_first(); i < w.rows * pieces; i += lac__walk_step()) {
        const lac__place at = lac__place_of(i, pieces);
        const float *x = w.x + at.column * WIDTH;
        Lanes<WIDTH> sum;
        for (int c = 0; c < WIDTH; c++) sum.v[c] = MEAN ? 0.0f : -INFINITY;
        int32_t inputs = 0;
        for (int64_t k = 0; k < w.taps; k++) {
            const int32_t from = w.table[k * w.rows + at.row];
            if (k == w.centre || from < 0) continue;
            take<WIDTH, MEAN>(sum, x + (int64_t)from * w.channels);
            inputs++;
        }
        const int32_t last = w.centre < 0 ? -1 : w.table[w.centre * w.rows + at.row];
        if (last >= 0) {
            take<WIDTH, MEAN>(sum, x + (int64_t)last * w.channels);
            inputs++;
        }
        for (int c = 0; c < WIDTH; c++) {
            if (inputs == 0)
                sum.v[c] = 0;
            else if (MEAN)
                sum.v[c] /= (float)inputs;
        }
        store<WIDTH>(w.out + at.row * w.channels + at.column * WIDTH, sum);
    }
}

template <int WIDTH> static void launch(lac__gpu *gpu, const lac__windows *w, bool mean) {
    const unsigned blocks = lac__walk_blocks(w->rows * (w->channels / WIDTH));
    if (mean)
        LAC_LAUNCH(gpu, (pool_rows<WIDTH, true>), blocks, LAC__WALK_THREADS, 0, *w);
    else
        LAC_LAUNCH(gpu, (pool_rows<WIDTH, false>), blocks, LAC__WALK_THREADS, 0, *w);
}

void lac__launch_pool3d(lac__gpu *gpu, const lac__windows *w, int32_t mean) {
    const uintptr_t ends = reinterpret_cast<uintptr_t>(w->x) | reinterpret_cast<uintptr_t>(w->out);
    if (w->channels % 4 == 0 && ends % sizeof(float4) == 0)
        launch<4>(gpu, w, mean != 0);
    else
        launch<1>(gpu, w, mean != 0);
}
