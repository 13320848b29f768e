/*
 * warp_matrix.cpp - fragments to matrices and back.
 */
#include "warp_matrix.h"
#include "device/half_bits.h"

#include <cstring>

namespace simt {

/* The two matrices as floats: A by rows, B by rows. */
struct Operands {
    float a[16][16];
    float b[16][8];
};

/* Two elements a register; A's come out of the registers in pairs of one row, B's in pairs of one
 * column. */
static void collect_pairs(const uint32_t *const a[32], const uint32_t *const b[32],
                          uint16_t (*rows)[16], uint16_t (*columns)[16]) {
    for (unsigned l = 0; l < 32; ++l) {
        const unsigned g = l / 4, k = l % 4 * 2;
        std::memcpy(&rows[g][k], &a[l][0], 4);
        std::memcpy(&rows[g + 8][k], &a[l][1], 4);
        std::memcpy(&rows[g][k + 8], &a[l][2], 4);
        std::memcpy(&rows[g + 8][k + 8], &a[l][3], 4);
        std::memcpy(&columns[g][k], &b[l][0], 4);
        std::memcpy(&columns[g][k + 8], &b[l][1], 4);
    }
}

template <float convert(uint16_t)>
static void widen(const uint16_t (*rows)[16], const uint16_t (*columns)[16], Operands &out) {
    const uint16_t *from = &rows[0][0];
    float *to = &out.a[0][0];
    for (unsigned i = 0; i < 256; ++i) to[i] = convert(from[i]);
    float b[8][16];
    from = &columns[0][0];
    to = &b[0][0];
    for (unsigned i = 0; i < 128; ++i) to[i] = convert(from[i]);
    for (unsigned k = 0; k < 16; ++k)
        for (unsigned n = 0; n < 8; ++n) out.b[k][n] = b[n][k];
}

static void collect_words(const uint32_t *const a[32], const uint32_t *const b[32], Operands &out) {
    const uint32_t kept = 0xffffe000;
    for (unsigned l = 0; l < 32; ++l) {
        const unsigned g = l / 4, k = l % 4;
        out.a[g][k] = float_of(a[l][0] & kept);
        out.a[g + 8][k] = float_of(a[l][1] & kept);
        out.a[g][k + 4] = float_of(a[l][2] & kept);
        out.a[g + 8][k + 4] = float_of(a[l][3] & kept);
        out.b[k][g] = float_of(b[l][0] & kept);
        out.b[k + 4][g] = float_of(b[l][1] & kept);
    }
}

/* Rows g and g + 8 of the result belong to the four lanes of g. */
static void multiply(const Operands &in, unsigned depth, const float *const c[32],
                     float *const d[32]) {
    for (unsigned m = 0; m < 16; ++m) {
        const unsigned first = m % 8 * 4, half = m / 8 * 2;
        float sum[8];
        for (unsigned t = 0; t < 4; ++t) std::memcpy(sum + 2 * t, c[first + t] + half, 8);
        for (unsigned k = 0; k < depth; ++k)
            for (unsigned n = 0; n < 8; ++n) sum[n] += in.a[m][k] * in.b[k][n];
        for (unsigned t = 0; t < 4; ++t) std::memcpy(d[first + t] + half, sum + 2 * t, 8);
    }
}

void mma(MmaType type, const uint32_t *const a[32], const uint32_t *const b[32],
         const float *const c[32], float *const d[32]) {
    Operands operands;
    if (type == MmaType::tf32) {
        collect_words(a, b, operands);
        multiply(operands, 8, c, d);
        return;
    }
    uint16_t rows[16][16], columns[8][16];
    collect_pairs(a, b, rows, columns);
    if (type == MmaType::f16)
        widen<half_to_float>(rows, columns, operands);
    else
        widen<bfloat_to_float>(rows, columns, operands);
    multiply(operands, 16, c, d);
}

void ldmatrix(int count, bool transposed, const void *const row[32], uint32_t *const r[32]) {
    for (int i = 0; i < count; ++i) {
        const void *const *rows = row + 8 * i;
        for (unsigned l = 0; l < 32; ++l) {
            const unsigned g = l / 4, t = l % 4;
            if (!transposed) {
                std::memcpy(&r[l][i], (const char *)rows[g] + 4 * t, 4);
                continue;
            }
            uint16_t low, high;
            std::memcpy(&low, (const char *)rows[2 * t] + 2 * g, 2);
            std::memcpy(&high, (const char *)rows[2 * t + 1] + 2 * g, 2);
            r[l][i] = (uint32_t)high << 16 | low;
        }
    }
}

uint32_t round_to_tf32(float f) {
    const uint32_t u = bits_of(f);
    if ((u & 0x7f800000) == 0x7f800000) return (u & 0x007fffff) ? 0x7fffffff : u;
    return (u + 0x1000) & 0xffffe000;
}

} // namespace simt
