// The functions of a Real: accuracy in ulp against long double, and what they do with NaN and infinities.
#include <cstdio>
#include <limits>

#include "tests/kernels/lanes.hpp"

namespace cuglmm::testing {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <class Real>
class Functions : public ::testing::Test {};
TYPED_TEST_SUITE(Functions, Reals);

/// The worst error of y = f(x), printed as `name`.
template <class Exact>
double worst_error(const char* name, const std::vector<double>& x, const std::vector<double>& y,
                   Exact exact) {
  double worst = 0, where = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = ulps(y[i], exact(static_cast<long double>(x[i])));
    if (!(error <= worst)) worst = error, where = x[i];
  }
  std::printf("  %s: worst error %.3f ulp, at %.17g\n", name, worst, where);
  return worst;
}

/// What kernels/cpu/pack.hpp claims; the library's own is within one.
template <class Real>
constexpr double kExpUlps = std::is_same_v<Real, double> ? 1 : 2.5;

TYPED_TEST(Functions, ExpIsWithinTheUlpsThatPackHppClaims) {
  for (const double range : {708.0, 20.0, 1.0, 1e-3}) {
    std::vector<double> x = uniform_numbers(100'000, -range, range);
    x.insert(x.end(), {-range, range, 0.0, -0.0, 1e-300, -1e-300});
    const auto y = apply<TypeParam>(x, [](const TypeParam& v) { return exp_(v); });
    EXPECT_LT(worst_error("exp", x, y, [](long double v) { return std::exp(v); }), kExpUlps<TypeParam>);
  }
}

TYPED_TEST(Functions, ExpTakesArgumentsBeyondItsRangeAsItsEndsOrAsTheLibraryDoes) {
  const auto y = apply<TypeParam>({709, 1e9, kInfinity, -709, -1e9, -kInfinity, kNaN},
                                  [](const TypeParam& v) { return exp_(v); });
  for (int i : {0, 1, 2}) EXPECT_GE(y[std::size_t(i)], 3e307);
  for (int i : {3, 4, 5}) {
    EXPECT_GE(y[std::size_t(i)], 0.0);
    EXPECT_LE(y[std::size_t(i)], 3.4e-308);
  }
  EXPECT_TRUE(std::isnan(y[6]));
}

TYPED_TEST(Functions, LogIsWithinTwoUlp) {
  std::vector<double> x = uniform_numbers(100'000, -690, 690);
  for (double& v : x) v = std::exp(v);
  const std::vector<double> near_one = uniform_numbers(100'000, 0.5, 2);
  x.insert(x.end(), near_one.begin(), near_one.end());
  x.insert(x.end(), {std::nextafter(1.0, 0.0), std::nextafter(1.0, 2.0), 2.2250738585072014e-308,
                     1.7976931348623157e308});
  const auto y = apply<TypeParam>(x, [](const TypeParam& v) { return log_(v); });
  EXPECT_LT(worst_error("log", x, y, [](long double v) { return std::log(v); }), 2.0);
  EXPECT_EQ(apply<TypeParam>({1.0}, [](const TypeParam& v) { return log_(v); })[0], 0.0);
}

TYPED_TEST(Functions, LogOfZeroInfinityNegativeAndNaN) {
  const auto y = apply<TypeParam>({0.0, kInfinity, -1.0, kNaN}, [](const TypeParam& v) { return log_(v); });
  EXPECT_EQ(y[0], -kInfinity);
  EXPECT_EQ(y[1], kInfinity);
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_TRUE(std::isnan(y[3]));
}

TYPED_TEST(Functions, FiniteIsNeitherInfiniteNorNaN) {
  const auto y = apply<TypeParam>(
      {0.0, -1.7976931348623157e308, kInfinity, -kInfinity, kNaN},
      [](const TypeParam& v) { return select_(finite_(v), TypeParam(1.0), TypeParam(0.0)); });
  EXPECT_EQ(y, (std::vector<double>{1, 1, 0, 0, 0}));
}

// The lane functions rely on it: `accept = value <= allowed` must reject NaN, `not_(slope <= 0)` must catch
// it.
TYPED_TEST(Functions, NoComparisonWithNaNHolds) {
  const auto holds = [](const auto& mask) { return any_(mask); };
  const TypeParam nan(kNaN), one(1.0);
  EXPECT_FALSE(holds(nan < one) || holds(nan <= one) || holds(nan > one) || holds(nan >= one));
  EXPECT_FALSE(holds(one < nan) || holds(one <= nan) || holds(one > nan) || holds(one >= nan));
  EXPECT_TRUE(all_(not_(nan <= one)));
}

TYPED_TEST(Functions, MasksAndSelectsActLaneByLane) {
  const TypeParam x = make_lanes<TypeParam>([](int lane) { return lane; });
  for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
    const auto below = x<lane + 0.5, above = x> lane - 0.5;
    EXPECT_EQ(lanes_of(select_(and_(below, above), TypeParam(7.0), x))[std::size_t(lane)], 7);
    EXPECT_TRUE(all_(or_(below, above)));
    EXPECT_EQ(any_(not_(below)), lane + 1 < kLanes<TypeParam>);
    for (int other = 0; other < kLanes<TypeParam>; ++other) {
      EXPECT_EQ(is_set<TypeParam>(and_(below, above), other), other == lane);
      EXPECT_EQ(is_set<TypeParam>(only_lane<TypeParam>(lane), other), other == lane);
    }
  }
}

}  // namespace
}  // namespace cuglmm::testing
