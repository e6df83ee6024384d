// The CUDA engine that these tests use is linked in, not opened.
#include <host/cuda/module.hpp>

namespace {
[[maybe_unused]] const bool kLinked = (cuglmm::set_cuda_module(cuglmm_cuda_module()), true);
}
