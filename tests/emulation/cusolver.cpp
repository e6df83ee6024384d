// The cuSOLVER calls that cuglmm uses, on doubles: arguments checked at the call, the work done in the
// stream's order. A plain column-by-column Cholesky factorization: what matters is that it writes what
// cuSOLVER writes (one triangle, devInfo) and reads nothing else.
#include <cusolverDn.h>

#include <cstring>
#include <vector>

#include "calls.hpp"
#include "handles.hpp"
#include "memory.hpp"
#include "streams.hpp"

struct cusolverDnContext {
  cudaStream_t stream = nullptr;
};
struct cusolverDnParams {};

namespace cuglmm::emulation {
namespace {

using Size = std::int64_t;
constexpr const char *kHandle = "cuSOLVER handle", *kParams = "cuSOLVER parameters";
constexpr auto kOk = CUSOLVER_STATUS_SUCCESS, kInvalid = CUSOLVER_STATUS_INVALID_VALUE;

template <class Body>
cusolverStatus_t solver_call(const char* name, cusolverDnHandle_t handle, Body body) {
  const std::lock_guard guard(lock());
  if (next_call(name, cudaErrorLaunchFailure) != cudaSuccess) return CUSOLVER_STATUS_EXECUTION_FAILED;
  if (!is_handle(handle, kHandle) || !is_stream(handle->stream)) return CUSOLVER_STATUS_NOT_INITIALIZED;
  return body();
}

template <class T>
cusolverStatus_t create(const char* name, T** out, const char* kind) {
  const std::lock_guard guard(lock());
  const cudaError_t error = next_call(name, cudaErrorMemoryAllocation);
  if (error == cudaErrorMemoryAllocation) return CUSOLVER_STATUS_ALLOC_FAILED;
  if (error != cudaSuccess) return CUSOLVER_STATUS_NOT_INITIALIZED;
  add_handle(*out = new T, kind);
  return kOk;
}

template <class T>
cusolverStatus_t destroy(const char* name, T* it, const char* kind) {
  const std::lock_guard guard(lock());
  const cudaError_t error = next_call(name, cudaErrorLaunchFailure);
  if (!is_handle(it, kind)) return CUSOLVER_STATUS_NOT_INITIALIZED;
  remove_handle(it);
  delete it;
  return error == cudaSuccess ? kOk : CUSOLVER_STATUS_INTERNAL_ERROR;
}

/// The lower triangle L of A = L L', or U' of A = U' U.
struct Triangle {
  double* values;
  Size n, stride;
  bool upper;
  double& operator()(Size i, Size j) const { return values[upper ? j + i * stride : i + j * stride]; }
};

/// 0, or the number of the first leading minor that is not positive definite.
int factor(const Triangle& a) {
  for (Size j = 0; j < a.n; ++j) {
    double d = a(j, j);
    for (Size k = 0; k < j; ++k) d -= a(j, k) * a(j, k);
    if (!(d > 0.0)) return static_cast<int>(j) + 1;
    d = a(j, j) = std::sqrt(d);
    for (Size i = j + 1; i < a.n; ++i) {
      double s = a(i, j);
      for (Size k = 0; k < j; ++k) s -= a(i, k) * a(j, k);
      a(i, j) = s / d;
    }
  }
  return 0;
}

void solve(const Triangle& l, double* x) {
  for (Size i = 0; i < l.n; ++i) {
    for (Size k = 0; k < i; ++k) x[i] -= l(i, k) * x[k];
    x[i] /= l(i, i);
  }
  for (Size i = l.n; i-- > 0;) {
    for (Size k = i + 1; k < l.n; ++k) x[i] -= l(k, i) * x[k];
    x[i] /= l(i, i);
  }
}

/// The inverse of L L' into L's place; 0, or the number of a zero on the diagonal.
int invert(const Triangle& l) {
  for (Size j = 0; j < l.n; ++j)
    if (l(j, j) == 0.0) return static_cast<int>(j) + 1;
  std::vector<double> inverse(static_cast<std::size_t>(l.n * l.n));
  for (Size j = 0; j < l.n; ++j) {
    inverse[static_cast<std::size_t>(j * l.n + j)] = 1.0;
    solve(l, &inverse[static_cast<std::size_t>(j * l.n)]);
  }
  for (Size j = 0; j < l.n; ++j)
    for (Size i = j; i < l.n; ++i) l(i, j) = inverse[static_cast<std::size_t>(j * l.n + i)];
  return 0;
}

std::size_t matrix_bytes(Size rows, Size columns, Size stride) {
  return rows == 0 || columns == 0 ? 0
                                   : static_cast<std::size_t>((columns - 1) * stride + rows) * sizeof(double);
}
bool shape_fits(Size rows, Size columns, Size stride) {
  return rows >= 0 && columns >= 0 && stride >= std::max<Size>(rows, 1);
}
bool matrix(const double* a, Size rows, Size columns, Size stride, const char* what) {
  return shape_fits(rows, columns, stride) && on_device(a, matrix_bytes(rows, columns, stride), what);
}
bool info_fits(const int* info, Size count = 1) {
  return on_device(info, static_cast<std::size_t>(count) * sizeof(int), "devInfo");
}

/// Doubles. Some, so that forgetting the workspace shows.
Size workspace(Size n) { return 32 + n; }

/// Whether it is there; the work overwrites it.
bool workspace_fits(double* work, Size length, Size n) {
  return length >= workspace(n) &&
         on_device(work, static_cast<std::size_t>(length) * sizeof(double), "the workspace");
}
void overwrite(double* work, Size n) {
  std::memset(work, 0xff, static_cast<std::size_t>(workspace(n)) * sizeof(double));
}

cusolverStatus_t enqueue_work(cusolverDnHandle_t handle, std::function<void()> work) {
  return enqueue(handle->stream, std::move(work)) == cudaSuccess ? kOk : CUSOLVER_STATUS_EXECUTION_FAILED;
}

cusolverStatus_t potrf(cusolverDnHandle_t handle, Triangle a, double* work, Size length, int* info) {
  if (!matrix(a.values, a.n, a.n, a.stride, "A") || !workspace_fits(work, length, a.n) || !info_fits(info))
    return kInvalid;
  return enqueue_work(handle, [=] {
    overwrite(work, a.n);
    *info = factor(a);
  });
}

cusolverStatus_t potri(cusolverDnHandle_t handle, Triangle a, double* work, Size length, int* info) {
  if (!matrix(a.values, a.n, a.n, a.stride, "A") || !workspace_fits(work, length, a.n) || !info_fits(info))
    return kInvalid;
  return enqueue_work(handle, [=] {
    overwrite(work, a.n);
    *info = invert(a);
  });
}

cusolverStatus_t potrs(cusolverDnHandle_t handle, Triangle a, Size columns, double* b, Size stride,
                       int* info) {
  if (!matrix(a.values, a.n, a.n, a.stride, "A") || !matrix(b, a.n, columns, stride, "B") || !info_fits(info))
    return kInvalid;
  return enqueue_work(handle, [=] {
    for (Size j = 0; j < columns; ++j) solve(a, b + j * stride);
    *info = 0;
  });
}

bool pointers_fit(double* const* pointers, int count, const char* what) {
  return count >= 0 && on_device(pointers, static_cast<std::size_t>(count) * sizeof(double*), what);
}

cusolverStatus_t potrf_batched(cusolverDnHandle_t handle, Triangle shape, double** a, int* info, int count) {
  if (!pointers_fit(a, count, "Aarray") || !info_fits(info, count) ||
      !shape_fits(shape.n, shape.n, shape.stride))
    return kInvalid;
  return enqueue_work(handle, [=] {
    for (int i = 0; i < count; ++i)
      if (matrix(a[i], shape.n, shape.n, shape.stride, "a matrix of the batch"))
        info[i] = factor({a[i], shape.n, shape.stride, shape.upper});
  });
}

cusolverStatus_t potrs_batched(cusolverDnHandle_t handle, Triangle shape, int columns, double** a, double** b,
                               int stride, int* info, int count) {
  if (columns != 1) return CUSOLVER_STATUS_NOT_SUPPORTED;
  if (!pointers_fit(a, count, "A") || !pointers_fit(b, count, "B") || !info_fits(info) ||
      !shape_fits(shape.n, shape.n, shape.stride) || !shape_fits(shape.n, 1, stride))
    return kInvalid;
  return enqueue_work(handle, [=] {
    for (int i = 0; i < count; ++i)
      if (matrix(a[i], shape.n, shape.n, shape.stride, "a matrix of the batch") &&
          matrix(b[i], shape.n, 1, stride, "a right-hand side of the batch"))
        solve({a[i], shape.n, shape.stride, shape.upper}, b[i]);
    *info = 0;
  });
}

bool upper(cublasFillMode_t uplo) { return uplo == CUBLAS_FILL_MODE_UPPER; }

cusolverStatus_t workspace_size(const char* name, cusolverDnHandle_t handle, int n, int stride, int* length) {
  return solver_call(name, handle, [&] {
    if (!shape_fits(n, n, stride)) return kInvalid;
    *length = static_cast<int>(workspace(n));
    return kOk;
  });
}

}  // namespace
}  // namespace cuglmm::emulation

using namespace cuglmm::emulation;

extern "C" {

cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t* handle) {
  return create("cusolverDnCreate", handle, kHandle);
}
cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t handle) {
  return destroy("cusolverDnDestroy", handle, kHandle);
}
cusolverStatus_t cusolverDnCreateParams(cusolverDnParams_t* params) {
  return create("cusolverDnCreateParams", params, kParams);
}
cusolverStatus_t cusolverDnDestroyParams(cusolverDnParams_t params) {
  return destroy("cusolverDnDestroyParams", params, kParams);
}
cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t handle, cudaStream_t stream) {
  return solver_call("cusolverDnSetStream", handle, [&] {
    if (!is_stream(stream)) return kInvalid;
    handle->stream = stream;
    return kOk;
  });
}

cusolverStatus_t cusolverDnDpotrf_bufferSize(cusolverDnHandle_t handle, cublasFillMode_t, int n, double*,
                                             int lda, int* length) {
  return workspace_size("cusolverDnDpotrf_bufferSize", handle, n, lda, length);
}
cusolverStatus_t cusolverDnDpotrf(cusolverDnHandle_t handle, cublasFillMode_t uplo, int n, double* a, int lda,
                                  double* work, int length, int* info) {
  return solver_call("cusolverDnDpotrf", handle, [&] {
    return potrf(handle, {a, n, lda, upper(uplo)}, work, length, info);
  });
}
cusolverStatus_t cusolverDnDpotrs(cusolverDnHandle_t handle, cublasFillMode_t uplo, int n, int columns,
                                  const double* a, int lda, double* b, int ldb, int* info) {
  return solver_call("cusolverDnDpotrs", handle, [&] {
    return potrs(handle, {const_cast<double*>(a), n, lda, upper(uplo)}, columns, b, ldb, info);
  });
}
cusolverStatus_t cusolverDnDpotri_bufferSize(cusolverDnHandle_t handle, cublasFillMode_t, int n, double*,
                                             int lda, int* length) {
  return workspace_size("cusolverDnDpotri_bufferSize", handle, n, lda, length);
}
cusolverStatus_t cusolverDnDpotri(cusolverDnHandle_t handle, cublasFillMode_t uplo, int n, double* a, int lda,
                                  double* work, int length, int* info) {
  return solver_call("cusolverDnDpotri", handle, [&] {
    return potri(handle, {a, n, lda, upper(uplo)}, work, length, info);
  });
}
cusolverStatus_t cusolverDnDpotrfBatched(cusolverDnHandle_t handle, cublasFillMode_t uplo, int n, double* a[],
                                         int lda, int* info, int count) {
  return solver_call("cusolverDnDpotrfBatched", handle, [&] {
    return potrf_batched(handle, {nullptr, n, lda, upper(uplo)}, a, info, count);
  });
}
cusolverStatus_t cusolverDnDpotrsBatched(cusolverDnHandle_t handle, cublasFillMode_t uplo, int n, int columns,
                                         double* a[], int lda, double* b[], int ldb, int* info, int count) {
  return solver_call("cusolverDnDpotrsBatched", handle, [&] {
    return potrs_batched(handle, {nullptr, n, lda, upper(uplo)}, columns, a, b, ldb, info, count);
  });
}

cusolverStatus_t cusolverDnXpotrf_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                             cublasFillMode_t, std::int64_t n, cudaDataType type, const void*,
                                             std::int64_t lda, cudaDataType compute,
                                             std::size_t* on_device_bytes, std::size_t* on_host_bytes) {
  return solver_call("cusolverDnXpotrf_bufferSize", handle, [&] {
    if (!is_handle(params, kParams) || type != CUDA_R_64F || compute != CUDA_R_64F || !shape_fits(n, n, lda))
      return kInvalid;
    *on_device_bytes = static_cast<std::size_t>(workspace(n)) * sizeof(double);
    *on_host_bytes = 0;
    return kOk;
  });
}
cusolverStatus_t cusolverDnXpotrf(cusolverDnHandle_t handle, cusolverDnParams_t params, cublasFillMode_t uplo,
                                  std::int64_t n, cudaDataType type, void* a, std::int64_t lda,
                                  cudaDataType compute, void* work, std::size_t work_bytes, void*,
                                  std::size_t, int* info) {
  return solver_call("cusolverDnXpotrf", handle, [&] {
    if (!is_handle(params, kParams) || type != CUDA_R_64F || compute != CUDA_R_64F) return kInvalid;
    return potrf(handle, {static_cast<double*>(a), n, lda, upper(uplo)}, static_cast<double*>(work),
                 static_cast<Size>(work_bytes / sizeof(double)), info);
  });
}
cusolverStatus_t cusolverDnXpotrs(cusolverDnHandle_t handle, cusolverDnParams_t params, cublasFillMode_t uplo,
                                  std::int64_t n, std::int64_t columns, cudaDataType type, const void* a,
                                  std::int64_t lda, cudaDataType type_b, void* b, std::int64_t ldb,
                                  int* info) {
  return solver_call("cusolverDnXpotrs", handle, [&] {
    if (!is_handle(params, kParams) || type != CUDA_R_64F || type_b != CUDA_R_64F) return kInvalid;
    double* values = const_cast<double*>(static_cast<const double*>(a));
    return potrs(handle, {values, n, lda, upper(uplo)}, columns, static_cast<double*>(b), ldb, info);
  });
}

}  // extern "C"
