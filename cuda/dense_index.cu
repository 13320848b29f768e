/*
 * dense_index.cu - reading at computed positions: index_select and gather, and the check of an
 * index.
 *
 * An index is checked in a kernel of its own, and the host learns of it before another one trusts
 * it.
 */
#include "dense.cuh"

namespace dense {

static __global__ void __launch_bounds__(THREADS)
    check(const int64_t *index, int64_t n, int64_t rows, unsigned long long *bad) {
    const int64_t step = (int64_t)gridDim.x * THREADS;
    for (int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x; i < n; i += step)
        if (index[i] < 0 || index[i] >= rows) atomicMin(bad, (unsigned long long)i);
}

/* Rows of `units` elements of U. */
template <class U>
static __global__ void __launch_bounds__(THREADS)
    select(const U *x, int64_t outer, int64_t n, int64_t units, const int64_t *index, int64_t m,
           U *out) {
    const int64_t total = outer * m * units, step = (int64_t)gridDim.x * THREADS;
    for (int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x; i < total; i += step) {
        int64_t row = i;
        const int64_t unit = split(&row, units);
        int64_t block = row;
        const int64_t from = index[split(&block, m)];
        out[i] = x[(block * n + from) * units + unit];
    }
}

template <class U>
static void launch(lac__gpu *gpu, const void *x, int64_t outer, int64_t n, int64_t bytes,
                   const int64_t *index, int64_t m, void *out) {
    const int64_t units = bytes / (int64_t)sizeof(U);
    LAC_LAUNCH(gpu, (select<U>), blocks_for(gpu, outer * m * units, THREADS), THREADS, 0,
               static_cast<const U *>(x), outer, n, units, index, m, static_cast<U *>(out));
}

/* The one operand of `e` is x; its bits travel. */
static __global__ void __launch_bounds__(THREADS)
    pick(const Elements e, int64_t along, const int64_t *index, void *out) {
    const int64_t step = (int64_t)gridDim.x * THREADS;
    for (int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x; i < e.total; i += step) {
        int64_t at[1];
        locate(e, i, at);
        const int64_t from = at[0] + index[i] * along;
        store_one(e.dtype[0], out, i, load_one<int64_t>(e.dtype[0], e.data[0], from));
    }
}

} // namespace dense

using namespace dense;

void lac__launch_index_check(lac__gpu *gpu, const int64_t *index, int64_t n, int64_t rows,
                             uint64_t *bad) {
    LAC_LAUNCH(gpu, check, blocks_for(gpu, n, THREADS), THREADS, 0, index, n, rows,
               reinterpret_cast<unsigned long long *>(bad));
}

void lac__launch_index_select(lac__gpu *gpu, const void *x, int64_t outer, int64_t n, int64_t bytes,
                              const int64_t *index, int64_t m, void *out) {
    const uint64_t all = (uint64_t)(uintptr_t)x | (uint64_t)(uintptr_t)out | (uint64_t)bytes;
    if (all % 16 == 0)
        launch<Pack<uint32_t, 4>>(gpu, x, outer, n, bytes, index, m, out);
    else if (all % 8 == 0)
        launch<uint64_t>(gpu, x, outer, n, bytes, index, m, out);
    else if (all % 4 == 0)
        launch<uint32_t>(gpu, x, outer, n, bytes, index, m, out);
    else if (all % 2 == 0)
        launch<uint16_t>(gpu, x, outer, n, bytes, index, m, out);
    else
        launch<uint8_t>(gpu, x, outer, n, bytes, index, m, out);
}

void lac__launch_gather(lac__gpu *gpu, const lac__view *x, int64_t along, const int64_t *index,
                        void *out) {
    Elements e = elements_of(1, &x);
    e.dtype[0] = bits_of(x->dtype);
    LAC_LAUNCH(gpu, pick, blocks_for(gpu, e.total, THREADS), THREADS, 0, e, along, index, out);
}
