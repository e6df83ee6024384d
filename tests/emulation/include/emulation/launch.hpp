/// cudaLaunchKernelEx: copies the arguments, looks for host pointers among them, and puts the grid into the
/// stream's queue.
#pragma once

#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

// The ends of the section of __shared__ variables (cuda_runtime.h), in the library that holds the kernel.
extern "C" {
extern char __start_cuglmm_shared[] __attribute__((weak, visibility("hidden")));
extern char __stop_cuglmm_shared[] __attribute__((weak, visibility("hidden")));
}

namespace cuglmm::emulation {

struct Grid {
  dim3 blocks, threads;
  std::size_t dynamic_bytes = 0;
  char *shared = nullptr, *shared_end = nullptr;  ///< __shared__ variables
  std::function<void()> thread;                   ///< one thread: the kernel with a copy of its arguments
};

/// Counted like every call; false: `error` says why not to go on.
bool begin_launch(cudaError_t& error);
/// Whether a word of this argument points into the heap, the stack or a global of the host.
bool argument_is_sound(int number, const void* bytes, std::size_t size);
cudaError_t enqueue_launch(const cudaLaunchConfig_t& config, const void* kernel, Grid grid, bool sound);

template <class T>
bool argument_is_sound(int number, T argument) {
  static_assert(std::is_trivially_copyable_v<T>, "a kernel's arguments are copied bytewise");
#if __has_builtin(__builtin_clear_padding)
  __builtin_clear_padding(&argument);  // stale bytes there can look like a pointer
  return argument_is_sound(number, static_cast<const void*>(&argument), sizeof argument);
#else
  return true;
#endif
}

}  // namespace cuglmm::emulation

// static: each library that holds kernels has its own section.
template <class... Parameters, class... Arguments>
static cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                                      Arguments&&... arguments) {
  namespace emulation = cuglmm::emulation;
  cudaError_t error;
  if (!emulation::begin_launch(error)) return error;
  const std::tuple<std::remove_cv_t<Parameters>...> copies(std::forward<Arguments>(arguments)...);
  int number = 0;
  const bool sound = std::apply(
      [&](const auto&... copy) { return (true & ... & emulation::argument_is_sound(++number, copy)); },
      copies);
  emulation::Grid grid;
  grid.shared = __start_cuglmm_shared;
  grid.shared_end = __stop_cuglmm_shared;
  grid.thread = [kernel, copies] { std::apply(kernel, copies); };
  return emulation::enqueue_launch(*config, reinterpret_cast<const void*>(kernel), std::move(grid), sound);
}

// The toolkit's templates that take a kernel are for nvcc alone.
template <class... Parameters>
cudaError_t cudaFuncSetAttribute(void (*kernel)(Parameters...), cudaFuncAttribute attribute, int value) {
  return cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), attribute, value);
}
template <class... Parameters>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, void (*kernel)(Parameters...)) {
  return cudaFuncGetAttributes(attributes, reinterpret_cast<const void*>(kernel));
}
template <class... Parameters>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void (*kernel)(Parameters...),
                                                          int threads, std::size_t shared_bytes) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks, reinterpret_cast<const void*>(kernel), threads,
                                                       shared_bytes);
}
