/*
 * conv_test.cpp - convolution, against plain chains of fused multiply-adds.
 *
 * Values are multiples of 1/4 up to 2, so that every sum is exact in float32 whatever its order:
 * tensor cores must give the same bits as the chain. The kernels that promise its order are also
 * tested on values that round.
 */
#include "conv_test.h"

#include <limits>

Suite suite("conv");

/* ---- products */

/* Sums of each part in turn, added up; each a chain: taps ascending, the centre last. */
static Floats chains(const Map *map, int64_t rows, const Floats &x, int64_t cin, const Floats &w,
                     int64_t cout) {
    Floats sums((size_t)(rows * cout));
    const int splits = map != nullptr ? map->splits : 1;
    for (int s = 0; s < splits; s++) {
        const int64_t first = map != nullptr ? map->start(s) : 0;
        const int64_t end = map != nullptr ? map->start(s + 1) : 1;
        const int64_t centre = map != nullptr ? map->centre : -1;
        for (int64_t r = 0; r < rows; r++)
            for (int64_t o = 0; o < cout; o++) {
                float sum = 0;
                for (int64_t step = first; step <= end; step++) {
                    if (step == end && (centre < first || centre >= end)) continue;
                    if (step == centre && step < end) continue;
                    const int64_t t = step == end ? centre : step;
                    const int64_t in = map != nullptr ? map->table[(size_t)(t * rows + r)] : r;
                    for (int64_t c = 0; in >= 0 && c < cin; c++)
                        sum = fmaf(x[(size_t)(in * cin + c)], w[(size_t)((t * cin + c) * cout + o)],
                                   sum);
                }
                float &to = sums[(size_t)(r * cout + o)];
                to = s == 0 ? sum : to + sum;
            }
    }
    return sums;
}

enum Kernel { SIMT, MMA, FETCH };
static const char *const kernel_names[] = {"simt", "mma", "fetch"};
static const char *const tile_names[] = {"64x32", "64x64", "128x64", "128x96", "128x128"};

struct Case {
    Kernel kernel;
    lac__conv_tile tile;
    int32_t dtype;
    int64_t rows, inputs, cin[2], cout, taps; /* taps 0: no map */
    bool submanifold, sorted, real, infinite;
    int splits, stages;
    size_t lead;
};

static std::string text(const Case &c) {
    char s[256];
    snprintf(s, sizeof s,
             "%s %s %s: %lld of %lld rows, %lld+%lld -> %lld, %lld taps%s%s, %d splits, "
             "stages %d, lead %zu",
             kernel_names[c.kernel], tile_names[c.tile], name_of(c.dtype), (long long)c.rows,
             (long long)c.inputs, (long long)c.cin[0], (long long)c.cin[1], (long long)c.cout,
             (long long)c.taps, c.submanifold ? " centred" : "", c.sorted ? " sorted" : "",
             c.splits, c.stages, c.lead);
    return s;
}

static int32_t piece_of(const void *const x[2], const int64_t cin[2], size_t element) {
    size_t odd = 16;
    for (int i = 0; i < 2; i++)
        if (cin[i] > 0) odd |= (size_t)x[i] | (size_t)cin[i] * element;
    return (int32_t)(odd & (~odd + 1));
}

static void run(const Case &c) {
    const int64_t cin = c.cin[0] + c.cin[1], taps = c.taps > 0 ? c.taps : 1;
    Map map(c.rows, c.inputs, taps, c.submanifold, c.splits, c.sorted);
    Floats x = c.real ? reals((size_t)(c.inputs * cin)) : quarters((size_t)(c.inputs * cin));
    Floats w =
        c.real ? reals((size_t)(taps * cin * c.cout)) : quarters((size_t)(taps * cin * c.cout));
    for (float &f : x) f = rounded(c.dtype, f);
    for (float &f : w) f = rounded(c.dtype, f);
    if (!x.empty() && c.stages == 2) x[x.size() / 2] = std::numeric_limits<float>::quiet_NaN();
    if (c.infinite) w[w.size() / 2] = std::numeric_limits<float>::infinity();
    Floats part[2];
    for (size_t i = 0; i < x.size(); i++) part[(int64_t)i % cin >= c.cin[0]].push_back(x[i]);
    Elements first(c.dtype, part[0], c.lead), second(c.dtype, part[1], c.lead), plain(c.dtype, w);
    const int64_t k = lac__weight_padded(cin), n = lac__weight_padded(c.cout);
    Elements packed(c.dtype, (size_t)(taps * k * n));
    Array<int32_t> bad(Rows{0});
    lac__launch_pack_weights(&suite.gpu, plain.data(), c.dtype, taps, cin, c.cout, false,
                             packed.data(), bad.data);
    suite.check(bad.get()[0] == c.infinite, "finite weights of " + text(c));

    Array<int32_t> table(map.table), order(map.order), groups(map.groups);
    Array<uint32_t> tiles(map.tiles);
    Stages stages((size_t)c.rows, (size_t)c.cout, c.dtype, c.stages);
    Array<float> partial((size_t)(c.splits > 1 ? c.splits * c.rows * c.cout : 0));
    lac__product p = {};
    p.x[0] = first.data();
    p.x[1] = c.cin[1] > 0 ? second.data() : nullptr;
    p.piece = piece_of(p.x, c.cin, size_of(c.dtype));
    p.weight = packed.data();
    p.cin[0] = (int32_t)c.cin[0];
    p.cin[1] = (int32_t)c.cin[1];
    p.cout = (int32_t)c.cout;
    p.k = (int32_t)k;
    p.n = (int32_t)n;
    p.dtype = c.dtype;
    p.rows = c.rows;
    p.taps = (int32_t)taps;
    p.splits = c.splits;
    p.centre = c.taps > 0 ? (int32_t)map.centre : 0;
    if (c.taps > 0) {
        p.table = table.data;
        p.order = c.sorted ? order.data : nullptr;
        p.tiles = tiles.data;
        p.groups = groups.data;
        p.words = map.words;
    }
    p.finish = stages.finish();
    if (c.splits > 1) {
        p.finish.count = 0;
        p.finish.dtype = LAC_DTYPE_F32;
        p.finish.out = partial.data;
    }
    if (c.kernel == FETCH) {
        Lists lists(map);
        Array<lac__fetch_tap> tap_array(lists.taps);
        Array<int32_t> segment(lists.segment);
        lac__launch_conv3d_fetch(&suite.gpu, &p, tap_array.data, segment.data);
        stages.out.get();
    } else if (c.kernel == SIMT) {
        lac__launch_conv3d_simt(&suite.gpu, &p, c.tile);
    } else {
        lac__launch_conv3d_mma(&suite.gpu, &p, c.tile);
    }
    if (c.splits > 1) {
        const lac__finish f = stages.finish();
        lac__launch_epilogue(&suite.gpu, partial.data, LAC_DTYPE_F32, c.splits, c.rows, &f);
    }
    suite.check(stages.right(chains(c.taps > 0 ? &map : nullptr, c.rows, x, cin, w, c.cout)),
                text(c));
}

static Case random_case(Kernel kernel, int32_t dtype, lac__conv_tile tile) {
    static const int64_t rows[] = {1, 31, 33, 64, 127, 129, 300}, taps[] = {0, 1, 8, 27, 27, 40};
    static const int64_t cins[] = {1, 2, 3, 4, 6, 8, 12, 16, 20, 32, 33, 40, 72};
    static const int64_t couts[] = {1, 5, 8, 19, 32, 40, 64, 100, 136};
    Case c = {};
    c.kernel = kernel;
    c.tile = tile;
    c.dtype = dtype;
    c.rows = rows[suite.between(0, 6)];
    c.taps = kernel == FETCH ? 27 : taps[suite.between(0, 5)];
    c.submanifold = c.taps != 8 && suite.between(0, 3) > 0;
    c.inputs = c.taps == 0 || c.submanifold ? c.rows : suite.between(1, 200);
    c.cin[0] = cins[suite.between(0, 12)];
    if (suite.between(0, 2) == 0) {
        c.cin[0] = suite.between(1, 3) * 8;
        c.cin[1] = cins[suite.between(0, 12)];
    }
    c.cout = couts[suite.between(0, 8)];
    c.sorted = suite.between(0, 1) == 1;
    c.splits = kernel == FETCH || c.taps < 8 ? 1 : (int)suite.between(1, 4);
    c.stages = (int)suite.between(0, 4);
    c.lead = (size_t)(suite.between(0, 3) == 0 ? suite.between(1, 4) : 0);
    c.real = kernel != MMA && suite.between(0, 1) == 1;
    c.infinite = kernel == FETCH && suite.between(0, 2) == 0;
    return c;
}

static void test_products() {
    static const int32_t dtypes[] = {LAC_DTYPE_F32, LAC_DTYPE_F16, LAC_DTYPE_BF16};
    for (int i = 0; i < 6; i++) {
        for (int t = LAC__TILE_64X32; t <= LAC__TILE_64X64; t++)
            run(random_case(SIMT, LAC_DTYPE_F32, (lac__conv_tile)t));
        for (int d = 0; d < 3; d++) run(random_case(FETCH, dtypes[d], LAC__TILE_64X32));
        for (int t = 0; t < LAC__TILES; t++) {
            run(random_case(MMA, LAC_DTYPE_F16, (lac__conv_tile)t));
            run(random_case(MMA, LAC_DTYPE_BF16, (lac__conv_tile)t));
        }
        run(random_case(MMA, LAC_DTYPE_F32, LAC__TILE_64X32));
        run(random_case(MMA, LAC_DTYPE_F32, LAC__TILE_128X64));
    }
    /* Nothing to multiply, or no rows to read: the epilogue alone. */
    for (int kernel = SIMT; kernel <= FETCH; kernel++) {
        Case c = {};
        c.kernel = (Kernel)kernel;
        c.dtype = kernel == MMA ? LAC_DTYPE_F16 : LAC_DTYPE_F32;
        c.rows = 40;
        c.cout = 24;
        c.taps = 8;
        c.splits = 1;
        c.stages = 1;
        c.cin[0] = 16;
        run(c);
        c.inputs = 40;
        c.cin[0] = 0;
        run(c);
        c.rows = 0;
        run(c);
    }
}

/* Large kernels: masks of several words, the centre in the second and in another part. */
static void test_large_kernel() {
    for (int splits = 1; splits <= 2; splits++) {
        Case c = random_case(MMA, LAC_DTYPE_F16, LAC__TILE_64X32);
        c.rows = c.inputs = 70;
        c.cin[0] = c.cin[1] = 8;
        c.cout = 32;
        c.taps = 125;
        c.submanifold = c.sorted = true;
        c.splits = splits;
        run(c);
        c.kernel = SIMT;
        c.dtype = LAC_DTYPE_F32;
        c.real = true;
        run(c);
    }
}

/* ---- the rest */

static void test_packing() {
    for (int i = 0; i < 12; i++) {
        const int32_t dtype = (int32_t)suite.between(LAC_DTYPE_F32, LAC_DTYPE_BF16);
        const bool transposed = i % 2 == 1;
        const int64_t taps = transposed ? 1 : i == 10 ? 40 : suite.between(1, 4);
        const int64_t cin = suite.between(1, 70) + (i == 10 ? 64 : 0), cout = suite.between(1, 70);
        const int64_t k = lac__weight_padded(cin), n = lac__weight_padded(cout);
        Floats w = quarters((size_t)(taps * cin * cout));
        const bool finite = i % 3 != 0;
        if (!finite) w[(size_t)suite.between(0, (int64_t)w.size() - 1)] = i % 6 ? NAN : -INFINITY;
        Elements plain(dtype, w), packed(dtype, (size_t)(taps * k * n));
        Array<int32_t> bad(Rows{0});
        lac__launch_pack_weights(&suite.gpu, plain.data(), dtype, taps, cin, cout, transposed,
                                 packed.data(), bad.data);
        Floats want((size_t)(taps * k * n));
        for (int64_t t = 0; t < taps; t++)
            for (int64_t c = 0; c < cin; c++)
                for (int64_t o = 0; o < cout; o++)
                    want[(size_t)((t * n + o) * k + c)] =
                        w[(size_t)(transposed ? o * cin + c : (t * cin + c) * cout + o)];
        suite.check(same(packed.get(), want) && (bad.get()[0] == 0) == finite,
                    "packing " + std::to_string(cin) + " -> " + std::to_string(cout));
    }
}

static void test_epilogue() {
    static const int64_t widths[] = {1, 7, 8, 40, 96, 101};
    for (int i = 0; i < 24; i++) {
        const int32_t from = (int32_t)suite.between(LAC_DTYPE_F32, LAC_DTYPE_BF16);
        const int32_t to = (int32_t)suite.between(LAC_DTYPE_F32, LAC_DTYPE_BF16);
        const int64_t rows = suite.between(0, 70), width = widths[i % 6];
        const Floats source = quarters((size_t)(rows * width));
        Stages stages((size_t)rows, (size_t)width, to, i % 5);
        Elements in(from, source);
        const lac__finish f = stages.finish();
        lac__launch_epilogue(&suite.gpu, in.data(), from, 1, rows, &f);
        suite.check(stages.right(source), "epilogue of " + std::to_string(rows) + " x " +
                                              std::to_string(width) + " " + name_of(from) + " to " +
                                              name_of(to));
    }
}

static void test_gather() {
    static const int64_t widths[] = {1, 2, 3, 4, 8, 24};
    for (int i = 0; i < 12; i++) {
        const int32_t dtype = i < 6 ? LAC_DTYPE_F32 : LAC_DTYPE_F16;
        const int64_t width = widths[i % 6], rows = 50, count = i == 3 ? 0 : suite.between(1, 50);
        Rows index((size_t)rows);
        for (int64_t r = 0; r < rows; r++) index[(size_t)r] = (int32_t)(r * 7 % rows);
        index.resize((size_t)count);
        const Floats x = quarters((size_t)(rows * width));
        Elements from(dtype, x), to(dtype, (size_t)(count * width));
        Array<int32_t> rows_of(index);
        lac__launch_gather_rows(&suite.gpu, from.data(), width * (int64_t)size_of(dtype),
                                rows_of.data, count, to.data());
        Floats want, products = quarters((size_t)(count * width)), sums(x);
        for (int64_t r = 0; r < count; r++)
            for (int64_t c = 0; c < width; c++) {
                want.push_back(x[(size_t)(index[(size_t)r] * width + c)]);
                sums[(size_t)((i % 2 ? index[(size_t)r] : r) * width + c)] +=
                    products[(size_t)(r * width + c)];
            }
        suite.check(same(to.get(), want), "gather of " + std::to_string(width));
        Array<float> added(products), all(x);
        lac__launch_add_rows(&suite.gpu, added.data, width, i % 2 ? rows_of.data : nullptr, count,
                             all.data);
        suite.check(same(all.get(), sums), "scatter of " + std::to_string(width));
    }
}

int main() {
    test_packing();
    test_epilogue();
    test_gather();
    test_products();
    test_large_kernel();
    return suite.done();
}
