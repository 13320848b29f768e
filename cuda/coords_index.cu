/*
 * coords_index.cu - the box of rows, their keys, and which sorted keys repeat.
 */
#include "coords.cuh"

enum { THREADS = LAC__COORDS_THREADS, NONE = 0x7fffffff };

static __global__ void start_bounds(int32_t *bounds) {
    const int i = (int)threadIdx.x;
    if (i < 9) bounds[i] = i < 4 ? NONE : i < 8 ? -NONE - 1 : 0;
}

/* Every thread takes rows of its own, every warp joins its lanes', every block its warps'. */
static __global__ void __launch_bounds__(THREADS, 4)
    find_bounds(const int32_t *rows, int64_t n, int32_t *bounds) {
    __shared__ int32_t joined[9];
    if (threadIdx.x < 9)
        joined[threadIdx.x] = threadIdx.x < 4 ? NONE : threadIdx.x < 8 ? -NONE - 1 : 0;
    __syncthreads();
    int32_t low[4] = {NONE, NONE, NONE, NONE},
            high[4] = {-NONE - 1, -NONE - 1, -NONE - 1, -NONE - 1};
    bool unsorted = false;
    for (int64_t i = thread_number(); i < n; i += thread_count()) {
        const int4 r = load_row(rows, i);
        const int32_t value[4] = {r.x, r.y, r.z, r.w};
        for (int f = 0; f < 4; f++) {
            low[f] = value[f] < low[f] ? value[f] : low[f];
            high[f] = value[f] > high[f] ? value[f] : high[f];
        }
        if (i > 0) {
            const int4 p = load_row(rows, i - 1);
            const bool above = r.x != p.x   ? r.x > p.x
                               : r.y != p.y ? r.y > p.y
                               : r.z != p.z ? r.z > p.z
                                            : r.w > p.w;
            unsorted = unsorted || !above;
        }
    }
    for (int step = 16; step > 0; step /= 2) {
        for (int f = 0; f < 4; f++) {
            const int32_t l = __shfl_xor_sync(0xffffffffu, low[f], step);
            const int32_t h = __shfl_xor_sync(0xffffffffu, high[f], step);
            low[f] = l < low[f] ? l : low[f];
            high[f] = h > high[f] ? h : high[f];
        }
    }
    unsorted = __any_sync(0xffffffffu, unsorted) != 0;
    if (threadIdx.x % 32 == 0) {
        for (int f = 0; f < 4; f++) {
            atomicMin(&joined[f], low[f]);
            atomicMax(&joined[4 + f], high[f]);
        }
        if (unsorted) atomicMax(&joined[8], 1);
    }
    __syncthreads();
    if (threadIdx.x < 4)
        atomicMin(&bounds[threadIdx.x], joined[threadIdx.x]);
    else if (threadIdx.x < 9)
        atomicMax(&bounds[threadIdx.x], joined[threadIdx.x]);
}

void lac__launch_bounds(lac__gpu *gpu, const int32_t *rows, int64_t n, int32_t *bounds) {
    LAC_LAUNCH(gpu, start_bounds, 1, 32, 0, bounds);
    if (n <= 0) return;
    const unsigned blocks = coords_blocks(n), most = 512; /* each adds to the same words */
    LAC_LAUNCH(gpu, find_bounds, blocks < most ? blocks : most, THREADS, 0, rows, n, bounds);
}

static __global__ void __launch_bounds__(THREADS)
    pack_rows(const int32_t *rows, int64_t n, lac__packing packing, uint64_t *keys) {
    for (int64_t i = thread_number(); i < n; i += thread_count()) {
        const int4 r = load_row(rows, i);
        keys[i] = pack_row(packing, r.x, r.y, r.z, r.w);
    }
}

void lac__launch_pack_rows(lac__gpu *gpu, const int32_t *rows, int64_t n,
                           const lac__packing *packing, uint64_t *keys) {
    if (n > 0) LAC_LAUNCH(gpu, pack_rows, coords_blocks(n), THREADS, 0, rows, n, *packing, keys);
}

static __global__ void start_first(unsigned long long *first) {
    *first = INT64_MAX;
}

static __global__ void __launch_bounds__(THREADS)
    find_repeat(const uint64_t *keys, int64_t n, unsigned long long *first) {
    for (int64_t i = thread_number() + 1; i < n; i += thread_count()) {
        if (keys[i] == keys[i - 1]) atomicMin(first, (unsigned long long)i);
    }
}

void lac__launch_first_repeat(lac__gpu *gpu, const uint64_t *keys, int64_t n, int64_t *first) {
    unsigned long long *word = reinterpret_cast<unsigned long long *>(first);
    LAC_LAUNCH(gpu, start_first, 1, 1, 0, word);
    if (n > 1) LAC_LAUNCH(gpu, find_repeat, coords_blocks(n), THREADS, 0, keys, n, word);
}

static __global__ void start_flag(int32_t *flag) {
    *flag = 0;
}

static __global__ void __launch_bounds__(THREADS)
    find_difference(const int32_t *a, const int32_t *b, int64_t n, int32_t *differ) {
    bool found = false;
    for (int64_t i = thread_number(); i < n; i += thread_count()) {
        const int4 p = load_row(a, i), q = load_row(b, i);
        found = found || p.x != q.x || p.y != q.y || p.z != q.z || p.w != q.w;
    }
    if (found) atomicMax(differ, 1);
}

void lac__launch_rows_differ(lac__gpu *gpu, const int32_t *a, const int32_t *b, int64_t n,
                             int32_t *differ) {
    LAC_LAUNCH(gpu, start_flag, 1, 1, 0, differ);
    if (n > 0) LAC_LAUNCH(gpu, find_difference, coords_blocks(n), THREADS, 0, a, b, n, differ);
}

static __global__ void __launch_bounds__(THREADS)
    find_heads(const uint64_t *keys, int64_t n, int32_t *heads) {
    for (int64_t i = thread_number(); i < n; i += thread_count())
        heads[i] = i == 0 || keys[i] != keys[i - 1];
}

void lac__launch_heads(lac__gpu *gpu, const uint64_t *keys, int64_t n, int32_t *heads) {
    if (n > 0) LAC_LAUNCH(gpu, find_heads, coords_blocks(n), THREADS, 0, keys, n, heads);
}

/* The sort is stable: the first row of a group comes first. */
static __global__ void __launch_bounds__(THREADS)
    write_groups(const uint64_t *keys, const int32_t *order, const int32_t *numbers, int64_t n,
                 int32_t *group, int32_t *first) {
    for (int64_t i = thread_number(); i < n; i += thread_count()) {
        const bool head = i == 0 || keys[i] != keys[i - 1];
        const int32_t number = numbers[i] - (head ? 0 : 1), row = order[i];
        group[row] = number;
        if (head) first[number] = row;
    }
}

void lac__launch_write_groups(lac__gpu *gpu, const uint64_t *keys, const int32_t *order,
                              const int32_t *numbers, int64_t n, int32_t *group, int32_t *first) {
    if (n > 0)
        LAC_LAUNCH(gpu, write_groups, coords_blocks(n), THREADS, 0, keys, order, numbers, n, group,
                   first);
}
