/*
 * stored_element.c - see stored_element.h.
 */
#include "io/stored_element.h"

#include <string.h>

bool lac__element_of(int32_t type, bool big_endian, lac__element *out) {
    static const struct {
        int32_t bytes;
        lac_dtype dtype;
    } types[] = {
        [LAC_STORED_F32] = {4, LAC_DTYPE_F32},   [LAC_STORED_F16] = {2, LAC_DTYPE_F16},
        [LAC_STORED_BF16] = {2, LAC_DTYPE_BF16}, [LAC_STORED_F64] = {8, LAC_DTYPE_F64},
        [LAC_STORED_I32] = {4, LAC_DTYPE_I32},   [LAC_STORED_I64] = {8, LAC_DTYPE_I64},
        [LAC_STORED_U8] = {1, LAC_DTYPE_U8},     [LAC_STORED_I8] = {1, LAC_DTYPE_I32},
        [LAC_STORED_I16] = {2, LAC_DTYPE_I32},   [LAC_STORED_U16] = {2, LAC_DTYPE_I32},
        [LAC_STORED_U32] = {4, LAC_DTYPE_I64},   [LAC_STORED_U64] = {8, LAC_DTYPE_I64},
        [LAC_STORED_BOOL] = {1, LAC_DTYPE_U8},
    };
    if (type < 0 || type >= (int32_t)(sizeof types / sizeof *types)) return false;
    *out = (lac__element){.type = type,
                          .bytes = types[type].bytes,
                          .dtype = types[type].dtype,
                          .out_bytes = (int32_t)lac__host->dtype_size(types[type].dtype),
                          .swap = big_endian && types[type].bytes > 1};
    return true;
}

typedef struct run {
    const char *from;
    char *to;
    int64_t step, stride, count;
    bool swap;
} run;

static inline uint64_t load(const char *from, size_t bytes, bool swap) {
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    switch (bytes) {
    case 1: memcpy(&u8, from, 1); return u8;
    case 2: memcpy(&u16, from, 2); return swap ? __builtin_bswap16(u16) : u16;
    case 4: memcpy(&u32, from, 4); return swap ? __builtin_bswap32(u32) : u32;
    default: memcpy(&u64, from, 8); return swap ? __builtin_bswap64(u64) : u64;
    }
}

/* The sizes are constants where this is called, so that each call is a loop of its own. `sign` is
 * the sign bit of a narrow signed integer, 0 for none; on this machine the low bytes come first. */
static inline __attribute__((always_inline)) void move(const run *r, size_t in, size_t out,
                                                       uint64_t sign) {
    for (int64_t i = 0; i < r->count; i++) {
        const uint64_t bits = load(r->from + i * r->step, in, r->swap);
        const uint64_t value = (bits ^ sign) - sign;
        memcpy(r->to + i * r->stride * (int64_t)out, &value, out);
    }
}

static void move_bool(const run *r) {
    for (int64_t i = 0; i < r->count; i++) r->to[i * r->stride] = r->from[i * r->step] != 0;
}

static int64_t move_uint64(const run *r) {
    for (int64_t i = 0; i < r->count; i++) {
        const uint64_t value = load(r->from + i * r->step, 8, r->swap);
        if (value > INT64_MAX) return i;
        memcpy(r->to + i * r->stride * 8, &value, 8);
    }
    return r->count;
}

int64_t lac__element_move(const lac__element *e, const void *from, int64_t step, void *to,
                          int64_t stride, int64_t count) {
    const run r = {from, to, step, stride, count, e->swap};
    switch ((lac_stored_type)e->type) {
    case LAC_STORED_BOOL: move_bool(&r); break;
    case LAC_STORED_U64: return move_uint64(&r);
    case LAC_STORED_U32: move(&r, 4, 8, 0); break;
    case LAC_STORED_U16: move(&r, 2, 4, 0); break;
    case LAC_STORED_I16: move(&r, 2, 4, 0x8000u); break;
    case LAC_STORED_I8: move(&r, 1, 4, 0x80u); break;
    case LAC_STORED_U8: move(&r, 1, 1, 0); break;
    case LAC_STORED_F16:
    case LAC_STORED_BF16: move(&r, 2, 2, 0); break;
    case LAC_STORED_F32:
    case LAC_STORED_I32: move(&r, 4, 4, 0); break;
    case LAC_STORED_F64:
    case LAC_STORED_I64: move(&r, 8, 8, 0); break;
    }
    return count;
}
