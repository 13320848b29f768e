/*
 * warp_matrix.h - what ldmatrix, mma and cvt.rna.tf32 compute, on the fragments of a whole warp.
 *
 * Plain host functions without the engine: the emulated wrappers of cuda/ptx.cuh call them, and so
 * does a test on a device that compares the real instructions with them. Layouts are those of the
 * PTX manual's sections on mma.m16n8k16, mma.m16n8k8 and ldmatrix. fragment[l] belongs to lane l.
 */
#ifndef SIMT_WARP_MATRIX_H
#define SIMT_WARP_MATRIX_H

#include <cstdint>

#pragma GCC visibility push(hidden)
namespace simt {

enum class MmaType { f16, bf16, tf32 };

/* d = a b + c for one 16 x 8 tile, k = 16 (f16, bf16) or 8 (tf32): a[l] four registers, b[l] two,
 * c[l] and d[l] four; d may be c. Products are exact; sums are float32, in the order of k. */
void mma(MmaType type, const uint32_t *const a[32], const uint32_t *const b[32],
         const float *const c[32], float *const d[32]);

/* r[l][0..count-1] from 8 x 8 matrices of 16-bit elements; row[i] is the 16-byte row i % 8 of
 * matrix i / 8, and rows past 8 * count are not read. */
void ldmatrix(int count, bool transposed, const void *const row[32], uint32_t *const r[32]);

/* To 10 bits of mantissa, nearest, ties away from zero; the low 13 bits of the result are 0. */
uint32_t round_to_tf32(float f);

} // namespace simt
#pragma GCC visibility pop

#endif
