// Philox over lanes against Random123, which has it for one counter at a time, and against its published
// answers.
#include <kernels/philox.hpp>

#include <Random123/philox.h>

#include "tests/kernels/lanes.hpp"

namespace cuglmm::testing {
namespace {

template <class Real>
class PhiloxLanes : public ::testing::Test {};
TYPED_TEST_SUITE(PhiloxLanes, Reals);

std::uint32_t low(std::uint64_t word) { return static_cast<std::uint32_t>(word); }

r123::Philox4x32::ctr_type random123(std::uint64_t seed, std::uint64_t replicate, std::uint64_t stream,
                                     std::uint64_t index) {
  const r123::Philox4x32::ctr_type counter{
      {low(index), low(index >> 32 << 8 | stream), low(replicate), low(replicate >> 32)}};
  const r123::Philox4x32::key_type key{{low(seed), low(seed >> 32)}};
  return r123::Philox4x32{}(counter, key);
}

TYPED_TEST(PhiloxLanes, EqualsRandom123) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t seed = random(), stream = random() & 0xff, index = random() >> (i % 2 ? 8 : 50);
    std::array<std::uint64_t, kLanes<TypeParam>> replicate;
    for (auto& r : replicate) r = random() >> (i % 3 * 20);
    const Philox<TypeParam> philox(
        PhiloxKey<TypeParam>(seed),
        make_words<TypeParam>([&](int lane) { return replicate[std::size_t(lane)]; }), stream, index);
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
      const auto expected = random123(seed, replicate[std::size_t(lane)], stream, index);
      for (int w = 0; w < 4; ++w)
        ASSERT_EQ(low(word_of<TypeParam>(philox.word[w], lane)), expected[std::size_t(w)]) << "word " << w;
    }
  }
}

// kat_vectors of Random123, philox4x32 10: counter, key, answer.
TYPED_TEST(PhiloxLanes, GivesThePublishedAnswers) {
  struct Case {
    std::uint32_t counter[4], key[2], answer[4];
  };
  for (const Case& c : {Case{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
                        Case{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                             {0xffffffff, 0xffffffff},
                             {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
                        Case{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                             {0xa4093822, 0x299f31d0},
                             {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}}) {
    const std::uint64_t seed = c.key[0] | std::uint64_t{c.key[1]} << 32;
    const std::uint64_t replicate = c.counter[2] | std::uint64_t{c.counter[3]} << 32;
    const std::uint64_t index = c.counter[0] | std::uint64_t{c.counter[1] >> 8} << 32;
    const Philox<TypeParam> philox(PhiloxKey<TypeParam>(seed), Word<TypeParam>(replicate),
                                   c.counter[1] & 0xff, index);
    for (int w = 0; w < 4; ++w) EXPECT_EQ(low(word_of<TypeParam>(philox.word[w], 0)), c.answer[w]);
  }
}

TYPED_TEST(PhiloxLanes, UniformIsTheMiddleOfOneOf2To52Intervals) {
  for (std::uint64_t index = 0; index < 2000; ++index) {
    const auto replicate = make_words<TypeParam>([&](int lane) { return index * 10 + std::uint64_t(lane); });
    const Philox<TypeParam> philox(PhiloxKey<TypeParam>(42), replicate, kResponses, index);
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
      const auto words = random123(42, index * 10 + std::uint64_t(lane), kResponses, index);
      for (int which : {0, 1}) {
        const std::uint64_t bits =
            (std::uint64_t{words[std::size_t(2 * which)]} << 32 | words[std::size_t(2 * which + 1)]) >> 12;
        const double expected = std::ldexp(2 * static_cast<double>(bits) + 1, -53);
        ASSERT_EQ(lanes_of(philox.uniform(which))[std::size_t(lane)], expected);
      }
    }
  }
}

TYPED_TEST(PhiloxLanes, UniformIsNeverZeroOrOne) {
  const std::uint64_t most = (std::uint64_t{1} << 52) - 1;
  const auto of = [](std::uint64_t bits) {
    return lanes_of(unit_interval_(Word<TypeParam>(bits), TypeParam(0.0)))[0];
  };
  EXPECT_EQ(of(0), std::ldexp(1.0, -53));
  EXPECT_EQ(of(most), 1 - std::ldexp(1.0, -53));
  EXPECT_EQ(of(most / 2 + 1) + of(most / 2), 1.0);
}

}  // namespace
}  // namespace cuglmm::testing
