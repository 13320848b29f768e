/*
 * error.cpp - codes, texts and the last error of a host thread.
 */
#include "engine.h"

namespace simt {

static thread_local cudaError_t last_error = cudaSuccess;
cudaError_t sticky_error = cudaSuccess;

cudaError_t failed(cudaError_t error) {
    if (error != cudaSuccess) last_error = error;
    return error;
}

} // namespace simt

using namespace simt;

extern "C" {

/* A fault stays. */
cudaError_t cudaGetLastError(void) {
    const cudaError_t error = cudaPeekAtLastError();
    last_error = cudaSuccess;
    return error;
}

cudaError_t cudaPeekAtLastError(void) {
    Locked locked;
    return sticky_error ? sticky_error : last_error;
}

const char *cudaGetErrorName(cudaError_t error) {
    switch ((int)error) {
#define NAME(name, value, text)                                                                    \
    case value: return #name;
        SIMT_ERRORS(NAME)
#undef NAME
    }
    return "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error) {
    switch ((int)error) {
#define TEXT(name, value, text)                                                                    \
    case value: return text;
        SIMT_ERRORS(TEXT)
#undef TEXT
    }
    return "unrecognized error code";
}

} // extern "C"
