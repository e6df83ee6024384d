/// A block of threads that work at some problems together, one in each lane (team.hpp): threadIdx.x is the
/// lane, threadIdx.y the thread's number there. So what threads of one warp read at the same time lies side
/// by side, and every sum has an order that does not depend on the other lanes.
#pragma once

#include <cuda_runtime.h>

#include <kernels/real.hpp>

namespace cuglmm::cuda {

class Block {
 public:
  /// exchange: shared memory, a double for each thread of the block.
  /// idle: the lane has no problem, and its threads come to the barriers only.
  __device__ Block(double* exchange, bool idle) : exchange_(exchange), idle_(idle) {}

  template <class Body>
  __device__ void parts(int n, const Body& body) const {
    for (int part = first(); part < n; part += count()) body(part);
    __syncthreads();
  }
  template <class F>
  __device__ void each(Index n, const F& f) const {
    for (Index i = first(); i < n; i += count()) f(i);
    __syncthreads();
  }
  template <class F>
  __device__ void ranges(Index n, const F& f) const {
    if (!idle_) f(n * first() / count(), n * (first() + 1) / count());
    __syncthreads();
  }
  template <class F>
  __device__ void once(const F& f) const {
    if (first() == 0) f();
    __syncthreads();
  }
  template <class F>
  __device__ double sum(Index n, const F& f) const {
    double own = 0.0, sum = 0.0;
    for (Index i = first(); i < n; i += count()) own += f(i);
    double* lane = exchange_ + threadIdx.x;
    lane[threadIdx.y * blockDim.x] = own;
    __syncthreads();
    for (int y = 0; y < count(); ++y) sum += lane[y * blockDim.x];
    __syncthreads();
    return sum;
  }
  __device__ bool any(bool mask) const { return __syncthreads_or(mask && !idle_) != 0; }
  __device__ int count() const { return static_cast<int>(blockDim.y); }

 private:
  /// The thread's first number; one beyond all for an idle one.
  __device__ int first() const { return idle_ ? 0x7fffffff : static_cast<int>(threadIdx.y); }

  double* exchange_;
  bool idle_;
};

}  // namespace cuglmm::cuda
