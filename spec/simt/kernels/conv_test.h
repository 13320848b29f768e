/*
 * conv_test.h - what conv_test.cpp works on: elements of any dtype, epilogues, kernel maps; each in
 * host memory and as kernels take it.
 */
#ifndef CONV_TEST_H
#define CONV_TEST_H

#include "array_test.h"
#include "launch_conv.h"

#include "core/half.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using Floats = std::vector<float>;
using Rows = std::vector<int32_t>;

/* ---- elements of any dtype */

inline size_t size_of(int32_t dtype) {
    return dtype == LAC_DTYPE_F32 ? 4 : 2;
}
inline const char *name_of(int32_t dtype) {
    return dtype == LAC_DTYPE_F32 ? "f32" : dtype == LAC_DTYPE_F16 ? "f16" : "bf16";
}
inline uint16_t half_of(int32_t dtype, float v) {
    return dtype == LAC_DTYPE_F16 ? lac__float_to_f16(v) : lac__float_to_bf16(v);
}
inline float rounded(int32_t dtype, float v) {
    if (dtype == LAC_DTYPE_F32) return v;
    const uint16_t h = half_of(dtype, v);
    return dtype == LAC_DTYPE_F16 ? lac__f16_to_float(h) : lac__bf16_to_float(h);
}

/* Device memory of a dtype, `lead` elements behind an address that suits every access. */
struct Elements {
    int32_t dtype;
    size_t lead, count;
    Array<uint8_t> memory;

    Elements(int32_t type, const Floats &values, size_t before = 0)
        : dtype(type), lead(before), count(values.size()), memory(bytes(type, values, before)) {}
    Elements(int32_t type, size_t n) : dtype(type), lead(0), count(n), memory(n * size_of(type)) {}
    static std::vector<uint8_t> bytes(int32_t type, const Floats &values, size_t before) {
        std::vector<uint8_t> b((before + values.size()) * size_of(type));
        for (size_t i = 0; i < values.size(); i++) {
            uint8_t *to = b.data() + (before + i) * size_of(type);
            const uint16_t h = type == LAC_DTYPE_F32 ? 0 : half_of(type, values[i]);
            memcpy(to, type == LAC_DTYPE_F32 ? (const void *)&values[i] : &h, size_of(type));
        }
        return b;
    }
    void *data() {
        return memory.data + lead * size_of(dtype);
    }
    Floats get() const {
        const std::vector<uint8_t> b = memory.get();
        Floats v(count);
        for (size_t i = 0; i < count; i++) {
            const uint8_t *from = b.data() + (lead + i) * size_of(dtype);
            uint16_t h;
            memcpy(&h, from, 2);
            if (dtype == LAC_DTYPE_F32)
                memcpy(&v[i], from, 4);
            else
                v[i] = dtype == LAC_DTYPE_F16 ? lac__f16_to_float(h) : lac__bf16_to_float(h);
        }
        return v;
    }
};

inline Floats quarters(size_t n) {
    Floats v(n);
    for (float &f : v) f = (float)suite.between(-8, 8) * 0.25f;
    return v;
}
inline Floats reals(size_t n) {
    Floats v(n);
    for (float &f : v) f = (float)suite.between(-1000000, 1000000) * 1.1e-6f;
    return v;
}

inline bool same(const Floats &got, const Floats &want, float slack = 0) {
    if (got.size() != want.size()) return false;
    for (size_t i = 0; i < got.size(); i++) {
        if (got[i] == want[i] || (got[i] != got[i] && want[i] != want[i])) continue;
        if (slack > 0 && std::fabs(got[i] - want[i]) <= slack * (1 + std::fabs(want[i]))) continue;
        if (suite.failed < 3) printf("  element %zu: %g, not %g\n", i, got[i], want[i]);
        return false;
    }
    return true;
}

/* ---- epilogues */

inline float activated(int activation, float slope, float x) {
    if (activation == LAC_ACT_RELU) return x < 0 ? 0 : x;
    if (activation == LAC_ACT_LEAKY_RELU) return x < 0 ? x * slope : x;
    return activation == LAC_ACT_SILU ? x / (1 + expf(-x)) : x;
}

/* Stages in host memory, and what kernels take. */
struct Stages {
    size_t rows, width;
    int32_t dtype;
    Floats scale, shift, bias, residual;
    Array<float> scales, shifts, biases;
    Elements residuals, out;
    int kind;

    /* kind: 0 none, 1 bias, 2 batch norm + residual + ReLU, 3 batch norm, leaky ReLU, residual,
     * bias, 4 SiLU */
    Stages(size_t n, size_t channels, int32_t type, int stages)
        : rows(n), width(channels), dtype(type), scale(quarters(channels)),
          shift(quarters(channels)), bias(quarters(channels)), residual(quarters(n * channels)),
          scales(scale), shifts(shift), biases(bias), residuals(type, residual),
          out(type, n * channels), kind(stages) {}

    void add(lac__finish &f, int step, int activation = 0) {
        lac__finish_step &s = f.steps[f.count++];
        s.kind = step;
        s.activation = activation;
        s.slope = 0.125f;
        s.shift = shifts.data;
        s.scale = scales.data;
        s.dtype = dtype;
        s.residual = residuals.data();
    }
    lac__finish finish() {
        lac__finish f = {};
        f.out = out.data();
        f.dtype = dtype;
        f.width = (int32_t)width;
        f.vectors = width % 8 == 0;
        if (kind == 1 || kind == 4) add(f, LAC__STEP_AFFINE), f.steps[0].scale = nullptr;
        if (kind == 2 || kind == 3) add(f, LAC__STEP_AFFINE);
        if (kind == 3) add(f, LAC__STEP_ACTIVATION, LAC_ACT_LEAKY_RELU);
        if (kind == 2 || kind == 3) add(f, LAC__STEP_RESIDUAL);
        if (kind == 2) add(f, LAC__STEP_ACTIVATION, LAC_ACT_RELU);
        if (kind == 4) add(f, LAC__STEP_ACTIVATION, LAC_ACT_SILU);
        if (kind == 3) add(f, LAC__STEP_AFFINE), f.steps[3].shift = biases.data;
        return f;
    }
    Floats expected(const Floats &sums) const {
        Floats v(sums);
        for (size_t i = 0; i < v.size(); i++) {
            const size_t c = i % width;
            const float other = rounded(dtype, residual[i]);
            float x = v[i];
            if (kind == 1) x += shift[c];
            if (kind == 2) x = activated(LAC_ACT_RELU, 0, fmaf(x, scale[c], shift[c]) + other);
            if (kind == 3)
                x = fmaf(activated(LAC_ACT_LEAKY_RELU, 0.125f, fmaf(x, scale[c], shift[c])) + other,
                         scale[c], bias[c]);
            if (kind == 4) x = activated(LAC_ACT_SILU, 0, x + shift[c]);
            v[i] = rounded(dtype, x);
        }
        return v;
    }
    bool right(const Floats &sums) {
        return same(out.get(), expected(sums), kind == 4 ? 1e-6f : 0);
    }
};

/* ---- maps */

struct Map {
    int64_t rows, taps, centre;
    int splits, words = 0;
    Rows table, order, groups;
    std::vector<uint32_t> tiles;

    int64_t start(int split) const {
        return taps * split / splits;
    }
    Map(int64_t n, int64_t inputs, int64_t k, bool submanifold, int parts, bool sorted)
        : rows(n), taps(k), centre(submanifold ? k / 2 : -1), splits(parts) {
        table.resize((size_t)(taps * rows));
        const int64_t odds = suite.between(1, 9);
        for (int64_t t = 0; t < taps; t++)
            for (int64_t r = 0; r < rows; r++)
                table[(size_t)(t * rows + r)] = t == centre ? (int32_t)r
                                                : inputs > 0 && suite.between(0, odds) == 0
                                                    ? (int32_t)suite.between(0, inputs - 1)
                                                    : -1;
        for (int s = 0; s < splits; s++)
            words = std::max(words, (int)((start(s + 1) - start(s) + 31) / 32));
        for (int s = 0; s < splits; s++) add_split(s, sorted);
    }
    std::vector<bool> mask(int split, int64_t row) const {
        std::vector<bool> m;
        for (int64_t t = start(split); t < start(split + 1); t++)
            m.push_back(table[(size_t)(t * rows + row)] >= 0);
        return m;
    }
    void add_split(int s, bool sorted) {
        Rows mine((size_t)rows), list;
        for (int64_t r = 0; r < rows; r++) mine[(size_t)r] = (int32_t)r;
        if (sorted)
            std::stable_sort(mine.begin(), mine.end(),
                             [&](int32_t a, int32_t b) { return mask(s, a) < mask(s, b); });
        order.insert(order.end(), mine.begin(), mine.end());
        const int64_t count = (rows + 31) / 32, all = (rows + 127) / 128;
        std::vector<uint32_t> joined((size_t)(count * words));
        for (int64_t r = 0; r < rows; r++) {
            const std::vector<bool> m = mask(s, mine[(size_t)r]);
            for (size_t t = 0; t < m.size(); t++)
                joined[(size_t)(r / 32 * words) + t / 32] |= (uint32_t)m[t] << t % 32;
        }
        tiles.insert(tiles.end(), joined.begin(), joined.end());
        for (int64_t g = all; g-- > 0;) list.push_back((int32_t)g); /* any order will do */
        groups.insert(groups.end(), list.begin(), list.end());
    }
};

/* Pair lists of a map. */
struct Lists {
    std::vector<Rows> rows;
    std::vector<Array<int32_t> *> memory;
    std::vector<lac__fetch_tap> taps;
    Rows segment;

    explicit Lists(const Map &map) {
        const int64_t blocks = (map.rows + LAC__FETCH_ROWS - 1) / LAC__FETCH_ROWS;
        for (int64_t t = 0; t < map.taps; t++) {
            Rows in, out, starts((size_t)blocks + 1);
            for (int64_t r = 0; r < map.rows; r++) {
                if (r % LAC__FETCH_ROWS == 0)
                    starts[(size_t)(r / LAC__FETCH_ROWS)] = (int32_t)in.size();
                const int32_t from = map.table[(size_t)(t * map.rows + r)];
                if (t != map.centre && from >= 0) in.push_back(from), out.push_back((int32_t)r);
            }
            starts[(size_t)blocks] = (int32_t)in.size();
            segment.insert(segment.end(), starts.begin(), starts.end());
            memory.push_back(new Array<int32_t>(in));
            memory.push_back(new Array<int32_t>(out));
            taps.push_back(
                {memory[memory.size() - 2]->data, memory.back()->data, (int64_t)in.size()});
        }
    }
    ~Lists() {
        for (Array<int32_t> *a : memory) delete a;
    }
};

#endif
