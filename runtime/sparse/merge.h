/*
 * merge.h - template: the pairs of one column of taps, by walking two sorted key lists.
 *
 * A column is all taps with the same (j0, j1). Outputs are walked in sorted order; the first cell that the
 * column reaches from an output moves monotonically through the sorted inputs, so one pointer suffices,
 * and the column's other taps are the next few keys. No look-up, no hash.
 *
 * Include with KEY (key type), PACK(packing, b, x, y, z) and NAME defined.
 */

/* First position whose key is >= wanted. */
static int64_t NAME(lower_bound)(const KEY *keys, int64_t count, KEY wanted) {
    int64_t low = 0, high = count;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (keys[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Outputs at index positions begin..end-1 of the general case: any stride, dilation and box. */
static void NAME(column_general)(const column *c, int64_t begin, int64_t end, emitter *e) {
    const lac__index *in = c->in, *to = c->out;
    const lac__packing *p = &in->packing;
    const lac__site *s = c->site;
    const KEY *keys = in->keys.data;
    const int64_t d2 = s->dilation[2], last = (int64_t)d2 * (c->taps - 1);
    int64_t at = -1;
    for (int64_t i = begin; i < end; i++) {
        const int32_t *o = c->out_rows + 4 * (int64_t)lac__index_row(to, i);
        const int64_t x = (int64_t)s->stride[0] * o[1] + c->offset[0];
        const int64_t y = (int64_t)s->stride[1] * o[2] + c->offset[1];
        const int64_t z = (int64_t)s->stride[2] * o[3] + c->offset[2];
        if (o[0] < in->low[0] || o[0] > in->high[0] || x < in->low[1] || x > in->high[1] ||
            y < in->low[2] || y > in->high[2])
            continue;
        const int64_t low = z < in->low[3] ? in->low[3] : z;
        const int64_t high = z + last > in->high[3] ? in->high[3] : z + last;
        if (low > high) continue;
        const KEY first = PACK(p, o[0], x, y, low);
        const KEY final = first + (KEY)(uint64_t)(high - low);
        if (at < 0) at = NAME(lower_bound)(keys, in->count, first);
        while (at < in->count && keys[at] < first) at++;
        for (int64_t q = at; q < in->count && keys[q] <= final; q++) {
            const int64_t step = (int64_t)(keys[q] - first) + low - z;
            if (d2 == 1)
                put(e, c->slot + step, q, i);
            else if (step % d2 == 0)
                put(e, c->slot + step / d2, q, i);
        }
    }
}

#undef KEY
#undef PACK
#undef NAME
