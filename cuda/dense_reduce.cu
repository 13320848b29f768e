/*
 * dense_reduce.cu - sums, means and extremes along one dimension of contiguous lanes.
 *
 * Sums of reals are added in float64. Where there are lanes enough they are added in the CPU's
 * order and equal its sums to the bit; else in a tree of fixed shape, which agrees within
 * rounding. Integers and extremes are equal either way. What is smallest is largest in the
 * reverse order.
 */
#include "dense_fold.cuh"

#include <algorithm>

namespace dense {

/* A thread a lane is quick where a lane is short or lanes are many, and not of unusual length. */
enum { SHORT_LANE = 64, MANY_LANES = 1024, LONG_LANE = 65536, MOST_TILES = 1024 };

template <class C> struct KeepLargest {
    void *out;
    int32_t dtype;
    bool position, reverse;
    __device__ void operator()(int64_t at, const Largest<C> &s) const {
        if (position)
            store_one(LAC_DTYPE_I64, out, at, s.row);
        else
            store_one(dtype, out, at, reverse ? reversed(s.best) : s.best);
    }
};

template <class C>
static void launch(lac__gpu *gpu, int32_t op, const lac__fold *f, const void *x, int32_t dtype,
                   void *scratch, void *out, int32_t to) {
    if (op == LAC_REDUCE_SUM || op == LAC_REDUCE_MEAN) {
        const KeepSum<C> result = {out, to, op == LAC_REDUCE_MEAN ? (double)f->n : 1.0};
        launch_fold<Sum<C>>(gpu, *f, Elementwise<C>{x, dtype, false}, scratch, result);
        return;
    }
    const bool smallest = op == LAC_REDUCE_MIN || op == LAC_REDUCE_ARGMIN;
    const KeepLargest<C> result = {out, to, op >= LAC_REDUCE_ARGMAX, smallest};
    launch_fold<Largest<C>>(gpu, *f, Elementwise<C>{x, dtype, smallest}, scratch, result);
}

} // namespace dense

using namespace dense;

lac__fold lac__fold_plan(int64_t outer, int64_t n, int64_t inner, int32_t exact) {
    lac__fold f = {};
    f.outer = outer;
    f.n = n;
    f.inner = inner;
    f.ordered = exact && (n <= SHORT_LANE || (outer * inner >= MANY_LANES && n <= LONG_LANE));
    f.columns = 1;
    while (f.columns < 32 && f.columns < inner) f.columns *= 2;
    const int64_t tiles = std::max<int64_t>(1, outer * ((inner + f.columns - 1) / f.columns));
    const int64_t least = BATCH * (THREADS / f.columns); /* rows of a chunk */
    const int64_t most = std::max<int64_t>(1, MOST_TILES / tiles);
    const int64_t chunks = std::max<int64_t>(1, std::min(most, (n + least - 1) / least));
    f.rows = std::max<int64_t>(1, (n + chunks - 1) / chunks);
    f.chunks = std::max<int64_t>(1, (n + f.rows - 1) / f.rows);
    return f;
}

size_t lac__fold_bytes(const lac__fold *f) {
    if (f->ordered) return 0;
    return (size_t)(f->outer * f->chunks * f->inner) * sizeof(Largest<int64_t>);
}

void lac__launch_reduce(lac__gpu *gpu, int32_t op, const lac__fold *fold, const void *x,
                        int32_t dtype, void *scratch, void *out, int32_t to) {
    if (dtype == LAC_DTYPE_F32 || dtype == LAC_DTYPE_F64)
        launch<double>(gpu, op, fold, x, dtype, scratch, out, to);
    else
        launch<int64_t>(gpu, op, fold, x, dtype, scratch, out, to);
}
