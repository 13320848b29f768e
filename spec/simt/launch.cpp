/*
 * launch.cpp - checks a launch as the hardware would, and puts it into its stream.
 */
#include "stream.h"

#include <map>

namespace simt {

/* What cudaFuncSetAttribute allowed. */
static std::map<const void *, size_t> &shared_allowed() {
    static auto *functions = new std::map<const void *, size_t>;
    return *functions;
}

static size_t allowed(const void *function) {
    auto found = shared_allowed().find(function);
    return found == shared_allowed().end() ? shared_default : found->second;
}

static cudaError_t check(const Launch &launch) {
    const dim3 g = launch.grid, b = launch.block;
    const uint64_t threads = (uint64_t)b.x * b.y * b.z;
    if (b.x > max_threads || b.y > max_threads || b.z > 64 || !threads || threads > max_threads)
        return cudaErrorInvalidConfiguration;
    if (!g.x || !g.y || !g.z || g.x > 0x7fffffff || g.y > 65535 || g.z > 65535)
        return cudaErrorInvalidConfiguration;
    if (launch.shared_bytes > allowed(launch.entry)) return cudaErrorInvalidValue;
    return cudaSuccess;
}

static void run(const Launch &launch) {
    if (++statistics.launches == config.fail_launch)
        sticky_error = cudaErrorLaunchFailure;
    else
        run_grid(launch);
}

/* A graph runs the same launch again, so all who hold it share the arguments. */
cudaError_t enqueue_launch(const Launch &launch, cudaStream_t stream) {
    Locked locked;
    std::shared_ptr<const void> arguments(launch.arguments, launch.free_arguments);
    const cudaError_t error = check(launch);
    if (error) return failed(error);
    return enqueue(stream, [launch, arguments] { run(launch); });
}

} // namespace simt

using namespace simt;

extern "C" {

cudaError_t cudaFuncSetAttribute(const void *function, cudaFuncAttribute attr, int value) {
    Locked locked;
    if (!function) return failed(cudaErrorInvalidDeviceFunction);
    if (attr == cudaFuncAttributePreferredSharedMemoryCarveout) return cudaSuccess;
    if (attr != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 ||
        (size_t)value > shared_limit)
        return failed(cudaErrorInvalidValue);
    shared_allowed()[function] = (size_t)value;
    return cudaSuccess;
}

/* By threads and shared memory; registers are not known. */
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *function,
                                                          int block_size, size_t shared_bytes) {
    Locked locked;
    if (!blocks || !function || block_size < 1) return failed(cudaErrorInvalidValue);
    const size_t of_multiprocessor = 228 << 10, reserved = 1 << 10;
    int most = block_size > (int)max_threads ? 0 : 2048 / block_size;
    const int by_shared = (int)(of_multiprocessor / (shared_bytes + reserved));
    if (by_shared < most) most = by_shared;
    *blocks = most > 32 ? 32 : most;
    return cudaSuccess;
}

} // extern "C"
