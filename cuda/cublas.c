/*
 * cublas.c - see cublas.h.
 *
 * A handle is kept for each GPU as long as the process lives, since making one takes milliseconds.
 * Handles are not for several threads at once, so one lock guards them; it is held while products
 * are queued, not while they run. Each taker brings its own workspace: products of two streams must
 * not share one.
 *
 * Signatures and numbers are those of cublas_v2.h, enumerations as int; no header of cuBLAS is
 * needed.
 */
#include "cublas.h"

#include "core/device.h"
#include "host.h"

#include <dlfcn.h>
#include <pthread.h>

enum {
    CUBLAS_N = 0,
    CUBLAS_MATH_DEFAULT = 0,
    CUBLAS_MATH_TF32 = 3,
    CUBLAS_32F = 68,
    CUBLAS_ANY_ALGORITHM = -1,
    CUDA_F32 = 0,
    CUDA_F16 = 2,
    CUDA_BF16 = 14
};

/* X(name here, name in the library, parameters) */
#define FUNCTIONS(X)                                                                               \
    X(create, cublasCreate, (void **handle))                                                       \
    X(set_stream, cublasSetStream, (void *handle, void *stream))                                   \
    X(set_workspace, cublasSetWorkspace, (void *handle, void *workspace, size_t bytes))            \
    X(set_math, cublasSetMathMode, (void *handle, int mode))                                       \
    X(sgemm, cublasSgemm,                                                                          \
      (void *handle, int op_a, int op_b, int m, int n, int k, const float *alpha, const float *a,  \
       int lda, const float *b, int ldb, const float *beta, float *c, int ldc))                    \
    X(gemm_ex, cublasGemmEx,                                                                       \
      (void *handle, int op_a, int op_b, int m, int n, int k, const void *alpha, const void *a,    \
       int a_type, int lda, const void *b, int b_type, int ldb, const void *beta, void *c,         \
       int c_type, int ldc, int compute, int algorithm))

/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator */
#define TYPE(name, symbol, parameters) typedef int(*name##_function) parameters;
FUNCTIONS(TYPE)
#undef TYPE

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    bool there;
#define MEMBER(name, symbol, parameters) name##_function name;
    FUNCTIONS(MEMBER)
#undef MEMBER
    const char *(*status_text)(int status);
} blas;
static void *handles[LAC__MAX_GPUS], *taken;

#ifdef LAC_EMULATED
#define SYMBOL(name, symbol, parameters) extern void symbol(void);
FUNCTIONS(SYMBOL)
#undef SYMBOL
extern void cublasGetStatusString(void);

static void find_cublas(void) {
#define FIND(name, symbol, parameters) blas.name = (name##_function)symbol;
    FUNCTIONS(FIND)
#undef FIND
    blas.status_text = (const char *(*)(int))cublasGetStatusString;
    blas.there = true;
}
#else
/* Most functions are exported with a suffix, which the header adds in silence. */
static void *find(void *library, const char *name, const char *versioned) {
    void *symbol = dlsym(library, versioned);
    return symbol != NULL ? symbol : dlsym(library, name);
}

static void find_cublas(void) {
    static const char *const names[] = {"libcublas.so.13", "libcublas.so.12", "libcublas.so"};
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && library == NULL; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return;
    blas.there = true;
#define FIND(name, symbol, parameters)                                                             \
    *(void **)&blas.name = find(library, #symbol, #symbol "_v2");                                  \
    blas.there = blas.there && blas.name != NULL;
    FUNCTIONS(FIND)
#undef FIND
    *(void **)&blas.status_text = dlsym(library, "cublasGetStatusString");
}
#endif

static lac_status check(const char *op, int status) {
    if (status == 0) return LAC_OK;
    return lac__fail(LAC_ERR_DEVICE, "%s: cuBLAS: %s (status %d)", op,
                     blas.status_text != NULL ? blas.status_text(status) : "failed", status);
}

static lac_status take(const char *op, lac__gpu *gpu, void *workspace, size_t bytes, bool tf32) {
    if (!blas.there) find_cublas();
    if (!blas.there)
        return lac__fail(LAC_ERR_UNSUPPORTED,
                         "%s: GatherScatter on a GPU needs cuBLAS, and libcublas.so.13 or .12 is "
                         "not installed",
                         op);
    void **handle = &handles[gpu->device];
    if (*handle == NULL) LAC_TRY(check(op, blas.create(handle)));
    taken = *handle;
    LAC_TRY(check(op, blas.set_stream(taken, gpu->stream)));
    LAC_TRY(check(op, blas.set_workspace(taken, workspace, bytes)));
    return check(op, blas.set_math(taken, tf32 ? CUBLAS_MATH_TF32 : CUBLAS_MATH_DEFAULT));
}

lac_status lac__cublas_begin(const char *op, lac__gpu *gpu, void *workspace, size_t bytes,
                             bool tf32) {
    (void)pthread_mutex_lock(&lock);
    const lac_status status = take(op, gpu, workspace, bytes, tf32);
    if (status != LAC_OK) (void)pthread_mutex_unlock(&lock);
    return status;
}

void lac__cublas_end(void) {
    (void)pthread_mutex_unlock(&lock);
}

/* Its matrices go by columns: ours are their transposes, and so is the product. */
lac_status lac__cublas_multiply(const char *op, int32_t dtype, int64_t m, int64_t n, int64_t k,
                                const void *a, const void *b, float *out) {
    const float one = 1.0f, zero = 0.0f;
    const int rows = (int)m, columns = (int)n, depth = (int)k;
    if (dtype == LAC_DTYPE_F32)
        return check(op, blas.sgemm(taken, CUBLAS_N, CUBLAS_N, columns, rows, depth, &one, b,
                                    columns, a, depth, &zero, out, columns));
    const int type = dtype == LAC_DTYPE_F16 ? CUDA_F16 : CUDA_BF16;
    return check(op, blas.gemm_ex(taken, CUBLAS_N, CUBLAS_N, columns, rows, depth, &one, b, type,
                                  columns, a, type, depth, &zero, out, CUDA_F32, columns,
                                  CUBLAS_32F, CUBLAS_ANY_ALGORITHM));
}
