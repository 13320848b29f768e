/*
 * lacuna.h - sparse convolution for point clouds: contexts, tensors, coordinates, operations, files.
 *
 * The library never aborts, exits or prints. Every fallible function returns a lac_status and writes
 * its result through the last parameter, which is left untouched on failure; lac_last_error() then
 * holds one line for the calling thread: "op: what is, what was expected, a hint".
 *
 * Lifetimes, in four words:
 *   borrowed         the callee uses the argument during the call and keeps nothing of it
 *   copied           the callee keeps a copy
 *   retained         the callee keeps a reference of its own; yours stays yours
 *   caller releases  the result carries one reference that the caller gives back with _release
 * Unless a comment says otherwise, handles passed in are borrowed, tensors that become part of a result
 * are retained, and results are the caller's to release. Releasing NULL does nothing.
 *
 * One context is used by one thread at a time; two contexts never meet, except that tensors that nobody
 * writes may be read from both. Functions that may be called from any thread at any time say so.
 *
 * Promises and limits, with what holds them:
 *   results    Any number of threads and any batch around a sample give the same bits; so does any instruction
 *              set in float32, and so do deferred and fused operations. Random numbers follow from the seed.
 *              spec/properties/conv_spec.lua, maps_spec.lua, spec/cli/isa_spec.lua, spec/tensor/random_spec.lua
 *   threads    A context, hdf5, script or model: one thread at a time; coordinates, kernel maps, sparse and
 *              pending tensors: that of their context, since they keep what was computed of them. A computed
 *              tensor that nobody writes: several at once. File and weights: any. Retain and release: any.
 *              spec/c/weights_test.c, script_test.c, and every harness under `make sanitize-threads`
 *   memory     Each request may fail: the call gives OOM, or does without; nothing leaks, and the same
 *              objects serve again, with the same bits. spec/c/alloc_walk_*_test.c, script_alloc_walk_test.c
 *   arguments  NULL where it is not said to be fine, and an enum that is none, are errors with a message;
 *              functions without a status do nothing and give 0 or NULL. spec/runtime/arguments_spec.lua
 *   numbers    8 dimensions; 2^31 - 1 rows of coordinates, and every coordinate an int32; kernels of 1024
 *              on an axis and 32,768 taps; padding and dilation 2^20; beyond them the call fails.
 *              spec/runtime/limits_spec.lua
 *   files      What is written appears whole under its name or not at all, also where the disk is full or the
 *              process killed (spec/cli/crash_spec.lua). Weights of an older version stay readable; a newer
 *              one is refused (spec/nn/state_dict_spec.lua).
 *   trust      Files are not trusted: what is wrong in them is an error. spec/fuzz. HDF5 structure is parsed by
 *              libhdf5 in this process; see README. Scripts are trusted: see lacuna_script.h, `restricted`
 *   ABI        lac_abi changes with any struct or prototype; a struct that begins with `size` must give its
 *              exact size, else ARGUMENT. spec/runtime/arguments_spec.lua
 *
 * C counts dimensions and rows from 0. Sizes are int64_t. Shapes are written [rows, columns].
 *
 * The body below holds enums, structs and plain prototypes only: LuaJIT's ffi.cdef reads the same text.
 */
#ifndef LACUNA_H
#define LACUNA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* ---- status ---------------------------------------------------------------------------------- */

typedef enum lac_status {
    LAC_OK = 0,
    LAC_ERR_ARGUMENT = 1,     /* a value that no call accepts */
    LAC_ERR_SHAPE = 2,        /* shapes that do not go together */
    LAC_ERR_DTYPE = 3,        /* a dtype that the operation does not take */
    LAC_ERR_DEVICE = 4,       /* a tensor on another device, or a device that is not there */
    LAC_ERR_DUPLICATE = 5,    /* two equal rows in one coordinate set */
    LAC_ERR_RANGE = 6,        /* an index or a coordinate outside of its range */
    LAC_ERR_LINEAGE = 7,      /* a transposed convolution without the convolution that it inverts */
    LAC_ERR_OOM = 8,          /* the system or the context's budget has no more memory */
    LAC_ERR_IO = 9,           /* the system refused a file operation */
    LAC_ERR_FORMAT = 10,      /* a file whose content is not what it should be */
    LAC_ERR_UNSUPPORTED = 11, /* legal, and not available in this build or on this machine */
    LAC_ERR_INTERRUPTED = 12, /* lac_context_interrupt was called */
    LAC_ERR_INTERNAL = 13,    /* a defect of the library */
    LAC_AGAIN = 14,           /* the pool is about to grow: see lac_memory_collector */
    LAC_ERR_SCRIPT = 15       /* a Lua script raised an error */
} lac_status;

/** The calling thread's last error, "" if there was none. Valid until its next failing call. Any thread. */
const char *lac_last_error(void);
/** Makes `text` (copied, up to 1023 bytes) the calling thread's last error and returns `status`: for
 *  libraries on top of this one that report failures in the same way. Any thread. */
lac_status lac_fail(lac_status status, const char *text);
/** "shape mismatch" and the like. Any thread. */
const char *lac_status_text(lac_status status);
/** "0.1.0". Any thread. */
const char *lac_version(void);
/** Changes whenever a struct or a prototype of this header changes. Any thread. */
uint32_t lac_abi(void);
/** Seconds on a monotonic clock. Any thread. */
double lac_clock(void);

/* ---- context --------------------------------------------------------------------------------- */

typedef struct lac_context lac_context;
typedef struct lac_tensor lac_tensor;
typedef struct lac_coords lac_coords;
typedef struct lac_kernel_map lac_kernel_map;
typedef struct lac_sparse lac_sparse;
typedef struct lac_hdf5 lac_hdf5;
typedef struct lac_file lac_file;
typedef struct lac_weights lac_weights;

typedef enum lac_device { LAC_DEVICE_CPU = 0, LAC_DEVICE_CUDA = 1 } lac_device;

typedef enum lac_log_level {
    LAC_LOG_DEBUG = 0,
    LAC_LOG_INFO = 1,
    LAC_LOG_WARNING = 2
} lac_log_level;

typedef struct lac_context_options {
    uint32_t size;   /* sizeof(lac_context_options) */
    int32_t threads; /* 0: as many as the process may use, or OMP_NUM_THREADS */
    uint64_t budget; /* bytes; 0: 80 % of the machine's memory or of the cgroup's limit */
    void *user;      /* passed to alloc and free */
    void *(*alloc)(void *user, size_t bytes, size_t alignment); /* NULL: the library's own */
    void (*free)(void *user, void *pointer, size_t bytes);
    void *
        cuda_stream; /* cudaStream_t on which work for GPU 0 is queued; NULL: one of the library's own */
    int32_t device;       /* lac_device: the default one; see lac_context_default_device */
    int32_t device_index; /* of a GPU, from 0 */
    void (*log)(void *user, lac_log_level level, const char *text); /* NULL: records are queued */
    void *log_user;                                                 /* passed to log */
} lac_context_options;

/** Creates a context; `options` may be NULL. alloc and free must outlive the context and every tensor
 *  made from it, and may be called from any thread that releases one. `log` gets each record, one line
 *  that is the callee's to copy, during the call that makes it, on that call's thread; it must not call
 *  the library with this context. Caller releases. Errors: ARGUMENT; OOM; DEVICE or UNSUPPORTED where the
 *  default device is not there. */
lac_status lac_context_create(const lac_context_options *options, lac_context **out);
void lac_context_retain(lac_context *ctx);
void lac_context_release(lac_context *ctx);
/** Makes the running and the next operations of `ctx` return LAC_ERR_INTERRUPTED until it is cleared.
 *  Any thread; safe in a signal handler. */
void lac_context_interrupt(lac_context *ctx);
void lac_context_clear_interrupt(lac_context *ctx);
/** 1 <= threads <= 1024. Results do not depend on it. */
lac_status lac_context_set_threads(lac_context *ctx, int32_t threads);
int32_t lac_context_threads(const lac_context *ctx);
/** The device of the options: where lac_points_from_fields puts points, Lua makes tensors that name no
 *  device, and liblacuna_script moves models. Other functions compute where their tensors are. */
void lac_context_default_device(const lac_context *ctx, lac_device *device, int32_t *index);
/** Seeds lac_rand. A context starts with seed 0. */
void lac_context_seed(lac_context *ctx, uint64_t seed);

typedef enum lac_flag {
    LAC_FLAG_CONV_MODE = 0,       /* 0, 1 (default) or 2: splits of ImplicitGEMM */
    LAC_FLAG_KMAP_MODE = 1,       /* lac_kmap_mode */
    LAC_FLAG_DOWNSAMPLE_MODE = 2, /* lac_downsample_mode */
    LAC_FLAG_ALLOW_NEGATIVE = 3,  /* 1: strided "spconv" outputs may lie below 0 */
    LAC_FLAG_EAGER = 4,           /* 1: every operation is computed at once */
    LAC_FLAG_ALLOW_TF32 = 5       /* 1: float32 products on a GPU may round their factors to TF32 */
} lac_flag;

typedef enum lac_kmap_mode { LAC_KMAP_ON_THE_FLY = 0, LAC_KMAP_HASHMAP = 1 } lac_kmap_mode;
typedef enum lac_downsample_mode {
    LAC_DOWNSAMPLE_SPCONV = 0,
    LAC_DOWNSAMPLE_MINKOWSKI = 1
} lac_downsample_mode;

/** Flags take effect on the next call. */
lac_status lac_context_set_flag(lac_context *ctx, lac_flag flag, int32_t value);
int32_t lac_context_flag(const lac_context *ctx, lac_flag flag);

typedef struct lac_memory {
    uint64_t live;     /* bytes in use */
    uint64_t peak;     /* highest `live` since the start or lac_memory_reset_peak */
    uint64_t reserved; /* bytes taken from the system: live and cached */
    uint64_t budget;   /* `reserved` never exceeds this */
    uint64_t blocks;   /* allocations in use */
} lac_memory;

void lac_memory_stats(const lac_context *ctx, lac_memory *out);
/** The same of one device; `budget` of a GPU is its memory. DEVICE where it is not there. */
lac_status lac_memory_stats_on(lac_context *ctx, lac_device device, int32_t index, lac_memory *out);
void lac_memory_reset_peak(lac_context *ctx);
/** Gives cached blocks back to the system. */
void lac_memory_empty_cache(lac_context *ctx);
/** For bindings with a garbage collector. When enabled, an operation that would make the pool grow
 *  returns LAC_AGAIN, with nothing changed, if garbage may have gathered since the last collection. The
 *  binding collects, calls lac_memory_collected(ctx, 1), repeats the call, which may then grow, and
 *  calls lac_memory_collected(ctx, 0). */
void lac_memory_collector(lac_context *ctx, int32_t enabled);
void lac_memory_collected(lac_context *ctx, int32_t repeating);

typedef struct lac_counters {
    uint64_t maps;         /* kernel maps built */
    double map_seconds;    /* spent on indices, coordinates and kernel maps */
    uint64_t convs;        /* convolutions and linear layers computed */
    double macs;           /* multiply-adds in them: pairs x Cin x Cout */
    uint64_t dataflows[4]; /* convolutions computed by each lac_dataflow; pointwise ones by none */
} lac_counters;

/** Work done since the context was created. Waits for a GPU where its maps' pairs are not known yet. */
void lac_context_counters(lac_context *ctx, lac_counters *out);

/** Takes the oldest queued record: copies its text (truncated to `capacity`, always terminated) and
 *  returns 1, or returns 0 when the queue is empty. The queue keeps the last 256 records; it stays empty
 *  where the context was given a `log`. */
int32_t lac_log_poll(lac_context *ctx, lac_log_level *level, char *text, size_t capacity);

/** "avx512", "avx2" or "reference": the build of the convolution kernels that this context runs,
 *  the widest that the CPU has unless the environment's LACUNA_ISA names a narrower one. */
const char *lac_context_isa(const lac_context *ctx);
/** Multiply-add rate of OpenBLAS's sgemm on n x n x n, best of `repeats`, GFLOP/s (2 n^3 / time), on the
 *  context's threads. LAC_ERR_UNSUPPORTED where no OpenBLAS is installed. */
lac_status lac_bench_sgemm(lac_context *ctx, int64_t n, int32_t repeats, double *gflops);
/** Memory bandwidth of a triad, a = b + s c in float32, over three arrays of `bytes` together (4096 to
 *  4 GiB; above the last cache to measure memory), best of `repeats`, GB/s (bytes read and written / time),
 *  on the context's threads. */
lac_status lac_bench_bandwidth(lac_context *ctx, int64_t bytes, int32_t repeats, double *gbs);

/* ---- devices (liblacuna_cuda, opened at first use) --------------------------------------------- */
/* Work for a GPU is queued on one stream of the context and runs in order. The host waits for it where
 * elements or counts must reach it: downloads, rows of a new coordinate set, checks of index values, results
 * whose shape depends on elements. Without the backend, a driver or a GPU every call that names one is a
 * DEVICE or UNSUPPORTED error of one line, and the CPU goes on. */

typedef struct lac_device_info {
    uint32_t size; /* sizeof(lac_device_info) */
    int32_t index;
    int32_t capability; /* 90 for 9.0 */
    int32_t multiprocessors;
    int32_t driver, runtime;      /* versions, 13000 for 13.0 */
    uint64_t memory, free_memory; /* bytes */
    char name[128];
    char kernels[160]; /* what a wide layer on many rows runs, by dtype */
} lac_device_info;

/** How many there are; 1 CPU. An error says why there is no GPU. Any thread. */
lac_status lac_device_count(lac_device kind, int32_t *out);
/** What is known of a GPU. Any thread. */
lac_status lac_device_describe(lac_device kind, int32_t index, lac_device_info *out);
/** Waits for all work that the context has queued on GPUs; a failure of it is returned here or by an earlier
 *  call that waits, with the kernel's name under LACUNA_SYNC=1. */
lac_status lac_synchronize(lac_context *ctx);

/* ---- tensors --------------------------------------------------------------------------------- */

typedef enum lac_dtype {
    LAC_DTYPE_F32 = 0,
    LAC_DTYPE_F16 = 1,
    LAC_DTYPE_BF16 = 2,
    LAC_DTYPE_F64 = 3,
    LAC_DTYPE_I32 = 4,
    LAC_DTYPE_I64 = 5,
    LAC_DTYPE_U8 = 6,
    LAC_DTYPE_I8 = 7 /* reserved */
} lac_dtype;

typedef struct lac_tensor_desc {
    uint32_t size; /* sizeof(lac_tensor_desc) */
    lac_dtype dtype;
    lac_device device;
    int32_t device_index;
    int32_t ndim; /* 0 (a scalar) to 8 */
    int64_t shape[8];
    int64_t stride[8]; /* in elements. lac_tensor_wrap only; all 0: contiguous */
} lac_tensor_desc;

/** Bytes of one element, 0 for no dtype. Any thread. */
size_t lac_dtype_size(lac_dtype dtype);
/** "float32" ... "uint8". Any thread. */
const char *lac_dtype_name(lac_dtype dtype);

/** A new contiguous tensor with undefined content. Errors: ARGUMENT, SHAPE (negative or too large), OOM. */
lac_status lac_tensor_create(lac_context *ctx, const lac_tensor_desc *desc, lac_tensor **out);
/** A tensor over the caller's memory, which must stay valid until `deleter(user)` runs (when the last
 *  tensor or view over it is released, on that thread) or, without a deleter, for the tensor's life. */
lac_status lac_tensor_wrap(lac_context *ctx, const lac_tensor_desc *desc, void *data,
                           void (*deleter)(void *user), void *user, lac_tensor **out);
void lac_tensor_retain(lac_tensor *t);
void lac_tensor_release(lac_tensor *t);
/** Shape, strides, dtype and device. Never computes. */
void lac_tensor_describe(const lac_tensor *t, lac_tensor_desc *out);
int64_t lac_tensor_numel(const lac_tensor *t);
int32_t lac_tensor_is_contiguous(const lac_tensor *t);
/** For weights: says that only the calling thread uses `t` and its views from now on. A convolution may then
 *  keep its packed form of them alone, which halves their memory; whoever reads `t` gets the elements
 *  back. Not for tensors whose pointer was given out. */
void lac_tensor_allow_packed(lac_tensor *t);
/** Counts writes to the memory under `t`; caches compare it. */
uint64_t lac_tensor_version(const lac_tensor *t);
/** Says that the caller wrote through a pointer of lac_tensor_data. */
void lac_tensor_modified(lac_tensor *t);
/** 1 for tensors of lac_weights and views of them: whatever would write to one is an ARGUMENT error. */
int32_t lac_tensor_is_read_only(const lac_tensor *t);
/** Computes `t` if it is pending. Every reader does this by itself. */
lac_status lac_tensor_force(lac_context *ctx, lac_tensor *t);
/** 1 while the result of an operation has not been computed. */
int32_t lac_tensor_is_pending(const lac_tensor *t);
/** Pointer to the first element, in the memory of its device, borrowed until `t` is released. Results that read `t` are computed
 *  before this returns and at once from then on, so that writes through the pointer are safe. That of a
 *  read-only tensor (lac_tensor_is_read_only) must not be written through. */
lac_status lac_tensor_data(lac_context *ctx, lac_tensor *t, void **out);

/** Copies `bytes` bytes, which must be all of `t`, contiguous, from or to the caller's memory. */
lac_status lac_tensor_upload(lac_context *ctx, lac_tensor *t, const void *data, uint64_t bytes);
lac_status lac_tensor_download(lac_context *ctx, lac_tensor *t, void *data, uint64_t bytes);

/** `t` on another device: itself, retained, where it is there, else a contiguous copy. Caller releases. */
lac_status lac_tensor_to(lac_context *ctx, lac_tensor *t, lac_device device, int32_t index,
                         lac_tensor **out);

/* Views share memory with `t`. */
/** Rows start..start+length-1 of dimension `dim`. */
lac_status lac_tensor_narrow(lac_context *ctx, lac_tensor *t, int32_t dim, int64_t start,
                             int64_t length, lac_tensor **out);
/** Row `index` of dimension `dim`, which is dropped. */
lac_status lac_tensor_select(lac_context *ctx, lac_tensor *t, int32_t dim, int64_t index,
                             lac_tensor **out);
/** The same elements under another shape; one size may be -1. A view where `t` is contiguous, else a
 *  copy, unless `view_only`, which makes that an error. */
lac_status lac_tensor_reshape(lac_context *ctx, lac_tensor *t, int32_t ndim, const int64_t *shape,
                              int32_t view_only, lac_tensor **out);
/** Dimension i of the result is dimension order[i] of `t`. */
lac_status lac_tensor_permute(lac_context *ctx, lac_tensor *t, const int32_t *order,
                              lac_tensor **out);

/* ---- dense operations ------------------------------------------------------------------------ */
/* Dimensions may be negative: -1 is the last. Broadcasting and result dtypes are PyTorch's, except that
 * comparisons give uint8. float16 and bfloat16 are computed in float32. Index results are int64. */

/** `t` itself if contiguous (retained), else a contiguous copy. */
lac_status lac_contiguous(lac_context *ctx, lac_tensor *t, lac_tensor **out);
/** A contiguous copy in `dtype`. Narrowing to an integer truncates toward zero and saturates; NaN gives 0. */
lac_status lac_convert(lac_context *ctx, lac_tensor *t, lac_dtype dtype, lac_tensor **out);
/** Writes `src`, broadcast and converted, into `dst`. */
lac_status lac_copy(lac_context *ctx, lac_tensor *dst, lac_tensor *src);
/** Writes one value everywhere: `integer` for integer dtypes, `real` for floating ones. */
lac_status lac_fill(lac_context *ctx, lac_tensor *dst, double real, int64_t integer);
/** start, start + step, ... : `length` values. */
lac_status lac_arange(lac_context *ctx, lac_dtype dtype, double start, double step, int64_t length,
                      lac_tensor **out);
typedef enum lac_distribution { LAC_UNIFORM = 0, LAC_NORMAL = 1 } lac_distribution;
/** Uniform on [a,b), or normal with mean a and deviation b, from the context's counter-based generator. */
lac_status lac_rand(lac_context *ctx, lac_tensor *dst, lac_distribution distribution, double a,
                    double b);

typedef enum lac_unary_op {
    LAC_UNARY_NEG = 0,
    LAC_UNARY_ABS = 1,
    LAC_UNARY_LOG = 2,
    LAC_UNARY_EXP = 3,
    LAC_UNARY_SQRT = 4,
    LAC_UNARY_FLOOR = 5,
    LAC_UNARY_ROUND = 6 /* half to even */,
    LAC_UNARY_NOT = 7 /* x == 0, uint8 */
} lac_unary_op;
lac_status lac_unary(lac_context *ctx, lac_unary_op op, lac_tensor *x, lac_tensor **out);

typedef enum lac_binary_op {
    LAC_BINARY_ADD = 0,
    LAC_BINARY_SUB = 1,
    LAC_BINARY_MUL = 2,
    LAC_BINARY_DIV = 3 /* true division */,
    LAC_BINARY_FLOORDIV = 4,
    LAC_BINARY_MOD = 5 /* sign of the divisor */,
    LAC_BINARY_BITAND = 6,
    LAC_BINARY_MIN = 7,
    LAC_BINARY_MAX = 8,
    LAC_BINARY_EQ = 16,
    LAC_BINARY_NE = 17,
    LAC_BINARY_LT = 18,
    LAC_BINARY_LE = 19,
    LAC_BINARY_GT = 20,
    LAC_BINARY_GE = 21
} lac_binary_op;
/** Adding to a pending convolution or linear result becomes part of its epilogue. */
lac_status lac_binary(lac_context *ctx, lac_binary_op op, lac_tensor *a, lac_tensor *b,
                      lac_tensor **out);
/** One operand is a number, which does not widen the tensor's dtype unless it is fractional and the
 *  tensor an integer one (then float32). `number_first`: number op x. */
lac_status lac_binary_scalar(lac_context *ctx, lac_binary_op op, lac_tensor *x, double number,
                             int32_t number_first, lac_tensor **out);
/** Elements below `low` become low, above `high` high; NaN stays. */
lac_status lac_clamp(lac_context *ctx, lac_tensor *x, double low, double high, lac_tensor **out);
/** condition [..] uint8: a where it is not 0, else b; all three broadcast. */
lac_status lac_where(lac_context *ctx, lac_tensor *condition, lac_tensor *a, lac_tensor *b,
                     lac_tensor **out);

typedef enum lac_reduce_op {
    LAC_REDUCE_SUM = 0,
    LAC_REDUCE_MEAN = 1,
    LAC_REDUCE_MAX = 2,
    LAC_REDUCE_MIN = 3,
    LAC_REDUCE_ARGMAX = 4,
    LAC_REDUCE_ARGMIN = 5
} lac_reduce_op;
/** Over dimension `dim`. Sums of integers are int64; floats accumulate in float64, in order. Of equal
 *  extremes the first wins; a NaN is the extreme. Empty MAX, MIN and ARG are errors. */
lac_status lac_reduce(lac_context *ctx, lac_reduce_op op, lac_tensor *x, int32_t dim,
                      int32_t keep_dim, lac_tensor **out);
/** Over all elements; a scalar. */
lac_status lac_reduce_all(lac_context *ctx, lac_reduce_op op, lac_tensor *x, lac_tensor **out);
lac_status lac_softmax(lac_context *ctx, lac_tensor *x, int32_t dim, lac_tensor **out);
/** [n,k] x [k,m]. float32 in one chain per element: ascending k, one fused multiply-add each. */
lac_status lac_matmul(lac_context *ctx, lac_tensor *a, lac_tensor *b, lac_tensor **out);

/** Rows of dimension `dim` at `index` (1-D, int32 or int64, 0-based). RANGE names the first bad index. */
lac_status lac_index_select(lac_context *ctx, lac_tensor *x, int32_t dim, lac_tensor *index,
                            lac_tensor **out);
/** out[..i..] = x[..index[..i..]..] along `dim`, shapes as in PyTorch. */
lac_status lac_gather(lac_context *ctx, lac_tensor *x, int32_t dim, lac_tensor *index,
                      lac_tensor **out);
/** A copy of x with src added at index along `dim`, in the order of the source: deterministic. */
lac_status lac_scatter_add(lac_context *ctx, lac_tensor *x, int32_t dim, lac_tensor *index,
                           lac_tensor *src, lac_tensor **out);
/** Elements where mask (uint8, same shape) is not 0, 1-D. */
lac_status lac_masked_select(lac_context *ctx, lac_tensor *x, lac_tensor *mask, lac_tensor **out);
/** Positions of elements that are not 0, int64 [n, ndim]. */
lac_status lac_nonzero(lac_context *ctx, lac_tensor *x, lac_tensor **out);
/** Stable, NaN last. `values` and `indices` (int64) may each be NULL. k < 0: all; else the first k. */
lac_status lac_sort(lac_context *ctx, lac_tensor *x, int32_t dim, int32_t descending, int64_t k,
                    lac_tensor **values, lac_tensor **indices);
/** Unique rows of an int32 or int64 [n,c] (or the unique values of a 1-D tensor), sorted; `index` [m] the first row of each, `inverse` [n]. */
lac_status lac_unique(lac_context *ctx, lac_tensor *x, lac_tensor **rows, lac_tensor **index,
                      lac_tensor **inverse);
/** Concatenation along `dim`; the same dtype and other sizes. */
lac_status lac_cat(lac_context *ctx, lac_tensor *const *list, int32_t count, int32_t dim,
                   lac_tensor **out);

/* ---- layers ---------------------------------------------------------------------------------- */
/* These take features [N,C] and return a pending result where it can be deferred. */

typedef enum lac_activation {
    LAC_ACT_NONE = 0,
    LAC_ACT_RELU = 1,
    LAC_ACT_LEAKY_RELU = 2,
    LAC_ACT_SILU = 3
} lac_activation;
/** NaN stays NaN. `slope` is LeakyReLU's. */
lac_status lac_activate(lac_context *ctx, lac_activation kind, double slope, lac_tensor *x,
                        lac_tensor **out);

/** x [N,Cin], weight [Cout,Cin], bias [Cout] or NULL -> [N,Cout]. */
lac_status lac_linear(lac_context *ctx, lac_tensor *x, lac_tensor *weight, lac_tensor *bias,
                      lac_tensor **out);

typedef struct lac_batch_norm_options {
    uint32_t size;    /* sizeof(lac_batch_norm_options) */
    int32_t training; /* 1: normalise by the rows' own statistics and update mean and var */
    double eps;
    double momentum;
    lac_tensor *weight; /* [C] or NULL for 1 */
    lac_tensor *bias;   /* [C] or NULL for 0 */
    lac_tensor *mean;   /* [C] running mean; may be NULL when training */
    lac_tensor *var;    /* [C] running variance; may be NULL when training */
} lac_batch_norm_options;
/** fma(x, scale, shift) per channel, scale = weight / sqrt(var + eps), shift = bias - mean * scale, both
 *  computed in float64 and rounded once. Ioffe and Szegedy, 2015. */
lac_status lac_batch_norm(lac_context *ctx, lac_tensor *x, const lac_batch_norm_options *options,
                          lac_tensor **out);

/* ---- coordinates and sparse tensors ---------------------------------------------------------- */

/** A set of rows (b,x,y,z), int32 [N,4], copied. Starts a new family: the sets derived from it by strided
 *  convolutions, their indices and kernel maps live as long as any handle to one of the sets. Duplicate
 *  rows are found when the index is first needed. */
lac_status lac_coords_create(lac_context *ctx, lac_tensor *rows, lac_coords **out);
void lac_coords_retain(lac_coords *c);
void lac_coords_release(lac_coords *c);
int64_t lac_coords_count(const lac_coords *c);
/** The rows, int32 [N,4], in the caller's order; not to be written. Caller releases. */
lac_status lac_coords_tensor(lac_context *ctx, lac_coords *c, lac_tensor **out);
/** The set on another device: itself, retained, or a new family with the same rows and the same sets that it
 *  came from, whose indices and maps are built there when they are needed. Caller releases. */
lac_status lac_coords_to(lac_context *ctx, lac_coords *c, lac_device device, int32_t index,
                         lac_coords **out);
/** Where its rows are. */
void lac_coords_device(const lac_coords *c, lac_device *device, int32_t *index);
/** 1 when both hold the same rows in the same order. */
lac_status lac_coords_equal(lac_context *ctx, lac_coords *a, lac_coords *b, int32_t *out);
/** Builds the sorted index; LAC_ERR_DUPLICATE names two rows. */
lac_status lac_coords_index(lac_context *ctx, lac_coords *c);
/** Row of `c` for each row of `query` (int32 [Q,4]), -1 where there is none; int64 [Q]. */
lac_status lac_coords_find(lac_context *ctx, lac_coords *c, lac_tensor *query, lac_tensor **out);

typedef struct lac_sparse_desc {
    uint32_t size;     /* sizeof(lac_sparse_desc) */
    int32_t stride[3]; /* of the tensor; bookkeeping */
    int32_t has_range;
    int32_t range[4];   /* B,X,Y,Z */
    int32_t batch_size; /* 0: not given */
} lac_sparse_desc;

/** feats [N,C] on the rows of `coords`; both retained. `desc` NULL: stride 1, no range. */
lac_status lac_sparse_create(lac_context *ctx, lac_tensor *feats, lac_coords *coords,
                             const lac_sparse_desc *desc, lac_sparse **out);
void lac_sparse_retain(lac_sparse *x);
void lac_sparse_release(lac_sparse *x);
void lac_sparse_describe(const lac_sparse *x, lac_sparse_desc *out);
/** Retained for the caller, who releases. */
lac_tensor *lac_sparse_feats(const lac_sparse *x);
lac_coords *lac_sparse_coords(const lac_sparse *x);
/** Both, each written where it has an owner already; either may be NULL. */
void lac_sparse_parts(const lac_sparse *x, lac_tensor **feats, lac_coords **coords);
/** The same rows, stride, range and batch size under other features. */
lac_status lac_sparse_with_feats(lac_context *ctx, const lac_sparse *x, lac_tensor *feats,
                                 lac_sparse **out);

/* ---- convolution ----------------------------------------------------------------------------- */

/** How the multiply-adds of a convolution are arranged; see runtime/ops/dataflow.c. */
typedef enum lac_dataflow {
    LAC_DATAFLOW_AUTO = 0,
    LAC_DATAFLOW_IMPLICIT_GEMM = 1,  /* output-stationary over a table of neighbours */
    LAC_DATAFLOW_GATHER_SCATTER = 2, /* a matrix product a tap, by OpenBLAS */
    LAC_DATAFLOW_FETCH_ON_DEMAND = 3 /* pair lists, no buffers */
} lac_dataflow;

typedef struct lac_conv3d_options {
    uint32_t size; /* sizeof(lac_conv3d_options) */
    int32_t kernel_size[3];
    int32_t
        stride[3]; /* 0: not given: 1, or for a transposed one that of the convolution it inverts */
    int32_t padding[3];  /* -1: not given: 0, or likewise */
    int32_t dilation[3]; /* 0: not given: 1, or likewise */
    int32_t transposed;
    int32_t generative;      /* transposed onto every cell that it reaches */
    int32_t require_forward; /* transposed: an error where no strided convolution made the rows */
    int32_t kmap_mode;       /* -1: the context's flag */
    int32_t downsample_mode; /* -1: the context's flag */
    lac_tensor *bias;        /* [Cout] or NULL */
    int32_t dataflow;        /* lac_dataflow */
    int32_t sort;     /* ImplicitGEMM: 0 by conv_mode, 1 rows in order, 2 sorted by tap mask */
    int32_t splits;   /* ImplicitGEMM, sorted: 0 by conv_mode, else 1 to 4 parts of the taps */
    double epsilon;   /* GatherScatter: share of a group of taps that may be padding, 0 to 1 */
    double mm_thresh; /* GatherScatter: taps with more pairs form groups of their own; 0: none */
} lac_conv3d_options;

/**
 * Sparse 3-D convolution, y[o] = bias + sum_j W[lin(j)]^T x[s o + a + d j].
 *
 * @param x       feats [N,Cin]
 * @param weight  [K,Cin,Cout], or [Cin,Cout] for a 1x1x1 kernel; tap order as in TorchSparse: axis 0
 *                fastest when every kernel size is odd, else axis 2 fastest
 * @param options copied
 * @param out     pending result on the output rows                             (caller releases)
 * @return SHAPE, DTYPE, DUPLICATE, RANGE (rows outside of the spatial range), LINEAGE, OOM
 *
 * Output rows and anchors: submanifold when every stride is 1 (Graham et al. 2018), else by
 * downsample_mode as SpConv or MinkowskiEngine make them; transposed walks the earlier map backwards.
 * Element order of summation: taps ascending, the centre tap of a submanifold kernel last, channels
 * ascending, one fused multiply-add each; so results do not depend on threads, batch or CPU.
 */
lac_status lac_conv3d(lac_context *ctx, lac_sparse *x, lac_tensor *weight,
                      const lac_conv3d_options *options, lac_sparse **out);

/** Convolutions that share a choice of the tuner: those of one device and dtype whose sizes fall into the
 *  same buckets. Plain data. */
typedef struct lac_tuning_key {
    int32_t device;    /* lac_device */
    int32_t dtype;     /* lac_dtype of the features */
    int32_t taps;      /* of the kernel map; 0: row by row, without a map and without a choice */
    int32_t cin, cout; /* channels in sixteens, rounded up */
    int32_t rows;      /* output rows: logarithm to base 2, rounded down */
    int32_t density;   /* pairs over taps x rows: in sixteenths, rounded down, 0 to 16 */
} lac_tuning_key;

/** What AUTO takes for them. The same bits in float32 come from FetchOnDemand and from ImplicitGEMM with
 *  `splits` 0 or 1; other choices round differently. Plain data. */
typedef struct lac_tuning_choice {
    int32_t dataflow; /* lac_dataflow, not AUTO */
    int32_t sorted;   /* ImplicitGEMM: 1: rows by tap mask */
    int32_t splits;   /* ImplicitGEMM, sorted: 1 to 4; else 0 */
} lac_tuning_choice;

/** The key of the convolution that lac_conv3d would run on `x` with a weight of `cout` output channels;
 *  builds its map. */
lac_status lac_tuning_key_make(lac_context *ctx, lac_sparse *x, const lac_conv3d_options *options,
                               int64_t cout, lac_tuning_key *out);
/** Sets or replaces one choice of this context, at most 65,536 in all; holds from the next call on, where
 *  a convolution's options leave the dataflow to AUTO. Key and choice: copied. */
lac_status lac_tuning_set(lac_context *ctx, const lac_tuning_key *key,
                          const lac_tuning_choice *choice);
/** 1 and the choice where there is one for `key`, else 0. */
int32_t lac_tuning_get(const lac_context *ctx, const lac_tuning_key *key, lac_tuning_choice *out);
int32_t lac_tuning_count(const lac_context *ctx);
/** Forgets all choices. */
void lac_tuning_clear(lac_context *ctx);

/** The kernel map that lac_conv3d uses for the same arguments, cached with the coordinates. `out_rows`
 *  may be NULL; else it gets the output's coordinates. Both: caller releases. */
lac_status lac_kernel_map_build(lac_context *ctx, lac_sparse *x, const lac_conv3d_options *options,
                                lac_kernel_map **out, lac_coords **out_rows);
void lac_kernel_map_retain(lac_kernel_map *m);
void lac_kernel_map_release(lac_kernel_map *m);
/** Number of taps, pairs over all taps, input rows, output rows. Waits for a GPU when pairs are first asked for;
 *  they are -1 where it fails. */
void lac_kernel_map_describe(const lac_kernel_map *m, int64_t *taps, int64_t *pairs,
                             int64_t *in_rows, int64_t *out_rows);
/** Pairs (input row, output row) of one tap, sorted by output row; int32 [n,2]. */
lac_status lac_kernel_map_pairs(lac_context *ctx, lac_kernel_map *m, int64_t tap, lac_tensor **out);

/* ---- pooling, normalisation by sample, dense cells --------------------------------------------- */

typedef enum lac_pool_kind {
    LAC_POOL_MAX = 0, /* the true maximum of what is there, which may be negative; NaN wins */
    LAC_POOL_MEAN = 1 /* divided by the number of inputs that are there */
} lac_pool_kind;

/**
 * Local pooling: rows, windows and spatial range of the convolution with the same options.
 *
 * @param x       feats [N,C] float32, float16 or bfloat16
 * @param options kernel_size, stride (0: the kernel's), padding, dilation and the modes; what a
 *                transposed convolution or a bias needs must be 0                       (copied)
 * @param out     [M,C] in the dtype of x, computed in float32; a window without inputs gives 0
 *                                                                              (caller releases)
 * @return as lac_conv3d; ARGUMENT for transposed, generative or bias
 */
lac_status lac_pool3d(lac_context *ctx, lac_sparse *x, lac_pool_kind kind,
                      const lac_conv3d_options *options, lac_sparse **out);

/**
 * Maximum or mean over the rows of each sample.
 *
 * @param x       [N,C] float32, float16 or bfloat16
 * @param sample  int32 or int64 [N], the sample of each row; NULL: all rows are sample 0
 * @param samples B, the number of samples
 * @param out     [B,C]; a sample without rows gives 0. Sums run in float64, in row order
 *                                                                              (caller releases)
 * @return SHAPE, DTYPE, OOM; RANGE names the first row whose sample is not in [0,B)
 */
lac_status lac_global_pool(lac_context *ctx, lac_tensor *x, lac_tensor *sample, int64_t samples,
                           lac_pool_kind kind, lac_tensor **out);

typedef struct lac_group_norm_options {
    uint32_t size;      /* sizeof(lac_group_norm_options) */
    int32_t groups;     /* of neighbouring channels, a divisor of C; 0: each channel by itself */
    double eps;         /* added to the variance */
    lac_tensor *weight; /* [C] or NULL for 1 */
    lac_tensor *bias;   /* [C] or NULL for 0 */
} lac_group_norm_options;

/**
 * (x - mean) / sqrt(var + eps) * weight + bias, with the mean and the biased variance of the rows of one
 * sample and the channels of one group: group normalisation (Wu and He 2018), and with groups = 0
 * instance normalisation (Ulyanov et al. 2016). In float64, rounded once.
 *
 * @param x      [N,C] float32, float16 or bfloat16
 * @param sample int32 or int64 [N], any values, equal within a sample; NULL: all rows are one sample
 * @param out    [N,C], the dtype of x                                          (caller releases)
 */
lac_status lac_group_norm(lac_context *ctx, lac_tensor *x, lac_tensor *sample,
                          const lac_group_norm_options *options, lac_tensor **out);

/**
 * Features in the cells of a grid, 0 where there is no row.
 *
 * @param feats  [N,C], any dtype
 * @param coords N rows within `range`
 * @param range  (B,X,Y,Z)
 * @param height 0: channels last, [B,X,Y,Z,C]. 1, 2 or 3: a bird's-eye view along that column of the
 *               coordinates, of size D: [B, C*D, the other two], channel c*D + d
 * @return DUPLICATE naming two rows, RANGE, SHAPE, OOM
 */
lac_status lac_to_dense(lac_context *ctx, lac_tensor *feats, lac_coords *coords,
                        const int32_t range[4], int32_t height, lac_tensor **out);

/** The same pairs from output to input: tap k of the result has tap k's with both exchanged. Kept with
 *  the coordinates; transposing twice gives the first map. Caller releases. */
lac_status lac_kernel_map_transpose(lac_context *ctx, lac_kernel_map *m, lac_kernel_map **out);
/** The rows that a strided, or with transposed and generative a generative, convolution of `c` would make,
 *  without its map; `c` itself where every stride is 1. No spatial range. Caller releases. */
lac_status lac_coords_strided(lac_context *ctx, lac_coords *c, const lac_conv3d_options *options,
                              lac_coords **out);

/* ---- points ---------------------------------------------------------------------------------- */

/**
 * Points out of records as drivers send them, such as a ROS PointCloud2: some fields of each record, in any
 * order, become the columns of a matrix. Where a record is `fields` floats and no more, lac_tensor_wrap
 * does it without a copy.
 *
 * @param data       n records, the first at `data`, in the machine's byte order    (borrowed)
 * @param n          records, >= 0
 * @param point_step bytes from one record to the next; every field lies within it
 * @param offsets    [fields] of each field in a record, in bytes; need not be aligned
 * @param dtypes     [fields] lac_stored_type of each: any but BF16, F16 and BOOL. PointCloud2's INT8 to FLOAT64
 *                   are I8, U8, I16, U16, I32, U32, F32, F64
 * @param fields     1 to 64; x y z first, for lac_quantize and lac_voxelize
 * @param out        float32 [n,fields] on the context's default device            (caller releases)
 * @return ARGUMENT, RANGE (a field that leaves its record), DTYPE, OOM, INTERRUPTED
 */
lac_status lac_points_from_fields(lac_context *ctx, const void *data, int64_t n, int64_t point_step,
                                  const int64_t *offsets, const int32_t *dtypes, int32_t fields,
                                  lac_tensor **out);

typedef enum lac_rounding {
    LAC_ROUND_FLOOR = 0,
    LAC_ROUND_NEAREST = 1 /* half to even */
} lac_rounding;
typedef enum lac_point_reduce {
    LAC_POINT_FIRST = 0,
    LAC_POINT_MEAN = 1,
    LAC_POINT_MAX = 2
} lac_point_reduce;

typedef struct lac_quantize_options {
    uint32_t size;        /* sizeof(lac_quantize_options) */
    double voxel_size[3]; /* in the points' unit, > 0 */
    lac_rounding rounding;
    lac_point_reduce reduce;
    int32_t origin_min; /* 1: subtract the smallest index on each axis */
    int32_t has_range;
    double range[6];       /* xmin ymin zmin xmax ymax zmax: points outside [min,max) are dropped */
    int32_t invalid_error; /* 1: a point with NaN or infinity is an error; 0: dropped */
    lac_tensor *feats;     /* [N,C] features of the points, NULL: the points' own columns */
} lac_quantize_options;

/**
 * Points to voxels: index = floor or round of p / voxel_size in float64, unique, sorted by (x,y,z).
 *
 * @param points  [N,>=3] float32 or float64, x y z first
 * @param x       [out] batch 0; features float32 of the voxel's first point, their mean or maximum
 * @param inverse [out] int64 [N]: voxel of each point, -1 for a dropped one; may be NULL
 * @param index   [out] int64 [M]: the first point of each voxel; may be NULL
 * @param dropped [out] how many points were invalid or out of range (2 counts); may be NULL
 * @return RANGE where an index does not fit int32 (naming the point), or for invalid points
 */
lac_status lac_quantize(lac_context *ctx, lac_tensor *points, const lac_quantize_options *options,
                        lac_sparse **x, lac_tensor **inverse, lac_tensor **index, int64_t *dropped);

/* Points and voxels. Points are rows (b,x,y,z), float32 [N,4]; a voxel of a set of stride s holds the
 * points with floor(xyz / s) = its coordinates, computed in float64. */

/** Row of `coords` that holds each point, -1 where there is none or where the point is not finite;
 *  int64 [N]. `stride`: that of the tensor on `coords`. */
lac_status lac_point_index(lac_context *ctx, lac_tensor *points, lac_coords *coords,
                           const int32_t stride[3], lac_tensor **out);
/** The 8 cells floor(f) + {0,1}^3 around each point, f = xyz / stride, axis z fastest: `index` int64 [N,8],
 *  -1 for a missing one, and trilinear `weights` float32 [N,8], 0 for a missing one, divided by their
 *  sum + 1e-8. `nearest`: the first cell alone, weight 1. */
lac_status lac_point_corners(lac_context *ctx, lac_tensor *points, lac_coords *coords,
                             const int32_t stride[3], int32_t nearest, lac_tensor **index,
                             lac_tensor **weights);
/** The same weights for given cells: points [N,>=3] x y z first, index [N,8], negative for a missing
 *  cell; cells have edge `scale`. float32 [N,8]. */
lac_status lac_trilinear_weights(lac_context *ctx, lac_tensor *points, lac_tensor *index,
                                 double scale, lac_tensor **out);
/** out[i] = sum over k, ascending, of weights[i][k] feats[index[i][k]]; negative indices are skipped.
 *  feats [M,C] floating, index and weights [N,K] -> [N,C] in the dtype of feats. */
lac_status lac_devoxelize(lac_context *ctx, lac_tensor *feats, lac_tensor *index,
                          lac_tensor *weights, lac_tensor **out);
/** out[m] = the sum of the feats whose index is m, in their order in float64, divided by counts[m] (0
 *  gives 0) or, where `counts` is NULL, by their number. Negative indices are skipped; a row without
 *  points is 0. feats [N,C] floating, index [N] -> [rows,C] in the dtype of feats. */
lac_status lac_scatter_mean(lac_context *ctx, lac_tensor *feats, lac_tensor *index, int64_t rows,
                            lac_tensor *counts, lac_tensor **out);
/** Points to voxels floor(xyz * ratio), unique, sorted, features their points' mean. `scaled` (float32
 *  [N,4]) gets the points with xyz * ratio, `index` (int64 [N]) the voxel of each; both may be NULL.
 *  RANGE names a point that is not finite or whose voxel does not fit int32. */
lac_status lac_point_voxelize(lac_context *ctx, lac_tensor *points, lac_tensor *feats, double ratio,
                              lac_sparse **x, lac_tensor **scaled, lac_tensor **index);

/** 64-bit FNV-1a of int32 rows [N,4]: one step a column, (h ^ column) * 1099511628211. `offsets` int32 [K,3]
 *  or NULL: added to columns 1..3 first. int64 [N], or [K,N] with offsets. Fowler, Noll and Vo. */
lac_status lac_hash_rows(lac_context *ctx, lac_tensor *rows, lac_tensor *offsets, lac_tensor **out);
/** Row of `reference` equal to each query, the first of several, -1 where there is none; int64. Both int32
 *  or both int64: values, queries of any shape in [M] -> that shape, or rows, [..., C] in [M,C] -> [...]. */
lac_status lac_find_rows(lac_context *ctx, lac_tensor *query, lac_tensor *reference,
                         lac_tensor **out);
/** How often each of 0..rows-1 occurs in `index` (int32 or int64), negatives ignored; int32 [rows]. */
lac_status lac_count_index(lac_context *ctx, lac_tensor *index, int64_t rows, lac_tensor **out);

typedef struct lac_voxelize_options {
    uint32_t size;        /* sizeof(lac_voxelize_options) */
    int32_t dynamic;      /* 1: every point counts, rows sorted by (b,x,y,z), no limits */
    int32_t order_zyx;    /* 1: coordinates and range as (b,z,y,x), rows in the same order */
    int32_t raw;          /* 1: also the points of each voxel; needs max_points */
    double voxel_size[3]; /* x, y, z; > 0 */
    double range[6];      /* xmin ymin zmin xmax ymax zmax */
    int64_t max_points;   /* a voxel keeps its first points; 0: no limit */
    int64_t max_voxels;   /* of one sample: later voxels are dropped; 0: no limit */
    lac_tensor *batch;    /* int32 or int64 [N]: the sample of each point; NULL: one sample */
} lac_voxelize_options;

typedef struct lac_voxelize_info {
    lac_tensor *num_points;  /* int64 [V]: points kept */
    lac_tensor *point_voxel; /* int64 [N]: voxel of each point, -1 outside or beyond max_voxels */
    lac_tensor *voxels;      /* float32 [V,max_points,C], the rest 0; NULL unless raw */
    int64_t points_outside;  /* of the range, or NaN */
    int64_t points_dropped;  /* inside, and beyond a limit */
    int32_t grid[3];         /* cells on x, y, z: (max - min) / voxel_size, rounded */
} lac_voxelize_info;

/**
 * Points to the voxels of a grid: floor((p - min) / voxel_size), each operation rounded to float32.
 *
 * @param points  [N,>=3] floating, x y z first
 * @param x       [out] features float32: the mean over the kept points of all columns; rows by their first
 *                point (hard) or sorted (dynamic); spatial_range (samples, grid)
 * @param info    [out] may be NULL; its tensors are the caller's to release
 */
lac_status lac_voxelize(lac_context *ctx, lac_tensor *points, const lac_voxelize_options *options,
                        lac_sparse **x, lac_voxelize_info *info);

/* ---- files (liblacuna_io, opened at first use) ------------------------------------------------ */
/* Messages name the file. A file that is written appears whole or not at all. */

typedef struct lac_points_options {
    uint32_t size;   /* sizeof(lac_points_options) */
    int32_t columns; /* of a .bin; 0: found from the file's size where one answer fits */
    int32_t dtype;   /* of a .bin: LAC_DTYPE_F32 or LAC_DTYPE_F16; -1: float32 */
} lac_points_options;

/** Reads .bin, .pcd (ascii, binary, binary_compressed) or .ply into float32 [N,C]: x y z, then intensity
 *  where there is one, then the other scalar fields in file order. */
lac_status lac_points_read(lac_context *ctx, const char *path, const lac_points_options *options,
                           lac_tensor **out);
/** SemanticKITTI .label: uint32 a point. int64 [N]. */
lac_status lac_labels_read(lac_context *ctx, const char *path, lac_tensor **out);
/** labels [N], an integer dtype, each within uint32. */
lac_status lac_labels_write(lac_context *ctx, const char *path, lac_tensor *labels);
/** Binary little-endian .ply: points [N,>=3], colours uint8 [N,3] or NULL, labels [N] or NULL. */
lac_status lac_ply_write(lac_context *ctx, const char *path, lac_tensor *points,
                         lac_tensor *colours, lac_tensor *labels);
/** image uint8 [H,W,3] or [H,W]. */
lac_status lac_png_write(lac_context *ctx, const char *path, lac_tensor *image);
/** Bird's-eye view: x up, y left, the highest point of a pixel on top, uint8 [H,W,3]. points [N,>=3],
 *  colours uint8 [N,3], NULL: coloured by height. `half_extent` > 0 in metres around the origin, or 0: the points' own box. */
lac_status lac_birds_eye(lac_context *ctx, lac_tensor *points, lac_tensor *colours, int32_t pixels,
                         double half_extent, lac_tensor **out);

typedef struct lac_scan_options {
    uint32_t size;    /* sizeof(lac_scan_options) */
    int32_t beams;    /* 1..1024 */
    int32_t azimuths; /* 1..65536 */
    uint64_t seed;
} lac_scan_options;
/** Ray-casts a street: float32 [N,4] x y z intensity in metres around the sensor, and SemanticKITTI raw
 *  label ids, int64 [N]. The same options give the same bits. */
lac_status lac_synthetic_scan(lac_context *ctx, const lac_scan_options *options,
                              lac_tensor **points, lac_tensor **labels);

/** mode "r", "w" (a new file, complete and renamed to `path` at lac_hdf5_close) or "a" is not offered. */
lac_status lac_hdf5_open(lac_context *ctx, const char *path, const char *mode, lac_hdf5 **out);
/** Finishes a file being written; reading or writing afterwards is an error. */
lac_status lac_hdf5_close(lac_hdf5 *f);
/** Closes if open; a file being written that was not closed is discarded. */
void lac_hdf5_release(lac_hdf5 *f);
/** Object kind at `path`: 0 nothing, 1 group, 2 dataset. */
lac_status lac_hdf5_kind(lac_hdf5 *f, const char *path, int32_t *kind);
/** Names in a group, in creation order where the file keeps it, else by name. */
lac_status lac_hdf5_count(lac_hdf5 *f, const char *path, int64_t *count);
lac_status lac_hdf5_name(lac_hdf5 *f, const char *path, int64_t i, char *name, size_t capacity);
/** dtype, shape and stored bytes of a dataset, without reading it. */
lac_status lac_hdf5_describe(lac_hdf5 *f, const char *path, lac_tensor_desc *desc,
                             uint64_t *stored);
lac_status lac_hdf5_read(lac_context *ctx, lac_hdf5 *f, const char *path, lac_tensor **out);
/** Missing groups are made. compress: 0, or a deflate level to 9. */
lac_status lac_hdf5_write(lac_context *ctx, lac_hdf5 *f, const char *path, lac_tensor *t,
                          int32_t compress);
lac_status lac_hdf5_make_group(lac_hdf5 *f, const char *path);
/** An attribute: exactly one of `text` (freed with lac_text_free) and `value` (int64 or float64, [] or
 *  [n]) is set; both NULL when it is absent. */
lac_status lac_hdf5_attr_read(lac_context *ctx, lac_hdf5 *f, const char *path, const char *name,
                              char **text, lac_tensor **value);
lac_status lac_hdf5_attr_write(lac_context *ctx, lac_hdf5 *f, const char *path, const char *name,
                               const char *text, lac_tensor *value);
lac_status lac_hdf5_attr_count(lac_hdf5 *f, const char *path, int64_t *count);
lac_status lac_hdf5_attr_name(lac_hdf5 *f, const char *path, int64_t i, char *name,
                              size_t capacity);
void lac_text_free(char *text);

/* Weights: the tensors of one HDF5 file under the names of a state_dict ("stem.0.kernel" for the dataset
 * /stem/0/kernel), read once and shared: by scripts, by contexts, by threads. The tensors are read only, their
 * memory and the packed forms that convolutions keep with them belong to no context, and counts are
 * atomic. They are on the CPU; a model on a GPU takes a copy for its context. */

/** Reads all of a file, with memory of the library's own. The names are those at the root, or below
 *  /state_dict or /model where that group is all there is. Caller releases. Any thread.
 *  Errors: IO, FORMAT (no HDF5, or no tensors), UNSUPPORTED (no liblacuna_io), OOM. */
lac_status lac_weights_open(const char *path, lac_weights **out);
void lac_weights_retain(lac_weights *w);
void lac_weights_release(lac_weights *w);
/** How many tensors there are, and the name of number i (from 0, in the order of the file), NULL beyond;
 *  borrowed until `w` is released. Any thread. */
int64_t lac_weights_count(const lac_weights *w);
const char *lac_weights_name(const lac_weights *w, int64_t i);
/** What net:save wrote of the model, {"model": NAME, "config": {...}} in JSON, or NULL; borrowed. Any thread. */
const char *lac_weights_arch(const lac_weights *w);
/** The tensor of that name, retained for the caller, who releases; it outlives `w`. Any thread.
 *  Errors: ARGUMENT where there is none. */
lac_status lac_weights_get(const lac_weights *w, const char *name, lac_tensor **out);

/* Any range of any regular file, and tensors in it that somebody else wrote: the ground of checkpoint
 * readers. Files are read with pread and never mapped, so one that is shortened meanwhile gives an
 * error that names the byte. */

/** How a file stores elements; what tensors lack is widened: I8, I16, U16 to int32, U32 to int64, U64 to
 *  int64 (RANGE where one does not fit), BOOL (a byte, 0: false) to uint8 0 or 1. */
typedef enum lac_stored_type {
    LAC_STORED_F32 = 0,
    LAC_STORED_F16 = 1,
    LAC_STORED_BF16 = 2,
    LAC_STORED_F64 = 3,
    LAC_STORED_I32 = 4,
    LAC_STORED_I64 = 5,
    LAC_STORED_U8 = 6,
    LAC_STORED_I8 = 7,
    LAC_STORED_I16 = 8,
    LAC_STORED_U16 = 9,
    LAC_STORED_U32 = 10,
    LAC_STORED_U64 = 11,
    LAC_STORED_BOOL = 12
} lac_stored_type;

/** A tensor as a view of a storage, which is a range of a file. */
typedef struct lac_stored {
    uint32_t size; /* sizeof(lac_stored) */
    int32_t type;  /* lac_stored_type */
    int32_t big_endian;
    int32_t ndim; /* 0 (a scalar) to 8 */
    int64_t shape[8];
    int64_t stride[8];      /* in elements, >= 0; 0 repeats: the caller bounds the result's size */
    int64_t offset;         /* of the first element in the storage, in elements */
    int64_t storage_offset; /* of the storage in the file, in bytes */
    int64_t storage_bytes;
    int32_t has_crc32; /* 1: the storage is read as a whole and compared with crc32 (zip's) */
    uint32_t crc32;
    const char *name; /* of the tensor, for messages; NULL: none */
} lac_stored;

/** Opens a regular file. Messages begin with `op` (copied, at most 23 bytes; NULL: "file") and name the
 *  path. Caller releases. Errors: IO. */
lac_status lac_file_open(lac_context *ctx, const char *op, const char *path, lac_file **out);
void lac_file_release(lac_file *f);
/** Bytes in the file when it was opened. */
lac_status lac_file_size(const lac_file *f, int64_t *size);
/** Copies a range, which must lie in the file, to `data`. Any thread. Errors: RANGE, IO. */
lac_status lac_file_read(const lac_file *f, int64_t offset, void *data, int64_t bytes);
/** Reads a tensor: contiguous, row by row. Where strides do not overlap, no more memory is taken than the
 *  tensor and 1 MiB. No byte is read twice; without crc32 only those between the first and the last
 *  element are. `loaded` (or NULL): the whole storage as read before, uint8 [storage_bytes], which is
 *  then looked at instead of the file, unchecked: for storages under several tensors.
 *  Errors: SHAPE, RANGE (outside the storage or the file), DTYPE, FORMAT (crc32), IO, OOM. */
lac_status lac_file_read_tensor(lac_context *ctx, const lac_file *f, const lac_stored *stored,
                                lac_tensor *loaded, lac_tensor **out);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
