/// policy(stream): Thrust's algorithms on raw device pointers, in the order of a stream, without waiting for
/// it: `thrust::sort(policy(stream), first, last)`. The same for nvcc and for tests/emulation. Use it in the
/// call, do not keep it.
#pragma once

#include <cuda_runtime_api.h>

#ifdef __CUDACC__
#include <thrust/system/cuda/execution_policy.h>
#else
#include <emulation/thrust_policy.hpp>
#endif

namespace cuglmm::cuda {

#ifdef __CUDACC__
inline auto policy(cudaStream_t stream) { return thrust::cuda::par_nosync.on(stream); }
#else
inline emulation::InStream policy(cudaStream_t stream) { return emulation::InStream(stream); }
#endif

}  // namespace cuglmm::cuda
