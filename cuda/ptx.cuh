/*
 * ptx.cuh - the PTX instructions that have no intrinsic: one instruction a wrapper.
 *
 * Under nvcc a wrapper is one asm statement; under the host compiler it is its twin, which the
 * emulator of spec/simt runs. What ldmatrix, mma and cvt compute is in spec/simt/warp_matrix.h, so
 * that a test on a device can compare the two. Whoever changes one side of a wrapper changes the
 * other.
 *
 * All lanes of the warp must call ptx_ldmatrix_* and ptx_mma_* together. Needs compute capability
 * 8.0.
 */
#ifndef LAC_CUDA_PTX_CUH
#define LAC_CUDA_PTX_CUH

#include <cuda_runtime.h>

#include <stdint.h>

#ifndef __CUDACC__
#include "warp_matrix.h"

/* What the lanes bring to ldmatrix and mma. */
struct ptx_lane_row {
    const void *row;
    uint32_t *r;
};
struct ptx_lane_tile {
    float *c;
    const uint32_t *a, *b;
};
#endif

#ifdef __CUDACC__
__device__ inline uint32_t ptx_shared_address(const void *p) {
    return (uint32_t)__cvta_generic_to_shared(p);
}
#endif

/* ---- cp.async: global to shared memory behind the thread's back ------------------------------- *
 *
 * Copies `valid` bytes and fills up to the instruction's size with zeros; valid = 0 reads nothing,
 * but `from` must still be an aligned address of global memory. Both addresses are aligned to the
 * size. The copies since the last commit form a group; they are seen by the thread itself after a
 * wait that leaves the group out, and by the block after a barrier behind that.
 */

__device__ inline void ptx_cp_async_4(void *to, const void *from, uint32_t valid = 4) {
#ifdef __CUDACC__
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(ptx_shared_address(to)),
                 "l"(from), "r"(valid)
                 : "memory");
#else
    simt::async_copy(to, from, 4, valid);
#endif
}

__device__ inline void ptx_cp_async_8(void *to, const void *from, uint32_t valid = 8) {
#ifdef __CUDACC__
    asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;" ::"r"(ptx_shared_address(to)),
                 "l"(from), "r"(valid)
                 : "memory");
#else
    simt::async_copy(to, from, 8, valid);
#endif
}

/* Past L1: the rows of a gather are read once by a block. */
__device__ inline void ptx_cp_async_16(void *to, const void *from, uint32_t valid = 16) {
#ifdef __CUDACC__
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(ptx_shared_address(to)),
                 "l"(from), "r"(valid)
                 : "memory");
#else
    simt::async_copy(to, from, 16, valid);
#endif
}

/* Through L1. */
__device__ inline void ptx_cp_async_ca_16(void *to, const void *from, uint32_t valid = 16) {
#ifdef __CUDACC__
    asm volatile("cp.async.ca.shared.global [%0], [%1], 16, %2;" ::"r"(ptx_shared_address(to)),
                 "l"(from), "r"(valid)
                 : "memory");
#else
    simt::async_copy(to, from, 16, valid);
#endif
}

__device__ inline void ptx_cp_async_commit() {
#ifdef __CUDACC__
    asm volatile("cp.async.commit_group;" ::: "memory");
#else
    simt::async_commit();
#endif
}

/* Waits until at most N of the thread's groups are under way. */
template <int N> __device__ inline void ptx_cp_async_wait() {
#ifdef __CUDACC__
    asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
#else
    simt::async_wait(N);
#endif
}

/* ---- ldmatrix: 8 x 8 matrices of 16-bit elements from shared memory --------------------------- *
 *
 * Lane i points to row i % 8 (16 bytes, aligned) of matrix i / 8; x1 and x2 ignore the pointers of
 * the lanes past 8 and 16. r[j] of lane l holds of matrix j the elements (l / 4, 2 (l % 4) + 0..1),
 * or of its transpose.
 */

#ifndef __CUDACC__
template <int COUNT, bool TRANSPOSED> inline void ptx_ldmatrix(uint32_t *r, const void *row) {
    ptx_lane_row mine = {row, r};
    simt::warp_op(
        ~0u, &mine,
        [](void *const *args, unsigned) {
            const void *rows[32];
            uint32_t *results[32];
            for (unsigned l = 0; l < 32; ++l) {
                rows[l] = static_cast<ptx_lane_row *>(args[l])->row;
                results[l] = static_cast<ptx_lane_row *>(args[l])->r;
                if (l < 8 * COUNT) simt::check_matrix_row(l, rows[l], TRANSPOSED);
            }
            simt::ldmatrix(COUNT, TRANSPOSED, rows, results);
        },
        "ldmatrix");
}
#endif

__device__ inline void ptx_ldmatrix_x1(uint32_t (&r)[1], const void *row) {
#ifdef __CUDACC__
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];"
                 : "=r"(r[0])
                 : "r"(ptx_shared_address(row))
                 : "memory");
#else
    ptx_ldmatrix<1, false>(r, row);
#endif
}

__device__ inline void ptx_ldmatrix_x2(uint32_t (&r)[2], const void *row) {
#ifdef __CUDACC__
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(ptx_shared_address(row))
                 : "memory");
#else
    ptx_ldmatrix<2, false>(r, row);
#endif
}

__device__ inline void ptx_ldmatrix_x4(uint32_t (&r)[4], const void *row) {
#ifdef __CUDACC__
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(ptx_shared_address(row))
                 : "memory");
#else
    ptx_ldmatrix<4, false>(r, row);
#endif
}

__device__ inline void ptx_ldmatrix_x2_trans(uint32_t (&r)[2], const void *row) {
#ifdef __CUDACC__
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(ptx_shared_address(row))
                 : "memory");
#else
    ptx_ldmatrix<2, true>(r, row);
#endif
}

__device__ inline void ptx_ldmatrix_x4_trans(uint32_t (&r)[4], const void *row) {
#ifdef __CUDACC__
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(ptx_shared_address(row))
                 : "memory");
#else
    ptx_ldmatrix<4, true>(r, row);
#endif
}

/* ---- mma: c += a b on a 16 x 8 tile, float32 sums --------------------------------------------- *
 *
 * With g = lane / 4 and t = lane % 4, and w elements a register (2 of f16 or bf16, 1 of tf32):
 *   a[i]  row g + 8 (i % 2), columns w t + 4 w (i / 2) ..     A is 16 x 8w, by rows
 *   b[i]  rows w t + 4 w i .., column g                       B is 8w x 8, by columns
 *   c[i]  row g + 8 (i / 2), column 2 t + i % 2
 * tf32 operands are float bits; the hardware drops the low 13 (see ptx_cvt_rna_tf32).
 */

#ifndef __CUDACC__
template <simt::MmaType TYPE>
inline void ptx_mma(float *c, const uint32_t *a, const uint32_t *b, const char *what) {
    ptx_lane_tile mine = {c, a, b};
    simt::warp_op(
        ~0u, &mine,
        [](void *const *args, unsigned) {
            const uint32_t *as[32], *bs[32];
            float *cs[32];
            for (unsigned l = 0; l < 32; ++l) {
                const ptx_lane_tile *tile = static_cast<ptx_lane_tile *>(args[l]);
                as[l] = tile->a;
                bs[l] = tile->b;
                cs[l] = tile->c;
            }
            simt::mma(TYPE, as, bs, cs, cs);
        },
        what);
}
#endif

__device__ inline void ptx_mma_f16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#ifdef __CUDACC__
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    ptx_mma<simt::MmaType::f16>(c, a, b, "mma.m16n8k16.f16");
#endif
}

__device__ inline void ptx_mma_bf16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#ifdef __CUDACC__
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    ptx_mma<simt::MmaType::bf16>(c, a, b, "mma.m16n8k16.bf16");
#endif
}

__device__ inline void ptx_mma_tf32(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#ifdef __CUDACC__
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    ptx_mma<simt::MmaType::tf32>(c, a, b, "mma.m16n8k8.tf32");
#endif
}

/* ---- the rest -------------------------------------------------------------------------------- */

/* Float bits rounded to tf32's 10 bits of mantissa: nearest, ties away from zero. */
__device__ inline uint32_t ptx_cvt_rna_tf32(float v) {
#ifdef __CUDACC__
    uint32_t r;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(v));
    return r;
#else
    return simt::round_to_tf32(v);
#endif
}

/* 16 bytes of memory that no one writes during the kernel, not kept in L1. */
__device__ inline uint4 ptx_ld_global_nc_16(const void *p) {
#ifdef __CUDACC__
    uint4 v;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(p));
    return v;
#else
    return *static_cast<const uint4 *>(p);
#endif
}

/* Asks for the line of `p`, which is in global memory, to be brought to L2. */
__device__ inline void ptx_prefetch_l2(const void *p) {
#ifdef __CUDACC__
    asm volatile("prefetch.global.L2 [%0];" ::"l"(p));
#else
    simt::check_prefetch(p);
#endif
}

#endif
