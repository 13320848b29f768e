/*
 * dense_reduce_slice.h - template: reductions over elements T, summed as A and stored as R. No
 * include guard.
 */
static void NAME(sum)(const void *data, slice s, void *result) {
    const T *x = data;
    R *out = result;
    A total[BLOCK] = {0};
    if (s.width == 1) {
        A one = 0;
        for (int64_t i = 0; i < s.n; i++) one += (A)x[i * s.inner];
        total[0] = one;
    } else {
        for (int64_t i = 0; i < s.n; i++, x += s.inner) {
#pragma omp simd
            for (int64_t j = 0; j < s.width; j++) total[j] += (A)x[j];
        }
    }
    for (int64_t j = 0; j < s.width; j++) out[j] = (R)(s.mean ? total[j] / (A)s.n : total[j]);
}

/* The first of the extremes of one lane; a NaN is more extreme than anything. */
static int64_t NAME(lane_extreme)(const T *x, int64_t n, int64_t step, bool smallest) {
    T best = x[0];
    int64_t at = 0;
    for (int64_t i = 1; i < n && !IS_NAN(best); i++) {
        const T v = x[i * step];
        const bool beats = smallest ? v < best : v > best;
        if (beats || IS_NAN(v)) {
            best = v;
            at = i;
        }
    }
    return at;
}

/* The same for all lanes of a slice. */
static void NAME(extreme)(const void *data, slice s, void *result) {
    const T *x = data;
    if (s.width == 1) {
        const int64_t first = NAME(lane_extreme)(x, s.n, s.inner, s.smallest);
        if (s.arg)
            *(int64_t *)result = first;
        else
            *(T *)result = x[first * s.inner];
        return;
    }
    T best[BLOCK];
    int64_t at[BLOCK];
    for (int64_t j = 0; j < s.width; j++) {
        best[j] = x[j];
        at[j] = 0;
    }
    const T *row = x + s.inner;
    for (int64_t i = 1; i < s.n; i++, row += s.inner) {
        for (int64_t j = 0; j < s.width; j++) {
            const T v = row[j], b = best[j];
            const bool beats = s.smallest ? v < b : v > b;
            if (beats || (IS_NAN(v) && !IS_NAN(b))) {
                best[j] = v;
                at[j] = i;
            }
        }
    }
    if (s.arg) {
        int64_t *out = result;
        for (int64_t j = 0; j < s.width; j++) out[j] = at[j];
    } else {
        T *out = result;
        for (int64_t j = 0; j < s.width; j++) out[j] = best[j];
    }
}
#undef T
#undef A
#undef R
#undef NAME
