/*
 * cublas_test.cpp - products in every orientation and element type, exact on small integers.
 */
#include "check.h"

#include <cublas_v2.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <memory>

static float number(int i) {
    return (float)(i * 7 % 11 - 5);
}

static std::vector<uint16_t> narrowed(const std::vector<float> &v, cudaDataType type) {
    std::vector<uint16_t> out;
    for (float f : v)
        out.push_back(type == CUDA_R_16F ? __half_as_ushort(__float2half_rn(f))
                                         : __bfloat16_as_ushort(__float2bfloat16_rn(f)));
    return out;
}

/* The vector in device memory as `type`. */
struct Elements {
    cudaDataType type;
    std::unique_ptr<Device<float>> wide;
    std::unique_ptr<Device<uint16_t>> narrow;

    Elements(cudaDataType of, const std::vector<float> &v) : type(of) {
        if (of == CUDA_R_32F)
            wide.reset(new Device<float>(v));
        else
            narrow.reset(new Device<uint16_t>(narrowed(v, of)));
    }
    void *data() const {
        return wide ? (void *)wide->data : (void *)narrow->data;
    }
    std::vector<float> get() const {
        if (wide) return wide->get();
        std::vector<float> v;
        for (uint16_t bits : narrow->get())
            v.push_back(type == CUDA_R_16F ? __half2float(__ushort_as_half(bits))
                                           : __bfloat162float(__ushort_as_bfloat16(bits)));
        return v;
    }
};

static bool product(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                    cudaDataType in, cudaDataType out, float beta) {
    const int m = 3, n = 4, k = 5;
    const bool ta = op_a == CUBLAS_OP_T, tb = op_b == CUBLAS_OP_T;
    const int lda = (ta ? k : m) + 1, ldb = (tb ? n : k) + 2, ldc = m + 3;
    std::vector<float> a((size_t)lda * (size_t)(ta ? m : k)), b((size_t)ldb * (size_t)(tb ? k : n)),
        c((size_t)ldc * n);
    for (size_t i = 0; i < a.size(); ++i) a[i] = number((int)i);
    for (size_t i = 0; i < b.size(); ++i) b[i] = number((int)i + 3);
    for (size_t i = 0; i < c.size(); ++i) c[i] = number((int)i + 5);
    Elements da(in, a), db(in, b), dc(out, c);
    const float alpha = 2;
    if (cublasGemmEx(handle, op_a, op_b, m, n, k, &alpha, da.data(), in, lda, db.data(), in, ldb,
                     &beta, dc.data(), out, ldc, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT))
        return false;
    OK(cudaDeviceSynchronize());
    auto got = dc.get();
    for (int j = 0; j < n; ++j)
        for (int i = 0; i < ldc; ++i) {
            float wanted = c[(size_t)(j * ldc + i)];
            if (i < m) {
                wanted *= beta;
                for (int p = 0; p < k; ++p)
                    wanted += alpha * a[(size_t)(ta ? i * lda + p : p * lda + i)] *
                              b[(size_t)(tb ? p * ldb + j : j * ldb + p)];
            }
            if (got[(size_t)(j * ldc + i)] != wanted) return false;
        }
    return true;
}

int main() {
    cublasHandle_t handle;
    cudaStream_t stream;
    OK(cudaStreamCreate(&stream));
    CHECK(cublasCreate(&handle) == CUBLAS_STATUS_SUCCESS);
    CHECK(cublasSetStream(handle, stream) == CUBLAS_STATUS_SUCCESS);
    CHECK(cublasSetMathMode(handle, CUBLAS_PEDANTIC_MATH) == CUBLAS_STATUS_SUCCESS);
    for (auto a : {CUBLAS_OP_N, CUBLAS_OP_T})
        for (auto b : {CUBLAS_OP_N, CUBLAS_OP_T})
            for (float beta : {0.0f, 1.0f}) {
                CHECK(product(handle, a, b, CUDA_R_32F, CUDA_R_32F, beta));
                CHECK(product(handle, a, b, CUDA_R_16F, CUDA_R_16F, beta));
                CHECK(product(handle, a, b, CUDA_R_16BF, CUDA_R_32F, beta));
            }
    {
        Device<float> x(std::vector<float>{1, 2, 3, 4}), y(4);
        const float one = 1, zero = 0;
        float host[4] = {};
        /* beta 0 does not read C, which is full of NaNs. */
        CHECK(!cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, &one, x.data, 2, x.data, 2,
                           &zero, y.data, 2));
        CHECK((y.get() == std::vector<float>{7, 10, 15, 22}));
        CHECK(cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, &one, x.data, 2, x.data, 2,
                          &zero, host, 2) == CUBLAS_STATUS_INVALID_VALUE);
        CHECK(cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, 2, 3, 2, &one, x.data, 2, x.data, 2,
                          &zero, y.data, 2) == CUBLAS_STATUS_INVALID_VALUE);
        CHECK(cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, 0, 3, 2, &one, x.data, 2, x.data, 2,
                          &zero, y.data, 2) == CUBLAS_STATUS_SUCCESS);
    }
    CHECK(
        !strcmp(cublasGetStatusString(CUBLAS_STATUS_INVALID_VALUE), "CUBLAS_STATUS_INVALID_VALUE"));
    CHECK(cublasDestroy(handle) == CUBLAS_STATUS_SUCCESS);
    OK(cudaStreamDestroy(stream));
    return finish("cublas");
}
