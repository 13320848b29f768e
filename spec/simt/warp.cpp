/*
 * warp.cpp - the rendezvous behind every warp operation.
 *
 * Lanes meet by mask and function. The last to come does the work for all and goes on; the others
 * are woken. Divergent parts of a warp can hold several meetings at a time. Lanes that never meet
 * end in a report of who waits where.
 */
#include "engine.h"

namespace simt {

struct Meeting {
    unsigned mask, arrived;
    Combine combine;
    const char *what;
    void *args[32];
};

/* At most 32 meetings: each has a lane that waits. */
struct Warp {
    unsigned present, exited, meetings;
    Meeting meeting[32];
};

static Warp warps[max_threads / 32];
unsigned warp_epoch[max_threads / 32];
bool combining;

void warps_begin_block() {
    for (unsigned w = 0, left = thread_count; left; ++w) {
        const unsigned lanes = left < 32 ? left : 32;
        warps[w].present = lanes == 32 ? ~0u : (1u << lanes) - 1;
        warps[w].exited = 0;
        warps[w].meetings = 0;
        left -= lanes;
    }
}

static Meeting &find_meeting(Warp &warp, unsigned mask, Combine combine, const char *what) {
    for (unsigned i = 0; i < warp.meetings; ++i)
        if (warp.meeting[i].mask == mask && warp.meeting[i].combine == combine)
            return warp.meeting[i];
    Meeting &fresh = warp.meeting[warp.meetings++];
    fresh.mask = mask;
    fresh.arrived = 0;
    fresh.combine = combine;
    fresh.what = what;
    return fresh;
}

static unsigned lowest(unsigned mask) {
    return (unsigned)__builtin_ctz(mask);
}

[[noreturn]] static void reject(const Warp &warp, unsigned mask, unsigned bit, const char *what) {
    if (!(mask & bit)) die("%s: the calling lane is not in mask %08x", what, mask);
    if (mask & ~warp.present)
        die("%s: mask %08x names lane %u, which the block does not have", what, mask,
            lowest(mask & ~warp.present));
    die("%s: lane %u of mask %08x has exited", what, lowest(mask & warp.exited), mask);
}

static void order_memory(void *const *, unsigned) {}

void sync_warp(unsigned mask) {
    warp_op(mask, nullptr, order_memory, "__syncwarp");
}

void warp_op(unsigned mask, void *arg, Combine combine, const char *what) {
    Thread &me = *current;
    const unsigned w = me.flat / 32, lane = me.flat % 32, bit = 1u << lane;
    Warp &warp = warps[w];
    if (!(mask & bit) || mask & ~(warp.present & ~warp.exited)) reject(warp, mask, bit, what);

    Meeting &meeting = find_meeting(warp, mask, combine, what);
    meeting.args[lane] = arg;
    meeting.arrived |= bit;
    if (meeting.arrived != mask) {
        park(State::in_warp_op, what, mask);
        return;
    }
    combining = true;
    combine(meeting.args, mask);
    combining = false;
    ++statistics.warp_ops;
    if (checker && combine == order_memory) {
        ++warp_epoch[w];
        checker->sync_warp(w, mask);
    }
    Meeting &last = warp.meeting[--warp.meetings];
    if (&last != &meeting) meeting = last;
    for (unsigned others = mask & ~bit; others; others &= others - 1)
        wake((&me - lane)[lowest(others)]);
}

void warp_lane_exits(const Thread &thread) {
    const unsigned bit = 1u << thread.flat % 32;
    Warp &warp = warps[thread.flat / 32];
    warp.exited |= bit;
    for (unsigned i = 0; i < warp.meetings; ++i)
        if (warp.meeting[i].mask & bit)
            die("the thread exits while lanes %08x wait for it in %s with mask %08x",
                warp.meeting[i].arrived, warp.meeting[i].what, warp.meeting[i].mask);
}

} // namespace simt
