/// The CUDA engine is a module of its own, opened at run time: the program runs without driver, GPU and
/// CUDA's libraries.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <host/engine/engine.hpp>

namespace cuglmm {

struct CudaDevice {
  int number;
  std::string name;  ///< "NVIDIA H100 80GB HBM3"
  int major, minor;  ///< compute capability
  std::uint64_t memory;
  int threads;  ///< that it runs at a time
};

/// Built from the same sources as the program; another version is not used.
constexpr int kCudaModuleVersion = 2;

/// What the CPU's part of one large fit runs on, as make_engine() takes them.
struct HostPart {
  std::string simd;
  int threads;
};

struct CudaModule {
  int version;
  std::vector<CudaDevice> (*devices)(std::string& why_none);
  std::unique_ptr<Engine> (*make_engine)(const PlanData& plan, const CudaDevice& device,
                                         const HostPart& host);
};

/// The GPUs of this machine, or why there are none. The module is looked for where the environment variable
/// CUGLMM_CUDA_MODULE says, beside the program, and where it was installed.
std::vector<CudaDevice> cuda_devices(std::string& why_none);

/// Throws Error of Kind::device where it is not there.
CudaDevice find_cuda_device(int number);
/// device: one that was found.
std::unique_ptr<Engine> make_cuda_engine(const PlanData& plan, const CudaDevice& device,
                                         const HostPart& host);

/// This module instead (tests).
void set_cuda_module(const CudaModule* module);

}  // namespace cuglmm
