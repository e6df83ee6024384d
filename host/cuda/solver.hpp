/// Dense Cholesky by cuSOLVER.
#pragma once

#include <Eigen/Core>
#include <optional>

#include <host/cuda/memory.hpp>

namespace cuglmm::cuda {

class Solver {
 public:
  explicit Solver(const Stream& stream);
  ~Solver();
  Solver(const Solver&) = delete;
  Solver& operator=(const Solver&) = delete;

  /// A^-1, A symmetric; nothing where A is not positive definite.
  std::optional<Eigen::MatrixXd> inverse(const Eigen::MatrixXd& A);

 private:
  const Stream& stream_;
  cusolverDnHandle_t handle_ = nullptr;
};

}  // namespace cuglmm::cuda
