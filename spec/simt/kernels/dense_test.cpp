/*
 * dense_test.cpp - the dense tensor operations against plain loops, at sizes that are not round.
 *
 * Everything is equal to the bit but for log, exp and softmax (one unit in the last place of
 * float32), normal numbers, and sums of reals that a tree makes.
 */
#include "dense_test.h"

#include <functional>

Suite suite;

namespace {

lac__gpu *const gpu = &suite.gpu;
const int32_t ALL[] = {LAC_DTYPE_F32, LAC_DTYPE_F16, LAC_DTYPE_BF16, LAC_DTYPE_F64,
                       LAC_DTYPE_I32, LAC_DTYPE_I64, LAC_DTYPE_U8};
const int32_t REAL[] = {LAC_DTYPE_F32, LAC_DTYPE_F16, LAC_DTYPE_BF16, LAC_DTYPE_F64};
const int32_t WIDE[] = {LAC_DTYPE_F32, LAC_DTYPE_F64, LAC_DTYPE_I32, LAC_DTYPE_I64, LAC_DTYPE_U8};

/* A shape, and how an input and an output lie in memory. */
struct Layout {
    const char *name;
    Sizes shape, in, out;
    size_t lead;
};

const std::vector<Layout> &layouts() {
    static const std::vector<Layout> all = {
        {"none", {0}, {1}, {1}, 0},
        {"one", {1}, {1}, {1}, 0},
        {"31", {31}, {1}, {1}, 0},
        {"33", {33}, {1}, {1}, 0},
        {"1100", {4, 275}, {275, 1}, {275, 1}, 0},
        {"unaligned", {127}, {1}, {1}, 1},
        {"scalar", {}, {}, {}, 0},
        {"steps", {37}, {3}, {-2}, 0},
        {"transposed", {5, 7, 33}, {1, 5, 35}, {231, 33, 1}, 0},
        {"row", {9, 17}, {0, 1}, {17, 1}, 0},
        {"column", {9, 17}, {1, 0}, {1, 9}, 0},
        {"eight",
         {2, 3, 2, 2, 1, 3, 2, 2},
         {432, 108, 48, 20, 20, 6, 3, 1},
         {1, 2, 6, 12, 24, 24, 72, 144},
         0},
    };
    return all;
}

std::string text(const char *op, int32_t code, const Layout &l) {
    return std::string(op) + " " + std::to_string(code) + " " + l.name;
}

/* ------------------------------------------------------------------------ copies */

void copies() {
    for (const Layout &l : layouts())
        for (int32_t from : ALL)
            for (int32_t to : ALL) {
                Tensor x(from, l.shape, l.in, l.lead), y(to, l.shape, l.out, l.lead);
                x.randomize();
                const lac__view source = x.view(), target = y.view();
                lac__launch_copy(gpu, &source, &target);
                in_compute_type(from, [&](auto kind) {
                    using C = decltype(kind);
                    for (int64_t i = 0; i < x.count; i++) {
                        if (from == to)
                            memcpy(y.memory.data() + y.place(i), x.memory.data() + x.place(i),
                                   (size_t)size_of(to));
                        else if (is_real(to))
                            y.set(i, x.get<C>(i));
                        else
                            y.set(i, saturated(x.get<C>(i), lowest(to), highest(to)));
                    }
                });
                y.check(text("copy", from, l));
            }
    for (int32_t half : {LAC_DTYPE_F16, LAC_DTYPE_BF16}) {
        Tensor x(half, {65536}), y(LAC_DTYPE_F32, {65536}), z(half, {65536});
        for (int64_t i = 0; i < 65536; i++)
            x.put(i, (uint16_t)i), y.set(i, x.get<float>(i)), z.set(i, y.get<float>(i));
        x.upload();
        const lac__view vx = x.view(), vy = y.view(), vz = z.view();
        lac__launch_copy(gpu, &vx, &vy);
        lac__launch_copy(gpu, &vy, &vz);
        y.check("every half to float");
        z.check("every half and back");
    }
    for (int64_t n :
         {40, 41, 44}) { /* bytes and halves that travel eight at a time, and that do not */
        for (int32_t dtype : {LAC_DTYPE_U8, LAC_DTYPE_BF16}) {
            Tensor x(dtype, {n}), y(dtype, {n});
            x.randomize();
            const lac__view vx = x.view(), vy = y.view();
            lac__launch_copy(gpu, &vx, &vy);
            y.memory = x.memory;
            y.check("copy of dense bits");
        }
    }
}

void fills() {
    for (const Layout &l : layouts())
        for (int32_t dtype : ALL) {
            Tensor y(dtype, l.shape, l.out, l.lead);
            const double value = -3.5;
            int64_t bits = 77;
            const float single = (float)value;
            if (dtype == LAC_DTYPE_F64) memcpy(&bits, &value, 8);
            if (dtype == LAC_DTYPE_F32) bits = lac__float_bits(single);
            if (dtype == LAC_DTYPE_F16) bits = lac__float_to_f16(single);
            if (dtype == LAC_DTYPE_BF16) bits = lac__float_to_bf16(single);
            const lac__view target = y.view();
            lac__launch_fill(gpu, bits, &target);
            for (int64_t i = 0; i < y.count; i++)
                is_real(dtype) ? y.set(i, value) : y.set(i, (int64_t)77);
            y.check(text("fill", dtype, l));

            Tensor c(LAC_DTYPE_U8, l.shape, l.in, l.lead), a(dtype, l.shape, l.in, l.lead),
                b(dtype, l.shape, l.out, l.lead);
            for (uint8_t &byte : c.memory) byte = (uint8_t)(suite.random() % 3);
            c.upload();
            a.randomize();
            b.randomize();
            const lac__view vc = c.view(), va = a.view(), vb = b.view();
            lac__launch_where(gpu, &vc, &va, &vb, &target);
            for (int64_t i = 0; i < y.count; i++) {
                const Tensor &t = c.get<int64_t>(i) != 0 ? a : b;
                memcpy(y.memory.data() + y.place(i), t.memory.data() + t.place(i),
                       (size_t)size_of(dtype));
            }
            y.check(text("where", dtype, l));
        }
}

/* ------------------------------------------------------------------------ functions */

template <class C> C unary(int32_t op, C v) {
    switch (op) {
    case LAC_UNARY_NEG: return -v;
    case LAC_UNARY_ABS: return std::fabs(v);
    case LAC_UNARY_LOG: return std::log(v);
    case LAC_UNARY_EXP: return std::exp(v);
    case LAC_UNARY_SQRT: return std::sqrt(v);
    case LAC_UNARY_FLOOR: return std::floor(v);
    case LAC_UNARY_ROUND: return std::rint(v);
    default: return (C)(v == 0);
    }
}
template <> int64_t unary(int32_t op, int64_t v) {
    if (op == LAC_UNARY_NOT) return v == 0;
    return op == LAC_UNARY_NEG || v < 0 ? (int64_t)(0 - (uint64_t)v) : v;
}

void functions() {
    for (const Layout &l : layouts())
        for (int32_t dtype : ALL) {
            Tensor x(dtype, l.shape, l.in, l.lead);
            x.randomize();
            const lac__view source = x.view();
            for (int32_t op = LAC_UNARY_NEG; op <= LAC_UNARY_NOT; op++) {
                const bool whole =
                    op == LAC_UNARY_NEG || op == LAC_UNARY_ABS || op == LAC_UNARY_NOT;
                if (!is_real(dtype) && !whole) continue;
                Tensor y(op == LAC_UNARY_NOT ? LAC_DTYPE_U8 : dtype, l.shape, l.out, l.lead);
                const lac__view target = y.view();
                lac__launch_unary(gpu, op, &source, &target);
                in_compute_type(dtype, [&](auto kind) {
                    for (int64_t i = 0; i < x.count; i++)
                        y.set(i, unary(op, x.get<decltype(kind)>(i)));
                });
                const double unit = dtype == LAC_DTYPE_BF16  ? 0x1p-7
                                    : dtype == LAC_DTYPE_F16 ? 0x1p-10
                                    : dtype == LAC_DTYPE_F32 ? 0x1p-23
                                                             : 0x1p-51;
                y.check(text("unary", op, l),
                        op == LAC_UNARY_LOG || op == LAC_UNARY_EXP ? unit : 0);
            }
            for (int crossed = 0; crossed < 2; crossed++) {
                Tensor y(dtype, l.shape, l.out, l.lead);
                const lac__view target = y.view();
                const lac__number low = {-1.25, 3}, high = {crossed ? -2.5 : 2.5, crossed ? 1 : 11};
                lac__launch_clamp(gpu, low, high, &source, &target);
                in_compute_type(dtype, [&](auto kind) {
                    using C = decltype(kind);
                    const C a = std::is_same<C, int64_t>::value ? (C)low.integer : (C)low.real;
                    const C b = std::is_same<C, int64_t>::value ? (C)high.integer : (C)high.real;
                    for (int64_t i = 0; i < x.count; i++) {
                        const C v = x.get<C>(i);
                        y.set(i, v < a ? (a < b ? a : b) : v > b ? b : v);
                    }
                });
                y.check(text("clamp", dtype, l));
            }
        }
}

template <class C> C floor_quotient(C a, C b) {
    if (b == 0) return a / b;
    C r = std::fmod(a, b), q = (a - r) / b;
    if (r != 0 && (r < 0) != (b < 0)) q -= 1;
    if (q == 0) return std::copysign((C)0, a / b);
    const C low = std::floor(q);
    return q - low > (C)0.5 ? low + 1 : low;
}
template <class C> C modulo(C a, C b) {
    const C r = std::fmod(a, b);
    if (r == 0) return std::copysign((C)0, b);
    return (r < 0) != (b < 0) ? r + b : r;
}
int64_t floor_quotient(int64_t a, int64_t b) {
    if (b == 0) return 0;
    if (b == -1) return (int64_t)(0 - (uint64_t)a);
    return a / b - ((a % b != 0) & ((a < 0) != (b < 0)));
}
int64_t modulo(int64_t a, int64_t b) {
    if (b == 0 || b == -1) return 0;
    const int64_t m = a % b;
    return m != 0 && (m < 0) != (b < 0) ? m + b : m;
}
template <class C> C arithmetic(int32_t op, C a, C b) {
    switch (op) {
    case LAC_BINARY_ADD: return a + b;
    case LAC_BINARY_SUB: return a - b;
    case LAC_BINARY_MUL: return a * b;
    case LAC_BINARY_DIV: return a / b;
    default: return op == LAC_BINARY_MIN ? (a != a || a < b ? a : b) : (a != a || a > b ? a : b);
    }
}
template <> int64_t arithmetic(int32_t op, int64_t a, int64_t b) {
    const uint64_t x = (uint64_t)a, y = (uint64_t)b;
    switch (op) {
    case LAC_BINARY_ADD: return (int64_t)(x + y);
    case LAC_BINARY_SUB: return (int64_t)(x - y);
    case LAC_BINARY_MUL: return (int64_t)(x * y);
    case LAC_BINARY_BITAND: return a & b;
    default: return op == LAC_BINARY_MIN ? (a < b ? a : b) : (a > b ? a : b);
    }
}
template <class C> C binary(int32_t op, C a, C b) {
    switch (op) {
    case LAC_BINARY_FLOORDIV: return floor_quotient(a, b);
    case LAC_BINARY_MOD: return modulo(a, b);
    case LAC_BINARY_EQ: return (C)(a == b);
    case LAC_BINARY_NE: return (C)(a != b);
    case LAC_BINARY_LT: return (C)(a < b);
    case LAC_BINARY_LE: return (C)(a <= b);
    case LAC_BINARY_GT: return (C)(a > b);
    case LAC_BINARY_GE: return (C)(a >= b);
    default: return arithmetic(op, a, b);
    }
}

void one_binary(const Layout &l, int32_t dtype, int32_t op, int form) {
    Tensor a(dtype, l.shape, l.in, l.lead), b(dtype, l.shape, l.out, l.lead);
    Tensor y(op >= LAC_BINARY_EQ ? LAC_DTYPE_U8 : dtype, l.shape, l.out, l.lead);
    a.randomize();
    b.randomize();
    const lac__number number = {form == 1 ? -1.5 : 0.3, form == 1 ? -1 : 7};
    const lac__view va = a.view(), vb = b.view(), target = y.view();
    Buffer flag(4);
    int32_t by_zero = 0;
    flag.put(&by_zero);
    lac__launch_binary(gpu, op, form == 2 ? nullptr : &va, form == 1 ? nullptr : &vb, number,
                       flag.at<int32_t>(), &target);
    bool divided = false;
    in_compute_type(dtype, [&](auto kind) {
        using C = decltype(kind);
        const bool whole = std::is_same<C, int64_t>::value;
        const C n = whole ? (C)number.integer : (C)number.real;
        for (int64_t i = 0; i < a.count; i++) {
            const C left = form == 2 ? n : a.get<C>(i), right = form == 1 ? n : b.get<C>(i);
            divided |= whole && right == 0 && (op == LAC_BINARY_FLOORDIV || op == LAC_BINARY_MOD);
            y.set(i, binary(op, left, right));
        }
    });
    y.check(text("binary", op, l) + " form " + std::to_string(form) + " of " + name_of(dtype));
    flag.get(&by_zero);
    suite.result(by_zero == (int32_t)divided, text("division by zero", dtype, l));
}

void pairs() {
    for (const Layout &l : layouts())
        for (int32_t dtype : ALL)
            for (int32_t op = LAC_BINARY_ADD; op <= LAC_BINARY_GE; op++) {
                if (op > LAC_BINARY_MAX && op < LAC_BINARY_EQ) continue;
                if (op == (is_real(dtype) ? LAC_BINARY_BITAND : LAC_BINARY_DIV)) continue;
                one_binary(l, dtype, op, (int)(suite.random() % 3));
            }
    for (int form = 0; form < 3; form++)
        for (int32_t dtype : ALL)
            for (int32_t op : {LAC_BINARY_ADD, LAC_BINARY_MOD, LAC_BINARY_FLOORDIV})
                one_binary(layouts()[4], dtype, op, form);
    /* More elements than the grid has threads: every thread goes around. */
    const Layout large = {"large", {36000}, {1}, {1}, 0}, apart = {"apart", {36000}, {2}, {1}, 0};
    one_binary(large, LAC_DTYPE_F32, LAC_BINARY_MUL, 0);
    one_binary(apart, LAC_DTYPE_F32, LAC_BINARY_MUL, 0);
}

/* ------------------------------------------------------------------------ numbers from nothing */

uint64_t mix(uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

void random_numbers(const Layout &l, int32_t dtype) {
    static const int widths[] = {24, 11, 8, 53};
    const lac__random plans[] = {{LAC_UNIFORM, -0.75, 1.5, 12345, 3},
                                 {LAC_UNIFORM, 100, 101, 7, 1},
                                 {LAC_NORMAL, 2.0, 0.5, 99, 0}};
    for (const lac__random &r : plans) {
        Tensor y(dtype, l.shape, l.out, l.lead);
        const lac__view target = y.view();
        lac__launch_rand(gpu, &r, &target);
        const uint64_t key = mix(mix(r.seed + 0x9e3779b97f4a7c15u) + r.draw);
        const auto bits = [key](int64_t i) {
            return mix(mix(key + (uint64_t)i * 0x9e3779b97f4a7c15u) ^ key);
        };
        for (int64_t i = 0; i < y.count; i++) {
            if (r.distribution == LAC_UNIFORM) {
                const double u =
                    (double)(bits(i) >> (64 - widths[dtype])) * std::ldexp(1.0, -widths[dtype]);
                y.set(i, r.a + (r.b - r.a) * u);
                if (y.get<double>(i) >= r.b) y.set(i, r.a);
            } else {
                const double u = (double)((bits(i & ~(int64_t)1) >> 11) + 1) * 0x1p-53;
                const double v = (double)(bits(i | 1) >> 11) * 0x1p-53;
                const double radius = std::sqrt(-2 * std::log(u)), angle = 6.283185307179586 * v;
                y.set(i, r.a + r.b * (radius * (i % 2 ? std::sin(angle) : std::cos(angle))));
            }
        }
        const double unit = dtype == LAC_DTYPE_BF16  ? 0x1p-7
                            : dtype == LAC_DTYPE_F16 ? 0x1p-10
                            : dtype == LAC_DTYPE_F32 ? 0x1p-23
                                                     : 1e-12;
        y.check(text("rand", r.distribution, l), r.distribution == LAC_UNIFORM ? 0 : unit);
    }
}

void numbers() {
    for (const Layout &l : layouts())
        for (int32_t dtype : REAL) random_numbers(l, dtype);
    for (int32_t dtype : ALL)
        for (int64_t n : {0, 1, 33, 700}) {
            Tensor y(dtype, {n});
            const lac__view target = y.view();
            lac__launch_arange(gpu, is_real(dtype) ? 0.1 : 200,
                               is_real(dtype) ? 0.7 : -0.0 - (n < 100), &target);
            for (int64_t i = 0; i < n; i++)
                is_real(dtype) ? y.set(i, 0.1 + (double)i * 0.7) : y.set(i, 200 - i * (n < 100));
            y.check("arange");
        }
}

/* ------------------------------------------------------------------------ lanes */

struct Shape3 {
    int64_t outer, n, inner;
};

/* The sum in the CPU's order, or what the first of the extremes is. */
template <class C>
void reduce_lane(const Tensor &x, Shape3 s, int64_t lane, int32_t op, Tensor *y) {
    const int64_t front = lane / s.inner * s.n * s.inner + lane % s.inner;
    if (op <= LAC_REDUCE_MEAN) {
        typename std::conditional<std::is_same<C, int64_t>::value, uint64_t, double>::type total =
            0;
        for (int64_t i = 0; i < s.n; i++) total += x.get<C>(front + i * s.inner);
        if (std::is_same<C, int64_t>::value)
            y->set(lane, (int64_t)total);
        else
            y->set(lane, op == LAC_REDUCE_MEAN ? (double)total / (double)s.n : (double)total);
        return;
    }
    const bool smallest = op == LAC_REDUCE_MIN || op == LAC_REDUCE_ARGMIN;
    int64_t at = 0;
    for (int64_t i = 1; i < s.n; i++) {
        const C best = x.get<C>(front + at * s.inner), v = x.get<C>(front + i * s.inner);
        if (best == best && (v != v || (smallest ? v < best : v > best))) at = i;
    }
    if (op >= LAC_REDUCE_ARGMAX)
        y->set(lane, at);
    else
        y->set(lane, x.get<C>(front + at * s.inner));
}

void reductions() {
    const Shape3 shapes[] = {{0, 3, 2},     {2, 0, 3},    {1, 1, 1},    {5, 31, 3},    {3, 64, 1},
                             {1, 65, 1},    {1, 3001, 1}, {2, 333, 5},  {1, 1700, 33}, {40, 70, 3},
                             {1, 70, 1025}, {40, 67, 40}, {2, 20, 600}, {1, 9, 4200}};
    for (const Shape3 &s : shapes)
        for (int32_t dtype : WIDE)
            for (int32_t op = LAC_REDUCE_SUM; op <= LAC_REDUCE_ARGMIN; op++) {
                if (op == LAC_REDUCE_MEAN && !is_real(dtype)) continue;
                if (op >= LAC_REDUCE_MAX && s.n == 0) continue;
                Tensor x(dtype, {s.outer, s.n, s.inner});
                const int32_t to =
                    op >= LAC_REDUCE_ARGMAX || (op == LAC_REDUCE_SUM && !is_real(dtype))
                        ? (int32_t)LAC_DTYPE_I64
                        : dtype;
                Tensor y(to, {s.outer, s.inner});
                x.randomize(op >= LAC_REDUCE_MAX && suite.random() % 2);
                const lac__fold fold = lac__fold_plan(s.outer, s.n, s.inner, 1);
                Buffer scratch(lac__fold_bytes(&fold));
                lac__launch_reduce(gpu, op, &fold, x.data(), dtype, scratch.at(), y.data(), to);
                for (int64_t lane = 0; lane < y.count; lane++) {
                    if (dtype == LAC_DTYPE_F32) reduce_lane<float>(x, s, lane, op, &y);
                    if (dtype == LAC_DTYPE_F64) reduce_lane<double>(x, s, lane, op, &y);
                    if (!is_real(dtype)) reduce_lane<int64_t>(x, s, lane, op, &y);
                }
                const double tree = fold.ordered || op > LAC_REDUCE_MEAN ? 0
                                    : dtype == LAC_DTYPE_F32             ? 0x1p-23
                                                                         : 1e-11;
                y.check("reduce " + std::to_string(op) + " " + name_of(dtype) +
                            " n=" + std::to_string(s.n) + " inner=" + std::to_string(s.inner),
                        tree);
            }
    const lac__fold long_lanes = lac__fold_plan(1, 100000, 2048, 1),
                    many = lac__fold_plan(4096, 65536, 1, 1);
    suite.result(!long_lanes.ordered && long_lanes.chunks == 16 && many.ordered,
                 "plan of long lanes");
}

void softmaxes() {
    const Shape3 shapes[] = {{0, 3, 2},  {2, 0, 3},   {1, 1, 1},   {33, 19, 1}, {3, 64, 5},
                             {2, 65, 3}, {1, 777, 1}, {40, 66, 1}, {2, 70, 513}};
    for (const Shape3 &s : shapes)
        for (int32_t dtype : {LAC_DTYPE_F32, LAC_DTYPE_F64})
            for (int extremes = 0; extremes < 2; extremes++) {
                Tensor x(dtype, {s.outer, s.n, s.inner}), y(dtype, {s.outer, s.n, s.inner});
                x.randomize(extremes && s.n > 1);
                lac__launch_softmax(gpu, x.data(), dtype, s.outer, s.n, s.inner, y.data());
                for (int64_t lane = 0; s.n > 0 && lane < s.outer * s.inner; lane++) {
                    const int64_t front = lane / s.inner * s.n * s.inner + lane % s.inner,
                                  end = front + s.n * s.inner;
                    double highest = x.get<double>(front), total = 0;
                    for (int64_t i = front; i < end; i += s.inner)
                        if (x.get<double>(i) > highest) highest = x.get<double>(i);
                    const auto power = [&](int64_t i) {
                        const double v = x.get<double>(i);
                        return dtype == LAC_DTYPE_F64 ? std::exp(v - highest)
                                                      : (double)std::exp((float)v - (float)highest);
                    };
                    for (int64_t i = front; i < end; i += s.inner) total += power(i);
                    for (int64_t i = front; i < end; i += s.inner) y.set(i, power(i) / total);
                }
                y.check("softmax n=" + std::to_string(s.n),
                        dtype == LAC_DTYPE_F32 ? 0x1p-22 : 1e-13);
            }
}

void products() {
    const Shape3 shapes[] = {{0, 3, 2},    {3, 0, 2},    {3, 2, 0},    {1, 1, 1},
                             {33, 17, 31}, {65, 40, 70}, {200, 3, 210}};
    for (const Shape3 &s : shapes)
        for (int32_t dtype : {LAC_DTYPE_F64, LAC_DTYPE_I32, LAC_DTYPE_I64, LAC_DTYPE_U8}) {
            Tensor a(dtype, {s.outer, s.n}), b(dtype, {s.n, s.inner}), y(dtype, {s.outer, s.inner});
            a.randomize(!is_real(dtype));
            b.randomize(!is_real(dtype));
            lac__launch_matmul(gpu, dtype, a.data(), b.data(), s.outer, s.n, s.inner, y.data());
            for (int64_t i = 0; i < s.outer; i++)
                for (int64_t j = 0; j < s.inner; j++) {
                    double real = 0;
                    uint64_t whole = 0;
                    for (int64_t k = 0; k < s.n; k++) {
                        if (is_real(dtype))
                            real += a.get<double>(i * s.n + k) * b.get<double>(k * s.inner + j);
                        else
                            whole += (uint64_t)a.get<int64_t>(i * s.n + k) *
                                     (uint64_t)b.get<int64_t>(k * s.inner + j);
                    }
                    is_real(dtype) ? y.set(i * s.inner + j, real)
                                   : y.set(i * s.inner + j, (int64_t)whole);
                }
            y.check("matmul n=" + std::to_string(s.outer));
        }
}

/* ------------------------------------------------------------------------ batch norm */

void statistics() {
    const Shape3 shapes[] = {{0, 0, 3},     {0, 5, 0},    {0, 1, 1},   {0, 33, 7},
                             {0, 1000, 19}, {0, 127, 96}, {0, 3, 1100}};
    for (const Shape3 &s : shapes)
        for (int32_t dtype : REAL) {
            Tensor x(dtype, {s.n, s.inner}), mean(LAC_DTYPE_F64, {s.inner}),
                var(LAC_DTYPE_F64, {s.inner});
            x.randomize(false);
            const lac__fold fold = lac__fold_plan(1, s.n, s.inner, 0);
            Buffer scratch(lac__fold_bytes(&fold));
            lac__launch_column_stats(gpu, &fold, x.data(), dtype, scratch.at(),
                                     (double *)mean.data(), (double *)var.data());
            for (int64_t c = 0; c < s.inner; c++) {
                double m = 0, v = 0;
                for (int64_t i = 0; i < s.n; i++) m += x.get<double>(i * s.inner + c);
                if (s.n > 0) m /= (double)s.n;
                for (int64_t i = 0; i < s.n; i++)
                    v +=
                        (x.get<double>(i * s.inner + c) - m) * (x.get<double>(i * s.inner + c) - m);
                mean.set(c, m);
                var.set(c, s.n > 0 ? v / (double)s.n : 0);
            }
            mean.check("mean of columns", 1e-11);
            var.check("variance of columns", 1e-11);
        }
}

void affines() {
    for (int64_t channels : {0, 1, 33, 300})
        for (int given = 0; given < 2; given++) {
            const auto wide = [](Tensor &t) { return lac__per_channel{t.data(), LAC_DTYPE_F64}; };
            Tensor mean(LAC_DTYPE_F64, {channels}), var(LAC_DTYPE_F64, {channels}),
                weight(LAC_DTYPE_F64, {channels}), bias(LAC_DTYPE_F64, {channels});
            Tensor scale(LAC_DTYPE_F32, {channels}), shift(LAC_DTYPE_F32, {channels});
            mean.randomize(false);
            weight.randomize(false);
            bias.randomize(false);
            for (int64_t c = 0; c < channels; c++) var.set(c, suite.uniform());
            var.upload();
            lac__launch_norm_affine(gpu, channels, wide(mean), wide(var),
                                    given ? wide(weight) : lac__per_channel{},
                                    given ? wide(bias) : lac__per_channel{}, 1e-5,
                                    (float *)scale.data(), (float *)shift.data());
            lac__launch_norm_running(gpu, channels, (double *)weight.data(), (double *)mean.data(),
                                     0.1, 1.01);
            for (int64_t c = 0; c < channels; c++) {
                const double s =
                    (given ? weight.get<double>(c) : 1.0) / std::sqrt(var.get<double>(c) + 1e-5);
                scale.set(c, s);
                shift.set(c, (given ? bias.get<double>(c) : 0.0) - mean.get<double>(c) * s);
            }
            for (int64_t c = 0; c < channels; c++)
                weight.set(c, (1 - 0.1) * weight.get<double>(c) + 0.1 * mean.get<double>(c) * 1.01);
            scale.check("scale");
            shift.check("shift");
            weight.check("running");
        }
}

/* ------------------------------------------------------------------------ positions */

void selections() {
    const Shape3 shapes[] = {{1, 9, 1}, {3, 5, 3}, {2, 33, 4}, {1, 127, 64},
                             {4, 7, 6}, {0, 3, 2}, {2, 3, 0}};
    for (const Shape3 &s : shapes)
        for (int32_t dtype : ALL)
            for (size_t lead = 0; lead < 2; lead++)
                for (int64_t m : {0, 1, 31}) {
                    Tensor x(dtype, {s.outer, s.n, s.inner}, lead), y(dtype, {s.outer, m, s.inner}),
                        index(LAC_DTYPE_I64, {m});
                    x.randomize();
                    for (int64_t i = 0; i < m; i++)
                        index.set(i, (int64_t)(suite.random() % (uint64_t)s.n));
                    index.upload();
                    lac__launch_index_select(gpu, x.data(), s.outer, s.n, s.inner * size_of(dtype),
                                             (int64_t *)index.data(), m, y.data());
                    for (int64_t i = 0; i < y.count; i++) {
                        const int64_t row = i / s.inner,
                                      from = row / m * s.n + index.get<int64_t>(row % m);
                        memcpy(y.memory.data() + y.place(i),
                               x.memory.data() + x.place(from * s.inner + i % s.inner),
                               (size_t)size_of(dtype));
                    }
                    y.check(std::string("index_select ") + name_of(dtype));
                }
}

void gathers() {
    for (int32_t dtype : ALL)
        for (int dim = 0; dim < 3; dim++) {
            const Sizes shape = {5, 6, 7};
            Sizes taken = {4, 6, 5};
            taken[(size_t)dim] = 11;
            Tensor x(dtype, shape), y(dtype, taken), index(LAC_DTYPE_I64, taken);
            x.randomize();
            for (int64_t i = 0; i < index.count; i++)
                index.set(i, (int64_t)(suite.random() % (uint64_t)shape[(size_t)dim]));
            index.upload();
            lac__view v = x.view();
            const int64_t along = v.stride[dim];
            for (int d = 0; d < 3; d++) v.shape[d] = taken[(size_t)d];
            v.stride[dim] = 0;
            lac__launch_gather(gpu, &v, along, (int64_t *)index.data(), y.data());
            for (int64_t i = 0; i < y.count; i++) {
                int64_t at[3] = {i / (taken[1] * taken[2]), i / taken[2] % taken[1], i % taken[2]};
                at[dim] = index.get<int64_t>(i);
                memcpy(y.memory.data() + y.place(i),
                       x.memory.data() + x.place((at[0] * 6 + at[1]) * 7 + at[2]),
                       (size_t)size_of(dtype));
            }
            y.check(std::string("gather along ") + std::to_string(dim));
        }
}

void checks() {
    for (int64_t n : {0, 1, 33, 3000}) {
        Tensor index(LAC_DTYPE_I64, {n});
        for (int64_t i = 0; i < n; i++) index.set(i, (int64_t)(suite.random() % 50));
        for (int64_t wrong : {(int64_t)-1, n - 1, n / 2, n / 3}) {
            if (wrong >= 0 && n > 0) index.set(wrong, wrong % 2 ? (int64_t)-1 : (int64_t)50);
            index.upload();
            uint64_t bad = UINT64_MAX, want = UINT64_MAX;
            for (int64_t i = n - 1; i >= 0; i--)
                if (index.get<int64_t>(i) < 0 || index.get<int64_t>(i) >= 50) want = (uint64_t)i;
            Buffer word(8);
            word.put(&bad);
            lac__launch_index_check(gpu, (int64_t *)index.data(), n, 50, word.at<uint64_t>());
            word.get(&bad);
            suite.result(bad == want, "index check");
        }
    }
}

} // namespace

int main() {
    cudaStream_t stream;
    suite.need(cudaStreamCreate(&stream));
    gpu->stream = stream;
    gpu->sm_count = 1; /* 32 blocks: most tests go around more than once */
    for (void (*test)() : {copies, fills, functions, pairs, numbers, reductions, softmaxes,
                           products, statistics, affines, selections, gathers, checks})
        test();
    suite.need(cudaStreamSynchronize(stream));
    suite.result(gpu->error == 0, "launches");
    suite.need(cudaStreamDestroy(stream));
    printf("dense: %d passed, %d failed\n", suite.passed, suite.failed);
    return suite.failed != 0;
}
