// What launch.hpp leaves to the library, and what the runtime says about kernels.
#include <sanitizer/asan_interface.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <string>

#include "blocks.hpp"
#include "calls.hpp"
#include "memory.hpp"
#include "streams.hpp"

namespace cuglmm::emulation {
namespace {

constexpr std::size_t kSharedDefault = 48 << 10;  // more only after cudaFuncSetAttribute
constexpr unsigned kBlockLimit = 1024, kGridLimit = 65535;

std::map<const void*, std::size_t>& shared_limits() {
  static std::map<const void*, std::size_t> limits;
  return limits;
}

std::size_t shared_limit(const void* kernel) {
  const auto found = shared_limits().find(kernel);
  return found == shared_limits().end() ? kSharedDefault : found->second;
}

bool is_host_memory(const void* pointer) {
  if (space_of(pointer) != Space::host) return false;
  char name[8];
  void* region;
  std::size_t bytes;
  const char* kind = __asan_locate_address(const_cast<void*>(pointer), name, sizeof name, &region, &bytes);
  return kind != nullptr && (std::strcmp(kind, "heap") == 0 || std::strcmp(kind, "stack") == 0 ||
                             std::strcmp(kind, "global") == 0);
}

bool sizes_fit(const cudaLaunchConfig_t& config) {
  const dim3 b = config.blockDim, g = config.gridDim;
  const std::size_t threads = std::size_t{b.x} * b.y * b.z;
  return threads > 0 && threads <= kBlockLimit && b.z <= 64 && g.x > 0 && g.y > 0 && g.z > 0 &&
         g.x <= 0x7fffffffu && g.y <= kGridLimit && g.z <= kGridLimit;
}

}  // namespace

void forget_kernels() { shared_limits().clear(); }

bool begin_launch(cudaError_t& error) {
  error = call("cudaLaunchKernelEx", cudaErrorLaunchFailure, [] { return cudaSuccess; });
  return error == cudaSuccess;
}

bool argument_is_sound(int number, const void* bytes, std::size_t size) {
  const std::lock_guard guard(lock());
  for (std::size_t at = 0; at + sizeof(void*) <= size; at += sizeof(void*)) {
    const void* word;
    std::memcpy(&word, static_cast<const char*>(bytes) + at, sizeof word);
    if (!is_host_memory(word)) continue;
    fault("argument " + std::to_string(number) + " of the kernel holds, at byte " + std::to_string(at) +
          ", a pointer to host memory");
    return false;
  }
  return true;
}

cudaError_t enqueue_launch(const cudaLaunchConfig_t& config, const void* kernel, Grid grid, bool sound) {
  const std::lock_guard guard(lock());
  if (!sound) return remember(cudaErrorInvalidValue);
  if (config.numAttrs != 0) {
    fault("launch attributes are not emulated");
    return remember(cudaErrorNotSupported);
  }
  if (!sizes_fit(config)) return remember(cudaErrorInvalidConfiguration);
  if (config.dynamicSmemBytes > shared_limit(kernel)) return remember(cudaErrorInvalidValue);
  grid.blocks = config.gridDim;
  grid.threads = config.blockDim;
  grid.dynamic_bytes = config.dynamicSmemBytes;
  return remember(enqueue(config.stream, [grid = std::move(grid)] { run_grid(grid); }));
}

}  // namespace cuglmm::emulation

using namespace cuglmm::emulation;

extern "C" {

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  return call("cudaFuncSetAttribute", cudaErrorInvalidValue, [&] {
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
    if (value < 0 || static_cast<std::size_t>(value) > kSharedLimit) return cudaErrorInvalidValue;
    shared_limits()[kernel] = static_cast<std::size_t>(value);
    return cudaSuccess;
  });
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* kernel) {
  return call("cudaFuncGetAttributes", cudaErrorInvalidDeviceFunction, [&] {
    *attributes = cudaFuncAttributes{};
    attributes->maxThreadsPerBlock = kBlockLimit;
    attributes->maxDynamicSharedSizeBytes = static_cast<int>(shared_limit(kernel));
    attributes->numRegs = 64;
    attributes->ptxVersion = attributes->binaryVersion = 90;
    return cudaSuccess;
  });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, const void*, int threads,
                                                                   std::size_t bytes, unsigned) {
  return call("cudaOccupancyMaxActiveBlocksPerMultiprocessor", cudaErrorInvalidDeviceFunction, [&] {
    if (threads < 1 || threads > static_cast<int>(kBlockLimit)) return cudaErrorInvalidValue;
    *blocks = std::min(2048 / threads, bytes == 0 ? 32 : static_cast<int>(kSharedLimit / bytes));
    return cudaSuccess;
  });
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void* kernel, int threads,
                                                          std::size_t bytes) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, kernel, threads, bytes, 0);
}

}  // extern "C"
