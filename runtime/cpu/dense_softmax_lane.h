/*
 * dense_softmax_lane.h - template: one lane of n elements, `step` apart. No include guard.
 */
static void NAME(const T *x, int64_t n, int64_t step, T *out) {
    T highest = x[0];
    for (int64_t i = 1; i < n; i++)
        if (x[i * step] > highest) highest = x[i * step];
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
        const T e = EXP(x[i * step] - highest);
        out[i * step] = e;
        total += (double)e;
    }
    for (int64_t i = 0; i < n; i++) out[i * step] = (T)((double)out[i * step] / total);
}
#undef T
#undef NAME
#undef EXP
