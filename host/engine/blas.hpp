/// OpenBLAS by its Fortran names. The threads are ours, so that the sums' order does not depend on their
/// number: call one_blas_thread() first.
#pragma once

extern "C" {
void openblas_set_num_threads(int threads);
void dpotrf_(const char* uplo, const int* n, double* A, const int* lda, int* info);
void dpotri_(const char* uplo, const int* n, double* A, const int* lda, int* info);
void dtrtri_(const char* uplo, const char* diag, const int* n, double* A, const int* lda, int* info);
void dtrsm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m,
            const int* n, const double* alpha, const double* A, const int* lda, double* B, const int* ldb);
void dtrmm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m,
            const int* n, const double* alpha, const double* A, const int* lda, double* B, const int* ldb);
void dgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
            const double* alpha, const double* A, const int* lda, const double* B, const int* ldb,
            const double* beta, double* C, const int* ldc);
void dsymm_(const char* side, const char* uplo, const int* m, const int* n, const double* alpha,
            const double* A, const int* lda, const double* B, const int* ldb, const double* beta, double* C,
            const int* ldc);
void sgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
            const float* alpha, const float* A, const int* lda, const float* B, const int* ldb,
            const float* beta, float* C, const int* ldc);
}

namespace cuglmm {

inline void one_blas_thread() {
  static const bool done = (openblas_set_num_threads(1), true);
  static_cast<void>(done);
}

}  // namespace cuglmm
