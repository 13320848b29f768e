/*
 * bandwidth.cu - what the device gives to convolutions: rows gathered from the second-level cache into
 * shared memory, reads of device memory, and the time from one small kernel to the next.
 *
 * A gather is what a convolution does to its features: threads copy rows by cp.async, 16 bytes each,
 * into a ring of slots, with the row numbers of the next step on their way. The table of 26 MB is
 * float16 features of 100,000 voxels and 128 channels; it lies in the cache after the first run.
 * Every number is the best of several runs. QUICK=1: sizes at which the emulator is done at once.
 */
#include "kernels/array_test.h"

#include "gpu.cuh"
#include "ptx.cuh"

Suite suite("bandwidth");

static const bool quick = getenv("QUICK") != nullptr && getenv("QUICK")[0] == '1';
static const int runs = quick ? 1 : 10;

/* ---- time --------------------------------------------------------------------------------------- */

/* Milliseconds on the device: the least of `runs` after one that is not counted. */
template <class Queue> static double best_ms(Queue queue) {
    const cudaStream_t stream = (cudaStream_t)suite.gpu.stream;
    cudaEvent_t start, stop;
    suite.need(cudaEventCreate(&start));
    suite.need(cudaEventCreate(&stop));
    double best = 0;
    queue();
    for (int i = 0; i < runs; i++) {
        float ms = 0;
        suite.need(cudaEventRecord(start, stream));
        queue();
        suite.need(cudaEventRecord(stop, stream));
        suite.need(cudaStreamSynchronize(stream));
        suite.need(cudaEventElapsedTime(&ms, start, stop));
        if (i == 0 || ms < best) best = ms;
    }
    suite.need(cudaEventDestroy(start));
    suite.need(cudaEventDestroy(stop));
    return best > 1e-6 ? best : 1e-6;
}

static double rate(double bytes, double ms) {
    return bytes / ms / 1e6;
}

/* ---- gathers ------------------------------------------------------------------------------------ */

enum { THREADS = 256, STAGES = 4, EACH = 2, SLOT = THREADS * EACH * 16, BLOCKS = 6 };
static const size_t table_bytes = quick ? 64 << 10 : 26 << 20;
static const size_t gathered_bytes = quick ? 128 << 10 : (size_t)1 << 30;

/* A step is EACH rows for each of the groups of threads that share a row. */
template <int BYTES> struct Step {
    enum { CHUNKS = BYTES / 16, LINES = THREADS / CHUNKS, ROWS = LINES * EACH };
};

template <int BYTES>
__global__ void __launch_bounds__(THREADS, BLOCKS)
    gather(const unsigned char *table, const int32_t *rows, int64_t steps, uint32_t *out) {
    using S = Step<BYTES>;
    DYN_SMEM(unsigned char, shared);
    const int line = (int)threadIdx.x / S::CHUNKS, chunk = (int)threadIdx.x % S::CHUNKS;
    int32_t ahead[EACH];
    int64_t next = blockIdx.x;
    uint32_t sum = 0;
    const auto look_ahead = [&] {
#pragma unroll
        for (int i = 0; i < EACH; i++)
            ahead[i] = next < steps ? rows[next * S::ROWS + i * S::LINES + line] : 0;
    };
    int copied = 0;
    const auto copy = [&] {
        int32_t now[EACH];
        const bool there = next < steps;
#pragma unroll
        for (int i = 0; i < EACH; i++) now[i] = ahead[i];
        next += gridDim.x;
        look_ahead();
        unsigned char *slot = shared + copied % STAGES * SLOT;
        if (there) {
#pragma unroll
            for (int i = 0; i < EACH; i++)
                ptx_cp_async_16(slot + (i * THREADS + (int)threadIdx.x) * 16,
                                table + (size_t)now[i] * BYTES + chunk * 16);
        }
        copied++;
        ptx_cp_async_commit();
    };
    look_ahead();
    for (int s = 0; s < STAGES - 1; s++) copy();
    int used = 0;
    for (int64_t step = blockIdx.x; step < steps; step += gridDim.x) {
        ptx_cp_async_wait<STAGES - 2>();
        __syncthreads();
        copy();
        sum += *reinterpret_cast<const uint32_t *>(shared + used % STAGES * SLOT +
                                                   ((int)threadIdx.x ^ 1) * 16);
        used++;
    }
    ptx_cp_async_wait<0>();
    if (sum == 0x9e3779b9u) *out = sum; /* so that nothing is left out */
}

/* Every row in order again and again, each up to 64 rows off, as taps find their neighbours; or any. */
template <int BYTES> static std::vector<int32_t> row_numbers(bool random) {
    const int64_t there = (int64_t)(table_bytes / BYTES);
    std::vector<int32_t> rows(gathered_bytes / BYTES / Step<BYTES>::ROWS * Step<BYTES>::ROWS);
    for (size_t i = 0; i < rows.size(); i++) {
        const int64_t near = (int64_t)i % there + suite.between(-64, 64);
        rows[i] = (int32_t)(random ? suite.between(0, there - 1) : (near + there) % there);
    }
    return rows;
}

template <int BYTES>
static double gather_rate(const unsigned char *table, bool random, uint32_t *out) {
    const Array<int32_t> rows(row_numbers<BYTES>(random));
    const int64_t steps = (int64_t)rows.count / Step<BYTES>::ROWS;
    const unsigned grid = (unsigned)(suite.gpu.sm_count * BLOCKS);
    const double ms = best_ms([&] {
        LAC_LAUNCH(&suite.gpu, (gather<BYTES>), grid, THREADS, STAGES * SLOT, table, rows.data,
                   steps, out);
    });
    return rate((double)rows.count * BYTES, ms);
}

template <int BYTES> static void print_gathers(const unsigned char *table, uint32_t *out) {
    const double any = gather_rate<BYTES>(table, true, out);
    printf("gather, rows of %3d bytes, GB/s           | %8.0f | %8.0f\n", BYTES, any,
           gather_rate<BYTES>(table, false, out));
}

/* ---- reads -------------------------------------------------------------------------------------- */

__global__ void __launch_bounds__(THREADS) read(const uint4 *from, int64_t count, uint32_t *out) {
    const int64_t threads = (int64_t)gridDim.x * THREADS;
    uint32_t sum = 0;
    for (int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x; i < count; i += 4 * threads) {
        uint4 v[4];
#pragma unroll
        for (int k = 0; k < 4; k++)
            v[k] = i + k * threads < count ? ptx_ld_global_nc_16(from + i + k * threads)
                                           : make_uint4(0, 0, 0, 0);
#pragma unroll
        for (int k = 0; k < 4; k++) sum += v[k].x ^ v[k].y ^ v[k].z ^ v[k].w;
    }
    if (sum == 0x9e3779b9u) *out = sum;
}

static double read_rate(const void *from, size_t bytes, uint32_t *out) {
    const double ms = best_ms([&] {
        LAC_LAUNCH(&suite.gpu, read, (unsigned)(suite.gpu.sm_count * 8), THREADS, 0,
                   (const uint4 *)from, (int64_t)(bytes / 16), out);
    });
    return rate((double)bytes, ms);
}

/* ---- from one kernel to the next ---------------------------------------------------------------- */

__global__ void touch(uint32_t *word) {
    if (threadIdx.x == 0) *word += 1;
}

static const int chain = quick ? 8 : 1000;

static void queue_chain(uint32_t *word) {
    for (int i = 0; i < chain; i++) LAC_LAUNCH(&suite.gpu, touch, 1, 32, 0, word);
}

static double graph_us(uint32_t *word) {
    const cudaStream_t stream = (cudaStream_t)suite.gpu.stream;
    cudaGraph_t graph;
    cudaGraphExec_t ready;
    suite.need(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    queue_chain(word);
    suite.need(cudaStreamEndCapture(stream, &graph));
    suite.need(cudaGraphInstantiate(&ready, graph, 0));
    const double ms = best_ms([&] { suite.need(cudaGraphLaunch(ready, stream)); });
    suite.need(cudaGraphExecDestroy(ready));
    suite.need(cudaGraphDestroy(graph));
    return ms * 1e3 / chain;
}

int main() {
    cudaDeviceProp device;
    suite.need(cudaGetDeviceProperties(&device, 0));
    suite.gpu.sm_count = device.multiProcessorCount;
    printf("%s, %d multiprocessors, %.0f MB of second-level cache\n", device.name,
           device.multiProcessorCount, device.l2CacheSize / 1e6);
    Array<unsigned char> table(table_bytes);
    Array<uint32_t> out(1);
    suite.need(cudaMemset(table.data, 1, table.count));
    suite.need(cudaMemset(out.data, 0, sizeof(uint32_t)));
    printf("cache to shared memory, table of %5.1f MB  |   random |  ordered\n", table_bytes / 1e6);
    print_gathers<64>(table.data, out.data);
    print_gathers<128>(table.data, out.data);
    print_gathers<256>(table.data, out.data);
    print_gathers<512>(table.data, out.data);
    printf("plain loads of the same table, GB/s       | %8.0f |\n",
           read_rate(table.data, table.count, out.data));
    {
        Array<unsigned char> large(quick ? 256 << 10 : (size_t)4 << 30);
        suite.need(cudaMemset(large.data, 1, large.count));
        printf("device memory, read, GB/s                 | %8.0f |\n",
               read_rate(large.data, large.count, out.data));
    }
    printf("kernels of one block, stream, us each     | %8.2f |\n",
           best_ms([&] { queue_chain(out.data); }) * 1e3 / chain);
    printf("kernels of one block, graph, us each      | %8.2f |\n", graph_us(out.data));
    suite.check(out.get()[0] > 0, "kernels ran");
    return suite.done();
}
