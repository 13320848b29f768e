/*
 * dense_test.h - tensors of the host beside those of the device, for dense_test.cpp.
 *
 * A Tensor keeps what its memory should hold. `upload` copies it to a buffer of the device, the
 * launcher runs on `view`, the test writes what it expects into the host's bytes, and `check`
 * compares all of the memory, gaps between the elements too. Equal is equal to the bit, but for
 * the payload of a NaN.
 */
#ifndef DENSE_TEST_H
#define DENSE_TEST_H

#include "launch_dense.h"

#include "core/half.h"

#include <cuda_runtime.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

using Sizes = std::vector<int64_t>;

struct Suite {
    lac__gpu gpu = {};
    int passed = 0, failed = 0;
    uint64_t state = 88172645463325252u;

    void need(cudaError_t error) {
        if (error == cudaSuccess) return;
        printf("dense: %s\n", cudaGetErrorString(error));
        exit(1);
    }
    void result(bool good, const std::string &what) {
        good ? passed++ : failed++;
        if (!good && failed <= 20) printf("dense: FAILED %s\n", what.c_str());
    }
    uint64_t random() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state * 0x2545f4914f6cdd1du >> 11;
    }
    double uniform() {
        return (double)random() * 0x1p-53;
    }
};
extern Suite suite;

inline int64_t size_of(int32_t dtype) {
    static const int64_t sizes[] = {4, 2, 2, 8, 4, 8, 1};
    return sizes[dtype];
}
inline bool is_real(int32_t dtype) {
    return dtype <= LAC_DTYPE_F64;
}
inline const char *name_of(int32_t dtype) {
    static const char *const names[] = {"f32", "f16", "bf16", "f64", "i32", "i64", "u8"};
    return names[dtype];
}

/* Memory of the device, `lead` bytes after an address that suits every access. */
struct Buffer {
    char *base = nullptr;
    size_t lead, bytes;
    explicit Buffer(size_t size, size_t before = 0) : lead(before), bytes(size) {
        suite.need(cudaMalloc((void **)&base, lead + bytes + 1));
    }
    Buffer(const Buffer &) = delete;
    ~Buffer() {
        suite.need(cudaFree(base));
    }
    template <class T = void> T *at() {
        return (T *)(void *)(base + lead);
    }
    void put(const void *from) {
        suite.need(cudaMemcpyAsync(at(), from, bytes, cudaMemcpyHostToDevice,
                                   (cudaStream_t)suite.gpu.stream));
        suite.need(cudaStreamSynchronize((cudaStream_t)suite.gpu.stream));
    }
    void get(void *to) {
        suite.need(cudaMemcpyAsync(to, at(), bytes, cudaMemcpyDeviceToHost,
                                   (cudaStream_t)suite.gpu.stream));
        suite.need(cudaStreamSynchronize((cudaStream_t)suite.gpu.stream));
    }
};

/* Conversions as the CPU does them. */
inline int64_t saturated(double v, int64_t low, int64_t high) {
    if (v != v) return 0;
    return v <= (double)low ? low : v >= (double)high ? high : (int64_t)v;
}
inline int64_t saturated(float v, int64_t low, int64_t high) {
    return saturated((double)v, low, high);
}
inline int64_t saturated(int64_t v, int64_t low, int64_t high) {
    return v < low ? low : v > high ? high : v;
}
inline int64_t lowest(int32_t dtype) {
    return dtype == LAC_DTYPE_I64 ? INT64_MIN : dtype == LAC_DTYPE_I32 ? INT32_MIN : 0;
}
inline int64_t highest(int32_t dtype) {
    return dtype == LAC_DTYPE_I64 ? INT64_MAX : dtype == LAC_DTYPE_I32 ? INT32_MAX : UINT8_MAX;
}

struct Tensor {
    int32_t dtype;
    Sizes shape, stride;
    int64_t first = 0, count = 1; /* element 0 in the memory; number of elements */
    std::vector<uint8_t> memory;
    Buffer *buffer = nullptr;

    Tensor(int32_t type, Sizes sizes, size_t lead = 0) : Tensor(type, sizes, dense(sizes), lead) {}
    Tensor(int32_t type, Sizes sizes, Sizes strides, size_t lead = 0)
        : dtype(type), shape(sizes), stride(strides) {
        int64_t last = 0;
        for (size_t d = 0; d < shape.size(); d++) {
            count *= shape[d];
            const int64_t reach = (shape[d] - 1) * stride[d];
            (reach < 0 ? first : last) += reach < 0 ? -reach : reach;
        }
        memory.assign(count == 0 ? 0 : (size_t)((first + last + 1) * size_of(dtype)), 0xa5);
        buffer = new Buffer(memory.size(), lead * (size_t)size_of(dtype));
        upload();
    }
    Tensor(const Tensor &) = delete;
    ~Tensor() {
        delete buffer;
    }

    static Sizes dense(const Sizes &sizes) {
        Sizes strides(sizes.size());
        int64_t step = 1;
        for (size_t d = sizes.size(); d-- > 0; step *= sizes[d]) strides[d] = step;
        return strides;
    }
    void upload() {
        buffer->put(memory.data());
    }
    lac__view view() {
        lac__view v = {};
        v.data = buffer->at<char>() + first * size_of(dtype);
        v.dtype = dtype;
        v.ndim = (int32_t)shape.size();
        for (size_t d = 0; d < shape.size(); d++) v.shape[d] = shape[d], v.stride[d] = stride[d];
        return v;
    }
    void *data() {
        return buffer->at<char>() + first * size_of(dtype);
    }

    size_t place(int64_t position) const {
        int64_t at = first;
        for (size_t d = shape.size(); d-- > 0; position /= shape[d])
            at += position % shape[d] * stride[d];
        return (size_t)(at * size_of(dtype));
    }
    template <class T> T raw(int64_t position) const {
        T v;
        memcpy(&v, memory.data() + place(position), sizeof v);
        return v;
    }
    template <class C> C get(int64_t position) const {
        switch (dtype) {
        case LAC_DTYPE_F32: return (C)raw<float>(position);
        case LAC_DTYPE_F16: return (C)lac__f16_to_float(raw<uint16_t>(position));
        case LAC_DTYPE_BF16: return (C)lac__bf16_to_float(raw<uint16_t>(position));
        case LAC_DTYPE_F64: return (C)raw<double>(position);
        case LAC_DTYPE_I32: return (C)raw<int32_t>(position);
        case LAC_DTYPE_I64: return (C)raw<int64_t>(position);
        default: return (C)raw<uint8_t>(position);
        }
    }
    template <class T> void put(int64_t position, T v) {
        memcpy(memory.data() + place(position), &v, sizeof v);
    }
    /* Integers wrap around, reals saturate. */
    void set(int64_t position, int64_t v) {
        switch (dtype) {
        case LAC_DTYPE_I32: put(position, (int32_t)v); return;
        case LAC_DTYPE_I64: put(position, v); return;
        case LAC_DTYPE_U8: put(position, (uint8_t)v); return;
        case LAC_DTYPE_F32: put(position, (float)v); return;
        case LAC_DTYPE_F64: put(position, (double)v); return;
        default: set(position, (float)v); return;
        }
    }
    void set(int64_t position, double v) {
        switch (dtype) {
        case LAC_DTYPE_F32: put(position, (float)v); return;
        case LAC_DTYPE_F16: put(position, lac__float_to_f16((float)v)); return;
        case LAC_DTYPE_BF16: put(position, lac__float_to_bf16((float)v)); return;
        case LAC_DTYPE_F64: put(position, v); return;
        default: set(position, saturated(v, lowest(dtype), highest(dtype))); return;
        }
    }
    void set(int64_t position, float v) {
        set(position, (double)v);
    }

    /* Values that matter: small ones mostly, and the extremes of the dtype. */
    Tensor &randomize(bool extremes = true) {
        static const double odd[] = {0.0,  -0.0,   1e-42,   6e-8,  65519, 65520, 1e9,
                                     -3e9, 0x1p63, -0x1p63, 1e300, 0.5,   1.5,   2.5};
        for (int64_t i = 0; i < count; i++) {
            const uint64_t kind = extremes ? suite.random() % 16 : 9;
            if (!is_real(dtype)) {
                const int64_t v = (int64_t)suite.random() % 41 - 20;
                set(i, kind == 0               ? lowest(dtype)
                       : kind == 1             ? highest(dtype)
                       : kind == 2             ? 0
                       : dtype == LAC_DTYPE_U8 ? v + 20
                                               : v);
            } else if (kind == 0) {
                set(i, (double)NAN);
            } else if (kind == 1) {
                set(i, suite.random() % 2 ? (double)INFINITY : -(double)INFINITY);
            } else if (kind <= 3) {
                set(i, odd[suite.random() % (sizeof odd / sizeof *odd)]);
            } else if (kind <= 5) {
                set(i, (double)(int64_t)(suite.random() % 9) - 4);
            } else {
                set(i, (suite.uniform() - 0.5) * 8);
            }
        }
        upload();
        return *this;
    }

    /* True when the device's memory is what the host's is; `ulps` of slack for reals. */
    bool matches(double slack = 0) {
        std::vector<uint8_t> got(memory.size());
        buffer->get(got.data());
        if (got == memory) return true;
        const int64_t size = size_of(dtype);
        for (size_t at = 0; at < memory.size(); at += (size_t)size) {
            if (memcmp(got.data() + at, memory.data() + at, (size_t)size) == 0) continue;
            if (!is_real(dtype)) return false;
            const double a = real_at(got, at), b = real_at(memory, at);
            if (a != a && b != b) continue;
            if (slack == 0 || !(std::fabs(a - b) <= slack * std::fabs(b))) return false;
        }
        return true;
    }
    void check(const std::string &what, double slack = 0) {
        suite.result(matches(slack), what + " " + name_of(dtype));
    }

  private:
    double real_at(const std::vector<uint8_t> &bytes, size_t at) const {
        double d;
        float f;
        uint16_t h;
        switch (dtype) {
        case LAC_DTYPE_F64: memcpy(&d, bytes.data() + at, 8); return d;
        case LAC_DTYPE_F32: memcpy(&f, bytes.data() + at, 4); return (double)f;
        case LAC_DTYPE_F16: memcpy(&h, bytes.data() + at, 2); return (double)lac__f16_to_float(h);
        default: memcpy(&h, bytes.data() + at, 2); return (double)lac__bf16_to_float(h);
        }
    }
};

/* f(C()) for the type in which a dtype is computed. */
template <class F> void in_compute_type(int32_t dtype, F f) {
    if (dtype == LAC_DTYPE_F64)
        f(0.0);
    else if (is_real(dtype))
        f(0.0f);
    else
        f((int64_t)0);
}

#endif
