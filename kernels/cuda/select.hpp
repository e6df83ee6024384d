/// Lists of lanes, compacted by Thrust.
#pragma once

#include <cuda_runtime_api.h>

#include <kernels/cuda/problems.hpp>

namespace cuglmm::cuda {

/// Of a list those that go on, and those that have ended, in the list's order; waits for the stream. Throws
/// thrust::system_error (a std::runtime_error).
struct Selected {
  int running, ended;
};
Selected select(const Problems& problems, const int* list, int count, int* running, int* ended,
                cudaStream_t stream);

/// 0, 1, .. count - 1.
void all_lanes(int* list, int count, cudaStream_t stream);

}  // namespace cuglmm::cuda
