/*
 * key.c - field widths of narrow keys.
 */
#include "sparse/key.h"

static int bits_for(int64_t largest) {
    return largest <= 0 ? 0 : 64 - __builtin_clzll((unsigned long long)largest);
}

void lac__packing_make(const int64_t low[4], const int64_t high[4], lac__packing *out) {
    lac__packing p = {.wide = false};
    for (int i = 3; i >= 0; i--) {
        const int64_t margin = i > 0 ? LAC__KEY_MARGIN : 0;
        p.low[i] = low[i] - margin;
        p.extent[i] = high[i] - low[i] + 2 * margin;
        p.shift[i] = p.bits;
        p.bits += bits_for(p.extent[i]);
    }
    if (p.bits > 63) {
        p = (lac__packing){.wide = true, .bits = 128, .shift = {96, 64, 32, 0}};
        for (int i = 0; i < 4; i++) {
            p.low[i] = INT32_MIN;
            p.extent[i] = UINT32_MAX;
        }
    }
    *out = p;
}
