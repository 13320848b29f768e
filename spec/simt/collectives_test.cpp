/*
 * collectives_test.cpp - shuffles, votes, matches and reductions, under full, partial and divergent
 * masks.
 */
#include "check.h"

#include <functional>

constexpr unsigned full = ~0u;

/* Each lane stores what `f` gave it; all lanes of one warp. */
template <class F> __global__ void each(unsigned *out, F f) {
    out[threadIdx.x] = f(threadIdx.x);
}

template <class F, class G> static bool same(unsigned lanes, F kernel_side, G wanted) {
    Device<unsigned> out(lanes);
    RUN((each<F>), 1, lanes, 0, out.data, kernel_side);
    auto got = out.get();
    for (unsigned l = 0; l < lanes; ++l) {
        if (got[l] == (unsigned)wanted(l)) continue;
        printf("lane %u got %#x, wanted %#x\n", l, got[l], (unsigned)wanted(l));
        return false;
    }
    return true;
}

static unsigned value(unsigned l) {
    return l * 2654435761u >> 20;
}

static void shuffles() {
    CHECK(same(
        32, [](unsigned l) { return __shfl_sync(full, value(l), 5); },
        [](unsigned) { return value(5); }));
    CHECK(same(
        32, [](unsigned l) { return __shfl_sync(full, value(l), (int)l + 1); },
        [](unsigned l) { return value((l + 1) % 32); }));
    CHECK(same(
        32, [](unsigned l) { return __shfl_sync(full, value(l), 3, 8); },
        [](unsigned l) { return value(l / 8 * 8 + 3); }));
    CHECK(same(
        32, [](unsigned l) { return __shfl_up_sync(full, value(l), 3); },
        [](unsigned l) { return value(l < 3 ? l : l - 3); }));
    CHECK(same(
        32, [](unsigned l) { return __shfl_up_sync(full, value(l), 1, 16); },
        [](unsigned l) { return value(l % 16 ? l - 1 : l); }));
    CHECK(same(
        32, [](unsigned l) { return __shfl_down_sync(full, value(l), 5); },
        [](unsigned l) { return value(l + 5 > 31 ? l : l + 5); }));
    CHECK(same(
        32, [](unsigned l) { return __shfl_down_sync(full, value(l), 2, 4); },
        [](unsigned l) { return value(l % 4 < 2 ? l + 2 : l); }));
    CHECK(same(
        32, [](unsigned l) { return __shfl_xor_sync(full, value(l), 21); },
        [](unsigned l) { return value(l ^ 21); }));
    CHECK(same(
        32, [](unsigned l) { return __shfl_xor_sync(full, value(l), 5, 4); },
        [](unsigned l) { return value((l ^ 5) / 4 > l / 4 ? l : l ^ 5); }));
    CHECK(same(
        32,
        [](unsigned l) {
            return (unsigned)(__shfl_xor_sync(full, (unsigned long long)l << 40, 1) >> 40);
        },
        [](unsigned l) { return l ^ 1; }));
    CHECK(same(
        32, [](unsigned l) { return (unsigned)__shfl_sync(full, (double)l / 4, 8); },
        [](unsigned) { return 2; }));
}

static void votes() {
    CHECK(same(
        32, [](unsigned l) { return __ballot_sync(full, l % 3 == 0); },
        [](unsigned) { return 0x49249249u; }));
    CHECK(same(
        32, [](unsigned l) { return (unsigned)__any_sync(full, l == 31); },
        [](unsigned) { return 1; }));
    CHECK(same(
        32, [](unsigned) { return (unsigned)__any_sync(full, 0); }, [](unsigned) { return 0; }));
    CHECK(same(
        32, [](unsigned l) { return (unsigned)__all_sync(full, l < 31); },
        [](unsigned) { return 0; }));
    CHECK(same(
        32, [](unsigned l) { return (unsigned)__all_sync(full, (int)l + 4); },
        [](unsigned) { return 1; }));
    CHECK(same(
        32, [](unsigned l) { return __match_any_sync(full, l % 5); },
        [](unsigned l) {
            unsigned m = 0;
            for (unsigned k = 0; k < 32; ++k) m |= (unsigned)(k % 5 == l % 5) << k;
            return m;
        }));
    CHECK(same(
        32,
        [](unsigned l) {
            int all;
            unsigned m = __match_all_sync(full, 1ull << 40, &all);
            return m == full && all == 1 && !__match_all_sync(full, l, &all) && !all;
        },
        [](unsigned) { return 1; }));
}

static void reductions() {
    unsigned sum = 0, least = full, most = 0, all = full, any = 0, odd = 0;
    for (unsigned l = 0; l < 32; ++l) {
        sum += value(l);
        least = value(l) < least ? value(l) : least;
        most = value(l) > most ? value(l) : most;
        all &= value(l) | 1;
        any |= value(l);
        odd ^= value(l);
    }
    auto is = [](unsigned v) { return [v](unsigned) { return v; }; };
    CHECK(same(
        32, [](unsigned l) { return __reduce_add_sync(full, value(l)); }, is(sum)));
    CHECK(same(
        32, [](unsigned l) { return __reduce_min_sync(full, value(l)); }, is(least)));
    CHECK(same(
        32, [](unsigned l) { return __reduce_max_sync(full, value(l)); }, is(most)));
    CHECK(same(
        32, [](unsigned l) { return __reduce_and_sync(full, value(l) | 1); }, is(all)));
    CHECK(same(
        32, [](unsigned l) { return __reduce_or_sync(full, value(l)); }, is(any)));
    CHECK(same(
        32, [](unsigned l) { return __reduce_xor_sync(full, value(l)); }, is(odd)));
    CHECK(same(
        32, [](unsigned l) { return (unsigned)__reduce_min_sync(full, 3 - (int)l); },
        is((unsigned)-28)));
    CHECK(same(
        32, [](unsigned l) { return (unsigned)__reduce_max_sync(full, (int)l - 40); },
        is((unsigned)-9)));
    CHECK(same(
        32, [](unsigned l) { return (unsigned)__reduce_add_sync(full, -(int)l); },
        is((unsigned)-496)));
}

static void masks() {
    /* Halves meet on their own; the lanes of a short warp are all there is. */
    CHECK(same(
        32,
        [](unsigned l) {
            unsigned half = l < 16 ? 0xffffu : 0xffff0000u;
            return __ballot_sync(half, l & 1) + __shfl_up_sync(half, l, 1, 16);
        },
        [](unsigned l) { return (l < 16 ? 0xaaaau : 0xaaaa0000u) + (l % 16 ? l - 1 : l); }));
    CHECK(same(
        13, [](unsigned l) { return __reduce_add_sync(0x1fff, l); }, [](unsigned) { return 78; }));
    /* Divergent branches, the same function in both. */
    CHECK(same(
        32,
        [](unsigned l) {
            const unsigned thirds = 0x49249249u;
            if (l % 3) return __reduce_add_sync(~thirds, 1u);
            return __reduce_add_sync(thirds, 1u) + 100;
        },
        [](unsigned l) { return l % 3 ? 21 : 111; }));
    /* One lane is a warp of its own; lanes take part in different numbers of meetings. */
    CHECK(same(
        32,
        [](unsigned l) {
            unsigned r = __shfl_sync(1u << l, l, (int)l);
            for (unsigned i = 0; i < l; ++i) r += __ballot_sync(1u << l, 1) >> l;
            return __reduce_add_sync(full, r);
        },
        [](unsigned) { return 2 * 496; }));
    /* Lanes that are done leave the others alone. */
    CHECK(same(
        32,
        [](unsigned l) {
            if (l >= 20) return 7u;
            return __reduce_add_sync(0xfffff, 1u);
        },
        [](unsigned l) { return l >= 20 ? 7 : 20; }));
}

__global__ void several_warps(unsigned *out) {
    const unsigned t = threadIdx.y * blockDim.x + threadIdx.x;
    __syncwarp();
    out[blockIdx.x * 96 + t] = __reduce_add_sync(full, t) + __shfl_xor_sync(full, t, 1);
}

static void shapes() {
    Device<unsigned> out(3 * 96);
    RUN(several_warps, 3, dim3(8, 12), 0, out.data);
    bool right = true;
    auto got = out.get();
    for (unsigned i = 0; i < got.size(); ++i) {
        const unsigned t = i % 96, w = t / 32;
        right &= got[i] == 32 * 32 * w + 496 + (t ^ 1);
    }
    CHECK(right);
}

__global__ void not_in_mask(unsigned) {
    __ballot_sync(1u << ((threadIdx.x + 1) % 32), 1);
}
__global__ void past_the_block(unsigned) {
    __ballot_sync(full, 1);
}
__global__ void exited_lane(unsigned) {
    if (threadIdx.x == 7) return;
    __syncwarp();
}
__global__ void source_outside(unsigned) {
    __shfl_sync(0xff, 1, 9);
}
__global__ void never_meet(unsigned) {
    __reduce_add_sync(threadIdx.x < 16 ? full : full >> 1, 1u);
}

static void faults() {
    DIES("calling lane is not in mask", RUN(not_in_mask, 1, 32, 0, 0u));
    DIES("names lane 20, which the block does not have", RUN(past_the_block, 1, 20, 0, 0u));
    DIES("exit", RUN(exited_lane, 1, 32, 0, 0u));
    DIES("not in mask 000000ff", RUN(source_outside, 1, 8, 0, 0u));
    DIES("not in mask", RUN(never_meet, 1, 32, 0, 0u));
}

int main() {
    shuffles();
    votes();
    reductions();
    masks();
    shapes();
    faults();
    return finish("collectives");
}
