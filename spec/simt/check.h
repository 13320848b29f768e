/*
 * check.h - checks of the engine's tests: counted, printed when they fail.
 *
 *     int main() { ...; return finish("barrier"); }      prints "barrier: N passed, M failed"
 */
#ifndef SIMT_CHECK_H
#define SIMT_CHECK_H

#include "simt.h"
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

static int passed, failed;

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
#define OK(call) check_equal((call), cudaSuccess, #call, __FILE__, __LINE__)
#define FAILS(error, call) check_equal((call), (error), #call, __FILE__, __LINE__)
/* The statement aborts and its last words contain `words`. */
#define DIES(words, ...) check_death([&] { __VA_ARGS__; }, words, #__VA_ARGS__, __FILE__, __LINE__)

inline bool check(bool truth, const char *what, const char *file, int line) {
    truth ? ++passed : ++failed;
    if (!truth) printf("%s:%d: %s\n", file, line, what);
    return truth;
}

inline bool check_equal(cudaError_t got, cudaError_t wanted, const char *what, const char *file,
                        int line) {
    if (got != wanted) printf("%s gave %s\n", what, cudaGetErrorName(got));
    return check(got == wanted, what, file, line);
}

template <class F>
void check_death(F statement, const char *words, const char *what, const char *file, int line) {
    int ends[2];
    if (pipe(ends)) abort();
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        statement();
        fprintf(stderr, "(it lived)");
        fflush(stderr);
        _exit(0);
    }
    close(ends[1]);
    std::string said;
    char part[4096];
    for (ssize_t n; (n = read(ends[0], part, sizeof part)) > 0;) said.append(part, (size_t)n);
    close(ends[0]);
    int status;
    waitpid(child, &status, 0);
    const bool died = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    if (!check(died && said.find(words) != std::string::npos, what, file, line))
        printf("  wanted: %s\n  got: %s\n", words, said.c_str());
}

inline int finish(const char *name) {
    printf("%s: %d passed, %d failed\n", name, passed, failed);
    return failed != 0;
}

/* An array in device memory. */
template <class T> struct Device {
    T *data = nullptr;
    size_t count;

    explicit Device(size_t n) : count(n) {
        OK(cudaMalloc(&data, n * sizeof(T)));
    }
    explicit Device(const std::vector<T> &v) : Device(v.size()) {
        OK(cudaMemcpy(data, v.data(), count * sizeof(T), cudaMemcpyHostToDevice));
    }
    ~Device() {
        OK(cudaFree(data));
    }
    Device(const Device &) = delete;
    std::vector<T> get() const {
        std::vector<T> v(count);
        OK(cudaMemcpy(v.data(), data, count * sizeof(T), cudaMemcpyDeviceToHost));
        return v;
    }
};

/* Launches on the null stream and waits. */
#define RUN(kernel, grid, block, shared, ...)                                                      \
    do {                                                                                           \
        OK(simt::configure(#kernel, kernel, grid, block, shared, nullptr)(__VA_ARGS__));           \
        OK(cudaDeviceSynchronize());                                                               \
    } while (0)

/* Modes for as long as it lives. */
struct __attribute__((visibility("hidden"))) Modes {
    simt::Config before = simt::config;
    ~Modes() {
        simt::config = before;
    }
};

#endif
