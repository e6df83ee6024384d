/// Launching: the one way that nvcc and tests/emulation share.
#pragma once

#include <cuda_runtime.h>

#include <kernels/launch.hpp>
#include <kernels/scratch.hpp>

namespace cuglmm::cuda {

/// Threads of a block. Few: enough blocks for every multiprocessor when problems are few, and little of its
/// registers left over.
constexpr int kBlock = 64;

inline unsigned blocks(Index lanes) { return static_cast<unsigned>((lanes + kBlock - 1) / kBlock); }

template <class... Parameters, class... Arguments>
cudaError_t launch_blocks(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes,
                          cudaStream_t stream, const Arguments&... arguments) {
  if (grid.x == 0 || grid.y == 0) return cudaSuccess;
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, arguments...);
}

/// In blocks of kBlock threads.
template <class... Parameters, class... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, std::size_t shared_bytes, cudaStream_t stream,
                   const Arguments&... arguments) {
  return launch_blocks(kernel, grid, dim3(kBlock), shared_bytes, stream, arguments...);
}

__device__ inline int thread() { return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); }

/// A lane's entries: neighbouring lanes lie side by side.
__device__ inline Lanes<double> entries(double* all, Index lane, Index lanes) { return {all + lane, lanes}; }

/// What a kernel is instantiated for.
template <class T>
struct Type {
  using type = T;
};

/// f(Type<Family>, Type<Draw>).
template <class F>
auto with_family(const PlanView& plan, F f) {
  if (plan.family == KernelFamily::poisson_log) return f(Type<PoissonLog>{}, Type<PoissonDraw>{});
  return f(Type<BinomialLogit>{}, Type<BinomialDraw>{});
}

/// f(Type<PathShape>). Local arrays of full capacity take 34 KiB of every thread that the GPU can hold: on
/// most models' paths, a hundredth does.
template <class F>
auto with_path(const PlanView& plan, F f) {
  return plan.Q <= 4 ? f(Type<PathShape<4>>{}) : f(Type<AnyShape>{});
}

/// f(Type<Shape>). Three columns and more: a thread of their own has no registers for them.
template <class F>
auto with_shape(const PlanView& plan, F f) {
  if (plan.shape == KernelShape::one_unit) return f(Type<OneTerm<1, true>>{});
#if !defined(CUGLMM_FEW_SHAPES)  // sanitizer builds would take minutes to compile them all
  if (plan.shape == KernelShape::one_2) return f(Type<OneTerm<2>>{});
  if (plan.shape == KernelShape::nested_2) return f(Type<NestedShape<2>>{});
  if (plan.shape == KernelShape::nested_3) return f(Type<NestedShape<3>>{});
#endif
  return with_path(plan, f);
}

}  // namespace cuglmm::cuda
