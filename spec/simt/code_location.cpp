/*
 * code_location.cpp - asks the dynamic linker where this module lies, and addr2line for source
 * lines.
 */
#include "code_location.h"

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <link.h>
#include <unistd.h>

namespace simt {

struct Range {
    uintptr_t begin, end;
    bool holds(const void *p) const {
        return (uintptr_t)p - begin < end - begin;
    }
    void add(uintptr_t from, uintptr_t to) {
        if (end == 0 || from < begin) begin = from;
        if (to > end) end = to;
    }
};
struct Module {
    uintptr_t base;
    Range all, data;
    char path[4096];
};

static int visit(struct dl_phdr_info *info, size_t, void *out) {
    Module module = {};
    module.base = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const auto &segment = info->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD) continue;
        const uintptr_t begin = module.base + segment.p_vaddr, end = begin + segment.p_memsz;
        module.all.add(begin, end);
        if (segment.p_flags & PF_W) module.data.add(begin, end);
    }
    if (!module.all.holds((const void *)&code_offset)) return 0;
    if (info->dlpi_name && *info->dlpi_name)
        snprintf(module.path, sizeof module.path, "%s", info->dlpi_name);
    else if (readlink("/proc/self/exe", module.path, sizeof module.path - 1) < 0)
        module.path[0] = 0;
    memcpy(out, &module, sizeof module);
    return 1;
}

static const Module &module() {
    static Module found;
    if (!found.all.end) dl_iterate_phdr(visit, &found);
    return found;
}

bool in_module(const void *p) {
    return module().all.holds(p);
}

bool in_module_data(const void *p) {
    return module().data.holds(p);
}

unsigned code_offset(const void *code) {
    return (unsigned)((uintptr_t)code - module().base);
}

/* The offset is a return address: the call lies before it. */
std::string code_location(unsigned offset) {
    const std::string path = module().path;
    char hex[32], answer[1024] = "?";
    snprintf(hex, sizeof hex, "%#x", offset - 1);
    if (FILE *pipe =
            popen(("addr2line -sfpCe '" + path + "' " + hex + " 2>/dev/null").c_str(), "r")) {
        if (!fgets(answer, sizeof answer, pipe)) answer[0] = '?';
        pclose(pipe);
    }
    if (strchr(answer, '?')) return path + "+" + hex;
    return std::string(answer, strcspn(answer, "\n"));
}

} // namespace simt
