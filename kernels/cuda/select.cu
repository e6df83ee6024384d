// The one file with Thrust, which takes long to compile.
#include <kernels/cuda/select.hpp>
#include <kernels/cuda/thrust_policy.hpp>
#include <kernels/search.hpp>

#include <thrust/partition.h>
#include <thrust/sequence.h>

namespace cuglmm::cuda {
namespace {

struct GoesOn {
  const int* ending;
  __device__ bool operator()(int lane) const { return ending[lane] == kGoesOn; }
};

}  // namespace

Selected select(const Problems& problems, const int* list, int count, int* running, int* ended,
                cudaStream_t stream) {
  const auto ends = thrust::stable_partition_copy(policy(stream), list, list + count, running, ended,
                                                  GoesOn{problems.ending});
  return {static_cast<int>(ends.first - running), static_cast<int>(ends.second - ended)};
}

void all_lanes(int* list, int count, cudaStream_t stream) {
  thrust::sequence(policy(stream), list, list + count);
}

}  // namespace cuglmm::cuda
