/*
 * warp.h - the warp collectives, each a few lines on top of the rendezvous.
 *
 * Arguments and results travel in a small struct on the stack of each waiting thread.
 */
#ifndef SIMT_DEVICE_WARP_H
#define SIMT_DEVICE_WARP_H

#include "../simt.h"

#include <cstring>

namespace simt {

template <class F> inline void each_lane(unsigned mask, F visit) {
    for (; mask; mask &= mask - 1) visit((unsigned)__builtin_ctz(mask));
}

template <class T, class R> struct Vote {
    T value;
    R result;
};

/* `source` is the lane to read; lanes of the mask only. */
template <class T> struct Shuffle {
    T value;
    int source;
    T result;
};

template <class T> inline T shuffle(unsigned mask, T value, int source, const char *what) {
    static_assert(sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8,
                  "shuffles move 2, 4, 8 bytes");
    Shuffle<T> mine{value, source, value};
    warp_op(
        mask, &mine,
        [](void *const *args, unsigned lanes) {
            each_lane(lanes, [&](unsigned l) {
                auto *to = static_cast<Shuffle<T> *>(args[l]);
                if (!(lanes >> to->source & 1))
                    die("lane %u shuffles from lane %d, which is not in mask %08x", l, to->source,
                        lanes);
                to->result = static_cast<Shuffle<T> *>(args[to->source])->value;
            });
        },
        what);
    return mine.result;
}

/* Folds the values of all lanes and gives the result to each. */
template <class T, class Fold> inline T reduce(unsigned mask, T value, Fold, const char *what) {
    Vote<T, T> mine{value, value};
    warp_op(
        mask, &mine,
        [](void *const *args, unsigned lanes) {
            T sum{};
            bool first = true;
            each_lane(lanes, [&](unsigned l) {
                T v = static_cast<Vote<T, T> *>(args[l])->value;
                sum = first ? v : Fold::fold(sum, v);
                first = false;
            });
            each_lane(lanes, [&](unsigned l) { static_cast<Vote<T, T> *>(args[l])->result = sum; });
        },
        what);
    return mine.result;
}

struct Add {
    template <class T> static T fold(T a, T b) {
        return (T)((unsigned)a + (unsigned)b);
    }
};
struct Min {
    template <class T> static T fold(T a, T b) {
        return b < a ? b : a;
    }
};
struct Max {
    template <class T> static T fold(T a, T b) {
        return a < b ? b : a;
    }
};
struct And {
    template <class T> static T fold(T a, T b) {
        return a & b;
    }
};
struct Or {
    template <class T> static T fold(T a, T b) {
        return a | b;
    }
};
struct Xor {
    template <class T> static T fold(T a, T b) {
        return a ^ b;
    }
};

inline int segment_start(int width) {
    return lane() & -width;
}

} // namespace simt

inline void __syncwarp(unsigned mask = 0xffffffffu) {
    simt::sync_warp(mask);
}

/* `width` is a power of two: the warp falls into segments that shuffle on their own. */
template <class T> T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
    return simt::shuffle(mask, value, simt::segment_start(width) + (source & (width - 1)),
                         "__shfl_sync");
}
template <class T> T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32) {
    int me = simt::lane(), from = me ^ bits;
    bool inside = from < simt::segment_start(width) + width;
    return simt::shuffle(mask, value, inside ? from : me, "__shfl_xor_sync");
}
template <class T> T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    int me = simt::lane(), from = me + (int)delta;
    bool inside = from < simt::segment_start(width) + width;
    return simt::shuffle(mask, value, inside ? from : me, "__shfl_down_sync");
}
template <class T> T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    int me = simt::lane(), from = me - (int)delta;
    bool inside = from >= simt::segment_start(width);
    return simt::shuffle(mask, value, inside ? from : me, "__shfl_up_sync");
}

inline unsigned __ballot_sync(unsigned mask, int predicate) {
    unsigned bit = predicate ? 1u << simt::lane() : 0u;
    return simt::reduce(mask, bit, simt::Or{}, "__ballot_sync");
}
inline int __any_sync(unsigned mask, int predicate) {
    return simt::reduce(mask, (unsigned)!!predicate, simt::Or{}, "__any_sync") != 0;
}
inline int __all_sync(unsigned mask, int predicate) {
    return simt::reduce(mask, (unsigned)!!predicate, simt::And{}, "__all_sync") != 0;
}

template <class T> unsigned __match_any_sync(unsigned mask, T value) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "matches 4 or 8 bytes");
    simt::Vote<T, unsigned> mine{value, 0};
    simt::warp_op(
        mask, &mine,
        [](void *const *args, unsigned lanes) {
            simt::each_lane(lanes, [&](unsigned l) {
                auto *to = static_cast<simt::Vote<T, unsigned> *>(args[l]);
                simt::each_lane(lanes, [&](unsigned k) {
                    auto *other = static_cast<simt::Vote<T, unsigned> *>(args[k]);
                    if (!std::memcmp(&to->value, &other->value, sizeof(T))) to->result |= 1u << k;
                });
            });
        },
        "__match_any_sync");
    return mine.result;
}
template <class T> unsigned __match_all_sync(unsigned mask, T value, int *same) {
    *same = __match_any_sync(mask, value) == mask;
    *same = __all_sync(mask, *same);
    return *same ? mask : 0;
}

#define SIMT_REDUCE(name, type, fold)                                                              \
    inline type name(unsigned mask, type value) {                                                  \
        return simt::reduce(mask, value, simt::fold{}, #name);                                     \
    }
SIMT_REDUCE(__reduce_add_sync, unsigned, Add)
SIMT_REDUCE(__reduce_min_sync, unsigned, Min)
SIMT_REDUCE(__reduce_max_sync, unsigned, Max)
SIMT_REDUCE(__reduce_add_sync, int, Add)
SIMT_REDUCE(__reduce_min_sync, int, Min)
SIMT_REDUCE(__reduce_max_sync, int, Max)
SIMT_REDUCE(__reduce_and_sync, unsigned, And)
SIMT_REDUCE(__reduce_or_sync, unsigned, Or)
SIMT_REDUCE(__reduce_xor_sync, unsigned, Xor)
#undef SIMT_REDUCE

/* Which lanes happen to be converged is no property of a program: name them instead. */
unsigned __activemask() = delete;

#endif
