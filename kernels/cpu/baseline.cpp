// The CPU's functions for any x86-64 (or other) processor. Nothing but the instantiation: see docs/design.md,
// "Run-time dispatch".
#include <kernels/cpu/dispatch.hpp>

namespace cuglmm {
const CpuFunctions& baseline_functions() {
#if defined(__x86_64__)
  static constexpr CpuFunctions table = Functions<xsimd::sse2>::table("baseline");
#else
  static constexpr CpuFunctions table = Functions<xsimd::default_arch>::table("baseline");
#endif
  return table;
}
}  // namespace cuglmm
