/*
 * lzf.c - see lzf.h.
 *
 * A control byte below 32 announces that many literal bytes, plus one. Any other starts a
 * reference: three bits of length (7: a byte more follows, to be added), five high bits of the
 * distance, then a byte with its low bits; length counts from 2 and distance from 1. The copy may
 * overlap itself.
 */
#include "io/lzf.h"

#include <string.h>

bool lac__lzf_decompress(const unsigned char *input, size_t in_bytes, unsigned char *output,
                         size_t out_bytes) {
    size_t in = 0, out = 0;
    while (in < in_bytes) {
        const unsigned control = input[in++];
        if (control < 32) {
            const size_t length = control + 1;
            if (length > in_bytes - in || length > out_bytes - out) return false;
            memcpy(output + out, input + in, length);
            in += length;
            out += length;
            continue;
        }
        size_t length = control >> 5;
        if (length == 7) {
            if (in == in_bytes) return false;
            length += input[in++];
        }
        length += 2;
        if (in == in_bytes) return false;
        const size_t distance = ((size_t)(control & 31) << 8 | input[in++]) + 1;
        if (distance > out || length > out_bytes - out) return false;
        for (size_t i = 0; i < length; i++, out++) output[out] = output[out - distance];
    }
    return out == out_bytes;
}
