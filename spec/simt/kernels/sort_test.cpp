/*
 * sort_test.cpp - scans, the radix sort and the operations that sort or select, against plain
 * loops.
 */
#include "array_test.h"
#include "launch_order.h"
#include "launch_sort.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

Suite suite("sort");

static std::vector<int64_t> sizes() {
    return {0, 1, 31, 33, 127, 1023, 1024, 1025, 3001};
}

static std::string of(const char *what, int64_t n) {
    return std::string(what) + " of " + std::to_string(n);
}

template <class T, class F> static void check_scan(const char *name, int64_t n, F launch) {
    std::vector<T> values((size_t)n), want((size_t)n);
    int64_t sum = 0;
    for (size_t i = 0; i < values.size(); i++) {
        values[i] = (T)suite.between(-3, 40);
        want[i] = (T)sum;
        sum += values[i];
    }
    Array<T> in(values);
    Array<int64_t> total(1);
    Array<uint8_t> scratch(lac__scan_scratch(n));
    launch(&suite.gpu, in.data, in.data, n, total.data, scratch.data);
    suite.check(in.get() == want && total.get()[0] == sum, of(name, n));
}

static void check_compact(int64_t n, int one_in) {
    std::vector<uint8_t> flags((size_t)n);
    std::vector<int64_t> want;
    for (size_t i = 0; i < flags.size(); i++) {
        flags[i] = suite.between(1, one_in) == 1 ? 7 : 0;
        if (flags[i]) want.push_back((int64_t)i);
    }
    Array<uint8_t> in(flags), scratch(lac__scan_scratch(n));
    Array<int64_t> positions(want.size()), count(1);
    lac__launch_compact(&suite.gpu, in.data, n, positions.data, count.data, scratch.data);
    suite.check(positions.get() == want && count.get()[0] == (int64_t)want.size(),
                of("compact", n));
    lac__launch_compact(&suite.gpu, in.data, n, nullptr, count.data, scratch.data);
    suite.check(count.get()[0] == (int64_t)want.size(), of("count of flags", n));
}

static void check_radix(int64_t n, int begin, int end, bool with_values, bool keys_alone) {
    std::vector<uint64_t> keys((size_t)n);
    std::vector<int32_t> values((size_t)n);
    std::vector<size_t> order((size_t)n);
    const uint64_t few = suite.random() % 2 ? 0x0101010101010101u : ~(uint64_t)0;
    const uint64_t mask =
        end - begin >= 64 ? ~(uint64_t)0 : (((uint64_t)1 << (end - begin)) - 1) << begin;
    for (size_t i = 0; i < keys.size(); i++) {
        keys[i] = (suite.random() << 32 ^ suite.random()) & few;
        values[i] = with_values ? (int32_t)suite.between(-1000, 1000) : (int32_t)i;
        order[i] = i;
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return (keys[a] & mask) < (keys[b] & mask); });
    std::vector<uint64_t> want_keys;
    std::vector<int32_t> want_values;
    for (size_t at : order) {
        want_keys.push_back(keys[at]);
        want_values.push_back(values[at]);
    }
    Array<uint64_t> in(keys), out((size_t)n);
    Array<int32_t> values_in(values), values_out((size_t)n);
    Array<uint8_t> scratch(lac__radix_scratch(n));
    lac__launch_radix_sort(&suite.gpu, in.data, out.data, with_values ? values_in.data : nullptr,
                           keys_alone ? nullptr : values_out.data, n, begin, end, scratch.data);
    bool good = out.get() == want_keys && in.get() == keys && values_in.get() == values;
    if (!keys_alone) good = good && values_out.get() == want_values;
    suite.check(good, of("radix sort", n) + " by bits " + std::to_string(begin) + " to " +
                          std::to_string(end));
}

static void check_group_starts(int64_t n, int64_t groups) {
    std::vector<uint64_t> keys((size_t)n);
    for (uint64_t &k : keys) k = (uint64_t)suite.between(0, groups - 1);
    std::sort(keys.begin(), keys.end());
    std::vector<int64_t> want;
    for (int64_t g = 0; g <= groups; g++)
        want.push_back(std::lower_bound(keys.begin(), keys.end(), (uint64_t)g) - keys.begin());
    Array<uint64_t> in(keys);
    Array<int64_t> starts((size_t)groups + 1);
    lac__launch_group_starts(&suite.gpu, in.data, n, groups, starts.data);
    suite.check(starts.get() == want, of("group starts", n));
}

/* ---- sort */

template <class T> static bool before(T a, T b, bool descending) {
    const bool a_nan = a != a, b_nan = b != b;
    if (a_nan || b_nan) return !a_nan && b_nan;
    return descending ? a > b : a < b;
}

template <class T> static T odd_value(int64_t kind) {
    using limits = std::numeric_limits<T>;
    switch (kind) {
    case 0: return limits::max();
    case 1: return limits::lowest();
    case 2: return (T)0;
    case 3: return limits::has_infinity ? (T)-0.0 : (T)1;
    case 4: return limits::has_infinity ? limits::infinity() : (T)2;
    case 5: return limits::has_infinity ? (T)-limits::infinity() : (T)3;
    case 6: return limits::has_quiet_NaN ? limits::quiet_NaN() : (T)5;
    default: return limits::has_quiet_NaN ? (T)-limits::quiet_NaN() : (T)7;
    }
}

/* The slot's steps; returns the order of all elements by lane and value. */
static void sort_lanes(const void *x, int32_t dtype, lac__lane_shape shape, bool descending,
                       Array<int32_t> *order) {
    const int64_t lanes = shape.outer * shape.inner, n = lanes * shape.n;
    const int32_t bits = lac__sort_key_bits(dtype), lane_bits = lac__bits_of(lanes);
    const bool at_once = bits + lane_bits <= 64;
    Array<uint64_t> keys((size_t)n), sorted((size_t)n);
    Array<int32_t> by_value((size_t)n);
    Array<uint8_t> scratch(lac__radix_scratch(n));
    lac__launch_value_keys(&suite.gpu, x, dtype, shape, descending, at_once && lanes > 1,
                           keys.data);
    if (at_once) {
        lac__launch_radix_sort(&suite.gpu, keys.data, sorted.data, nullptr, order->data, n, 0,
                               bits + lane_bits, scratch.data);
    } else {
        lac__launch_radix_sort(&suite.gpu, keys.data, sorted.data, nullptr, by_value.data, n, 0,
                               bits, scratch.data);
        lac__launch_lane_keys(&suite.gpu, by_value.data, shape, keys.data);
        lac__launch_radix_sort(&suite.gpu, keys.data, sorted.data, by_value.data, order->data, n, 0,
                               lane_bits, scratch.data);
    }
    suite.need(cudaStreamSynchronize((cudaStream_t)suite.gpu.stream));
}

template <class T>
static void check_sort(const char *name, int32_t dtype, lac__lane_shape shape, int64_t k,
                       bool descending) {
    const int64_t n = shape.outer * shape.n * shape.inner, m = shape.outer * k * shape.inner;
    std::vector<T> x((size_t)n), want((size_t)m);
    std::vector<int64_t> want_index((size_t)m);
    for (T &v : x)
        v = suite.between(0, 3) == 0 ? odd_value<T>(suite.between(0, 7)) : (T)suite.between(0, 20);
    for (int64_t o = 0; o < shape.outer; o++) {
        for (int64_t r = 0; r < shape.inner; r++) {
            std::vector<int64_t> lane((size_t)shape.n);
            auto at = [&](int64_t i) { return x[(size_t)((o * shape.n + i) * shape.inner + r)]; };
            for (size_t i = 0; i < lane.size(); i++) lane[i] = (int64_t)i;
            std::stable_sort(lane.begin(), lane.end(), [&](int64_t a, int64_t b) {
                return before(at(a), at(b), descending);
            });
            for (int64_t i = 0; i < k; i++) {
                const size_t to = (size_t)((o * k + i) * shape.inner + r);
                want[to] = at(lane[(size_t)i]);
                want_index[to] = lane[(size_t)i];
            }
        }
    }
    Array<T> in(x), values((size_t)m);
    Array<int32_t> order((size_t)n);
    Array<int64_t> indices((size_t)m);
    sort_lanes(in.data, dtype, shape, descending, &order);
    lac__launch_sorted_lanes(&suite.gpu, in.data, dtype, order.data, shape, k, values.data,
                             indices.data);
    const std::vector<T> got = values.get();
    suite.check(indices.get() == want_index &&
                    (m == 0 || memcmp(got.data(), want.data(), (size_t)m * sizeof(T)) == 0),
                of(name, shape.n) + (descending ? " descending" : ""));
}

/* Halves are checked by their order as floats: every positive and negative pattern once, shuffled.
   */
static void check_sort_halves(int32_t dtype) {
    const uint16_t infinity = dtype == LAC_DTYPE_F16 ? 0x7c00 : 0x7f80;
    std::vector<uint16_t> x, want;
    for (uint32_t v = 0xffff; v > 0x8000u; v -= 61)
        if ((v & 0x7fff) <= infinity) want.push_back((uint16_t)v);
    for (uint32_t v = 0x8000; v < 0x10000u; v += 0x8000) want.push_back((uint16_t)v); /* -0 */
    want.push_back(0);
    for (uint32_t v = 1; v <= infinity; v += 61) want.push_back((uint16_t)v);
    want.push_back((uint16_t)(infinity + 1));
    x = want;
    std::reverse(x.begin(), x.end());
    std::swap(*std::find(x.begin(), x.end(), 0x8000),
              *std::find(x.begin(), x.end(), 0)); /* stays */
    const lac__lane_shape shape = {1, (int64_t)x.size(), 1};
    Array<uint16_t> in(x), values(x.size());
    Array<int32_t> order(x.size());
    sort_lanes(in.data, dtype, shape, false, &order);
    lac__launch_sorted_lanes(&suite.gpu, in.data, dtype, order.data, shape, shape.n, values.data,
                             nullptr);
    suite.check(values.get() == want, "sort of halves");
}

/* ---- unique */

template <class T> static void check_unique(int32_t dtype, int64_t n, int64_t columns) {
    std::vector<T> x((size_t)(n * columns));
    for (T &v : x)
        v = suite.between(0, 9) == 0 ? odd_value<T>(suite.between(0, 2)) : (T)suite.between(-2, 2);
    auto row = [&](int64_t i) {
        return std::vector<T>(x.begin() + i * columns, x.begin() + (i + 1) * columns);
    };
    std::vector<int64_t> order((size_t)n), want_first, want_inverse((size_t)n);
    for (size_t i = 0; i < order.size(); i++) order[i] = (int64_t)i;
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return row(a) < row(b); });
    for (size_t i = 0; i < order.size(); i++) {
        if (i == 0 || row(order[i]) != row(order[i - 1])) want_first.push_back(order[i]);
        want_inverse[(size_t)order[i]] = (int64_t)want_first.size() - 1;
    }
    Array<T> in(x);
    Array<uint64_t> keys((size_t)n), sorted((size_t)n);
    Array<int32_t> a((size_t)n), b((size_t)n), heads((size_t)n), numbers((size_t)n);
    Array<int64_t> first((size_t)n), inverse((size_t)n), count(1);
    Array<uint8_t> radix(lac__radix_scratch(n)), scan(lac__scan_scratch(n));
    int32_t *from = nullptr, *to = a.data;
    for (int64_t c = columns - 1; c >= 0; c--) {
        to = from == a.data ? b.data : a.data;
        lac__launch_column_keys(&suite.gpu, in.data, dtype, n, columns, c, from, keys.data);
        lac__launch_radix_sort(&suite.gpu, keys.data, sorted.data, from, to, n, 0,
                               8 * (int32_t)sizeof(T), radix.data);
        from = to;
    }
    lac__launch_row_heads(&suite.gpu, in.data, dtype, n, columns, to, heads.data);
    lac__launch_scan_i32(&suite.gpu, heads.data, numbers.data, n, count.data, scan.data);
    lac__launch_row_groups(&suite.gpu, to, heads.data, numbers.data, n, first.data, inverse.data);
    const int64_t groups = count.get()[0];
    std::vector<int64_t> got = first.get();
    got.resize((size_t)groups);
    suite.check(got == want_first && inverse.get() == want_inverse, of("unique", n));
}

/* ---- nonzero and masked_select */

template <class T> static void check_nonzero(int32_t dtype, int64_t n) {
    std::vector<T> x((size_t)(n * 5));
    std::vector<uint8_t> want_flags(x.size());
    std::vector<int64_t> positions, want;
    std::vector<T> kept;
    for (size_t i = 0; i < x.size(); i++) {
        x[i] = suite.between(0, 1) ? odd_value<T>(suite.between(0, 7)) : (T)suite.between(0, 1);
        want_flags[i] = x[i] != (T)0;
        if (!want_flags[i]) continue;
        positions.push_back((int64_t)i);
        want.push_back((int64_t)i / 5);
        want.push_back((int64_t)i % 5);
        kept.push_back(x[i]);
    }
    Array<T> in(x), taken(kept.size());
    Array<uint8_t> flags(x.size());
    Array<int64_t> at(positions), rows(want.size());
    const int64_t shape[2] = {n, 5};
    lac__launch_nonzero_flags(&suite.gpu, in.data, dtype, 5 * n, flags.data);
    lac__launch_unravel(&suite.gpu, at.data, (int64_t)positions.size(), 2, shape, rows.data);
    lac__launch_take(&suite.gpu, in.data, sizeof(T), at.data, (int64_t)positions.size(),
                     taken.data);
    const std::vector<T> got = taken.get();
    suite.check(flags.get() == want_flags && rows.get() == want &&
                    (kept.empty() || memcmp(got.data(), kept.data(), kept.size() * sizeof(T)) == 0),
                of("nonzero", 5 * n));
}

/* ---- scatter_add */

template <class T>
static void check_scatter(int32_t dtype, int64_t rows, int64_t n, int64_t columns) {
    const int64_t count = n * columns, wide = columns + 2; /* of the source, which is larger */
    std::vector<int64_t> index((size_t)count);
    std::vector<T> src((size_t)(n * wide)), out((size_t)(rows * columns));
    for (int64_t &i : index) i = suite.between(0, rows - 1);
    for (T &v : src) v = (T)suite.between(0, 1000) / (T)7;
    for (T &v : out) v = (T)suite.between(0, 1000) / (T)3;
    Array<int64_t> at(index), bad(1);
    Array<T> from(src), to(out);
    Array<uint64_t> keys((size_t)count), sorted((size_t)count);
    Array<int32_t> order((size_t)count);
    Array<uint8_t> scratch(lac__radix_scratch(count));
    lac__scatter_shape s = {};
    s.ndim = 2;
    s.n = count;
    s.shape[0] = n, s.shape[1] = columns;
    s.from_stride[0] = wide, s.from_stride[1] = 1;
    s.to_stride[0] = columns, s.to_stride[1] = 1;
    for (int64_t i = 0; i < n; i++)
        for (int64_t c = 0; c < columns; c++) {
            T &sum = out[(size_t)(index[(size_t)(i * columns + c)] * columns + c)];
            sum = (T)(sum + src[(size_t)(i * wide + c)]);
        }
    lac__launch_first_bad(&suite.gpu, at.data, count, rows, bad.data);
    suite.check(bad.get()[0] == INT64_MAX, of("good indices", count));
    lac__launch_scatter_targets(&suite.gpu, at.data, &s, keys.data);
    lac__launch_radix_sort(&suite.gpu, keys.data, sorted.data, nullptr, order.data, count, 0,
                           lac__bits_of(rows * columns), scratch.data);
    lac__launch_scatter_sums(&suite.gpu, sorted.data, order.data, &s, dtype, from.data, to.data);
    const std::vector<T> got = to.get();
    suite.check(memcmp(got.data(), out.data(), out.size() * sizeof(T)) == 0,
                of("scatter_add", count));
    if (count < 10) return;
    index[7] = rows;
    index[9] = -1;
    Array<int64_t> wrong(index);
    lac__launch_first_bad(&suite.gpu, wrong.data, count, rows, bad.data);
    suite.check(bad.get()[0] == 7, of("first bad index", count));
}

int main() {
    for (int64_t n : sizes()) {
        check_scan<int32_t>("scan of int32", n, lac__launch_scan_i32);
        check_scan<int64_t>("scan of int64", n, lac__launch_scan_i64);
        check_compact(n, 3);
        check_group_starts(n, 40);
        check_radix(n, 0, 64, true, false);
        check_radix(n, 0, 0, false, false);
        check_radix(n, 3, 20, false, false);
        check_radix(n, 0, 8, true, true);
    }
    check_radix(512 * 1024 + 2100, 0, 8, true, false); /* several tiles a block */
    check_compact(1500, 1 << 20);
    for (bool descending : {false, true}) {
        check_sort<float>("sort of float32", LAC_DTYPE_F32, {1, 300, 1}, 300, descending);
        check_sort<float>("sort of float32", LAC_DTYPE_F32, {3, 33, 5}, 4, descending);
        check_sort<double>("sort of float64", LAC_DTYPE_F64, {1, 127, 1}, 127, descending);
        check_sort<double>("sort of float64", LAC_DTYPE_F64, {3, 31, 2}, 31, descending);
        check_sort<int32_t>("sort of int32", LAC_DTYPE_I32, {2, 65, 1}, 65, descending);
        check_sort<int64_t>("sort of int64", LAC_DTYPE_I64, {2, 33, 3}, 1, descending);
        check_sort<uint8_t>("sort of uint8", LAC_DTYPE_U8, {1, 1, 40}, 1, descending);
    }
    check_sort_halves(LAC_DTYPE_F16);
    check_sort_halves(LAC_DTYPE_BF16);
    check_unique<int32_t>(LAC_DTYPE_I32, 0, 4);
    check_unique<int32_t>(LAC_DTYPE_I32, 1, 4);
    check_unique<int32_t>(LAC_DTYPE_I32, 700, 4);
    check_unique<int64_t>(LAC_DTYPE_I64, 127, 1);
    check_unique<int64_t>(LAC_DTYPE_I64, 300, 2);
    for (int64_t n : {0, 1, 33, 400}) {
        check_nonzero<float>(LAC_DTYPE_F32, n);
        check_nonzero<double>(LAC_DTYPE_F64, n);
        check_nonzero<int64_t>(LAC_DTYPE_I64, n);
        check_nonzero<uint8_t>(LAC_DTYPE_U8, n);
    }
    check_scatter<float>(LAC_DTYPE_F32, 7, 0, 3);
    check_scatter<float>(LAC_DTYPE_F32, 7, 127, 3);
    check_scatter<float>(LAC_DTYPE_F32, 1, 500, 1);
    check_scatter<double>(LAC_DTYPE_F64, 40, 33, 5);
    check_scatter<uint8_t>(LAC_DTYPE_U8, 3, 200, 2);
    check_scatter<uint32_t>(LAC_DTYPE_I32, 3, 31, 2);
    check_scatter<uint64_t>(LAC_DTYPE_I64, 9, 1, 2);
    return suite.done();
}
