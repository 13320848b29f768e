/*
 * dense_where_row.h - template: NAME chooses between elements of the size of T. No include guard.
 */
static void NAME(int64_t n, char *const *p, const int64_t *step, int64_t first, const void *extra) {
    (void)first;
    (void)extra;
    for (int64_t i = 0; i < n; i++) {
        const bool yes = p[0][i * step[0]] != 0;
        memcpy(p[3] + i * step[3], yes ? p[1] + i * step[1] : p[2] + i * step[2], sizeof(T));
    }
}
#undef NAME
#undef T
