/// What the CUDA engine's module offers (host/engine/cuda_module.hpp opens it).
#pragma once

#include <host/engine/cuda_module.hpp>

namespace cuglmm::cuda {

/// The GPUs there are; none: why.
std::vector<CudaDevice> devices(std::string& why_none);
std::unique_ptr<Engine> make_engine(const PlanData& plan, const CudaDevice& device, const HostPart& host);
/// The border of one fit is the GPU's from this size on, not from kDeviceBorder (tests).
std::unique_ptr<Engine> make_engine(const PlanData& plan, const CudaDevice& device, const HostPart& host,
                                    int smallest_border);

}  // namespace cuglmm::cuda

/// The one symbol that the program looks up.
extern "C" __attribute__((visibility("default"))) const cuglmm::CudaModule* cuglmm_cuda_module();
