/*
 * pool_test.cpp - pooling, norms of samples and dense cells, against plain loops.
 */
#include "array_test.h"
#include "launch_pool.h"
#include "launch_sort.h"

#include <cmath>
#include <cstring>
#include <limits>

Suite suite("pool");

static const float nan_value = std::numeric_limits<float>::quiet_NaN();

static std::string of(const char *what, int64_t rows, int64_t channels) {
    return std::string(what) + " of " + std::to_string(rows) + " x " + std::to_string(channels);
}

/* Values with few digits, so that maxima tie, and with odd ones. */
static std::vector<float> values(size_t n, int odd_in) {
    std::vector<float> v(n);
    for (float &f : v) {
        f = (float)suite.between(-4000, 4000) * 0.37f;
        if (odd_in > 0 && suite.between(1, odd_in) == 1)
            f = suite.between(0, 1) ? nan_value : -std::numeric_limits<float>::infinity();
    }
    return v;
}

static bool same(float a, float b) {
    return (a != a && b != b) || memcmp(&a, &b, sizeof a) == 0;
}
static bool all_same(const std::vector<float> &a, const std::vector<float> &b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); i++) {
        if (!same(a[i], b[i])) return false;
    }
    return true;
}

/* ---- windows */

static float pooled(const lac__windows &w, const std::vector<float> &x,
                    const std::vector<int32_t> &table, int64_t row, int64_t c, bool mean) {
    float result = mean ? 0 : -std::numeric_limits<float>::infinity();
    int inputs = 0;
    for (int64_t step = 0; step <= w.taps; step++) {
        if (step == w.centre || (step == w.taps && w.centre < 0)) continue;
        const int64_t tap = step == w.taps ? w.centre : step;
        const int32_t from = table[(size_t)(tap * w.rows + row)];
        if (from < 0) continue;
        const float v = x[(size_t)(from * w.channels + c)];
        if (mean)
            result += v;
        else if (v > result || v != v)
            result = v;
        inputs++;
    }
    return inputs == 0 ? 0 : mean ? result / (float)inputs : result;
}

static void check_windows(int64_t rows, int64_t inputs, int64_t channels, int64_t taps,
                          int64_t centre, size_t lead) {
    const std::vector<float> x = values((size_t)(inputs * channels) + lead, 40);
    std::vector<int32_t> table((size_t)(taps * rows));
    for (int32_t &t : table)
        t = suite.between(0, 2) == 0 ? (int32_t)suite.between(0, inputs - 1) : -1;
    Array<float> on_device(x), out((size_t)(rows * channels));
    Array<int32_t> tables(table);
    const lac__windows w = {
        on_device.data + lead, tables.data, taps, rows, channels, centre, out.data};
    const std::vector<float> from(x.begin() + (long)lead, x.end());
    for (int mean = 0; mean < 2; mean++) {
        std::vector<float> want;
        for (int64_t row = 0; row < rows; row++)
            for (int64_t c = 0; c < channels; c++)
                want.push_back(pooled(w, from, table, row, c, mean != 0));
        lac__launch_pool3d(&suite.gpu, &w, mean);
        suite.check(all_same(out.get(), want),
                    of(mean ? "mean pool3d" : "max pool3d", rows, channels));
    }
}

/* ---- samples */

struct Samples {
    std::vector<int64_t> sample;
    std::vector<int32_t> order;
    std::vector<int64_t> starts;
};

static Samples samples_of(int64_t rows, int64_t samples, bool sorted) {
    Samples s;
    for (int64_t i = 0; i < rows; i++)
        s.sample.push_back(sorted ? i * samples / rows : suite.between(0, samples - 1));
    /* One sample of several has no rows. */
    if (samples > 2)
        for (int64_t &v : s.sample) v = v == 1 ? 0 : v;
    for (int64_t g = 0; g < samples; g++) {
        s.starts.push_back((int64_t)s.order.size());
        for (int64_t i = 0; i < rows; i++)
            if (s.sample[(size_t)i] == g) s.order.push_back((int32_t)i);
    }
    s.starts.push_back(rows);
    return s;
}

/* Everything that the launchers need of one batch, in memory of the device. */
struct Batch {
    Array<float> x;
    Array<int64_t> sample, starts, chunks;
    Array<int32_t> order;
    Array<double> partial;
    Array<uint8_t> scratch;
    lac__samples job;

    Batch(const Samples &s, const std::vector<float> &from, int64_t channels, bool listed)
        : x(from), sample(s.sample), starts(s.starts), chunks(s.starts.size()), order(s.order),
          partial((size_t)(lac__most_chunks((int64_t)s.sample.size(), groups(s)) * channels)),
          scratch(lac__scan_scratch(groups(s) + 1)) {
        job.x = x.data;
        job.rows = (int64_t)s.sample.size();
        job.channels = channels;
        job.lists.order = listed ? order.data : nullptr;
        job.lists.starts = starts.data;
        job.lists.groups = groups(s);
        job.chunk_starts = chunks.data;
        job.partial = partial.data;
        lac__launch_count_chunks(&suite.gpu, &job.lists, chunks.data);
        lac__launch_scan_i64(&suite.gpu, chunks.data, chunks.data, groups(s) + 1, nullptr,
                             scratch.data);
    }
    static int64_t groups(const Samples &s) {
        return (int64_t)s.starts.size() - 1;
    }
};

static bool close_to(double a, double b, double bound) {
    return (a != a && b != b) || a == b || std::fabs(a - b) <= bound * (1 + std::fabs(b));
}

static void check_pooling(const Samples &s, const std::vector<float> &x, int64_t channels,
                          Batch &batch) {
    const int64_t rows = (int64_t)s.sample.size(), samples = batch.job.lists.groups;
    for (int mean = 0; mean < 2; mean++) {
        Array<float> out((size_t)(samples * channels));
        lac__launch_pool_samples(&suite.gpu, &batch.job, mean, out.data);
        const std::vector<float> got = out.get();
        bool good = true;
        for (int64_t g = 0; g < samples; g++)
            for (int64_t c = 0; c < channels; c++) {
                const int64_t begin = s.starts[(size_t)g], end = s.starts[(size_t)g + 1];
                double want = mean ? 0 : -std::numeric_limits<double>::infinity();
                for (int64_t i = begin; i < end; i++) {
                    const double v = x[(size_t)(s.order[(size_t)i] * channels + c)];
                    want = mean ? want + v : v > want || v != v ? v : want;
                }
                if (mean) want /= (double)(end - begin);
                if (begin == end) want = 0;
                good = good && close_to(got[(size_t)(g * channels + c)], want, mean ? 1e-6 : 0);
            }
        suite.check(good, of(mean ? "global mean" : "global max", rows, channels));
    }
}

/* The sums of a sample are the same to the bit when it is alone. */
static void check_alone(const Samples &s, const std::vector<float> &x, int64_t channels,
                        const std::vector<double> &sums, int64_t g) {
    Samples alone;
    std::vector<float> own;
    const int64_t begin = s.starts[(size_t)g], end = s.starts[(size_t)g + 1];
    for (int64_t i = begin; i < end; i++) {
        const float *row = x.data() + s.order[(size_t)i] * channels;
        own.insert(own.end(), row, row + channels);
        alone.order.push_back((int32_t)(i - begin));
        alone.sample.push_back(0);
    }
    alone.starts = {0, end - begin};
    Batch batch(alone, own, channels, false);
    Array<double> sum((size_t)channels);
    lac__launch_sum_samples(&suite.gpu, &batch.job, nullptr, sum.data);
    suite.check(memcmp(sum.get().data(), sums.data() + g * channels,
                       (size_t)channels * sizeof(double)) == 0,
                of("sums of a sample alone", end - begin, channels));
}

static double group_mean(const Samples &s, const std::vector<float> &x, int64_t channels,
                         int64_t width, int64_t g, int64_t c, double centre, bool squares) {
    const int64_t begin = s.starts[(size_t)g], end = s.starts[(size_t)g + 1];
    double total = 0;
    for (int64_t i = begin; i < end; i++)
        for (int64_t k = c / width * width; k < (c / width + 1) * width; k++) {
            const double v = x[(size_t)(s.order[(size_t)i] * channels + k)] - centre;
            total += squares ? v * v : v;
        }
    return total / (double)((end - begin) * width);
}

static void check_norm(const Samples &s, const std::vector<float> &x, int64_t channels,
                       int64_t groups, bool affine, Batch &batch) {
    const int64_t rows = (int64_t)s.sample.size(), samples = batch.job.lists.groups;
    const size_t size = (size_t)(samples * channels);
    std::vector<double> weight, bias;
    for (int64_t c = 0; c < channels; c++) {
        weight.push_back(0.5 + (double)c);
        bias.push_back(1 - (double)c);
    }
    Array<double> sum(size), mean(size), scale(size), w(weight), b(bias);
    Array<float> out(x.size());
    const double eps = 1e-5;
    lac__launch_sum_samples(&suite.gpu, &batch.job, nullptr, sum.data);
    check_alone(s, x, channels, sum.get(), samples - 1);
    lac__launch_average_groups(&suite.gpu, &batch.job.lists, sum.data, channels, groups, mean.data);
    lac__launch_sum_samples(&suite.gpu, &batch.job, mean.data, sum.data);
    lac__launch_average_groups(&suite.gpu, &batch.job.lists, sum.data, channels, groups,
                               scale.data);
    lac__launch_norm_scales(&suite.gpu, scale.data, affine ? w.data : nullptr, eps, samples,
                            channels);
    lac__launch_normalise(&suite.gpu, batch.x.data, samples > 1 ? batch.sample.data : nullptr, rows,
                          channels, mean.data, scale.data, affine ? b.data : nullptr, out.data);
    const std::vector<float> got = out.get();
    bool good = true;
    for (int64_t g = 0; g < samples; g++)
        for (int64_t c = 0; c < channels; c++) {
            const int64_t width = channels / groups;
            const double m = group_mean(s, x, channels, width, g, c, 0, false);
            const double v = group_mean(s, x, channels, width, g, c, m, true);
            for (int64_t i = s.starts[(size_t)g]; i < s.starts[(size_t)g + 1]; i++) {
                const size_t at = (size_t)(s.order[(size_t)i] * channels + c);
                double want = (x[at] - m) / std::sqrt(v + eps);
                if (affine) want = want * weight[(size_t)c] + bias[(size_t)c];
                good = good && close_to(got[at], want, 2e-6);
            }
        }
    suite.check(good, of("group norm", rows, channels));
}

static void check_samples(int64_t rows, int64_t samples, int64_t channels, int64_t groups) {
    const Samples s = samples_of(rows, samples, samples == 1);
    const std::vector<float> x = values((size_t)(rows * channels), 0);
    const std::vector<float> odd = values((size_t)(rows * channels), 300);
    Batch batch(s, x, channels, samples > 1), with_odd(s, odd, channels, true);
    check_pooling(s, x, channels, batch);
    check_pooling(s, odd, channels, with_odd);
    check_norm(s, x, channels, groups, groups > 1, batch);
}

/* ---- cells */

template <class T> static void check_cells(int64_t rows, int64_t channels, bool channels_last) {
    const int64_t shape[4] = {2, 3, 5, 7}, cells = 2 * 3 * 5 * 7;
    std::vector<int32_t> cell;
    std::vector<T> feats, want((size_t)(cells * channels), T(0));
    lac__grid_cells g = {};
    int64_t step = channels_last ? channels : 1;
    for (int axis = 3; axis >= 0; axis--) {
        g.stride[axis] = axis == 0 && !channels_last ? step * channels : step;
        step *= shape[axis];
    }
    g.stride[4] = channels_last ? 1 : 3 * 5 * 7;
    for (int64_t row = 0; row < rows; row++) {
        int64_t number = row * 83 % cells, at = 0; /* 83 is prime to their number */
        for (int axis = 3; axis >= 0; axis--) {
            cell.insert(cell.end() - (3 - axis), (int32_t)(number % shape[axis]));
            at += number % shape[axis] * g.stride[axis];
            number /= shape[axis];
        }
        for (int64_t c = 0; c < channels; c++) {
            feats.push_back((T)(suite.random() | 1));
            want[(size_t)(at + c * g.stride[4])] = feats.back();
        }
    }
    Array<T> from(feats), out(std::vector<T>((size_t)(cells * channels), T(0)));
    Array<int32_t> at(cell);
    g.feats = from.data;
    g.cell = at.data;
    g.out = out.data;
    g.rows = rows;
    g.channels = channels;
    g.element = sizeof(T);
    lac__launch_to_dense(&suite.gpu, &g);
    suite.check(out.get() == want, of("to_dense", rows, channels));
}

int main() {
    for (int64_t rows : {0, 1, 31, 33, 127, 700})
        for (int64_t channels : {1, 3, 4, 32}) {
            check_windows(rows, rows + 5, channels, 27, 13, 0);
            check_windows(rows, 40, channels, 8, -1, channels == 4);
        }
    check_windows(33, 50, 0, 8, -1, 0);
    check_windows(9, 50, 4, 1, 0, 0);
    for (int64_t rows : {0, 1, 31, 257, 2300})
        for (int64_t samples : {1, 3}) {
            check_samples(rows, samples, 1, 1);
            check_samples(rows, samples, 33, 3);
            check_samples(rows, samples, 32, 32);
        }
    check_samples(90, 100, 7, 1);
    check_samples(40, 3, 300, 2); /* more slices of channels than a launch has blocks for */
    for (int64_t rows : {0, 1, 33, 127})
        for (int64_t channels : {1, 5}) {
            check_cells<uint8_t>(rows, channels, true);
            check_cells<uint16_t>(rows, channels, false);
            check_cells<uint32_t>(rows, channels, true);
            check_cells<uint64_t>(rows, channels, false);
        }
    return suite.done();
}
