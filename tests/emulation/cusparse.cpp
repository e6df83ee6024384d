// The cuSPARSE calls that cuglmm uses: products of a CSR matrix (doubles, 32-bit indices) with dense matrices
// and vectors, arguments checked at the call, the work done in the stream's order.
#include <cusparse.h>

#include <cstring>
#include <string>

#include "calls.hpp"
#include "handles.hpp"
#include "memory.hpp"
#include "streams.hpp"

struct cusparseContext {
  cudaStream_t stream = nullptr;
};
struct cusparseSpMatDescr {
  std::int64_t rows, columns, count;
  const int *row_starts, *column;
  const double* values;
  int base;
};
struct cusparseDnMatDescr {
  std::int64_t rows, columns, stride;
  double* values;
  bool by_rows;
};
struct cusparseDnVecDescr {
  std::int64_t size;
  double* values;
};

namespace cuglmm::emulation {
namespace {

using Size = std::int64_t;
constexpr const char *kHandle = "cuSPARSE handle", *kSparse = "sparse matrix", *kDense = "dense matrix",
                     *kVector = "dense vector";
constexpr auto kOk = CUSPARSE_STATUS_SUCCESS, kInvalid = CUSPARSE_STATUS_INVALID_VALUE;

template <class Body>
cusparseStatus_t sparse_call(const char* name, Body body) {
  const std::lock_guard guard(lock());
  const cudaError_t error = next_call(name, cudaErrorLaunchFailure);
  return error == cudaSuccess ? body() : CUSPARSE_STATUS_EXECUTION_FAILED;
}

template <class Pointer, class T>
cusparseStatus_t create(const char* name, Pointer* out, const char* kind, bool fits, const T& value) {
  const std::lock_guard guard(lock());
  const cudaError_t error = next_call(name, cudaErrorMemoryAllocation);
  if (error == cudaErrorMemoryAllocation) return CUSPARSE_STATUS_ALLOC_FAILED;
  if (error != cudaSuccess) return CUSPARSE_STATUS_NOT_INITIALIZED;
  if (!fits) return kInvalid;
  add_handle(*out = new T(value), kind);
  return kOk;
}

template <class T>
cusparseStatus_t destroy(const char* name, const T* it, const char* kind) {
  const std::lock_guard guard(lock());
  const cudaError_t error = next_call(name, cudaErrorLaunchFailure);
  if (it == nullptr) return kOk;
  if (!is_handle(it, kind)) return kInvalid;
  remove_handle(it);
  delete it;
  return error == cudaSuccess ? kOk : CUSPARSE_STATUS_INTERNAL_ERROR;
}

std::size_t doubles(Size n) { return static_cast<std::size_t>(n) * sizeof(double); }
std::size_t ints(Size n) { return static_cast<std::size_t>(n) * sizeof(int); }

/// In bytes. Some, so that forgetting the buffer shows.
std::size_t buffer_bytes(const cusparseSpMatDescr& a) { return 256 + doubles(a.rows); }

bool there(const cusparseSpMatDescr& a) {
  return on_device(a.row_starts, ints(a.rows + 1), "the matrix's row offsets") &&
         on_device(a.column, ints(a.count), "the matrix's column indices") &&
         on_device(a.values, doubles(a.count), "the matrix's values");
}
bool there(const cusparseDnMatDescr& m, const char* what) {
  const Size lines = m.by_rows ? m.rows : m.columns, length = m.by_rows ? m.columns : m.rows;
  return on_device(m.values, lines == 0 || length == 0 ? 0 : doubles((lines - 1) * m.stride + length), what);
}

double& entry(const cusparseDnMatDescr& m, Size i, Size j, bool transposed) {
  if (transposed) std::swap(i, j);
  return m.values[m.by_rows ? i * m.stride + j : i + j * m.stride];
}

struct Product {
  cusparseSpMatDescr a;
  bool transpose_a;
  cusparseDnMatDescr b;
  bool transpose_b;
  cusparseDnMatDescr c;
  double alpha, beta;
};

bool shapes_fit(const Product& p) {
  const Size rows = p.transpose_a ? p.a.columns : p.a.rows, inner = p.transpose_a ? p.a.rows : p.a.columns;
  const Size inner_b = p.transpose_b ? p.b.columns : p.b.rows,
             columns = p.transpose_b ? p.b.rows : p.b.columns;
  return inner == inner_b && rows == p.c.rows && columns == p.c.columns;
}

/// C = alpha op(A) op(B) + beta C; where beta is 0, C is not read.
void multiply(const Product& p) {
  for (Size j = 0; j < p.c.columns; ++j)
    for (Size i = 0; i < p.c.rows; ++i) {
      double& c = entry(p.c, i, j, false);
      c = p.beta == 0.0 ? 0.0 : p.beta * c;
    }
  for (Size row = 0; row < p.a.rows; ++row)
    for (int k = p.a.row_starts[row] - p.a.base; k < p.a.row_starts[row + 1] - p.a.base; ++k) {
      const Size column = p.a.column[k] - p.a.base;
      if (column < 0 || column >= p.a.columns)
        return fault("row " + std::to_string(row) + " of the sparse matrix has column " +
                     std::to_string(column));
      const Size to = p.transpose_a ? column : row, from = p.transpose_a ? row : column;
      for (Size j = 0; j < p.c.columns; ++j)
        entry(p.c, to, j, false) += p.alpha * p.a.values[k] * entry(p.b, from, j, p.transpose_b);
    }
}

cusparseStatus_t enqueue_product(cusparseHandle_t handle, const Product& p, void* buffer) {
  if (!is_handle(handle, kHandle) || !is_stream(handle->stream)) return CUSPARSE_STATUS_NOT_INITIALIZED;
  if (!shapes_fit(p) || !there(p.a) || !there(p.b, "B") || !there(p.c, "C")) return kInvalid;
  const std::size_t bytes = buffer_bytes(p.a);
  if (!on_device(buffer, bytes, "the external buffer")) return kInvalid;
  const auto work = [=] {
    std::memset(buffer, 0xff, bytes);
    multiply(p);
  };
  return enqueue(handle->stream, work) == cudaSuccess ? kOk : CUSPARSE_STATUS_EXECUTION_FAILED;
}

/// A vector is a matrix of one column.
cusparseDnMatDescr column(const cusparseDnVecDescr& x) {
  return {x.size, 1, std::max<Size>(x.size, 1), x.values, false};
}

double number(const void* host) { return *static_cast<const double*>(host); }  // pointer mode host
bool transposed(cusparseOperation_t operation) { return operation != CUSPARSE_OPERATION_NON_TRANSPOSE; }

bool csr_fits(Size rows, Size columns, Size count, cusparseIndexType_t starts,
              cusparseIndexType_t column_type, cudaDataType type) {
  return rows >= 0 && columns >= 0 && count >= 0 && starts == CUSPARSE_INDEX_32I &&
         column_type == CUSPARSE_INDEX_32I && type == CUDA_R_64F;
}
bool dense_fits(Size rows, Size columns, Size stride, cudaDataType type, cusparseOrder_t order) {
  return rows >= 0 && columns >= 0 && stride >= (order == CUSPARSE_ORDER_ROW ? columns : rows) &&
         type == CUDA_R_64F;
}

template <class T>
T* at(const void* values) {
  return static_cast<T*>(const_cast<void*>(values));
}

}  // namespace
}  // namespace cuglmm::emulation

using namespace cuglmm::emulation;

extern "C" {

cusparseStatus_t cusparseCreate(cusparseHandle_t* handle) {
  return create("cusparseCreate", handle, kHandle, true, cusparseContext{});
}
cusparseStatus_t cusparseDestroy(cusparseHandle_t handle) {
  return destroy("cusparseDestroy", handle, kHandle);
}
cusparseStatus_t cusparseSetStream(cusparseHandle_t handle, cudaStream_t stream) {
  return sparse_call("cusparseSetStream", [&] {
    if (!is_handle(handle, kHandle)) return CUSPARSE_STATUS_NOT_INITIALIZED;
    if (!is_stream(stream)) return kInvalid;
    handle->stream = stream;
    return kOk;
  });
}

cusparseStatus_t cusparseCreateConstCsr(cusparseConstSpMatDescr_t* out, int64_t rows, int64_t columns,
                                        int64_t count, const void* starts, const void* column,
                                        const void* values, cusparseIndexType_t starts_type,
                                        cusparseIndexType_t column_type, cusparseIndexBase_t base,
                                        cudaDataType type) {
  return create(
      "cusparseCreateCsr", out, kSparse, csr_fits(rows, columns, count, starts_type, column_type, type),
      cusparseSpMatDescr{rows, columns, count, at<int>(starts), at<int>(column), at<double>(values), base});
}
cusparseStatus_t cusparseCreateCsr(cusparseSpMatDescr_t* out, int64_t rows, int64_t columns, int64_t count,
                                   void* starts, void* column, void* values, cusparseIndexType_t starts_type,
                                   cusparseIndexType_t column_type, cusparseIndexBase_t base,
                                   cudaDataType type) {
  return create(
      "cusparseCreateCsr", out, kSparse, csr_fits(rows, columns, count, starts_type, column_type, type),
      cusparseSpMatDescr{rows, columns, count, at<int>(starts), at<int>(column), at<double>(values), base});
}
cusparseStatus_t cusparseDestroySpMat(cusparseConstSpMatDescr_t a) {
  return destroy("cusparseDestroySpMat", a, kSparse);
}

cusparseStatus_t cusparseCreateConstDnMat(cusparseConstDnMatDescr_t* out, int64_t rows, int64_t columns,
                                          int64_t stride, const void* values, cudaDataType type,
                                          cusparseOrder_t order) {
  return create("cusparseCreateDnMat", out, kDense, dense_fits(rows, columns, stride, type, order),
                cusparseDnMatDescr{rows, columns, stride, at<double>(values), order == CUSPARSE_ORDER_ROW});
}
cusparseStatus_t cusparseCreateDnMat(cusparseDnMatDescr_t* out, int64_t rows, int64_t columns, int64_t stride,
                                     void* values, cudaDataType type, cusparseOrder_t order) {
  return create("cusparseCreateDnMat", out, kDense, dense_fits(rows, columns, stride, type, order),
                cusparseDnMatDescr{rows, columns, stride, at<double>(values), order == CUSPARSE_ORDER_ROW});
}
cusparseStatus_t cusparseDestroyDnMat(cusparseConstDnMatDescr_t m) {
  return destroy("cusparseDestroyDnMat", m, kDense);
}
cusparseStatus_t cusparseCreateConstDnVec(cusparseConstDnVecDescr_t* out, int64_t size, const void* values,
                                          cudaDataType type) {
  return create("cusparseCreateDnVec", out, kVector, size >= 0 && type == CUDA_R_64F,
                cusparseDnVecDescr{size, at<double>(values)});
}
cusparseStatus_t cusparseCreateDnVec(cusparseDnVecDescr_t* out, int64_t size, void* values,
                                     cudaDataType type) {
  return create("cusparseCreateDnVec", out, kVector, size >= 0 && type == CUDA_R_64F,
                cusparseDnVecDescr{size, at<double>(values)});
}
cusparseStatus_t cusparseDestroyDnVec(cusparseConstDnVecDescr_t x) {
  return destroy("cusparseDestroyDnVec", x, kVector);
}
cusparseStatus_t cusparseDnMatSetValues(cusparseDnMatDescr_t m, void* values) {
  return sparse_call("cusparseDnMatSetValues", [&] {
    if (!is_handle(m, kDense)) return kInvalid;
    m->values = at<double>(values);
    return kOk;
  });
}
cusparseStatus_t cusparseDnVecSetValues(cusparseDnVecDescr_t x, void* values) {
  return sparse_call("cusparseDnVecSetValues", [&] {
    if (!is_handle(x, kVector)) return kInvalid;
    x->values = at<double>(values);
    return kOk;
  });
}

cusparseStatus_t cusparseSpMM_bufferSize(cusparseHandle_t, cusparseOperation_t, cusparseOperation_t,
                                         const void*, cusparseConstSpMatDescr_t a,
                                         cusparseConstDnMatDescr_t b, const void*, cusparseDnMatDescr_t c,
                                         cudaDataType, cusparseSpMMAlg_t, size_t* bytes) {
  return sparse_call("cusparseSpMM_bufferSize", [&] {
    if (!is_handle(a, kSparse) || !is_handle(b, kDense) || !is_handle(c, kDense)) return kInvalid;
    *bytes = buffer_bytes(*a);
    return kOk;
  });
}
cusparseStatus_t cusparseSpMM(cusparseHandle_t handle, cusparseOperation_t op_a, cusparseOperation_t op_b,
                              const void* alpha, cusparseConstSpMatDescr_t a, cusparseConstDnMatDescr_t b,
                              const void* beta, cusparseDnMatDescr_t c, cudaDataType type, cusparseSpMMAlg_t,
                              void* buffer) {
  return sparse_call("cusparseSpMM", [&] {
    if (!is_handle(a, kSparse) || !is_handle(b, kDense) || !is_handle(c, kDense) || type != CUDA_R_64F)
      return kInvalid;
    return enqueue_product(
        handle, {*a, transposed(op_a), *b, transposed(op_b), *c, number(alpha), number(beta)}, buffer);
  });
}
cusparseStatus_t cusparseSpMV_bufferSize(cusparseHandle_t, cusparseOperation_t, const void*,
                                         cusparseConstSpMatDescr_t a, cusparseConstDnVecDescr_t x,
                                         const void*, cusparseDnVecDescr_t y, cudaDataType, cusparseSpMVAlg_t,
                                         size_t* bytes) {
  return sparse_call("cusparseSpMV_bufferSize", [&] {
    if (!is_handle(a, kSparse) || !is_handle(x, kVector) || !is_handle(y, kVector)) return kInvalid;
    *bytes = buffer_bytes(*a);
    return kOk;
  });
}
cusparseStatus_t cusparseSpMV(cusparseHandle_t handle, cusparseOperation_t op, const void* alpha,
                              cusparseConstSpMatDescr_t a, cusparseConstDnVecDescr_t x, const void* beta,
                              cusparseDnVecDescr_t y, cudaDataType type, cusparseSpMVAlg_t, void* buffer) {
  return sparse_call("cusparseSpMV", [&] {
    if (!is_handle(a, kSparse) || !is_handle(x, kVector) || !is_handle(y, kVector) || type != CUDA_R_64F)
      return kInvalid;
    return enqueue_product(
        handle, {*a, transposed(op), column(*x), false, column(*y), number(alpha), number(beta)}, buffer);
  });
}

}  // extern "C"
