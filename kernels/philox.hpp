/// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as
/// easy as 1, 2, 3" (SC 2011), over lanes: Random123 has it for one counter at a time, which a pack of lanes
/// cannot use. The tests compare the two. Key = seed, counter = (replicate, stream, index): a replicate's
/// data depend on nothing else.
#pragma once

#include <kernels/real.hpp>

namespace cuglmm {

/// The ten round keys of a seed.
template <class Real>
struct PhiloxKey {
  Word<Real> round[20];

  CUGLMM_LANE explicit PhiloxKey(std::uint64_t seed) {
    std::uint64_t key0 = seed & 0xffffffffu, key1 = seed >> 32;
    for (int i = 0; i < 10; ++i) {
      round[2 * i] = Word<Real>(key0);
      round[2 * i + 1] = Word<Real>(key1);
      key0 = (key0 + 0x9E3779B9u) & 0xffffffffu;
      key1 = (key1 + 0xBB67AE85u) & 0xffffffffu;
    }
  }
};

/// Four random words per lane, in the low 32 bits; the high bits are left over from the products.
template <class Real>
struct Philox {
  Word<Real> word[4];

  Philox() = default;
  CUGLMM_HD Philox(const PhiloxKey<Real>& key, const Word<Real>& replicate, std::uint64_t stream,
                   std::uint64_t index) {
    word[0] = Word<Real>(index & 0xffffffffu);
    word[1] = Word<Real>((index >> 32 << 8 | stream) & 0xffffffffu);
    word[2] = replicate;
    word[3] = replicate >> 32;
    for (int i = 0; i < 10; ++i) {
      const Word<Real> product0 = multiply_words_(Word<Real>(std::uint64_t{0xD2511F53u}), word[0]);
      const Word<Real> product1 = multiply_words_(Word<Real>(std::uint64_t{0xCD9E8D57u}), word[2]);
      word[0] = (product1 >> 32) ^ word[1] ^ key.round[2 * i];
      word[2] = (product0 >> 32) ^ word[3] ^ key.round[2 * i + 1];
      word[1] = product1;
      word[3] = product0;
    }
  }

  /// One of the four words as a whole number, 0 to 2^32 - 1.
  CUGLMM_HD Real whole(int which) const {
    const Word<Real> bits = word[which] & Word<Real>(std::uint64_t{0xffffffffu});
    return (unit_interval_(bits, Real(0.0)) - 0x1p-53) * 0x1p52;
  }

  /// Uniform on (0, 1), one of two (which = 0, 1): 52 random bits and a half, so never 0 or 1.
  CUGLMM_HD Real uniform(int which) const {
    const Word<Real> bits =
        ((word[2 * which] << 32) | (word[2 * which + 1] & Word<Real>(std::uint64_t{0xffffffffu}))) >> 12;
    return unit_interval_(bits, Real(0.0));
  }
};

/// The streams of a replicate.
enum Stream : std::uint64_t { kRandomEffects = 0, kResponses = 1, kTrials = 2, kTrialsTies = 3, kSums = 4 };

}  // namespace cuglmm
