/*
 * array_test.h - plain arrays of the host and of the device, for sort_test.cpp and coords_test.cpp.
 */
#ifndef ARRAY_TEST_H
#define ARRAY_TEST_H

#include "launch.h"

#include <cuda_runtime.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

struct Suite {
    const char *name;
    lac__gpu gpu = {};
    int passed = 0, failed = 0;
    uint64_t state = 88172645463325252u;

    explicit Suite(const char *of) : name(of) {
        cudaStream_t stream;
        need(cudaStreamCreate(&stream));
        gpu.stream = stream;
        gpu.sm_count = 4;
        gpu.capability = 90;
    }
    void need(cudaError_t error) {
        if (error == cudaSuccess) return;
        printf("%s: %s\n", name, cudaGetErrorString(error));
        exit(1);
    }
    void check(bool good, const std::string &what) {
        good ? passed++ : failed++;
        if (!good && failed <= 20) printf("%s: FAILED %s\n", name, what.c_str());
    }
    uint64_t random() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state * 0x2545f4914f6cdd1du >> 11;
    }
    int64_t between(int64_t low, int64_t high) {
        return low + (int64_t)(random() % (uint64_t)(high - low + 1));
    }
    /* Reports, and gives the exit status. */
    int done() {
        check(gpu.error == 0,
              std::string("launch of ") + (gpu.kernel != nullptr ? gpu.kernel : ""));
        need(cudaStreamDestroy((cudaStream_t)gpu.stream));
        printf("%s: %d passed, %d failed\n", name, passed, failed);
        return failed > 0;
    }
};
extern Suite suite;

/* Memory of the device. */
template <class T> struct Array {
    T *data = nullptr;
    size_t count;

    explicit Array(size_t n) : count(n) {
        suite.need(cudaMalloc((void **)&data, n > 0 ? n * sizeof(T) : 1));
    }
    explicit Array(const std::vector<T> &values) : Array(values.size()) {
        const cudaStream_t stream = (cudaStream_t)suite.gpu.stream;
        if (count == 0) return;
        suite.need(cudaMemcpyAsync(data, values.data(), count * sizeof(T), cudaMemcpyHostToDevice,
                                   stream));
        suite.need(cudaStreamSynchronize(stream));
    }
    Array(const Array &) = delete;
    ~Array() {
        suite.need(cudaFree(data));
    }
    std::vector<T> get() const {
        const cudaStream_t stream = (cudaStream_t)suite.gpu.stream;
        std::vector<T> values(count);
        if (count > 0)
            suite.need(cudaMemcpyAsync(values.data(), data, count * sizeof(T),
                                       cudaMemcpyDeviceToHost, stream));
        suite.need(cudaStreamSynchronize(stream));
        return values;
    }
};

#endif
