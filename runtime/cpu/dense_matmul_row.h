/*
 * dense_matmul_row.h - template: one row of a [n,k] x [k,m] product, added in U. No include guard.
 */
static void NAME(const void *pa, const void *pb, int64_t k, int64_t m, void *po) {
    const T *a = pa, *b = pb;
    T *out = po;
    memset(out, 0, (size_t)m * sizeof(T));
    for (int64_t i = 0; i < k; i++) {
        const U v = (U)a[i];
        const T *row = b + i * m;
#pragma omp simd
        for (int64_t j = 0; j < m; j++) out[j] = (T)((U)out[j] + v * (U)row[j]);
    }
}
#undef T
#undef U
#undef NAME
