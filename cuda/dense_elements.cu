/*
 * dense_elements.cu - the host's part of dense.cuh: from views to the fewest dimensions.
 */
#include "dense.cuh"

#include <algorithm>

namespace dense {

static void remove_dimension(Elements *e, int32_t d) {
    e->ndim--;
    for (int32_t i = d; i < e->ndim; i++) {
        e->shape[i] = e->shape[i + 1];
        for (int o = 0; o < e->operands; o++) e->stride[o][i] = e->stride[o][i + 1];
    }
}

/* True when dimension d continues dimension d + 1 for every operand. */
static bool continues(const Elements &e, int32_t d) {
    for (int o = 0; o < e.operands; o++)
        if (e.stride[o][d] != e.stride[o][d + 1] * e.shape[d + 1]) return false;
    return true;
}

Elements elements_of(int count, const lac__view *const *views) {
    const lac__view *last = views[count - 1];
    Elements e = {};
    e.total = 1;
    e.ndim = last->ndim;
    e.operands = count;
    for (int32_t d = 0; d < e.ndim; d++) e.total *= e.shape[d] = last->shape[d];
    for (int o = 0; o < count; o++) {
        if (views[o] == nullptr) continue;
        e.data[o] = views[o]->data;
        e.dtype[o] = views[o]->dtype;
        for (int32_t d = 0; d < e.ndim; d++) e.stride[o][d] = views[o]->stride[d];
    }
    for (int32_t d = e.ndim - 1; d >= 0; d--)
        if (e.shape[d] == 1) remove_dimension(&e, d);
    for (int32_t d = e.ndim - 2; d >= 0; d--) {
        if (!continues(e, d)) continue;
        e.shape[d + 1] *= e.shape[d];
        remove_dimension(&e, d);
    }
    if (e.ndim == 0) {
        e.ndim = 1;
        e.shape[0] = 1;
    }
    return e;
}

static int64_t size_of(int32_t dtype) {
    switch (dtype) {
    case LAC_DTYPE_F64:
    case LAC_DTYPE_I64: return 8;
    case LAC_DTYPE_F32:
    case LAC_DTYPE_I32: return 4;
    case LAC_DTYPE_U8: return 1;
    default: return 2;
    }
}

bool is_packed(const Elements &e) {
    if (e.ndim != 1) return false;
    for (int o = 0; o < e.operands; o++) {
        if (e.data[o] == nullptr) continue;
        const int64_t width = std::min<int64_t>(16, PACKET * size_of(e.dtype[o]));
        if (e.stride[o][0] != 1 || (uintptr_t)e.data[o] % (uintptr_t)width != 0) return false;
    }
    return true;
}

int32_t bits_of(int32_t dtype) {
    switch (size_of(dtype)) {
    case 8: return LAC_DTYPE_I64;
    case 4: return LAC_DTYPE_I32;
    case 2: return BITS16;
    default: return LAC_DTYPE_U8;
    }
}

unsigned blocks_for(const lac__gpu *gpu, int64_t work, int share) {
    const int64_t most = 32 * (int64_t)std::max(gpu->sm_count, 1);
    return (unsigned)std::min(most, (work + share - 1) / share);
}

} // namespace dense
