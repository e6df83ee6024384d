/// A block of threads that work at some problems together, one in each lane (team.hpp): threadIdx.x is the
/// lane, threadIdx.y the thread's number there. So what threads of one warp read at the same time lies side
/// by side, and every sum has an order that does not depend on the other lanes.
#pragma once

#include <cuda_runtime.h>

#include <kernels/real.hpp>

namespace cuglmm::cuda {

class Block {
 public:
  /// exchange: shared memory, a double for each thread. idle: the lane has no problem, and its threads come to
  /// the barriers only.
  __device__ Block(double* exchange, bool idle)
      : exchange_(exchange), first_(idle ? kNever : static_cast<int>(threadIdx.y)) {}

  template <class Body>
  __device__ void parts(int n, const Body& body) const {
    for (int part = first_; part < n; part += count()) body(part);
    __syncthreads();
  }
  template <class F>
  __device__ void each(Index n, const F& f) const {
    for (Index i = first_; i < n; i += count()) f(i);
    __syncthreads();
  }
  template <class F>
  __device__ void ranges(Index n, const F& f) const {
    if (first_ != kNever) f(n * first_ / count(), n * (first_ + 1) / count());
    __syncthreads();
  }
  template <class F>
  __device__ void once(const F& f) const {
    if (first_ == 0) f();
    __syncthreads();
  }
  template <class F>
  __device__ double sum(Index n, const F& f) const {
    double own = 0.0, sum = 0.0;
    for (Index i = first_; i < n; i += count()) own += f(i);
    double* lane = exchange_ + threadIdx.x;
    lane[threadIdx.y * blockDim.x] = own;
    __syncthreads();
    for (int y = 0; y < count(); ++y) sum += lane[y * blockDim.x];
    __syncthreads();
    return sum;
  }
  __device__ bool any(bool mask) const { return __syncthreads_or(mask && first_ != kNever) != 0; }
  __device__ int count() const { return static_cast<int>(blockDim.y); }

 private:
  static constexpr int kNever = 0x7fffffff;

  double* exchange_;
  int first_;
};

}  // namespace cuglmm::cuda
