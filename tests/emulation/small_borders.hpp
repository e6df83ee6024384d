/// Borders small enough for the emulated device.
#pragma once

#include <host/cuda/module.hpp>

namespace cuglmm::test {

/// While it lives, the CUDA engine factors and inverts the border of one fit of any size on the device.
class SmallBorders {
 public:
  SmallBorders() { set_cuda_module(&module()); }
  SmallBorders(const SmallBorders&) = delete;
  SmallBorders& operator=(const SmallBorders&) = delete;
  ~SmallBorders() { set_cuda_module(cuglmm_cuda_module()); }

 private:
  static const CudaModule& module() {
    static const CudaModule from_one{
        kCudaModuleVersion, cuda::devices,
        [](const PlanData& plan, const CudaDevice& device, const HostPart& host) {
          return cuda::make_engine(plan, device, host, 1);
        }};
    return from_one;
  }
};

}  // namespace cuglmm::test
