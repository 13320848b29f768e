/*
 * dense_move_row.h - template: MOVE copies elements of the size of T. No include guard.
 */
static void MOVE(int64_t n, char *const *p, const int64_t *step, int64_t first, const void *extra) {
    (void)first;
    (void)extra;
    const int64_t size = (int64_t)sizeof(T);
    if (step[0] == size && step[1] == size) {
        memcpy(p[1], p[0], (size_t)n * sizeof(T));
        return;
    }
    const T *from = (const T *)(const void *)p[0];
    T *to = (T *)(void *)p[1];
    if (step[0] == 0 && step[1] == size) {
        const T value = *from;
        for (int64_t i = 0; i < n; i++) to[i] = value;
        return;
    }
    const int64_t s = step[0] / size, d = step[1] / size;
    for (int64_t i = 0; i < n; i++) to[i * d] = from[i * s];
}
#undef MOVE
#undef T
