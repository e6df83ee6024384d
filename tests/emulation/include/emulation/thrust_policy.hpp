/// Thrust's algorithms for the host, on device memory, in the order of a stream: what is in its queue runs
/// first, then the algorithm at once. (On a device the algorithm would be in the queue too; what follows it
/// is.)
#pragma once

#include <new>

#include <cuda_runtime_api.h>
#include <thrust/system/cpp/execution_policy.h>
#include <thrust/system/cuda/error.h>
#include <thrust/system_error.h>

namespace cuglmm::emulation {

/// Counted as a call. Afterwards device memory is open until close_memory().
cudaError_t begin_algorithm(cudaStream_t stream);
void open_memory();
void close_memory();

class InStream : public thrust::cpp::execution_policy<InStream> {
 public:
  /// Throws what Thrust throws on a device.
  explicit InStream(cudaStream_t stream) {
    const cudaError_t error = begin_algorithm(stream);
    if (error == cudaErrorMemoryAllocation) throw std::bad_alloc();
    if (error != cudaSuccess)
      throw thrust::system_error(error, thrust::cuda_category(), cudaGetErrorString(error));
  }
  InStream(const InStream& other) : thrust::cpp::execution_policy<InStream>(other) { open_memory(); }
  InStream& operator=(const InStream&) = default;
  ~InStream() { close_memory(); }
};

}  // namespace cuglmm::emulation
