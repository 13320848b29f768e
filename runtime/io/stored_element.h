/*
 * stored_element.h - elements as files store them, and how they become those of tensors.
 */
#ifndef LAC_IO_STORED_ELEMENT_H
#define LAC_IO_STORED_ELEMENT_H

#include "io/host.h"

typedef struct lac__element {
    int32_t type;      /* lac_stored_type */
    int32_t bytes;     /* of one in the file */
    lac_dtype dtype;   /* of the tensor */
    int32_t out_bytes; /* of one in the tensor */
    bool swap;         /* big-endian in the file */
} lac__element;

/** False for a type that there is not. */
bool lac__element_of(int32_t type, bool big_endian, lac__element *out);

/** Elements at `from`, `step` bytes apart, to `to`, `stride` elements of the tensor apart. `from`
 * may be `to` where neither spreads nor widens. Returns how many were converted: fewer than
 * `count` when the next one, a uint64, does not fit int64. */
int64_t lac__element_move(const lac__element *e, const void *from, int64_t step, void *to,
                          int64_t stride, int64_t count);

#endif
