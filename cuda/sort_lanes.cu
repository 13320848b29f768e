/*
 * sort_lanes.cu - keys of values, and what a sort leaves of them.
 *
 * A key has as many bits as the value: a floating value's bits, turned around where it is negative,
 * count up as the values do. All lanes of a tensor are sorted at once, the lane's number above the
 * key, or by a second sort where there is no room for it.
 */
#include "coords.cuh"
#include "launch_order.h"

enum { THREADS = LAC__COORDS_THREADS };

/* How a dtype's bits become a key. */
struct KeyFormat {
    int32_t size;      /* of an element, bytes */
    uint64_t sign;     /* highest bit of a signed value, 0: unsigned */
    uint64_t infinity; /* magnitudes above are NaN; 0: integers */
};

static KeyFormat format_of(int32_t dtype) {
    switch (dtype) {
    case LAC_DTYPE_F32: return {4, (uint64_t)1 << 31, 0x7f800000u};
    case LAC_DTYPE_F16: return {2, (uint64_t)1 << 15, 0x7c00u};
    case LAC_DTYPE_BF16: return {2, (uint64_t)1 << 15, 0x7f80u};
    case LAC_DTYPE_F64: return {8, (uint64_t)1 << 63, (uint64_t)0x7ff << 52};
    case LAC_DTYPE_I32: return {4, (uint64_t)1 << 31, 0};
    case LAC_DTYPE_I64: return {8, (uint64_t)1 << 63, 0};
    default: return {1, 0, 0};
    }
}

int32_t lac__sort_key_bits(int32_t dtype) {
    return 8 * format_of(dtype).size;
}

static __device__ inline uint64_t load_bits(const void *x, int32_t size, int64_t i) {
    switch (size) {
    case 1: return static_cast<const uint8_t *>(x)[i];
    case 2: return static_cast<const uint16_t *>(x)[i];
    case 4: return static_cast<const uint32_t *>(x)[i];
    default: return static_cast<const uint64_t *>(x)[i];
    }
}

static __device__ inline uint64_t key_of(KeyFormat f, uint64_t bits, bool descending) {
    const uint64_t all = ~(uint64_t)0 >> (64 - 8 * f.size);
    uint64_t key = bits ^ f.sign; /* integers, and floating values that are not negative */
    if (f.infinity != 0) {
        const uint64_t magnitude = bits & ~f.sign;
        if (magnitude > f.infinity) return all;
        if (magnitude == 0)
            key = f.sign;
        else if (bits & f.sign)
            key = ~bits & all;
    }
    return descending ? ~key & all : key; /* infinities leave the highest key free */
}

static __device__ inline uint64_t lane_of(lac__lane_shape s, int64_t element) {
    return (uint64_t)(element / (s.n * s.inner) * s.inner + element % s.inner);
}

static __global__ void __launch_bounds__(THREADS)
    find_value_keys(const void *x, KeyFormat format, lac__lane_shape shape, int64_t count,
                    bool descending, bool lanes, uint64_t *keys) {
    for (int64_t e = thread_number(); e < count; e += thread_count()) {
        uint64_t key = key_of(format, load_bits(x, format.size, e), descending);
        if (lanes) key |= lane_of(shape, e) << (8 * format.size);
        keys[e] = key;
    }
}

void lac__launch_value_keys(lac__gpu *gpu, const void *x, int32_t dtype, lac__lane_shape shape,
                            int32_t descending, int32_t lanes, uint64_t *keys) {
    const int64_t count = shape.outer * shape.n * shape.inner;
    if (count > 0)
        LAC_LAUNCH(gpu, find_value_keys, coords_blocks(count), THREADS, 0, x, format_of(dtype),
                   shape, count, descending != 0, lanes != 0, keys);
}

static __global__ void __launch_bounds__(THREADS)
    find_lane_keys(const int32_t *order, lac__lane_shape shape, int64_t count, uint64_t *keys) {
    for (int64_t i = thread_number(); i < count; i += thread_count())
        keys[i] = lane_of(shape, order[i]);
}

void lac__launch_lane_keys(lac__gpu *gpu, const int32_t *order, lac__lane_shape shape,
                           uint64_t *keys) {
    const int64_t count = shape.outer * shape.n * shape.inner;
    if (count > 0)
        LAC_LAUNCH(gpu, find_lane_keys, coords_blocks(count), THREADS, 0, order, shape, count,
                   keys);
}

template <class T>
static __global__ void __launch_bounds__(THREADS)
    write_lanes(const T *x, const int32_t *order, lac__lane_shape s, int64_t k, int64_t count,
                T *values, int64_t *indices) {
    for (int64_t i = thread_number(); i < count; i += thread_count()) { /* the i-th of the output */
        const int64_t lane = i / (k * s.inner) * s.inner + i % s.inner, rank = i / s.inner % k;
        const int64_t element = order[lane * s.n + rank];
        if (values != nullptr) values[i] = x[element];
        if (indices != nullptr) indices[i] = element / s.inner % s.n;
    }
}

void lac__launch_sorted_lanes(lac__gpu *gpu, const void *x, int32_t dtype, const int32_t *order,
                              lac__lane_shape shape, int64_t k, void *values, int64_t *indices) {
    const int64_t count = shape.outer * k * shape.inner;
    if (count <= 0) return;
    const unsigned blocks = coords_blocks(count);
    switch (format_of(dtype).size) {
    case 1:
        LAC_LAUNCH(gpu, (write_lanes<uint8_t>), blocks, THREADS, 0, (const uint8_t *)x, order,
                   shape, k, count, (uint8_t *)values, indices);
        break;
    case 2:
        LAC_LAUNCH(gpu, (write_lanes<uint16_t>), blocks, THREADS, 0, (const uint16_t *)x, order,
                   shape, k, count, (uint16_t *)values, indices);
        break;
    case 4:
        LAC_LAUNCH(gpu, (write_lanes<uint32_t>), blocks, THREADS, 0, (const uint32_t *)x, order,
                   shape, k, count, (uint32_t *)values, indices);
        break;
    default:
        LAC_LAUNCH(gpu, (write_lanes<uint64_t>), blocks, THREADS, 0, (const uint64_t *)x, order,
                   shape, k, count, (uint64_t *)values, indices);
    }
}
