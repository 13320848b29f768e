/*
 * dense_binary_row.h - template: NAME computes D = VALUE(T, T), with loops that vectorise for
 * contiguous operands and for a number on either side, unless SCALAR says that VALUE calls
 * functions or branches. No include guard.
 */
#ifdef SCALAR
#define LOOP
#else
#define LOOP _Pragma("omp simd")
#endif
static void NAME(int64_t n, char *const *p, const int64_t *step, int64_t first, const void *extra) {
    (void)first;
    const report *r = extra;
    (void)r;
    const T *a = (const T *)(const void *)p[0], *b = (const T *)(const void *)p[1];
    D *out = (D *)(void *)p[2];
    const int64_t size = (int64_t)sizeof(T);
    const bool dense = step[2] == (int64_t)sizeof(D);
    if (dense && step[0] == size && step[1] == size) {
        LOOP for (int64_t i = 0; i < n; i++) out[i] = VALUE(a[i], b[i]);
        return;
    }
    if (dense && step[0] == size && step[1] == 0) {
        const T v = *b;
        LOOP for (int64_t i = 0; i < n; i++) out[i] = VALUE(a[i], v);
        return;
    }
    if (dense && step[0] == 0 && step[1] == size) {
        const T v = *a;
        LOOP for (int64_t i = 0; i < n; i++) out[i] = VALUE(v, b[i]);
        return;
    }
    const int64_t sa = step[0] / size, sb = step[1] / size, so = step[2] / (int64_t)sizeof(D);
    for (int64_t i = 0; i < n; i++) out[i * so] = VALUE(a[i * sa], b[i * sb]);
}
#undef NAME
#undef LOOP
#undef SCALAR
#undef VALUE
