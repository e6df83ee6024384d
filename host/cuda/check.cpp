#include <host/cuda/check.hpp>

#include <atomic>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

namespace cuglmm::cuda {
namespace {

/// The file as in the source tree: host/cuda/...
const char* short_name(const char* file) {
  const char* at = std::strstr(file, "host/cuda/");
  return at ? at : file;
}

/// A device that is lost answers every call with its error: said once, by the call that met it.
std::atomic<bool> lost{false};

const char* name(cusolverStatus_t status) {
  switch (status) {
    case CUSOLVER_STATUS_NOT_INITIALIZED:
      return "CUSOLVER_STATUS_NOT_INITIALIZED";
    case CUSOLVER_STATUS_ALLOC_FAILED:
      return "CUSOLVER_STATUS_ALLOC_FAILED";
    case CUSOLVER_STATUS_INVALID_VALUE:
      return "CUSOLVER_STATUS_INVALID_VALUE";
    case CUSOLVER_STATUS_ARCH_MISMATCH:
      return "CUSOLVER_STATUS_ARCH_MISMATCH";
    case CUSOLVER_STATUS_EXECUTION_FAILED:
      return "CUSOLVER_STATUS_EXECUTION_FAILED";
    case CUSOLVER_STATUS_INTERNAL_ERROR:
      return "CUSOLVER_STATUS_INTERNAL_ERROR";
    default:
      return "an error of cuSOLVER's";
  }
}

}  // namespace

void check(cudaError_t status, std::source_location where) {
  if (status == cudaSuccess) return;
  const bool out_of_memory = status == cudaErrorMemoryAllocation;
  if (out_of_memory)
    cudaGetLastError();  // it does not stay
  else
    lost = true;
  throw Failure(fmt::format("the GPU failed: {} ({}) at {}:{}", cudaGetErrorString(status),
                            cudaGetErrorName(status), short_name(where.file_name()), where.line()),
                out_of_memory);
}

void check(cusolverStatus_t status, std::source_location where) {
  if (status == CUSOLVER_STATUS_SUCCESS) return;
  throw Failure(
      fmt::format("cuSOLVER failed: {} at {}:{}", name(status), short_name(where.file_name()), where.line()),
      status == CUSOLVER_STATUS_ALLOC_FAILED);
}

void log_failure(cudaError_t status, std::source_location where) noexcept {
  if (status == cudaSuccess || lost) return;
  std::fprintf(stderr, "cuglmm: the GPU failed: %s (%s) at %s:%u\n", cudaGetErrorString(status),
               cudaGetErrorName(status), short_name(where.file_name()), static_cast<unsigned>(where.line()));
}

void log_failure(cusolverStatus_t status, std::source_location where) noexcept {
  if (status == CUSOLVER_STATUS_SUCCESS || lost) return;
  std::fprintf(stderr, "cuglmm: cuSOLVER failed: %s at %s:%u\n", name(status), short_name(where.file_name()),
               static_cast<unsigned>(where.line()));
}

}  // namespace cuglmm::cuda
