/// The block's dynamic shared memory, as long as the launch's dynamicSmemBytes, unset. The same for nvcc and
/// for tests/emulation.
#pragma once

#include <cuda_runtime.h>

namespace cuglmm::cuda {

template <class T>
__device__ T* shared_memory() {
#ifdef __CUDACC__
  extern __shared__ __align__(16) unsigned char cuglmm_shared_bytes[];
  return reinterpret_cast<T*>(cuglmm_shared_bytes);
#else
  return static_cast<T*>(emulation::dynamic_shared_memory());
#endif
}

}  // namespace cuglmm::cuda
