/*
 * kernel_map_test.c - kernel maps of random sites against their definition, by brute force: output rows,
 * pairs, their order, the direction of transposed convolutions. Rows come sorted and shuffled, dense and
 * scattered, and as far apart as int32 allows. And maps of many rows, the same for any number of threads.
 */
#include "harness.h"

#include <stdlib.h>

enum { MAX_ROWS = 160, MAX_CELLS = 1 << 14 };

static uint64_t state = 88172645463325252ull;

static int32_t draw(int32_t low, int32_t high) { /* both included */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int32_t)(low + (int64_t)(state >> 11) % ((int64_t)high - low + 1));
}

typedef struct {
    int32_t v[4];
} row;

static int compare(const void *a, const void *b) {
    const row *p = a, *q = b;
    for (int i = 0; i < 4; i++) {
        if (p->v[i] != q->v[i]) return p->v[i] < q->v[i] ? -1 : 1;
    }
    return 0;
}

static int64_t unique_sorted(row *rows, int64_t n) {
    qsort(rows, (size_t)n, sizeof *rows, compare);
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (m == 0 || compare(&rows[m - 1], &rows[i]) != 0) rows[m++] = rows[i];
    }
    return m;
}

/* Random unique rows: around 0, around a corner of int32, or at both ends. */
static int64_t random_rows(row *rows, int kind, int shuffled) {
    int64_t n = draw(0, MAX_ROWS);
    const int32_t size = draw(1, 9);
    const int32_t low = kind == 1 ? INT32_MIN / 2 : kind == 0 ? draw(-4, 0) : -1000000000;
    for (int64_t i = 0; i < n; i++) {
        rows[i].v[0] = draw(0, 1);
        for (int a = 1; a < 4; a++) {
            rows[i].v[a] = low + draw(0, size);
            if (kind == 2 && draw(0, 1)) rows[i].v[a] = 1000000000 + draw(0, size);
        }
    }
    n = unique_sorted(rows, n);
    for (int64_t i = n - 1; shuffled && i > 0; i--) {
        const int64_t j = draw(0, (int32_t)i);
        const row r = rows[i];
        rows[i] = rows[j];
        rows[j] = r;
    }
    return n;
}

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

typedef struct {
    lac_conv3d_options o;
    int strided, minkowski, negative, floors;
    int64_t anchor[3];
    int ranged; /* all rows lie in 0..range-1 */
    int32_t range[4];
} site;

static site random_site(void) {
    site s = {.o = {.size = sizeof s.o}};
    s.minkowski = draw(0, 1);
    s.negative = draw(0, 1);
    const int hashmap = draw(0, 1), strided = draw(0, 1);
    s.floors = 1;
    for (int a = 0; a < 3; a++) {
        s.o.kernel_size[a] = draw(1, 4);
        s.o.stride[a] = strided ? draw(1, 3) : 1;
        s.o.padding[a] = draw(0, 2);
        s.o.dilation[a] = draw(0, 3) == 0 ? 2 : 1;
        s.strided |= s.o.stride[a] > 1;
    }
    if (draw(0, 2) == 0) {
        s.strided = 0;
        for (int a = 0; a < 3; a++) { /* the common case: kernel = stride */
            s.o.stride[a] = s.o.kernel_size[a];
            s.o.padding[a] = 0;
            s.o.dilation[a] = 1;
            s.strided |= s.o.stride[a] > 1;
        }
    }
    s.o.kmap_mode = hashmap;
    s.o.downsample_mode = s.minkowski;
    for (int a = 0; a < 3; a++) {
        const int32_t k = s.o.kernel_size[a], d = s.o.dilation[a];
        if ((s.o.stride[a] != 1 && s.o.stride[a] != k) || s.o.padding[a] != 0 || d != 1)
            s.floors = 0;
        if (!s.strided)
            s.anchor[a] = k % 2 == 0 && !hashmap ? 0 : -(int64_t)d * ((k - 1) / 2);
        else
            s.anchor[a] = s.minkowski ? -(int64_t)d * ((k - 1) / 2) : -s.o.padding[a];
    }
    if (s.minkowski) s.floors = 1;
    return s;
}

/* Size of the output along an axis. */
static int64_t out_range(const site *s, int a) {
    const int64_t reach = s->o.dilation[a] * (s->o.kernel_size[a] - 1);
    return floor_div(s->range[a + 1] + 2 * s->o.padding[a] - reach - 1, s->o.stride[a]) + 1;
}

/* Gives the site a range that just holds the rows, where none lies below 0. */
static void add_range(site *s, const row *rows, int64_t n) {
    s->ranged = 1;
    for (int f = 0; f < 4; f++) {
        s->range[f] = 1;
        for (int64_t i = 0; i < n; i++) {
            if (rows[i].v[f] < 0) s->ranged = 0;
            if (rows[i].v[f] >= s->range[f]) s->range[f] = rows[i].v[f] + 1;
        }
    }
}

/* Output rows by the definition. */
static int64_t expected_rows(const site *s, const row *in, int64_t n, row *out) {
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        const int32_t *k = s->o.kernel_size;
        for (int32_t j = 0; j < (s->floors ? 1 : k[0] * k[1] * k[2]); j++) {
            const int32_t tap[3] = {j % k[0], j / k[0] % k[1], j / k[0] / k[1]};
            row r = in[i];
            int meets = 1;
            for (int a = 0; a < 3; a++) {
                const int64_t x =
                    s->floors ? in[i].v[a + 1]
                              : in[i].v[a + 1] - s->anchor[a] - (int64_t)s->o.dilation[a] * tap[a];
                const int64_t o = floor_div(x, s->o.stride[a]);
                if (!s->floors && o * s->o.stride[a] != x) meets = 0;
                if (!s->minkowski && (!s->negative || s->ranged) && o < 0) meets = 0;
                if (!s->minkowski && s->ranged && o >= out_range(s, a)) meets = 0;
                r.v[a + 1] = (int32_t)o;
            }
            if (meets) out[m++] = r;
            if (m == MAX_CELLS) m = unique_sorted(out, m);
        }
    }
    return unique_sorted(out, m);
}

static int64_t find(const row *rows, int64_t n, const int64_t cell[4]) {
    for (int64_t i = 0; i < n; i++) {
        if (rows[i].v[0] == cell[0] && rows[i].v[1] == cell[1] && rows[i].v[2] == cell[2] &&
            rows[i].v[3] == cell[3])
            return i;
    }
    return -1;
}

/* Every tap's list against the definition: outputs ascending, inputs right. */
static int right_pairs(lac_context *ctx, lac_kernel_map *map, const site *s, const row *in,
                       int64_t n, const row *out, int64_t m) {
    const int32_t *k = s->o.kernel_size;
    const int odd = k[0] & k[1] & k[2] & 1;
    static int32_t pairs[2 * MAX_CELLS];
    for (int32_t j0 = 0; j0 < k[0]; j0++)
        for (int32_t j1 = 0; j1 < k[1]; j1++)
            for (int32_t j2 = 0; j2 < k[2]; j2++) {
                const int64_t tap = odd ? j0 + k[0] * (j1 + (int64_t)k[1] * j2)
                                        : j2 + k[2] * (j1 + (int64_t)k[1] * j0);
                lac_tensor *t = NULL;
                if (lac_kernel_map_pairs(ctx, map, tap, &t) != LAC_OK) return 0;
                const int64_t count = lac_tensor_numel(t) / 2;
                if (count > MAX_CELLS) return 0;
                (void)lac_tensor_download(ctx, t, pairs, (uint64_t)count * 8);
                lac_tensor_release(t);
                int64_t at = 0;
                for (int64_t o = 0; o < m; o++) {
                    int64_t cell[4] = {out[o].v[0]};
                    const int32_t j[3] = {j0, j1, j2};
                    for (int a = 0; a < 3; a++)
                        cell[a + 1] = (int64_t)s->o.stride[a] * out[o].v[a + 1] + s->anchor[a] +
                                      (int64_t)s->o.dilation[a] * j[a];
                    const int64_t i = find(in, n, cell);
                    if (i < 0) continue;
                    if (at >= count || pairs[2 * at] != i || pairs[2 * at + 1] != o) return 0;
                    at++;
                }
                if (at != count) return 0;
            }
    return 1;
}

/* With one channel and weight 2^tap the transposed convolution shows which taps reached a row. */
static int right_transposed(lac_context *ctx, lac_sparse *x, const site *s, lac_kernel_map *map,
                            lac_coords *coarse, int64_t n, int64_t m) {
    static float ones[MAX_CELLS], weight[64], got[MAX_ROWS], wanted[MAX_ROWS];
    static int32_t pairs[2 * MAX_CELLS];
    int64_t taps = 0;
    lac_kernel_map_describe(map, &taps, NULL, NULL, NULL);
    for (int64_t i = 0; i < m; i++) ones[i] = (float)(i % 7 + 1);
    for (int64_t k = 0; k < taps; k++) weight[k] = (float)(k + 1);
    memset(wanted, 0, sizeof wanted);
    for (int64_t k = 0; k < taps; k++) {
        lac_tensor *t = NULL;
        if (lac_kernel_map_pairs(ctx, map, k, &t) != LAC_OK) return 0;
        const int64_t count = lac_tensor_numel(t) / 2;
        (void)lac_tensor_download(ctx, t, pairs, (uint64_t)count * 8);
        lac_tensor_release(t);
        for (int64_t i = 0; i < count; i++)
            wanted[pairs[2 * i]] += weight[k] * ones[pairs[2 * i + 1]];
    }
    lac_tensor *f = tensor(ctx, LAC_DTYPE_F32, ones, 2, m, 1, 0);
    lac_tensor *w = tensor(ctx, LAC_DTYPE_F32, weight, 3, taps, 1, 1);
    lac_sparse_desc desc;
    lac_sparse *c = NULL, *y = NULL;
    lac_sparse_describe(x, &desc);
    memcpy(desc.stride, s->o.stride, sizeof desc.stride);
    desc.has_range = 0; /* that of x, not of these rows */
    lac_conv3d_options o = s->o;
    o.transposed = 1;
    int right = lac_sparse_create(ctx, f, coarse, &desc, &c) == LAC_OK &&
                lac_conv3d(ctx, c, w, &o, &y) == LAC_OK;
    if (right) {
        lac_tensor *r = lac_sparse_feats(y);
        right = lac_tensor_numel(r) == n &&
                lac_tensor_download(ctx, r, got, (uint64_t)n * sizeof *got) == LAC_OK &&
                (n == 0 || memcmp(got, wanted, (size_t)n * sizeof *got) == 0);
        lac_tensor_release(r);
    } else {
        printf("%s\n", lac_last_error());
    }
    lac_sparse_release(y);
    lac_sparse_release(c);
    lac_tensor_release(w);
    lac_tensor_release(f);
    return right;
}

static void test_site(lac_context *ctx, int number) {
    static row in[MAX_ROWS], out[MAX_CELLS + 64];
    static const float zeros[MAX_ROWS];
    const int64_t n = random_rows(in, number % 5 == 0 ? 1 : number % 7 == 0 ? 2 : 0, number % 2);
    site s = random_site();
    if (number % 3 == 0) add_range(&s, in, n);
    lac_sparse_desc desc = {.size = sizeof desc, .stride = {1, 1, 1}, .has_range = s.ranged};
    memcpy(desc.range, s.range, sizeof desc.range);
    OK(lac_context_set_flag(ctx, LAC_FLAG_ALLOW_NEGATIVE, s.negative));
    lac_tensor *rows = tensor(ctx, LAC_DTYPE_I32, in, 2, n, 4, 0);
    lac_tensor *feats = tensor(ctx, LAC_DTYPE_F32, zeros, 2, n, 1, 0);
    lac_coords *coords = NULL, *coarse = NULL;
    lac_sparse *x = NULL;
    lac_kernel_map *map = NULL;
    OK(lac_coords_create(ctx, rows, &coords));
    OK(lac_sparse_create(ctx, feats, coords, &desc, &x));
    if (OK(lac_kernel_map_build(ctx, x, &s.o, &map, &coarse))) {
        int64_t m = n;
        const row *expected = in;
        if (s.strided) {
            m = expected_rows(&s, in, n, out);
            expected = out;
        }
        lac_tensor *got = NULL;
        OK(lac_coords_tensor(ctx, coarse, &got));
        int same = lac_coords_count(coarse) == m;
        static row made[MAX_CELLS];
        if (same) {
            OK(lac_tensor_download(ctx, got, made, (uint64_t)m * sizeof *made));
            same = m == 0 || memcmp(made, expected, (size_t)m * sizeof *made) == 0;
        }
        lac_tensor_release(got);
        if (!CHECK(same))
            printf("  rows of site %d: %lld, wanted %lld\n", number,
                   (long long)lac_coords_count(coarse), (long long)m);
        if (same && !CHECK(right_pairs(ctx, map, &s, in, n, expected, m)))
            printf("  pairs of site %d\n", number);
        if (same && s.strided && !CHECK(right_transposed(ctx, x, &s, map, coarse, n, m)))
            printf("  transposed of site %d\n", number);
    }
    lac_kernel_map_release(map);
    lac_coords_release(coarse);
    lac_sparse_release(x);
    lac_coords_release(coords);
    lac_tensor_release(feats);
    lac_tensor_release(rows);
}

enum { MANY = 30000, MAX_WORDS = 1 << 21 };

/* Coarse rows and all pairs of a site on many rows, as one list of integers; returns its length. */
static int64_t map_words(lac_context *ctx, const row *rows, int64_t n, const site *s, int32_t *to) {
    lac_tensor *t = tensor(ctx, LAC_DTYPE_I32, rows, 2, n, 4, 0), *f = NULL;
    lac_tensor_desc plain = {
        .size = sizeof plain, .dtype = LAC_DTYPE_F32, .ndim = 2, .shape = {n, 1}};
    lac_coords *coords = NULL, *coarse = NULL;
    lac_sparse *x = NULL;
    lac_kernel_map *map = NULL;
    int64_t words = 0, taps = 0;
    OK(lac_tensor_create(ctx, &plain, &f));
    OK(lac_coords_create(ctx, t, &coords));
    OK(lac_sparse_create(ctx, f, coords, NULL, &x));
    lac_tensor_release(t);
    if (OK(lac_kernel_map_build(ctx, x, &s->o, &map, &coarse))) {
        lac_kernel_map_describe(map, &taps, NULL, NULL, NULL);
        for (int64_t k = -1; k < taps; k++) {
            OK(k < 0 ? lac_coords_tensor(ctx, coarse, &t) : lac_kernel_map_pairs(ctx, map, k, &t));
            const int64_t count = lac_tensor_numel(t);
            if (!CHECK(words + count <= MAX_WORDS)) break;
            OK(lac_tensor_download(ctx, t, to + words, (uint64_t)count * sizeof *to));
            words += count;
            lac_tensor_release(t);
        }
    }
    lac_kernel_map_release(map);
    lac_coords_release(coarse);
    lac_sparse_release(x);
    lac_coords_release(coords);
    lac_tensor_release(f);
    return words;
}

/* Enough rows that every thread has a part: maps are the same for any number of threads. */
static void test_threads(lac_context *ctx, int number) {
    static row rows[MANY];
    static int32_t one[MAX_WORDS], many[MAX_WORDS];
    for (int64_t i = 0; i < MANY; i++) {
        rows[i].v[0] = draw(0, 1);
        for (int a = 1; a < 4; a++) rows[i].v[a] = draw(-4, number % 2 ? 30 : 60);
    }
    int64_t n = unique_sorted(rows, MANY);
    for (int64_t i = n - 1; number % 3 == 0 && i > 0; i--) {
        const int64_t j = draw(0, (int32_t)i);
        const row r = rows[i];
        rows[i] = rows[j];
        rows[j] = r;
    }
    site s = random_site();
    if (number < 6) { /* the sites of most networks */
        for (int a = 0; a < 3; a++) {
            s.o.kernel_size[a] = number % 3 == 1 ? 2 : 3;
            s.o.stride[a] = number % 3 == 0 ? 1 : 2;
            s.o.padding[a] = number % 3 == 2;
            s.o.dilation[a] = 1;
        }
        s.o.downsample_mode = LAC_DOWNSAMPLE_SPCONV;
    }
    OK(lac_context_set_flag(ctx, LAC_FLAG_ALLOW_NEGATIVE, number % 4 == 0));
    OK(lac_context_set_threads(ctx, 1));
    const int64_t words = map_words(ctx, rows, n, &s, one);
    for (int32_t threads = 2; threads <= 4; threads++) {
        OK(lac_context_set_threads(ctx, threads));
        const int64_t again = map_words(ctx, rows, n, &s, many);
        if (!CHECK(again == words && memcmp(one, many, (size_t)words * sizeof *one) == 0))
            printf("  site %d with %d threads\n", number, threads);
    }
}

int main(void) {
    begin();
    lac_context *ctx = NULL;
    OK(lac_context_create(NULL, &ctx));
    for (int i = 0; i < 1200; i++) test_site(ctx, i);
    for (int i = 0; i < 24; i++) test_threads(ctx, i);
    close_context(ctx);
    return finish();
}
