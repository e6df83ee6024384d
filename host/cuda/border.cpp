#include <host/cuda/border.hpp>

#include <algorithm>
#include <limits>

#include <host/engine/dense.hpp>

namespace cuglmm::cuda {
namespace {

/// Of a matrix whose rows are read as columns.
constexpr auto kTriangle = CUBLAS_FILL_MODE_UPPER;

/// cusolverDnDpotri counts in int, n^2 too.
constexpr int kLargest = 46340;

}  // namespace

DeviceMatrix::DeviceMatrix(int n, const Stream& stream)
    : n_(n), stream_(stream), handle_(stream), A_(std::size_t(n) * n), info_(1) {
  std::size_t factor_bytes = 0, host_bytes = 0;
  check(cusolverDnXpotrf_bufferSize(handle_.get(), parameters_.get(), kTriangle, n, CUDA_R_64F, A_.data(), n,
                                    CUDA_R_64F, &factor_bytes, &host_bytes));
  check(cusolverDnDpotri_bufferSize(handle_.get(), kTriangle, n, A_.data(), n, &inverse_size_));
  const std::size_t factor_size = (factor_bytes + sizeof(double) - 1) / sizeof(double);
  work_ = DeviceArray<double>(std::max(factor_size, std::size_t(inverse_size_)));
  host_work_.resize(host_bytes);
}

bool DeviceMatrix::factor() {
  check(cusolverDnXpotrf(handle_.get(), parameters_.get(), kTriangle, n_, CUDA_R_64F, A_.data(), n_,
                         CUDA_R_64F, work_.data(), work_.size() * sizeof(double), host_work_.data(),
                         host_work_.size(), info_.data()));
  int failed = 0;
  download(&failed, info_.data(), 1, stream_);
  return failed == 0;
}

/// Its info is not asked for: it would tell of a zero on the diagonal, which no factor has.
void DeviceMatrix::invert() {
  check(cusolverDnDpotri(handle_.get(), kTriangle, n_, A_.data(), n_, work_.data(), inverse_size_,
                         info_.data()));
}

Border::Border(int smallest, const Stream& stream)
    : functions_{this,
                 smallest,
                 [](void* border, double* A, int n, int threads) {
                   return static_cast<Border*>(border)->factor(A, n, threads);
                 },
                 [](void* border, double* L, int n, int threads) {
                   static_cast<Border*>(border)->invert(L, n, threads);
                 },
                 nullptr,
                 &define_T},
      stream_(stream) {}

const DenseFunctions* Border::functions(int n) const {
  return n >= functions_.smallest && n <= kLargest ? &functions_ : nullptr;
}

/// work(the matrix on the device); false: there is no room for it.
template <class Work>
bool Border::on_device(int n, Work work) {
  if (no_room_) return false;
  try {
    if (!matrix_ || matrix_->size() != n) matrix_.emplace(n, stream_);
    work(*matrix_);
    return true;
  } catch (const Failure& failure) {
    if (!failure.out_of_memory()) throw;
    no_room_ = true;
    matrix_.reset();
    return false;
  }
}

double Border::factor(double* A, int n, int threads) {
  const std::lock_guard lock(mutex_);
  factored_ = nullptr;
  bool positive = false;
  const bool there = on_device(n, [&](DeviceMatrix& matrix) {
    matrix.set(A);
    positive = matrix.factor();
  });
  if (!there) return dense_functions().factor(nullptr, A, n, threads);
  if (!positive) return std::numeric_limits<double>::quiet_NaN();
  matrix_->get(A);
  factored_ = A;
  return log_determinant(A, n);
}

void Border::invert(double* L, int n, int threads) {
  const std::lock_guard lock(mutex_);
  const bool there = on_device(n, [&](DeviceMatrix& matrix) {
    if (factored_ != L) matrix.set(L);
    factored_ = nullptr;
    matrix.invert();
  });
  if (!there) return dense_functions().invert(nullptr, L, n, threads);
  matrix_->get(L);
}

}  // namespace cuglmm::cuda
