/*
 * points_test.cpp - lists of points, voxels of points and what goes between them, against plain
 * loops.
 */
#include "array_test.h"
#include "launch_points.h"
#include "launch_sort.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

Suite suite("points");

using std::vector;

static const uint64_t none = ~(uint64_t)0;

static std::string of(const char *what, int64_t n) {
    return std::string(what) + " of " + std::to_string(n);
}

template <class T> static bool same_bits(const vector<T> &a, const vector<T> &b) {
    return a.size() == b.size() &&
           (a.empty() || memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/* ---- lists: as the C side makes them */

struct Lists {
    Array<uint64_t> keys, sorted;
    Array<int32_t> order;
    Array<int64_t> starts;
    Array<uint8_t> scratch;
    lac__row_lists lists;

    Lists(int64_t n, int64_t groups)
        : keys((size_t)n), sorted((size_t)n), order((size_t)n), starts((size_t)groups + 1),
          scratch(lac__radix_scratch(n)) {
        lists.order = order.data;
        lists.starts = starts.data;
        lists.groups = groups;
    }
    void sort() {
        lac__launch_radix_sort(&suite.gpu, keys.data, sorted.data, nullptr, order.data,
                               (int64_t)keys.count, 0, lac__bits_of(lists.groups + 1),
                               scratch.data);
        lac__launch_group_starts(&suite.gpu, sorted.data, (int64_t)keys.count, lists.groups,
                                 starts.data);
    }
};

static vector<vector<int64_t>> plain_lists(const vector<int64_t> &index, int64_t groups) {
    vector<vector<int64_t>> lists((size_t)groups);
    for (size_t i = 0; i < index.size(); i++)
        if (index[i] >= 0 && index[i] < groups) lists[(size_t)index[i]].push_back((int64_t)i);
    return lists;
}

template <class T>
static void check_mean(const char *name, const Lists &l, const vector<vector<int64_t>> &lists,
                       int64_t n, int64_t channels, bool counted) {
    vector<T> feats((size_t)(n * channels)), want;
    for (T &f : feats) f = (T)suite.between(-1000000, 1000000) / (T)7;
    vector<int64_t> counts;
    for (size_t m = 0; m < lists.size(); m++) {
        counts.push_back(suite.between(0, 3));
        const int64_t count = counted ? counts[m] : (int64_t)lists[m].size();
        for (int64_t c = 0; c < channels; c++) {
            double sum = 0;
            for (int64_t i : lists[m])
                if (count != 0) sum += (double)feats[(size_t)(i * channels + c)];
            want.push_back((T)(sum / (count == 0 ? 1.0 : (double)count)));
        }
    }
    Array<T> from(feats), out(want.size());
    Array<int64_t> divisors(counts);
    lac__launch_scatter_mean(&suite.gpu, sizeof(T) == 8, from.data, &l.lists,
                             counted ? divisors.data : nullptr, channels, out.data);
    suite.check(same_bits(out.get(), want), of(name, n));
}

static void check_lists(int64_t n, int64_t groups) {
    vector<int64_t> index;
    vector<int32_t> narrow;
    for (int64_t i = 0; i < n; i++) {
        index.push_back(suite.between(-1, groups + (groups > 0 ? -1 : 5)));
        narrow.push_back((int32_t)index.back());
    }
    const vector<vector<int64_t>> want = plain_lists(index, groups);
    Array<int64_t> numbers(index);
    Array<int32_t> narrows(narrow);
    Lists wide(n, groups), l(n, groups);
    lac__launch_list_keys_i64(&suite.gpu, numbers.data, n, groups, wide.keys.data);
    lac__launch_list_keys_i32(&suite.gpu, narrows.data, n, groups, l.keys.data);
    l.sort();
    suite.check(wide.keys.get() == l.keys.get(), of("keys", n));
    const vector<int32_t> order = l.order.get();
    const vector<int64_t> starts = l.starts.get();
    bool good = true;
    for (size_t g = 0; g < want.size(); g++) {
        const vector<int64_t> got(order.begin() + starts[g], order.begin() + starts[g + 1]);
        good = good && got == want[g];
    }
    suite.check(good, of("lists", n));
    Array<uint64_t> bad(vector<uint64_t>{none});
    const int64_t limit = groups - 2;
    int64_t first = 0;
    while (first < n && index[(size_t)first] < limit) first++;
    lac__launch_check_below(&suite.gpu, numbers.data, n, limit, bad.data);
    suite.check(bad.get()[0] == (first < n ? (uint64_t)first : none), of("check_below", n));
    for (int64_t channels : {0, 1, 5}) {
        check_mean<float>("scatter_mean", l, want, n, channels, false);
        check_mean<double>("scatter_mean of float64", l, want, n, channels, true);
    }
}

/* ---- from voxels to points */

template <class T> static void check_weighing(int64_t n, int64_t terms, int64_t channels) {
    const int64_t rows = 20;
    vector<T> feats, weights, want;
    vector<int64_t> index;
    for (int64_t i = 0; i < rows * channels; i++) feats.push_back((T)suite.between(-999, 999) / 7);
    for (int64_t i = 0; i < n * terms; i++) {
        weights.push_back((T)suite.between(0, 999) / 999);
        index.push_back(suite.between(-2, rows - 1));
    }
    for (int64_t i = 0; i < n * channels; i++) {
        T sum = 0;
        for (int64_t k = i / channels * terms; k < (i / channels + 1) * terms; k++) {
            const int64_t row = index[(size_t)k];
            if (row >= 0)
                sum += weights[(size_t)k] * feats[(size_t)(row * channels + i % channels)];
        }
        want.push_back(sum);
    }
    Array<T> f(feats), w(weights), out(want.size());
    Array<int64_t> at(index);
    lac__launch_devoxelize(&suite.gpu, sizeof(T) == 8, f.data, at.data, w.data, n, terms, channels,
                           out.data);
    suite.check(same_bits(out.get(), want), of("devoxelize", n));
}

static void check_corners(int64_t n, int64_t columns, double scale) {
    vector<double> points;
    vector<int64_t> index;
    vector<float> want;
    for (int64_t i = 0; i < n * columns; i++) points.push_back(suite.between(-50000, 50000) * 1e-3);
    for (int64_t i = 0; i < n; i++) {
        double f[3], w[8], sum = 0;
        for (int a = 0; a < 3; a++) {
            const double at = points[(size_t)(i * columns + a)] / scale;
            f[a] = at - std::floor(at);
        }
        for (int k = 0; k < 8; k++) {
            index.push_back(suite.between(-1, 3));
            const double a = k & 4 ? f[0] : 1 - f[0], b = k & 2 ? f[1] : 1 - f[1];
            const double c = k & 1 ? f[2] : 1 - f[2];
            w[k] = index.back() < 0 ? 0 : a * b * c;
            sum += w[k];
        }
        for (double v : w) want.push_back((float)(v / (sum + 1e-8)));
    }
    Array<double> p(points);
    Array<int64_t> at(index);
    Array<float> out(want.size());
    lac__launch_corner_weights(&suite.gpu, p.data, columns, at.data, n, scale, out.data);
    suite.check(same_bits(out.get(), want), of("corner weights", n));
}

/* ---- rows */

static void check_hash(int64_t n, int64_t shifts) {
    vector<int32_t> rows, offsets;
    vector<int64_t> want;
    for (int64_t i = 0; i < 4 * n; i++) rows.push_back((int32_t)suite.random());
    for (int64_t i = 0; i < 3 * shifts; i++) offsets.push_back((int32_t)suite.between(-2, 2));
    for (int64_t i = 0; i < std::max<int64_t>(shifts, 1) * n; i++) {
        uint64_t h = 14695981039346656037u;
        for (int64_t c = 0; c < 4; c++) {
            uint32_t v = (uint32_t)rows[(size_t)(i % n * 4 + c)];
            if (c > 0 && shifts > 0) v += (uint32_t)offsets[(size_t)(i / n * 3 + c - 1)];
            h = (h ^ v) * 1099511628211u;
        }
        want.push_back((int64_t)h);
    }
    Array<int32_t> r(rows), o(offsets);
    Array<int64_t> hash(want.size());
    lac__launch_hash_rows(&suite.gpu, r.data, n, shifts > 0 ? o.data : nullptr,
                          std::max<int64_t>(shifts, 1), hash.data);
    suite.check(hash.get() == want, of("hash_rows", n));
}

static void check_look_up(int64_t n, int64_t queries, int64_t words) {
    vector<uint32_t> rows, query;
    vector<int64_t> want;
    std::map<vector<uint32_t>, int64_t> first;
    const auto row_at = [&](const vector<uint32_t> &from, int64_t i) {
        return vector<uint32_t>(from.begin() + i * words, from.begin() + (i + 1) * words);
    };
    for (int64_t i = 0; i < n * words; i++) rows.push_back((uint32_t)suite.between(0, 8));
    for (int64_t i = 0; i < queries * words; i++) query.push_back((uint32_t)suite.between(0, 9));
    for (int64_t i = 0; i < n; i++) first.emplace(row_at(rows, i), i);
    for (int64_t i = 0; i < queries; i++) {
        const auto found = first.find(row_at(query, i));
        want.push_back(found == first.end() ? -1 : found->second);
    }
    size_t size = 16;
    while (size < 2 * (size_t)n) size *= 2;
    Array<uint32_t> r(rows), q(query);
    Array<int32_t> slots(vector<int32_t>(size, -1));
    Array<int64_t> found((size_t)queries);
    const lac__row_table table = {r.data, words, slots.data, size - 1};
    lac__launch_fill_table(&suite.gpu, &table, n);
    lac__launch_look_up(&suite.gpu, &table, q.data, queries, found.data);
    suite.check(found.get() == want, of("find_rows", n));
}

static void check_counts(int64_t n, int64_t rows) {
    vector<int64_t> index;
    vector<int32_t> want((size_t)rows, 0);
    for (int64_t i = 0; i < n; i++) {
        index.push_back(suite.between(-3, rows - 1));
        if (index.back() >= 0) want[(size_t)index.back()]++;
    }
    Array<int64_t> at(index);
    Array<int32_t> count(vector<int32_t>((size_t)rows, 0));
    lac__launch_count_index(&suite.gpu, at.data, n, rows, count.data);
    suite.check(count.get() == want, of("count_index", n));
}

static void check_floor(int64_t n, int64_t bad_at, float bad_value) {
    vector<float> points, scaled;
    vector<int32_t> rows;
    for (int64_t i = 0; i < 4 * n; i++) points.push_back((float)suite.between(-5000, 5000) * 0.01f);
    uint64_t want = none;
    if (bad_at < 4 * n) {
        points[(size_t)bad_at] = bad_value;
        want = (uint64_t)bad_at;
    }
    for (size_t i = 0; i < points.size(); i++) {
        scaled.push_back(i % 4 == 0 ? points[i] : (float)((double)points[i] * 0.3));
        const double cell = std::floor((double)scaled.back());
        rows.push_back(std::fabs(cell) < 2e9 ? (int32_t)cell : 0);
    }
    Array<float> p(points), s(points.size());
    Array<int32_t> r(points.size());
    Array<uint64_t> bad(vector<uint64_t>{none});
    lac__launch_floor_points(&suite.gpu, p.data, n, 0.3, s.data, r.data, bad.data);
    suite.check(same_bits(s.get(), scaled) && r.get() == rows && bad.get()[0] == want,
                of("floor_points", n));
}

/* ---- quantize */

/* Groups of the rows in ascending order, as the coordinate kernels number them. */
static vector<int32_t> group_rows(const vector<int32_t> &rows, vector<int32_t> *first) {
    using Row = vector<int32_t>;
    std::map<Row, int32_t> groups;
    vector<Row> each;
    for (size_t i = 0; i < rows.size(); i += 4) {
        each.emplace_back(rows.begin() + (long)i, rows.begin() + (long)i + 4);
        groups.emplace(each.back(), (int32_t)(i / 4));
    }
    first->clear();
    for (auto &g : groups) {
        first->push_back(g.second);
        g.second = (int32_t)first->size() - 1;
    }
    vector<int32_t> group;
    for (const Row &row : each) group.push_back(groups[row]);
    return group;
}

template <class T> static vector<T> some_points(int64_t n, int64_t columns) {
    vector<T> points;
    for (int64_t i = 0; i < n * columns; i++) {
        points.push_back((T)suite.between(-700, 700) / (T)16);
        if (suite.between(1, 200) == 1) points.back() = std::numeric_limits<T>::quiet_NaN();
        if (suite.between(1, 200) == 1) points.back() = -std::numeric_limits<T>::infinity();
    }
    return points;
}

struct Quantized {
    vector<int64_t> kept;
    vector<double> cells; /* of the kept */
    int64_t invalid = 0, outside = 0;
    uint64_t first_invalid = none;
    double low[3], high[3];
};

template <class T>
static Quantized plain_quantize(const vector<T> &points, int64_t n, const lac__quantizer &q) {
    Quantized r;
    for (int64_t i = 0; i < n; i++) {
        const T *p = points.data() + i * q.columns;
        bool finite = true, inside = true;
        for (int64_t c = 0; c < q.columns; c++) finite = finite && std::isfinite(p[c]);
        for (int a = 0; a < 3; a++)
            inside = inside && !(q.has_range && (p[a] < q.range[a] || p[a] >= q.range[a + 3]));
        if (!finite && r.invalid++ == 0) r.first_invalid = (uint64_t)i;
        if (finite && !inside) r.outside++;
        if (!finite || !inside) continue;
        for (int a = 0; a < 3; a++) {
            const double cell = (double)p[a] / q.voxel_size[a];
            r.cells.push_back(q.nearest ? std::nearbyint(cell) : std::floor(cell));
            if (r.kept.empty() || r.cells.back() < r.low[a]) r.low[a] = r.cells.back();
            if (r.kept.empty() || r.cells.back() > r.high[a]) r.high[a] = r.cells.back();
        }
        r.kept.push_back(i);
    }
    return r;
}

static void check_voxel_feats(int64_t n, const Quantized &want, const vector<int32_t> &group,
                              const vector<int32_t> &first, const Array<int64_t> &positions) {
    const int64_t channels = 3, voxels = (int64_t)first.size();
    vector<float> feats;
    for (int64_t i = 0; i < n * channels; i++) feats.push_back((float)suite.between(-99, 99) / 7);
    if (n > 40) feats[100] = std::numeric_limits<float>::quiet_NaN();
    const vector<int64_t> index(group.begin(), group.end());
    const vector<vector<int64_t>> lists = plain_lists(index, voxels);
    Array<float> from(feats), out((size_t)(voxels * channels));
    Array<int32_t> numbers(group), firsts(first);
    Lists l((int64_t)group.size(), voxels);
    lac__launch_list_keys_i32(&suite.gpu, numbers.data, (int64_t)group.size(), voxels, l.keys.data);
    l.sort();
    for (int32_t reduce : {LAC_POINT_FIRST, LAC_POINT_MEAN, LAC_POINT_MAX}) {
        const lac__voxel_feats v = {from.data,   channels, voxels, positions.data,
                                    firsts.data, l.lists,  reduce, out.data};
        lac__launch_voxel_feats(&suite.gpu, &v);
        const vector<float> got = out.get();
        bool good = true;
        for (int64_t i = 0; i < voxels * channels; i++) {
            const vector<int64_t> &list = lists[(size_t)(i / channels)];
            double sum = 0;
            float most = -std::numeric_limits<float>::infinity();
            for (int64_t k : list) {
                const float f = feats[(size_t)(want.kept[(size_t)k] * channels + i % channels)];
                sum += f;
                if (f > most || f != f) most = f;
            }
            const int64_t head = want.kept[(size_t)list[0]];
            const float expected = reduce == LAC_POINT_FIRST
                                       ? feats[(size_t)(head * channels + i % channels)]
                                   : reduce == LAC_POINT_MAX ? most
                                                             : (float)(sum / (double)list.size());
            const float f = got[(size_t)i];
            good = good && (f == expected || (f != f && expected != expected));
        }
        suite.check(good, of("features of voxels", n));
    }
}

template <class T>
static void check_quantize(int64_t n, int64_t columns, bool nearest, bool ranged) {
    const vector<T> points = some_points<T>(n, columns);
    Array<T> p(points);
    Array<double> cells((size_t)(3 * n));
    Array<uint8_t> staying((size_t)n), scratch(lac__scan_scratch(n));
    lac__point_counts start = {};
    start.first_invalid = start.low[0] = start.low[1] = start.low[2] = none;
    Array<lac__point_counts> counts(vector<lac__point_counts>{start});
    lac__quantizer q = {};
    q.points = p.data;
    q.n = n;
    q.columns = columns;
    q.wide = sizeof(T) == 8;
    q.nearest = nearest;
    q.has_range = ranged;
    q.cells = cells.data;
    q.staying = staying.data;
    q.counts = counts.data;
    for (int a = 0; a < 3; a++) {
        q.voxel_size[a] = 1 + a;
        q.range[a] = -30 + a;
        q.range[a + 3] = 20 - a;
    }
    const Quantized want = plain_quantize(points, n, q);
    const int64_t kept = (int64_t)want.kept.size();
    Array<int64_t> positions((size_t)n);
    lac__launch_find_cells(&suite.gpu, &q);
    lac__launch_compact(&suite.gpu, staying.data, n, positions.data, &counts.data->kept,
                        scratch.data);
    const lac__point_counts got = counts.get()[0];
    bool good = got.invalid == (uint64_t)want.invalid && got.outside == (uint64_t)want.outside &&
                got.first_invalid == want.first_invalid && got.kept == kept;
    for (int a = 0; kept > 0 && a < 3; a++)
        good = good && lac__from_ordered(got.low[a]) == want.low[a] &&
               lac__from_ordered(got.high[a]) == want.high[a];
    suite.check(good, of("counts of quantize", n));
    vector<int32_t> rows, first;
    const double origin[3] = {want.low[0], 0, 1};
    for (size_t i = 0; i < want.cells.size(); i++) {
        if (i % 3 == 0) rows.push_back(0);
        rows.push_back((int32_t)(want.cells[i] - origin[i % 3]));
    }
    Array<int32_t> on_device(rows.size());
    lac__launch_cell_rows(&suite.gpu, cells.data, positions.data, kept, origin, on_device.data);
    suite.check(on_device.get() == rows, of("rows of quantize", n));
    const double far[3] = {0, kept == 0 ? 0 : -2147483640.0, 0};
    uint64_t misfit = none;
    for (int64_t k = kept - 1; k >= 0; k--)
        if (want.cells[(size_t)(3 * k + 1)] - far[1] > INT32_MAX) misfit = (uint64_t)k;
    Array<uint64_t> bad(vector<uint64_t>{none});
    lac__launch_first_misfit(&suite.gpu, cells.data, positions.data, kept, far, bad.data);
    suite.check(bad.get()[0] == misfit, of("misfits of quantize", n));
    const vector<int32_t> group = group_rows(rows, &first);
    check_voxel_feats(n, want, group, first, positions);
    Array<int32_t> firsts(first), numbers(group), taken(4 * first.size());
    Array<int64_t> index(first.size()), inverse(vector<int64_t>((size_t)n, -1));
    lac__launch_take_rows(&suite.gpu, on_device.data, firsts.data, (int64_t)first.size(), 1,
                          taken.data);
    lac__launch_take_positions(&suite.gpu, positions.data, firsts.data, (int64_t)first.size(),
                               index.data);
    lac__launch_place_numbers(&suite.gpu, numbers.data, positions.data, kept, inverse.data);
    vector<int32_t> want_rows;
    vector<int64_t> want_index, want_inverse((size_t)n, -1);
    for (int32_t k : first) {
        for (int c : {0, 3, 2, 1}) want_rows.push_back(rows[(size_t)(4 * k + c)]);
        want_index.push_back(want.kept[(size_t)k]);
    }
    for (size_t k = 0; k < group.size(); k++) want_inverse[(size_t)want.kept[k]] = group[k];
    suite.check(taken.get() == want_rows && index.get() == want_index &&
                    inverse.get() == want_inverse,
                of("rows and numbers of voxels", n));
}

/* ---- voxelize */

struct Voxelized {
    vector<int64_t> inside, num_points, voxel; /* voxel: of the points inside */
    vector<int32_t> rows, first;
    vector<float> feats, raw;
    uint64_t largest = 0;
    int64_t dropped = 0;
};

static void plain_cells(const vector<float> &points, const vector<int64_t> &batch,
                        const lac__voxelizer &v, Voxelized *r) {
    for (int64_t i = 0; i < v.n; i++) {
        int32_t row[4] = {batch.empty() ? 0 : (int32_t)batch[(size_t)i]};
        bool inside = true;
        r->largest = std::max(r->largest, (uint64_t)row[0]);
        for (int a = 0; a < 3; a++) {
            const float away = points[(size_t)(i * v.columns + a)] - v.low[a];
            const float c = std::floor(away / v.size[a]);
            inside = inside && c >= 0 && c < (float)v.grid[a];
            if (inside) row[a + 1] = (int32_t)c;
        }
        if (!inside) continue;
        r->inside.push_back(i);
        r->rows.insert(r->rows.end(), row, row + 4);
    }
}

/* By the rules, point after point. */
static void plain_voxels(const vector<float> &points, const lac__voxelizer &v, int64_t max_voxels,
                         int64_t max_points, Voxelized *r) {
    std::map<vector<int32_t>, int64_t> known;
    std::map<int32_t, int64_t> used;
    vector<double> sums;
    for (size_t k = 0; k < r->inside.size(); k++) {
        const vector<int32_t> row(r->rows.begin() + 4 * (long)k, r->rows.begin() + 4 * (long)k + 4);
        if (!known.count(row)) {
            const bool full = max_voxels > 0 && used[row[0]] >= max_voxels;
            known[row] = full ? -1 : (int64_t)r->first.size();
            if (!full) {
                used[row[0]]++;
                r->first.push_back((int32_t)k);
                r->num_points.push_back(0);
                sums.resize(sums.size() + (size_t)v.columns, 0);
                r->raw.resize(r->raw.size() + (size_t)(max_points * v.columns), 0);
            }
        }
        const int64_t voxel = known[row];
        r->voxel.push_back(voxel);
        if (voxel < 0 || r->num_points[(size_t)voxel] == max_points) {
            r->dropped++;
            continue;
        }
        const int64_t slot = voxel * max_points + r->num_points[(size_t)voxel]++;
        for (int64_t c = 0; c < v.columns; c++) {
            const float f = points[(size_t)(r->inside[k] * v.columns + c)];
            sums[(size_t)(voxel * v.columns + c)] += f;
            r->raw[(size_t)(slot * v.columns + c)] = f;
        }
    }
    for (size_t i = 0; i < sums.size(); i++)
        r->feats.push_back((float)(sums[i] / (double)r->num_points[i / (size_t)v.columns]));
}

/* Limits the voxels of each sample; gives how many there are. */
static int64_t limit_voxels(const Array<int32_t> &rows, const Array<int64_t> &heads, int64_t groups,
                            int64_t samples, int64_t most, Array<int32_t> &within,
                            Array<int32_t> &number) {
    Array<uint64_t> keys((size_t)groups), sorted((size_t)groups);
    Array<int32_t> order((size_t)groups);
    Array<uint8_t> scratch(lac__radix_scratch(groups)), sums(lac__scan_scratch(groups));
    Array<int64_t> total(1);
    lac__launch_sample_keys(&suite.gpu, rows.data, heads.data, groups, keys.data);
    lac__launch_radix_sort(&suite.gpu, keys.data, sorted.data, nullptr, order.data, groups, 0,
                           lac__bits_of(samples), scratch.data);
    lac__launch_limit_samples(&suite.gpu, sorted.data, order.data, groups, most, within.data);
    lac__launch_scan_i32(&suite.gpu, within.data, number.data, groups, total.data, sums.data);
    return total.get()[0];
}

static void check_voxelize(int64_t n, int64_t samples, int64_t max_voxels, int64_t max_points) {
    const int64_t columns = 4;
    const vector<float> points = some_points<float>(n, columns);
    vector<int64_t> batch;
    for (int64_t i = 0; samples > 1 && i < n; i++) batch.push_back(suite.between(0, samples - 1));
    Array<float> p(points);
    Array<int64_t> b(batch), positions((size_t)n), inside_count(1);
    lac__voxelizer v = {
        p.data, samples > 1 ? b.data : nullptr, n, columns, {-30, -20, -40}, {9, 8, 7}, {6, 5, 9}};
    Voxelized want;
    plain_cells(points, batch, v, &want);
    plain_voxels(points, v, max_voxels, max_points, &want);
    const int64_t inside = (int64_t)want.inside.size();

    Array<uint8_t> flags((size_t)n), scratch(lac__scan_scratch(n));
    Array<uint64_t> bad(vector<uint64_t>{none}), largest(vector<uint64_t>{0});
    lac__launch_find_inside(&suite.gpu, &v, flags.data, bad.data, largest.data);
    lac__launch_compact(&suite.gpu, flags.data, n, positions.data, inside_count.data, scratch.data);
    suite.check(bad.get()[0] == none && largest.get()[0] == want.largest &&
                    inside_count.get()[0] == inside,
                of("counts of voxelize", n));
    Array<int32_t> rows((size_t)(4 * inside));
    lac__launch_inside_rows(&suite.gpu, &v, positions.data, inside, rows.data);
    suite.check(rows.get() == want.rows, of("rows of voxelize", n));

    vector<int32_t> first;
    const vector<int32_t> group = group_rows(want.rows, &first);
    const int64_t groups = (int64_t)first.size();
    Array<int32_t> labels(group), firsts(first), within((size_t)groups), number((size_t)groups);
    Array<int32_t> label((size_t)groups);
    Array<int64_t> heads((size_t)groups);
    lac__launch_group_heads(&suite.gpu, labels.data, firsts.data, inside, flags.data);
    lac__launch_compact(&suite.gpu, flags.data, inside, heads.data, nullptr, scratch.data);
    const bool limited = max_voxels > 0;
    const int64_t voxels =
        limited ? limit_voxels(rows, heads, groups, samples, max_voxels, within, number) : groups;
    suite.check(voxels == (int64_t)want.first.size(), of("voxels of voxelize", n));
    if (voxels != (int64_t)want.first.size()) return;
    Array<int32_t> voxel_first((size_t)voxels);
    lac__launch_label_groups(&suite.gpu, labels.data, heads.data, limited ? within.data : nullptr,
                             limited ? number.data : nullptr, groups, label.data, voxel_first.data);
    lac__launch_relabel(&suite.gpu, labels.data, label.data, inside);
    const vector<int32_t> got = labels.get();
    suite.check(vector<int64_t>(got.begin(), got.end()) == want.voxel &&
                    voxel_first.get() == want.first,
                of("order of voxelize", n));

    Lists l(inside, voxels);
    lac__launch_list_keys_i32(&suite.gpu, labels.data, inside, voxels, l.keys.data);
    l.sort();
    Array<int64_t> num_points((size_t)voxels);
    Array<uint64_t> total(vector<uint64_t>{0});
    Array<float> feats(want.feats.size()), raw(want.raw.size());
    lac__launch_limit_points(&suite.gpu, &l.lists, max_points, num_points.data, total.data);
    lac__launch_voxel_means(&suite.gpu, &v, positions.data, &l.lists, num_points.data, feats.data);
    lac__launch_voxel_points(&suite.gpu, &v, positions.data, &l.lists, num_points.data, max_points,
                             raw.data);
    const vector<float> means = feats.get();
    bool good = means.size() == want.feats.size();
    for (size_t i = 0; good && i < means.size(); i++) /* the fourth column may hold NaN */
        good =
            means[i] == want.feats[i] || (means[i] != means[i] && want.feats[i] != want.feats[i]);
    suite.check(good && num_points.get() == want.num_points &&
                    (int64_t)total.get()[0] == inside - want.dropped,
                of("means of voxelize", n));
    suite.check(same_bits(raw.get(), want.raw), of("raw voxels", n));
}

static void check_batch() {
    const vector<float> points(3 * 50, 0.5f);
    vector<int64_t> batch(50, 1);
    batch[40] = -1;
    batch[33] = INT32_MAX;
    batch[45] = 7;
    Array<float> p(points);
    Array<int64_t> b(batch);
    Array<uint8_t> flags(50);
    Array<uint64_t> bad(vector<uint64_t>{none}), largest(vector<uint64_t>{0});
    const lac__voxelizer v = {p.data, b.data, 50, 3, {0, 0, 0}, {1, 1, 1}, {1, 1, 1}};
    lac__launch_find_inside(&suite.gpu, &v, flags.data, bad.data, largest.data);
    suite.check(bad.get()[0] == 33 && largest.get()[0] == 7, "batch indices of voxelize");
}

static void check_one_list() {
    Array<int64_t> starts(2);
    lac__launch_one_list(&suite.gpu, 17, starts.data);
    suite.check(starts.get() == vector<int64_t>({0, 17}), "one list");
}

int main() {
    const float inf = std::numeric_limits<float>::infinity();
    check_one_list();
    for (int64_t n : {0, 1, 31, 33, 127, 2000}) {
        check_lists(n, 1);
        check_lists(n, 40);
        check_lists(n, 1000);
        check_weighing<float>(n, 8, 5);
        check_weighing<double>(n, 8, 1);
        check_weighing<float>(n, 0, 3);
        check_corners(n, 3, 0.5);
        check_corners(n, 4, 2);
        check_hash(n, 0);
        check_hash(n, 5);
        for (int64_t words : {1, 2, 4, 6}) check_look_up(n, 300, words);
        check_look_up(20, n, 1);
        check_counts(n, 13);
        check_floor(n, 4 * n, 0);
        check_floor(n, 7, inf);
        check_floor(n, 2, 1e20f);
        check_floor(n, 4, NAN);
        check_quantize<float>(n, 3, false, false);
        check_quantize<double>(n, 4, true, true);
        check_quantize<float>(n, 5, true, true);
        check_voxelize(n, 1, 0, 3);
        check_voxelize(n, 1, 20, 1);
        check_voxelize(n, 3, 15, 2);
        check_voxelize(n, 3, 0, 50);
    }
    check_batch();
    return suite.done();
}
