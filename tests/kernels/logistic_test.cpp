// The logistic function of a GPU's double, here on the host (kernels/logistic.hpp).
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <kernels/logistic.hpp>

namespace cuglmm {
namespace {

TEST(Logistic, IsWithinThreeUlp) {
  constexpr double kUlp = 0x1p-52;
  for (int i = -70'000; i <= 70'000; ++i) {
    const double eta = i / 100.0 + i * 1e-7;
    const long double e = std::exp(-std::fabs(static_cast<long double>(eta))),
                      mu = (eta >= 0 ? 1 : e) / (1 + e);
    ASSERT_NEAR(static_cast<double>(exp_minus_abs_(eta) / e), 1, 2 * kUlp) << eta;
    ASSERT_NEAR(static_cast<double>(logistic_(eta) / mu), 1, 3 * kUlp) << eta;
  }
}

TEST(Logistic, GoesToItsLimitsWithoutOverflow) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double eta : {709.0, 750.0, 1e10, 1e300, kInfinity}) {
    EXPECT_EQ(logistic_(eta), 1) << eta;
    EXPECT_GT(logistic_(-eta), 0) << eta;
    EXPECT_LT(logistic_(-eta), 1e-307) << eta;
  }
  EXPECT_EQ(logistic_(0.0), 0.5);
  EXPECT_EQ(logistic_(-0.0), 0.5);
  EXPECT_EQ(logistic_(1e-320), 0.5);
}

TEST(Logistic, OfNotANumberIsNone) {
  EXPECT_TRUE(std::isnan(logistic_(std::nan(""))));
  EXPECT_TRUE(std::isnan(exp_minus_abs_(-std::nan(""))));
}

}  // namespace
}  // namespace cuglmm
