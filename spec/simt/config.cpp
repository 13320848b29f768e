/*
 * config.cpp - the modes of simt.h, from the environment.
 */
#include "engine.h"

#include <cstdlib>
#include <cstring>

namespace simt {

Config config;
const Checker *checker;

std::recursive_mutex &engine_lock() {
    static auto *lock = new std::recursive_mutex;
    return *lock;
}

static bool is_set_to(const char *variable, const char *value) {
    const char *set = getenv(variable);
    return set && !strcmp(set, value);
}

static uint64_t number(const char *variable, uint64_t otherwise) {
    const char *set = getenv(variable);
    return set && *set ? strtoull(set, nullptr, 0) : otherwise;
}

__attribute__((constructor)) static void read_environment() {
    if (is_set_to("SIMT_ORDER", "lifo")) config.order = Order::lifo;
    if (is_set_to("SIMT_ORDER", "random")) config.order = Order::random;
    config.lazy_streams = is_set_to("SIMT_STREAM", "lazy");
    config.late_copies = is_set_to("SIMT_CPASYNC", "late");
    config.seed = number("SIMT_SEED", config.seed);
    config.memory = (size_t)number("SIMT_MEMORY", config.memory);
    config.devices = (int)number("SIMT_DEVICES", (uint64_t)config.devices);
    config.open_memory = is_set_to("SIMT_MEMORY_OPEN", "1");
    config.fail_launch = number("SIMT_FAIL_LAUNCH", config.fail_launch);
}

} // namespace simt
