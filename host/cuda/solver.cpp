#include <host/cuda/solver.hpp>

namespace cuglmm::cuda {

SolverHandle::SolverHandle(const Stream& stream) {
  check(cusolverDnCreate(&handle_));
  try {
    check(cusolverDnSetStream(handle_, stream.get()));
  } catch (...) {
    cusolverDnDestroy(handle_);
    throw;
  }
}

std::optional<Eigen::MatrixXd> Solver::inverse(const Eigen::MatrixXd& A) {
  const int n = static_cast<int>(A.rows());
  if (n == 0) return A;
  constexpr auto kLower = CUBLAS_FILL_MODE_LOWER;
  DeviceArray<double> L(A.size());
  DeviceArray<int> info(2);
  int factor_size = 0, inverse_size = 0;
  check(cusolverDnDpotrf_bufferSize(handle_.get(), kLower, n, L.data(), n, &factor_size));
  check(cusolverDnDpotri_bufferSize(handle_.get(), kLower, n, L.data(), n, &inverse_size));
  const DeviceArray<double> factor_work(factor_size), inverse_work(inverse_size);
  upload(L.data(), A.data(), A.size(), stream_);
  check(
      cusolverDnDpotrf(handle_.get(), kLower, n, L.data(), n, factor_work.data(), factor_size, info.data()));
  int failed[2] = {0, 0};
  download(failed, info.data(), 1, stream_);
  if (failed[0] != 0) return std::nullopt;
  check(cusolverDnDpotri(handle_.get(), kLower, n, L.data(), n, inverse_work.data(), inverse_size,
                         info.data() + 1));
  Eigen::MatrixXd out(n, n);
  download(out.data(), L.data(), out.size(), stream_);
  download(failed + 1, info.data() + 1, 1, stream_);
  if (failed[1] != 0) return std::nullopt;
  return out.selfadjointView<Eigen::Lower>();
}

}  // namespace cuglmm::cuda
