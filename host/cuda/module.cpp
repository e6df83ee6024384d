#include <host/cuda/module.hpp>

#include <fmt/format.h>

#include <host/cuda/check.hpp>

namespace cuglmm::cuda {
namespace {

std::string version(int number) { return fmt::format("{}.{}", number / 1000, number % 1000 / 10); }

/// Why cudaGetDeviceCount failed, for a person.
std::string explain(cudaError_t status) {
  if (status == cudaErrorNoDevice) return "there is none, or CUDA_VISIBLE_DEVICES hides it";
  int driver = 0, runtime = 0;
  const bool known =
      cudaDriverGetVersion(&driver) == cudaSuccess && cudaRuntimeGetVersion(&runtime) == cudaSuccess;
  if (status == cudaErrorInsufficientDriver && known)
    return driver == 0 ? "there is no NVIDIA driver"
                       : fmt::format("its driver is for CUDA {}, this build needs CUDA {}", version(driver),
                                     version(runtime));
  return fmt::format("{} ({})", cudaGetErrorString(status), cudaGetErrorName(status));
}

}  // namespace

std::vector<CudaDevice> devices(std::string& why_none) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0) {
    cudaGetLastError();
    why_none = explain(status == cudaSuccess ? cudaErrorNoDevice : status);
    return {};
  }
  std::vector<CudaDevice> all;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, i));
    all.push_back({i, properties.name, properties.major, properties.minor, properties.totalGlobalMem,
                   properties.multiProcessorCount * properties.maxThreadsPerMultiProcessor});
  }
  return all;
}

}  // namespace cuglmm::cuda

extern "C" const cuglmm::CudaModule* cuglmm_cuda_module() {
  static const cuglmm::CudaModule module{cuglmm::kCudaModuleVersion, cuglmm::cuda::devices,
                                         cuglmm::cuda::make_engine};
  return &module;
}
