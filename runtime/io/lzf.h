/*
 * lzf.h - decompression of the LZF stream of a pcd's "binary_compressed" data.
 */
#ifndef LAC_IO_LZF_H
#define LAC_IO_LZF_H

#include <stdbool.h>
#include <stddef.h>

/** A stream of n bytes never holds more than LAC__LZF_RATIO n: three bytes stand for 264. */
enum { LAC__LZF_RATIO = 88 };

/** True when `input` is a whole stream of exactly `out_bytes` bytes. */
bool lac__lzf_decompress(const unsigned char *input, size_t in_bytes, unsigned char *output,
                         size_t out_bytes);

#endif
