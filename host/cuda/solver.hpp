/// Dense Cholesky by cuSOLVER.
#pragma once

#include <Eigen/Core>
#include <optional>

#include <host/cuda/memory.hpp>

namespace cuglmm::cuda {

/// cuSOLVER, its work queued in a stream.
class SolverHandle {
 public:
  explicit SolverHandle(const Stream& stream);
  ~SolverHandle() { log_failure(cusolverDnDestroy(handle_)); }
  SolverHandle(const SolverHandle&) = delete;
  SolverHandle& operator=(const SolverHandle&) = delete;
  cusolverDnHandle_t get() const { return handle_; }

 private:
  cusolverDnHandle_t handle_ = nullptr;
};

/// What the calls with 64-bit sizes want beside a handle.
class SolverParameters {
 public:
  SolverParameters() { check(cusolverDnCreateParams(&parameters_)); }
  ~SolverParameters() { log_failure(cusolverDnDestroyParams(parameters_)); }
  SolverParameters(const SolverParameters&) = delete;
  SolverParameters& operator=(const SolverParameters&) = delete;
  cusolverDnParams_t get() const { return parameters_; }

 private:
  cusolverDnParams_t parameters_ = nullptr;
};

class Solver {
 public:
  explicit Solver(const Stream& stream) : stream_(stream), handle_(stream) {}

  /// A^-1, A symmetric; nothing where A is not positive definite.
  std::optional<Eigen::MatrixXd> inverse(const Eigen::MatrixXd& A);

 private:
  const Stream& stream_;
  const SolverHandle handle_;
};

}  // namespace cuglmm::cuda
