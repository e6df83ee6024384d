// Compiled with -mavx2 -mfma: nothing but the instantiation.
#include <kernels/cpu/dispatch.hpp>

namespace cuglmm {
const CpuFunctions& avx2_functions() {
  static constexpr CpuFunctions table = Functions<xsimd::fma3<xsimd::avx2>>::table("avx2");
  return table;
}
}  // namespace cuglmm
