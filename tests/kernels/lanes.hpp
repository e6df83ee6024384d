/// For tests of lane functions: the Reals that this program's instruction set has, and their lanes one by
/// one.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include <kernels/cpu/scratch.hpp>

namespace cuglmm::testing {

#if defined(__AVX2__) && defined(__FMA__)
using Reals = ::testing::Types<double, Pack<xsimd::fma3<xsimd::avx2>, 1>, Pack<xsimd::fma3<xsimd::avx2>, 2>>;
#elif defined(__x86_64__)
using Reals = ::testing::Types<double, Pack<xsimd::sse2, 1>, Pack<xsimd::sse2, 2>>;
#else
using Reals = ::testing::Types<double, Pack<xsimd::default_arch, 1>, Pack<xsimd::default_arch, 2>>;
#endif

template <class Real>
constexpr int kLanes = Lane<Real>::width;

/// A value per lane, f(lane).
template <class Real, class F>
Real make_lanes(F f) {
  Real value(0.0);
  for (int lane = 0; lane < kLanes<Real>; ++lane) lane_of(value, lane) = f(lane);
  return value;
}

template <class Real>
std::vector<double> lanes_of(Real value) {
  std::vector<double> lanes;
  for (int lane = 0; lane < kLanes<Real>; ++lane) lanes.push_back(lane_of(value, lane));
  return lanes;
}

/// The mask of a lane.
template <class Real>
bool is_set(const Mask<Real>& mask, int lane) {
  Real value = select_(mask, Real(1.0), Real(0.0));
  return lane_of(value, lane) == 1.0;
}

template <class Real>
Mask<Real> only_lane(int lane) {
  return make_lanes<Real>([&](int other) { return other == lane ? 1.0 : 0.0; }) > 0.5;
}

/// The word of a lane.
template <class Real>
std::uint64_t word_of(const Word<Real>& word, int lane) {
  std::array<std::uint64_t, kLanes<Real>> words;
  static_assert(sizeof words == sizeof word);
  std::memcpy(words.data(), &word, sizeof words);
  return words[static_cast<std::size_t>(lane)];
}

template <class Real, class F>
Word<Real> make_words(F f) {
  std::array<std::uint64_t, kLanes<Real>> words;
  for (int lane = 0; lane < kLanes<Real>; ++lane) words[static_cast<std::size_t>(lane)] = f(lane);
  Word<Real> result;
  std::memcpy(static_cast<void*>(&result), words.data(), sizeof words);
  return result;
}

/// f of every x, several at a time.
template <class Real, class F>
std::vector<double> apply(const std::vector<double>& x, F f) {
  std::vector<double> y;
  for (std::size_t i = 0; i < x.size(); i += kLanes<Real>) {
    const Real value =
        f(make_lanes<Real>([&](int lane) { return x[std::min(i + std::size_t(lane), x.size() - 1)]; }));
    for (const double lane : lanes_of(value))
      if (y.size() < x.size()) y.push_back(lane);
  }
  return y;
}

/// |value - exact| in units of the last place of `exact` as a double.
inline double ulps(double value, long double exact) {
  const double rounded = std::fabs(static_cast<double>(exact));
  const long double ulp = std::nextafter(rounded, std::numeric_limits<double>::infinity()) - rounded;
  return static_cast<double>(std::fabs(value - exact) / ulp);
}

inline std::vector<double> uniform_numbers(int n, double from, double to, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(from, to);
  std::vector<double> x(static_cast<std::size_t>(n));
  for (double& value : x) value = uniform(random);
  return x;
}

}  // namespace cuglmm::testing
