// What thrust_policy.hpp leaves to the library.
#include <emulation/thrust_policy.hpp>

#include "calls.hpp"
#include "memory.hpp"
#include "streams.hpp"

namespace cuglmm::emulation {

cudaError_t begin_algorithm(cudaStream_t stream) {
  return call("thrust", cudaErrorMemoryAllocation, [&] {
    if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
    run_stream(stream);
    open_memory();
    return cudaSuccess;
  });
}

void open_memory() {
  const std::lock_guard guard(lock());
  Open::begin();
}
void close_memory() {
  const std::lock_guard guard(lock());
  Open::end();
}

}  // namespace cuglmm::emulation
