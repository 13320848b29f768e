/*
 * dense_convert_row.h - template: TO converts elements of S to D by VALUE. No include guard.
 */
static void TO(int64_t n, char *const *p, const int64_t *step, int64_t first, const void *extra) {
    (void)first;
    (void)extra;
    const S *from = (const S *)(const void *)p[0];
    D *to = (D *)(void *)p[1];
    if (step[0] == (int64_t)sizeof(S) && step[1] == (int64_t)sizeof(D)) {
#pragma omp simd
        for (int64_t i = 0; i < n; i++) to[i] = VALUE(from[i]);
        return;
    }
    const int64_t s = step[0] / (int64_t)sizeof(S), d = step[1] / (int64_t)sizeof(D);
    for (int64_t i = 0; i < n; i++) to[i * d] = VALUE(from[i * s]);
}
#undef D
#undef TO
#undef VALUE
