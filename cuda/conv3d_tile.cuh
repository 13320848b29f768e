/*
 * conv3d_tile.cuh - what the implicit GEMM kernels share: which tile of rows and channels a block
 * makes, the taps that the tile needs, and the input rows that each tap brings.
 *
 * A block walks steps: for every tap of the tile, in order, slices of 64 bytes of input channels.
 * Four threads have a row of a slice, 16 bytes each, so a thread keeps the row numbers of a few
 * rows of the tile, and those of the next tap on their way.
 *
 * Invariant: taps come ascending, the centre last, whatever the tile has; a row without the tap
 * reads zeros, which leave its sum as it is. So a row's chain does not depend on the rows beside
 * it.
 */
#ifndef LAC_CUDA_CONV3D_TILE_CUH
#define LAC_CUDA_CONV3D_TILE_CUH

#include "epilogue.cuh"
#include "ptx.cuh"

namespace conv {

enum { SLICE_BYTES = 64, CHUNK_BYTES = 16, CHUNKS = SLICE_BYTES / CHUNK_BYTES };

/* ------------------------------------------------------------------------ the tile */

/** Part of the taps of blockIdx.y. */
struct Part {
    int index, first, taps, centre; /* centre: as counted from `first`, -1: none or elsewhere */
};

__device__ inline Part part_of(const lac__product &p) {
    Part part;
    part.index = (int)blockIdx.y;
    part.first = (int)((int64_t)p.taps * part.index / p.splits);
    part.taps = (int)((int64_t)p.taps * (part.index + 1) / p.splits) - part.first;
    const int centre = p.centre - part.first;
    part.centre = centre >= 0 && centre < part.taps ? centre : -1;
    return part;
}

struct Tile {
    int64_t position; /* of its first row, in order */
    int column;       /* first channel */
};

/** Tiles of M x N; those of one group of rows are neighbours, channels first. */
template <int M, int N> __host__ __device__ inline int64_t tiles_of(const lac__product &p) {
    const int64_t groups = (p.rows + LAC__GROUP_ROWS - 1) / LAC__GROUP_ROWS;
    return groups * (LAC__GROUP_ROWS / M) * ((p.cout + N - 1) / N);
}

/** Tile number i; its position may lie past the rows, where the last group is short. */
template <int M, int N>
__device__ inline Tile tile_at(const lac__product &p, const Part &part, int64_t i) {
    constexpr int SHARES = LAC__GROUP_ROWS / M;
    const int64_t across = (p.cout + N - 1) / N, down = quotient(i, across);
    int64_t group = down / SHARES;
    if (p.groups != nullptr) {
        const int64_t groups = (p.rows + LAC__GROUP_ROWS - 1) / LAC__GROUP_ROWS;
        group = p.groups[part.index * groups + group];
    }
    return {group * LAC__GROUP_ROWS + down % SHARES * M, (int)(i - down * across) * N};
}

/** Output row at a position, -1 past the end. */
__device__ inline int32_t row_at(const lac__product &p, const Part &part, int64_t position) {
    if (position >= p.rows) return -1;
    return p.order != nullptr ? p.order[(size_t)part.index * (size_t)p.rows + (size_t)position]
                              : (int32_t)position;
}

/* ------------------------------------------------------------------------ its taps */

/** The set bits of the union of the masks of a tile: ascending, the centre behind them. */
struct Taps {
    const uint32_t *masks; /* of the tile's first 32 rows */
    int tiles, words, word;
    uint32_t left; /* of this word */
    int centre;
    bool centre_left;

    __device__ uint32_t joined(int w) const {
        uint32_t mask = 0;
        for (int t = 0; t < tiles; t++) mask |= masks[(size_t)t * (size_t)words + (size_t)w];
        return mask;
    }

    /** Starts over; returns how many taps there are. */
    template <int M>
    __device__ int begin(const lac__product &p, const Part &part, int64_t position) {
        const int64_t all = (p.rows + LAC__TILE_ROWS_GPU - 1) / LAC__TILE_ROWS_GPU;
        const int64_t first = position / LAC__TILE_ROWS_GPU, there = all - first;
        left = 0;
        word = -1;
        centre = part.centre;
        centre_left = p.table == nullptr; /* one tap, and no masks */
        words = p.table == nullptr ? 0 : p.words;
        tiles = there < M / LAC__TILE_ROWS_GPU ? (int)there : M / LAC__TILE_ROWS_GPU;
        masks = p.tiles + ((size_t)part.index * (size_t)all + (size_t)first) * (size_t)words;
        int count = centre_left;
        for (int w = 0; w < words; w++) count += __popc(joined(w));
        return count;
    }

    /** The next one, -1 behind the last. */
    __device__ int next() {
        while (left == 0) {
            if (++word >= words) {
                if (!centre_left) return -1;
                centre_left = false;
                return centre;
            }
            left = joined(word);
            const uint32_t bit = centre >= 0 && centre / 32 == word ? 1u << centre % 32 : 0u;
            if (left & bit) {
                centre_left = true;
                left &= ~bit;
            }
        }
        const int tap = word * 32 + __ffs((int)left) - 1;
        left &= left - 1;
        return tap;
    }
};

/* ------------------------------------------------------------------------ its steps */

/** A thread's side of the walk over taps and slices. */
template <class T, int M, int THREADS> struct Steps {
    enum { EACH = M * CHUNKS / THREADS, WIDTH = SLICE_BYTES / (int)sizeof(T) };
    int32_t out[EACH]; /* rows of the result that this thread gathers for */
    int32_t now[EACH], ahead[EACH];
    Taps taps;
    int first, tap, tap_ahead;
    int channel; /* first of the slice */

    /** Row `i` of the thread within the tile. */
    static __device__ int row(int i) {
        return (int)threadIdx.x / CHUNKS + i * (THREADS / CHUNKS);
    }

    __device__ void look_ahead(const lac__product &p) {
        tap_ahead = taps.next();
        const int32_t *table = p.table;
        if (tap_ahead >= 0 && table != nullptr)
            table += (size_t)(first + tap_ahead) * (size_t)p.rows;
#pragma unroll
        for (int i = 0; i < EACH; i++)
            ahead[i] = tap_ahead >= 0 && table != nullptr && out[i] >= 0 ? table[out[i]] : out[i];
    }

    __device__ void enter() {
        tap = tap_ahead;
#pragma unroll
        for (int i = 0; i < EACH; i++) now[i] = ahead[i];
    }

    /** Starts at the first step of a tile; returns how many there are. */
    __device__ int begin(const lac__product &p, const Part &part, int64_t position) {
        first = part.first;
        channel = 0;
#pragma unroll
        for (int i = 0; i < EACH; i++) out[i] = row_at(p, part, position + row(i));
        const int count = taps.template begin<M>(p, part, position);
        look_ahead(p);
        enter();
        if (tap >= 0) look_ahead(p);
        return count * slices(p);
    }

    static __device__ int slices(const lac__product &p) {
        return (p.k + WIDTH - 1) / WIDTH;
    }

    __device__ void advance(const lac__product &p) {
        channel += WIDTH;
        if (channel < p.k) return;
        channel = 0;
        enter();
        if (tap >= 0) look_ahead(p);
    }

    /** Weights of an output channel from `channel` on; `n` is within the packed ones. */
    __device__ const T *weight(const lac__product &p, int n) const {
        const size_t at = (size_t)(first + tap) * (size_t)p.n + (size_t)n;
        return static_cast<const T *>(p.weight) + at * (size_t)p.k + (size_t)channel;
    }
};

/** Where a row's channels from `channel` on lie, and how many follow; NULL: nowhere. */
template <class T> struct Source {
    const T *from;
    int left;

    __device__ Source(const lac__product &p, int32_t row, int channel) : from(nullptr), left(0) {
        const bool second = channel >= p.cin[0];
        const int width = second ? p.cin[1] : p.cin[0], at = second ? channel - p.cin[0] : channel;
        if (row < 0 || at >= width) return;
        from = static_cast<const T *>(second ? p.x[1] : p.x[0]) + (size_t)row * (size_t)width +
               (size_t)at;
        left = width - at;
    }
};

/** 4 channels of a row as float, 0 where there are none. */
template <class T>
__device__ inline void read_four(const lac__product &p, int32_t row, int channel, float (&v)[4]) {
    const Source<T> s(p, row, channel);
#pragma unroll
    for (int i = 0; i < 4; i++) v[i] = 0.0f;
    if (s.from != nullptr)
        load_lanes<T>(s.from, 0, p.piece >= 4 * (int)sizeof(T), s.left < 4 ? s.left : 4, v);
}

} // namespace conv

#endif
