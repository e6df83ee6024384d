#include <host/engine/simd.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xsimd/xsimd.hpp>

#include <cuglmm/error.hpp>
#include <host/engine/engine.hpp>

namespace cuglmm {

std::vector<const CpuFunctions*> available_functions() {
  std::vector<const CpuFunctions*> found{&baseline_functions()};
  // xsimd knows what the processor has; the compiler's built-in also asks whether the system saves the
  // registers.
  [[maybe_unused]] const auto machine = xsimd::available_architectures();
#ifdef CUGLMM_HAVE_AVX2  // cmake/CpuKernels.cmake: the levels in this build
  if (machine.fma3_avx2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    found.push_back(&avx2_functions());
#endif
#ifdef CUGLMM_HAVE_AVX512
  if (machine.avx512bw && machine.avx512cd && machine.avx512dq && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    found.push_back(&avx512_functions());
#endif
  return found;
}

const CpuFunctions& cpu_functions(const std::string& wanted) {
  const auto available = available_functions();
  if (wanted == "auto") return *available.back();
  for (const CpuFunctions* functions : available)
    if (functions->name == wanted) return *functions;
  throw Error(fmt::format("no SIMD level '{}' on this machine; there are: {}", wanted,
                          fmt::join(simd_levels(), ", ")));
}

std::vector<std::string> simd_levels() {
  std::vector<std::string> names;
  for (const CpuFunctions* functions : available_functions()) names.push_back(functions->name);
  return names;
}

std::string simd_level(const std::string& wanted) { return cpu_functions(wanted).name; }

}  // namespace cuglmm
