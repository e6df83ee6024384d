/// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2,
/// 3" (SC 2011), over lanes: Random123 has it for one counter at a time, which a pack of lanes cannot use. The tests
/// compare the two. Key = seed, counter = (replicate, stream, index): a replicate's data depend on nothing else.
#pragma once

#include <kernels/real.hpp>

namespace cuglmm {

/// Four random 32-bit words per lane.
template <class Real>
struct Philox {
  Word<Real> word[4];

  CUGLMM_HD Philox(std::uint64_t seed, const Word<Real>& replicate, std::uint64_t stream, std::uint64_t index) {
    const Word<Real> low(0xffffffffu);
    word[0] = Word<Real>(index & 0xffffffffu);
    word[1] = Word<Real>((index >> 32 << 8 | stream) & 0xffffffffu);
    word[2] = replicate & low;
    word[3] = replicate >> 32;
    std::uint64_t key0 = seed & 0xffffffffu, key1 = seed >> 32;
    for (int round = 0; round < 10; ++round) {
      const Word<Real> product0 = multiply_words_(Word<Real>(std::uint64_t{0xD2511F53u}), word[0]);
      const Word<Real> product1 = multiply_words_(Word<Real>(std::uint64_t{0xCD9E8D57u}), word[2]);
      word[0] = (product1 >> 32) ^ word[1] ^ Word<Real>(key0);
      word[2] = (product0 >> 32) ^ word[3] ^ Word<Real>(key1);
      word[1] = product1 & low;
      word[3] = product0 & low;
      key0 = (key0 + 0x9E3779B9u) & 0xffffffffu;
      key1 = (key1 + 0xBB67AE85u) & 0xffffffffu;
    }
  }

  /// Uniform on (0, 1), one of two (which = 0, 1): 52 random bits and a half, so never 0 or 1.
  CUGLMM_HD Real uniform(int which) const {
    const Word<Real> bits = (word[2 * which] << 20) | (word[2 * which + 1] >> 12);
    return (to_real_(bits, Real(0.0)) + 0.5) * 2.220446049250313e-16;
  }
};

/// The streams of a replicate.
enum Stream : std::uint64_t { kRandomEffects = 0, kResponses = 1 };

}  // namespace cuglmm
