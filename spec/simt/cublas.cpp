/*
 * cublas.cpp - cuBLAS products on OpenBLAS, which is loaded when it is first needed; without it, on
 * a plain loop.
 */
#include "device/half_bits.h"
#include "shim/cublas_v2.h"
#include "stream.h"

#include <dlfcn.h>

using namespace simt;

struct cublasContext {
    cudaStream_t stream;
};

/* cblas.h's values. */
enum { column_major = 102, no_transpose = 111, transpose = 112 };
typedef void (*Sgemm)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c,
                      int ldc);

static void plain_sgemm(int, int trans_a, int trans_b, int m, int n, int k, float alpha,
                        const float *a, int lda, const float *b, int ldb, float beta, float *c,
                        int ldc) {
    for (int j = 0; j < n; ++j)
        for (int i = 0; i < m; ++i) {
            double sum = 0;
            for (int p = 0; p < k; ++p) {
                const float x =
                    trans_a == transpose ? a[(size_t)i * lda + p] : a[(size_t)p * lda + i];
                const float y =
                    trans_b == transpose ? b[(size_t)p * ldb + j] : b[(size_t)j * ldb + p];
                sum += (double)x * y;
            }
            float &out = c[(size_t)j * ldc + i];
            out = (float)(alpha * sum) + (beta != 0 ? beta * out : 0);
        }
}

static Sgemm find_sgemm() {
    for (const char *name : {"libopenblas.so.0", "libopenblas.so", "libblas.so.3"}) {
        void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        if (!library) continue;
        if (void *symbol = dlsym(library, "cblas_sgemm")) return (Sgemm)symbol;
    }
    return plain_sgemm;
}

static int trans(cublasOperation_t op) {
    return op == CUBLAS_OP_N ? no_transpose : transpose;
}

/* One matrix as the caller gives it. */
struct Matrix {
    void *data;
    cudaDataType type;
    int rows, columns, ld;

    size_t count() const {
        return columns ? (size_t)ld * (columns - 1) + rows : 0;
    }
    size_t element() const {
        return type == CUDA_R_32F ? 4 : 2;
    }
    bool sound() const {
        if (type != CUDA_R_32F && type != CUDA_R_16F && type != CUDA_R_16BF) return false;
        if (ld < (rows ? rows : 1)) return false;
        return !count() || !rows || arena_holds(data, count() * element());
    }
};

static std::vector<float> widened(const Matrix &m) {
    std::vector<float> out(m.count());
    const uint16_t *from = (const uint16_t *)m.data;
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = m.type == CUDA_R_16F ? half_to_float(from[i]) : bfloat_to_float(from[i]);
    return out;
}

static void narrow(const std::vector<float> &from, const Matrix &m) {
    uint16_t *to = (uint16_t *)m.data;
    for (int j = 0; j < m.columns; ++j)
        for (int i = 0; i < m.rows; ++i) {
            const size_t at = (size_t)j * m.ld + i;
            to[at] = m.type == CUDA_R_16F ? float_to_half(from[at]) : float_to_bfloat(from[at]);
        }
}

struct Product {
    int trans_a, trans_b, m, n, k;
    float alpha, beta;
    Matrix a, b, c;

    void run() const {
        static const Sgemm sgemm = find_sgemm();
        ArenaOpen open;
        std::vector<float> wide_a, wide_b, wide_c;
        auto floats = [](const Matrix &x, std::vector<float> &wide) {
            if (x.type == CUDA_R_32F) return (float *)x.data;
            wide = widened(x);
            return wide.data();
        };
        float *out = floats(c, wide_c);
        sgemm(column_major, trans_a, trans_b, m, n, k, alpha, floats(a, wide_a), a.ld,
              floats(b, wide_b), b.ld, beta, out, c.ld);
        if (c.type != CUDA_R_32F) narrow(wide_c, c);
    }
};

extern "C" {

cublasStatus_t cublasCreate(cublasHandle_t *handle) {
    if (!handle) return CUBLAS_STATUS_INVALID_VALUE;
    if (config.devices < 1) return CUBLAS_STATUS_NOT_INITIALIZED;
    *handle = new cublasContext{nullptr};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle) {
    delete handle;
    return handle ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
}

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
    if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
    handle->stream = stream;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t) {
    return handle ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void *, size_t) {
    return handle ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
}

cublasStatus_t cublasGetVersion(cublasHandle_t handle, int *version) {
    if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (!version) return CUBLAS_STATUS_INVALID_VALUE;
    *version = 130000;
    return CUBLAS_STATUS_SUCCESS;
}

const char *cublasGetStatusString(cublasStatus_t status) {
    switch (status) {
    case CUBLAS_STATUS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_INTERNAL_ERROR: return "CUBLAS_STATUS_INTERNAL_ERROR";
    case CUBLAS_STATUS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
    }
    return "unknown cuBLAS status";
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                            int m, int n, int k, const void *alpha, const void *a,
                            cudaDataType a_type, int lda, const void *b, cudaDataType b_type,
                            int ldb, const void *beta, void *c, cudaDataType c_type, int ldc,
                            cublasComputeType_t, cublasGemmAlgo_t) {
    Locked locked;
    if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (m < 0 || n < 0 || k < 0 || !alpha || !beta) return CUBLAS_STATUS_INVALID_VALUE;
    if (m == 0 || n == 0) return CUBLAS_STATUS_SUCCESS;
    const bool ta = op_a != CUBLAS_OP_N, tb = op_b != CUBLAS_OP_N;
    const Product product = {trans(op_a),
                             trans(op_b),
                             m,
                             n,
                             k,
                             *(const float *)alpha,
                             *(const float *)beta,
                             {const_cast<void *>(a), a_type, ta ? k : m, ta ? m : k, lda},
                             {const_cast<void *>(b), b_type, tb ? n : k, tb ? k : n, ldb},
                             {c, c_type, m, n, ldc}};
    if (!product.a.sound() || !product.b.sound() || !product.c.sound())
        return CUBLAS_STATUS_INVALID_VALUE;
    if (enqueue(handle->stream, [product] { product.run(); }))
        return CUBLAS_STATUS_EXECUTION_FAILED;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSgemm(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                           int m, int n, int k, const float *alpha, const float *a, int lda,
                           const float *b, int ldb, const float *beta, float *c, int ldc) {
    return cublasGemmEx(handle, op_a, op_b, m, n, k, alpha, a, CUDA_R_32F, lda, b, CUDA_R_32F, ldb,
                        beta, c, CUDA_R_32F, ldc, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
}

} // extern "C"
