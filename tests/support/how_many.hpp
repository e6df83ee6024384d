/// How much of a test is done where instrumented code takes ten times as long, or an emulated GPU a hundred.
#pragma once

#include <cstdint>

namespace cuglmm::test {

constexpr std::uint64_t how_many([[maybe_unused]] std::uint64_t all) {
#if defined(CUGLMM_EMULATED_CUDA)
  return 8;
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 25;
#else
  return all;
#endif
}

}  // namespace cuglmm::test
