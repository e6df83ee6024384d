// Compiled with the AVX-512 flags F, CD, DQ, BW, VL: nothing but the instantiation.
#include <kernels/cpu/dispatch.hpp>

namespace cuglmm {
const CpuFunctions& avx512_functions() {
  static constexpr CpuFunctions table = Functions<xsimd::avx512bw>::table("avx512");
  return table;
}
}  // namespace cuglmm
