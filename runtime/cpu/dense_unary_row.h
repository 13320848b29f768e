/*
 * dense_unary_row.h - template: NAME computes D = VALUE(T); ARGS is the type of what `args` points
 * to, if VALUE uses it; SCALAR says that VALUE calls functions or branches. No include guard.
 */
#ifdef SCALAR
#define LOOP
#else
#define LOOP _Pragma("omp simd")
#endif
static void NAME(int64_t n, char *const *p, const int64_t *step, int64_t first, const void *extra) {
    (void)first;
#ifdef ARGS
    const ARGS *args = extra;
#else
    (void)extra;
#endif
    const T *x = (const T *)(const void *)p[0];
    D *out = (D *)(void *)p[1];
    const int64_t s = step[0] / (int64_t)sizeof(T), d = step[1] / (int64_t)sizeof(D);
    if (s == 1 && d == 1) {
        LOOP for (int64_t i = 0; i < n; i++) out[i] = VALUE(x[i]);
        return;
    }
    for (int64_t i = 0; i < n; i++) out[i * d] = VALUE(x[i * s]);
}
#undef NAME
#undef LOOP
#undef SCALAR
#undef VALUE
