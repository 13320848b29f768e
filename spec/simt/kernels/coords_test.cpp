/*
 * coords_test.cpp - indices, derived rows, look-ups, tables of kernel maps, their orders and lists,
 * against plain loops over a std::map.
 */
#include "array_test.h"
#include "launch_coords.h"
#include "launch_sort.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <set>

Suite suite("coords");

using Row = std::array<int32_t, 4>;
using Rows = std::vector<Row>;

/* The rule of sparse/key.c. */
static lac__packing packing_of(const int64_t low[4], const int64_t high[4]) {
    lac__packing p = {};
    for (int i = 3; i >= 0; i--) {
        const int64_t margin = i > 0 ? LAC__KEY_MARGIN : 0;
        p.low[i] = low[i] - margin;
        p.extent[i] = high[i] - low[i] + 2 * margin;
        p.shift[i] = p.bits;
        while (p.extent[i] >> (p.bits - p.shift[i]) != 0) p.bits++;
    }
    return p;
}

static std::vector<int32_t> flat(const Rows &rows) {
    std::vector<int32_t> values;
    for (const Row &r : rows) values.insert(values.end(), r.begin(), r.end());
    return values;
}

static Rows random_rows(int64_t n, int32_t spread, bool sorted) {
    std::set<Row> unique;
    while ((int64_t)unique.size() < n)
        unique.insert({(int32_t)suite.between(0, 1), (int32_t)suite.between(-spread, spread),
                       (int32_t)suite.between(-spread, spread), (int32_t)suite.between(-4, 4)});
    Rows rows(unique.begin(), unique.end());
    for (size_t i = rows.size(); !sorted && i > 1; i--)
        std::swap(rows[i - 1], rows[(size_t)suite.between(0, (int64_t)i - 1)]);
    return rows;
}

/* An index on the device, as the slot builds it. */
struct Index {
    Rows host;
    std::map<Row, int32_t> at;
    Array<int32_t> rows;
    Array<uint64_t> keys;
    Array<int32_t> order;
    lac__search search = {};
    bool sorted = true;

    explicit Index(const Rows &r) : host(r), rows(flat(r)), keys(r.size()), order(r.size()) {
        const int64_t n = (int64_t)r.size();
        for (size_t i = 0; i < r.size(); i++) at.emplace(r[i], (int32_t)i);
        Array<int32_t> bounds(9);
        lac__launch_bounds(&suite.gpu, rows.data, n, bounds.data);
        const std::vector<int32_t> box = bounds.get();
        for (int f = 0; f < 4; f++) {
            search.low[f] = box[(size_t)f];
            search.high[f] = box[(size_t)f + 4];
        }
        sorted = box[8] == 0;
        search.count = n;
        search.keys = keys.data;
        if (n == 0) return;
        search.packing = packing_of(search.low, search.high);
        if (sorted) {
            lac__launch_pack_rows(&suite.gpu, rows.data, n, &search.packing, keys.data);
            return;
        }
        Array<uint64_t> unsorted((size_t)n);
        Array<uint8_t> scratch(lac__radix_scratch(n));
        lac__launch_pack_rows(&suite.gpu, rows.data, n, &search.packing, unsorted.data);
        lac__launch_radix_sort(&suite.gpu, unsorted.data, keys.data, nullptr, order.data, n, 0,
                               search.packing.bits, scratch.data);
        search.order = order.data;
        suite.need(cudaStreamSynchronize((cudaStream_t)suite.gpu.stream));
    }
};

static void check_index(int64_t n, bool sorted) {
    const Index index(random_rows(n, 9, sorted));
    bool good = index.sorted == (sorted || std::is_sorted(index.host.begin(), index.host.end()));
    std::vector<int32_t> want;
    for (const auto &entry : index.at) {
        want.push_back(entry.second);
        for (int f = 0; f < 4; f++)
            good = good && entry.first[(size_t)f] >= index.search.low[f] &&
                   entry.first[(size_t)f] <= index.search.high[f];
    }
    if (!index.sorted) good = good && index.order.get() == want;
    const std::vector<uint64_t> keys = index.keys.get();
    good = good && std::is_sorted(keys.begin(), keys.end());
    Array<int64_t> first(1);
    lac__launch_first_repeat(&suite.gpu, index.keys.data, n, first.data);
    good = good && first.get()[0] == INT64_MAX;
    suite.check(good, "index of " + std::to_string(n));
}

static void check_repeats() {
    std::vector<uint64_t> keys(1000);
    for (size_t i = 0; i < keys.size(); i++) keys[i] = i < 700 ? i : i - i % 2;
    Array<uint64_t> in(keys);
    Array<int64_t> first(1);
    lac__launch_first_repeat(&suite.gpu, in.data, 1000, first.data);
    suite.check(first.get()[0] == 701, "first repeat");
    Rows a = random_rows(300, 9, false), b = a;
    Array<int32_t> here(flat(a)), same(flat(b)), differ(1);
    b[299][3]++;
    Array<int32_t> other(flat(b));
    lac__launch_rows_differ(&suite.gpu, here.data, same.data, 300, differ.data);
    suite.check(differ.get()[0] == 0, "equal rows");
    lac__launch_rows_differ(&suite.gpu, here.data, other.data, 300, differ.data);
    suite.check(differ.get()[0] == 1, "different rows");
}

static void check_groups(int64_t n) {
    Rows rows;
    for (int64_t i = 0; i < n; i++)
        rows.push_back({0, (int32_t)suite.between(-2, 2), (int32_t)suite.between(-2, 2), 5});
    std::map<Row, std::vector<int32_t>> by_row;
    for (size_t i = 0; i < rows.size(); i++) by_row[rows[i]].push_back((int32_t)i);
    std::vector<int32_t> want_group((size_t)n), want_first;
    for (const auto &entry : by_row) {
        for (int32_t row : entry.second) want_group[(size_t)row] = (int32_t)want_first.size();
        want_first.push_back(entry.second[0]);
    }
    const int64_t low[4] = {0, -2, -2, 5}, high[4] = {0, 2, 2, 5};
    const lac__packing packing = packing_of(low, high);
    const size_t count = (size_t)n;
    Array<int32_t> in(flat(rows)), order(count), numbers(count), group(count), first(count);
    Array<uint64_t> keys(count), sorted(count);
    Array<int64_t> total(1);
    Array<uint8_t> radix(lac__radix_scratch(n)), scan(lac__scan_scratch(n));
    lac__launch_pack_rows(&suite.gpu, in.data, n, &packing, keys.data);
    lac__launch_radix_sort(&suite.gpu, keys.data, sorted.data, nullptr, order.data, n, 0,
                           packing.bits, radix.data);
    lac__launch_heads(&suite.gpu, sorted.data, n, numbers.data);
    lac__launch_scan_i32(&suite.gpu, numbers.data, numbers.data, n, total.data, scan.data);
    lac__launch_write_groups(&suite.gpu, sorted.data, order.data, numbers.data, n, group.data,
                             first.data);
    std::vector<int32_t> got = first.get();
    got.resize((size_t)total.get()[0]);
    suite.check(got == want_first && group.get() == want_group, "groups of " + std::to_string(n));
}

/* ---- sites */

struct Site {
    const char *name;
    int kind; /* 0 submanifold, 1 strided, 2 floors, 3 generative */
    int32_t kernel[3], stride[3], anchor[3], dilation[3];
};

static const Site sites[] = {
    {"3x3x3", 0, {3, 3, 3}, {1, 1, 1}, {-1, -1, -1}, {1, 1, 1}},
    {"2x2x2", 0, {2, 2, 2}, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}},
    {"5x1x3 dilated", 0, {5, 1, 3}, {1, 1, 1}, {-4, 0, -3}, {2, 1, 3}},
    {"2x2x2 by 2", 2, {2, 2, 2}, {2, 2, 2}, {0, 0, 0}, {1, 1, 1}},
    {"3x3x3 by 2", 1, {3, 3, 3}, {2, 2, 2}, {-1, -1, -1}, {1, 1, 1}},
    {"3x2x3 by 3x1x2 dilated", 1, {3, 2, 3}, {3, 1, 2}, {0, -2, 0}, {1, 4, 2}},
    {"5x5x3", 0, {5, 5, 3}, {1, 1, 1}, {-2, -2, -1}, {1, 1, 1}},
    {"3x3x2 by 2 generative", 3, {3, 3, 2}, {2, 2, 2}, {-1, -1, 0}, {1, 1, 1}},
};

static int64_t taps_of(const Site &s) {
    return (int64_t)s.kernel[0] * s.kernel[1] * s.kernel[2];
}

static lac__geometry geometry_of(const Site &s, int64_t keep_low, int64_t keep_high) {
    lac__geometry g = {};
    for (int i = 0; i < 3; i++) {
        g.kernel[i] = s.kernel[i];
        g.stride[i] = s.stride[i];
        g.anchor[i] = s.anchor[i];
        g.dilation[i] = s.dilation[i];
        g.shift[i] = s.stride[i] == 1 ? 0 : s.stride[i] == 2 ? 1 : -1;
        g.keep_low[i] = keep_low;
        g.keep_high[i] = keep_high;
    }
    g.floors = s.kind == 2;
    g.generative = s.kind == 3;
    return g;
}

template <class F> static void for_taps(const Site &s, F f) {
    const bool odd = s.kernel[0] % 2 && s.kernel[1] % 2 && s.kernel[2] % 2;
    for (int32_t a = 0; a < s.kernel[0]; a++)
        for (int32_t b = 0; b < s.kernel[1]; b++)
            for (int32_t c = 0; c < s.kernel[2]; c++)
                f(odd ? a + s.kernel[0] * (b + s.kernel[1] * c)
                      : c + s.kernel[2] * (b + s.kernel[1] * a),
                  std::array<int32_t, 3>{a, b, c});
}

static int32_t floor_of(int32_t a, int32_t b) {
    return (int32_t)std::floor((double)a / b);
}

static std::set<Row> derived(const Site &s, const Rows &in, int64_t low, int64_t high) {
    std::set<Row> out;
    for (const Row &r : in) {
        for_taps(s, [&](int32_t, std::array<int32_t, 3> j) {
            Row cell = {r[0], 0, 0, 0};
            for (size_t i = 0; i < 3; i++) {
                const int32_t x = r[i + 1], reach = s.anchor[i] + s.dilation[i] * j[i];
                int32_t &o = cell[i + 1];
                o = s.kind == 3 ? x * s.stride[i] + reach
                                : floor_of(x - (s.kind == 2 ? 0 : reach), s.stride[i]);
                if (s.kind == 1 && o * s.stride[i] != x - reach) return;
                if (o < low || o > high) return;
            }
            out.insert(cell);
        });
    }
    return out;
}

/* Output rows as the slot makes them. */
static void check_derive(const Site &s, int64_t n, int64_t keep_low, int64_t keep_high, bool each) {
    const Rows in = random_rows(n, 9, false);
    const std::set<Row> want = derived(s, in, keep_low, keep_high);
    const lac__geometry g = geometry_of(s, keep_low, keep_high);
    const int64_t low[4] = {0, -80, -80, -80}, high[4] = {1, 80, 80, 80};
    const lac__packing packing = packing_of(low, high);
    Array<int32_t> rows(flat(in)), starts((size_t)n);
    Array<int64_t> total(1);
    Array<uint8_t> scan(lac__scan_scratch(n));
    int64_t count = n * (s.kind == 3 ? taps_of(s) : 1);
    lac__launch_count_cells(&suite.gpu, &g, rows.data, n, starts.data);
    lac__launch_scan_i32(&suite.gpu, starts.data, starts.data, n, total.data, scan.data);
    if (each)
        suite.check(total.get()[0] == count, std::string("cells of ") + s.name);
    else
        count = total.get()[0];
    Array<uint64_t> keys((size_t)count), sorted((size_t)count);
    Array<int32_t> numbers((size_t)count);
    Array<uint8_t> radix(lac__radix_scratch(count)), second(lac__scan_scratch(count));
    lac__launch_emit_cells(&suite.gpu, &g, rows.data, n, each ? nullptr : starts.data,
                           n > 0 ? count / n : 0, &packing, keys.data);
    lac__launch_radix_sort(&suite.gpu, keys.data, sorted.data, nullptr, nullptr, count, 0,
                           packing.bits, radix.data);
    lac__launch_heads(&suite.gpu, sorted.data, count, numbers.data);
    lac__launch_scan_i32(&suite.gpu, numbers.data, numbers.data, count, total.data, second.data);
    const int64_t unique = total.get()[0];
    Array<int32_t> out((size_t)unique * 4);
    lac__launch_unpack_rows(&suite.gpu, sorted.data, numbers.data, count, &packing, out.data);
    suite.check(out.get() == flat(Rows(want.begin(), want.end())),
                std::string("rows of ") + s.name + " from " + std::to_string(n));
}

static std::vector<int32_t> table_of(const Site &s, const Index &rows, const Index &other,
                                     bool reversed) {
    std::vector<int32_t> table((size_t)taps_of(s) * rows.host.size(), -1);
    for_taps(s, [&](int32_t tap, std::array<int32_t, 3> j) {
        for (size_t r = 0; r < rows.host.size(); r++) {
            Row cell = {rows.host[r][0], 0, 0, 0};
            bool whole = true;
            for (size_t i = 0; i < 3; i++) {
                const int32_t x = rows.host[r][i + 1], reach = s.anchor[i] + s.dilation[i] * j[i];
                cell[i + 1] = reversed ? floor_of(x - reach, s.stride[i]) : s.stride[i] * x + reach;
                if (reversed) whole = whole && cell[i + 1] * s.stride[i] == x - reach;
            }
            const auto found = other.at.find(cell);
            if (whole && found != other.at.end())
                table[(size_t)tap * rows.host.size() + r] = found->second;
        }
    });
    return table;
}

static void check_table(const Site &s, const Index &rows, const Index &other, bool reversed) {
    const lac__geometry g = geometry_of(s, INT32_MIN, INT32_MAX);
    const int64_t n = (int64_t)rows.host.size(), entries = taps_of(s) * n;
    const std::vector<int32_t> want = table_of(s, rows, other, reversed);
    Array<int32_t> table((size_t)entries);
    Array<int64_t> pairs(1);
    lac__launch_map_table(&suite.gpu, &other.search, &g, rows.rows.data, rows.search.order, n,
                          reversed, table.data);
    lac__launch_count_pairs(&suite.gpu, table.data, entries, pairs.data);
    suite.check(table.get() == want, std::string("table of ") + s.name +
                                         (reversed ? " reversed" : "") + ", rows " +
                                         std::to_string(n));
    suite.check(pairs.get()[0] == (int64_t)want.size() - std::count(want.begin(), want.end(), -1),
                std::string("pairs of ") + s.name);
}

/* Both directions of a site, from n inputs. */
static void check_site(const Site &s, int64_t n, bool sorted) {
    const Index in(random_rows(n, 7, sorted));
    if (s.kind == 0) {
        check_table(s, in, in, false);
        check_table(s, in, in, true);
        return;
    }
    const std::set<Row> cells = derived(s, in.host, INT32_MIN, INT32_MAX);
    const Index made(Rows(cells.begin(), cells.end()));
    const Index &fine = s.kind == 3 ? made : in, &coarse = s.kind == 3 ? in : made;
    check_table(s, coarse, fine, false);
    check_table(s, fine, coarse, true);
}

/* ---- orders, tiles and lists of a table */

using Mask = std::vector<bool>;

static Mask mask_of(const std::vector<int32_t> &table, int64_t rows, int64_t first, int64_t last,
                    int64_t row) {
    Mask mask;
    for (int64_t k = last - 1; k >= first; k--) /* the highest tap first, as masks compare */
        mask.push_back(table[(size_t)(k * rows + row)] >= 0);
    return mask;
}

static void check_order(const std::vector<int32_t> &host, int64_t rows, int64_t first, int64_t last,
                        int64_t most, bool ordered) {
    const int64_t taps = last - first, deep = (most + 63) / 64, words = (most + 31) / 32;
    const int64_t tiles = (rows + 31) / 32, groups = (rows + 127) / 128;
    const size_t count = (size_t)rows;
    std::vector<int32_t> want(count);
    for (size_t i = 0; i < count; i++) want[i] = (int32_t)i;
    auto mask = [&](int32_t row) { return mask_of(host, rows, first, last, row); };
    if (ordered)
        std::stable_sort(want.begin(), want.end(),
                         [&](int32_t a, int32_t b) { return mask(a) < mask(b); });
    std::vector<uint32_t> want_tiles((size_t)(tiles * words));
    std::vector<int64_t> work((size_t)groups);
    for (int64_t g = 0; g < groups; g++) {
        std::set<int64_t> present;
        for (int64_t i = 128 * g; i < std::min(rows, 128 * g + 128); i++) {
            for (int64_t k = 0; k < taps; k++) {
                if (host[(size_t)((first + k) * rows + want[(size_t)i])] < 0) continue;
                want_tiles[(size_t)(i / 32 * words + k / 32)] |= 1u << (k % 32);
                present.insert(k);
            }
        }
        work[(size_t)g] = (int64_t)present.size();
    }
    std::vector<int32_t> want_groups((size_t)groups);
    for (size_t g = 0; g < want_groups.size(); g++) want_groups[g] = (int32_t)g;
    std::stable_sort(want_groups.begin(), want_groups.end(),
                     [&](int32_t a, int32_t b) { return work[(size_t)a] > work[(size_t)b]; });

    Array<int32_t> table(host), order(count), spare(count), group((size_t)groups);
    Array<uint64_t> masks(count * (size_t)deep), keys(count), sorted(count);
    Array<uint32_t> tile((size_t)(tiles * words));
    Array<uint8_t> radix(lac__radix_scratch(rows));
    lac__launch_tap_masks(&suite.gpu, table.data, rows, first, last, masks.data);
    const int32_t *from = nullptr;
    const int64_t mask_words = (taps + 63) / 64;
    for (int64_t w = 0; ordered && w < mask_words; w++) {
        const uint64_t *in = masks.data + w * rows;
        int32_t *to = (mask_words - w) % 2 == 1 ? order.data : spare.data;
        if (from != nullptr) {
            lac__launch_gather_masks(&suite.gpu, in, from, rows, keys.data);
            in = keys.data;
        }
        lac__launch_radix_sort(&suite.gpu, in, sorted.data, from, to, rows, 0,
                               (int32_t)std::min<int64_t>(taps - 64 * w, 64), radix.data);
        from = to;
    }
    lac__launch_tile_masks(&suite.gpu, masks.data, ordered ? order.data : nullptr, rows, taps,
                           words, tile.data);
    lac__launch_group_keys(&suite.gpu, tile.data, tiles, words, most, keys.data);
    lac__launch_radix_sort(&suite.gpu, keys.data, sorted.data, nullptr, group.data, groups, 0,
                           lac__bits_of(most + 1), radix.data);
    const std::string what = " of taps " + std::to_string(first) + " to " + std::to_string(last);
    if (ordered) suite.check(order.get() == want, "order" + what);
    suite.check(tile.get() == want_tiles, "tiles" + what);
    suite.check(group.get() == want_groups, "groups" + what);
}

static void check_lists(const std::vector<int32_t> &host, int64_t taps, int64_t rows,
                        int64_t centre) {
    const int64_t blocks = (rows + 255) / 256, counts = taps * blocks;
    Array<int32_t> table(host), segment((size_t)(taps * (blocks + 1)));
    Array<int64_t> starts((size_t)counts + 1), tap_starts((size_t)taps + 1),
        cost((size_t)blocks + 1);
    Array<uint8_t> scan(lac__scan_scratch(counts)), second(lac__scan_scratch(blocks));
    lac__launch_count_blocks(&suite.gpu, table.data, taps, rows, centre, starts.data);
    lac__launch_scan_i64(&suite.gpu, starts.data, starts.data, counts, starts.data + counts,
                         scan.data);
    lac__launch_segments(&suite.gpu, starts.data, taps, rows, centre, tap_starts.data, segment.data,
                         cost.data);
    lac__launch_scan_i64(&suite.gpu, cost.data, cost.data, blocks, cost.data + blocks, second.data);
    std::vector<int32_t> want, want_segment;
    std::vector<int64_t> want_starts = {0}, want_cost = {0};
    for (int64_t b = 0; b < blocks; b++) {
        const int64_t mine = std::min<int64_t>(256, rows - 256 * b);
        want_cost.push_back(want_cost.back() + mine * (centre >= 0 ? 2 : 1));
    }
    for (int64_t k = 0; k < taps; k++) {
        std::vector<int32_t> in, out;
        for (int64_t r = 0; r < rows; r++) {
            if (r % 256 == 0) want_segment.push_back((int32_t)in.size());
            const int32_t entry = host[(size_t)(k * rows + r)];
            if (entry < 0 || k == centre) continue;
            in.push_back(entry);
            out.push_back((int32_t)r);
            for (int64_t b = r / 256; b < blocks; b++) want_cost[(size_t)b + 1]++;
        }
        want_segment.push_back((int32_t)in.size());
        want.insert(want.end(), in.begin(), in.end());
        want.insert(want.end(), out.begin(), out.end());
        want_starts.push_back((int64_t)want.size() / 2);
    }
    Array<int32_t> pairs(want.size());
    lac__launch_fill_lists(&suite.gpu, table.data, taps, rows, centre, starts.data, pairs.data);
    const std::string what = " of " + std::to_string(taps) + " taps, rows " + std::to_string(rows);
    suite.check(pairs.get() == want && tap_starts.get() == want_starts, "lists" + what);
    suite.check(segment.get() == want_segment, "segments" + what);
    suite.check(cost.get() == want_cost, "costs" + what);
}

static void check_walks(const Site &s, int64_t n) {
    const Index in(random_rows(n, 6, false));
    const std::vector<int32_t> table = table_of(s, in, in, false);
    const int64_t taps = taps_of(s);
    check_order(table, n, 0, taps, taps, true);
    check_order(table, n, 0, taps, taps, false);
    check_order(table, n, taps / 3, 2 * taps / 3, (taps + 2) / 3 + 1, true);
    check_lists(table, taps, n, taps / 2);
    check_lists(table, taps, n, -1);
}

/* ---- look-ups */

static void check_find(int64_t n, bool sorted) {
    const Index index(random_rows(n, 5, sorted));
    Rows query = random_rows(500, 6, false);
    query.insert(query.end(), index.host.begin(), index.host.end());
    query.push_back({INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX});
    std::vector<int64_t> want;
    for (const Row &r : query) want.push_back(index.at.count(r) ? index.at.at(r) : -1);
    Array<int32_t> in(flat(query));
    Array<int64_t> found(query.size());
    lac__launch_find_rows(&suite.gpu, &index.search, in.data, (int64_t)query.size(), found.data);
    suite.check(found.get() == want, "find in " + std::to_string(n));
}

static void check_points(int64_t n, const int32_t stride[3]) {
    const Index index(random_rows(n, 4, false));
    std::vector<float> points;
    for (int i = 0; i < 600; i++) {
        points.push_back((float)suite.between(0, 1));
        for (int a = 0; a < 3; a++) points.push_back((float)suite.between(-700, 700) / 97.0f);
    }
    const float odd[] = {NAN,    1, 1, 1,    0,     INFINITY, 0, 0, 0, 0,
                         -3e38f, 0, 1, 4.5f, -4.5f, -4,       0, 0, 0, 3.25f};
    points.insert(points.end(), odd, odd + sizeof odd / sizeof *odd);
    const size_t count = points.size() / 4;
    std::vector<int64_t> want_index, want_corners, want_nearest;
    std::vector<float> want_weights, want_ones;
    for (size_t i = 0; i < count; i++) {
        const float *p = &points[4 * i];
        double fraction[3] = {0, 0, 0}, w[8], sum = 0;
        bool valid = true;
        int64_t cell[4] = {0, 0, 0, 0}, row[8];
        for (int f = 0; f < 4; f++) {
            const double x = f == 0 ? (double)p[0] : (double)p[f] / stride[f - 1],
                         low = std::floor(x);
            if (!(low >= INT32_MIN && low <= INT32_MAX)) {
                valid = false;
                break;
            }
            cell[f] = (int64_t)low;
            if (f > 0) fraction[f - 1] = x - low;
        }
        for (int k = 0; k < 8; k++) {
            const Row at = {(int32_t)cell[0], (int32_t)(cell[1] + (k >> 2)),
                            (int32_t)(cell[2] + (k >> 1 & 1)), (int32_t)(cell[3] + (k & 1))};
            const auto found = index.at.find(at);
            row[k] = valid && found != index.at.end() ? found->second : -1;
            const double a = k & 4 ? fraction[0] : 1 - fraction[0];
            const double b = k & 2 ? fraction[1] : 1 - fraction[1];
            const double c = k & 1 ? fraction[2] : 1 - fraction[2];
            w[k] = row[k] < 0 ? 0 : a * b * c;
            sum += w[k];
        }
        want_index.push_back(row[0]);
        for (int k = 0; k < 8; k++) {
            want_corners.push_back(row[k]);
            want_nearest.push_back(k == 0 ? row[0] : -1);
            want_weights.push_back((float)(w[k] / (sum + 1e-8)));
            want_ones.push_back(k == 0 && row[0] >= 0 ? 1.0f : 0.0f);
        }
    }
    Array<float> in(points), weights(8 * count);
    Array<int64_t> found(count), corners(8 * count);
    lac__launch_point_index(&suite.gpu, &index.search, in.data, (int64_t)count, stride, found.data);
    suite.check(found.get() == want_index, "point index");
    lac__launch_point_corners(&suite.gpu, &index.search, in.data, (int64_t)count, stride, 0,
                              corners.data, weights.data);
    std::vector<float> got = weights.get();
    suite.check(corners.get() == want_corners &&
                    memcmp(got.data(), want_weights.data(), got.size() * sizeof(float)) == 0,
                "point corners");
    lac__launch_point_corners(&suite.gpu, &index.search, in.data, (int64_t)count, stride, 1,
                              corners.data, weights.data);
    suite.check(corners.get() == want_nearest && weights.get() == want_ones, "nearest corners");
}

int main() {
    for (int64_t n : {0, 1, 31, 33, 127, 1500}) {
        check_index(n, true);
        check_index(n, false);
        check_groups(n);
    }
    check_repeats();
    for (const Site &s : sites) {
        for (int64_t n : {0, 1, 33, 600}) check_site(s, n, n == 33);
        if (s.kind == 0) continue;
        for (int64_t n : {0, 1, 33, 600}) {
            check_derive(s, n, INT32_MIN, INT32_MAX, s.kind != 1);
            check_derive(s, n, 0, INT32_MAX, false);
            check_derive(s, n, 1, 3, false);
        }
        check_derive(s, 100, 500, 499, false); /* nothing is kept */
    }
    for (int64_t n : {1, 31, 33, 127, 700}) {
        check_walks(sites[0], n);
        check_walks(sites[6], n);
    }
    check_lists({}, 27, 0, 13);
    for (int64_t n : {0, 1, 400}) check_find(n, n == 1);
    const int32_t ones[3] = {1, 1, 1}, some[3] = {2, 3, 1};
    check_points(0, ones);
    check_points(300, ones);
    check_points(300, some);
    return suite.done();
}
