/// Every call of the CUDA runtime and its libraries goes through check(): what failed, where, in the
/// library's own words.
#pragma once

#include <cuda_runtime_api.h>
#include <cusolverDn.h>

#include <source_location>

#include <cuglmm/error.hpp>

namespace cuglmm::cuda {

/// A call failed: Error of Kind::device.
class Failure : public Error {
 public:
  Failure(const std::string& what, bool out_of_memory)
      : Error(what, Error::Kind::device), out_of_memory_(out_of_memory) {}
  /// The device works, but has no room: less may fit.
  bool out_of_memory() const { return out_of_memory_; }

 private:
  bool out_of_memory_;
};

void check(cudaError_t status, std::source_location where = std::source_location::current());
void check(cusolverStatus_t status, std::source_location where = std::source_location::current());

/// For destructors, which must not throw: says it on standard error, unless the device is known to be lost.
void log_failure(cudaError_t status, std::source_location where = std::source_location::current()) noexcept;
void log_failure(cusolverStatus_t status,
                 std::source_location where = std::source_location::current()) noexcept;

}  // namespace cuglmm::cuda
