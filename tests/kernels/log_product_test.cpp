// One log for many factors, lane by lane.
#include <kernels/log_product.hpp>

#include "tests/kernels/lanes.hpp"

namespace cuglmm::testing {
namespace {

template <class Real>
class LogProducts : public ::testing::Test {};
TYPED_TEST_SUITE(LogProducts, Reals);

TYPED_TEST(LogProducts, AreTheSumOfTheLogs) {
  LogProduct<TypeParam> product;
  std::vector<long double> sum(kLanes<TypeParam>, 0);
  const auto factors = uniform_numbers(20'000, 1, 2);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const auto factor = [&](int lane) {
      return lane == 0 ? factors[i] : 1 + (factors[i] - 1) / (1000.0 * lane);
    };
    product.times(make_lanes<TypeParam>(factor));
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane)
      sum[std::size_t(lane)] += std::log((long double)factor(lane));
    if (i % 256 == 255) product.flush();
  }
  for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
    const double exact = static_cast<double>(sum[std::size_t(lane)]);
    EXPECT_NEAR(lanes_of(product.value())[std::size_t(lane)] / exact, 1, 1e-11);
  }
}

TYPED_TEST(LogProducts, TakeLargeFactorsOneByOne) {
  LogProduct<TypeParam> product;
  for (int i = 0; i < 100; ++i) {
    product.times(TypeParam(1e99));
    product.flush();
  }
  EXPECT_NEAR(lanes_of(product.value())[0], 100 * std::log(1e99), 1e-9);
}

TYPED_TEST(LogProducts, TakeSmallFactorsToo) {
  LogProduct<TypeParam> product;
  for (int i = 0; i < 100; ++i) {
    product.times(TypeParam(1e-99));
    product.flush();
  }
  for (int i = 0; i < 20'000; ++i) {
    product.times(TypeParam(0.5));
    if (i % 256 == 255) product.flush();
  }
  EXPECT_NEAR(lanes_of(product.value())[0], -100 * std::log(1e99) - 20'000 * std::log(2.0), 1e-9);
}

TYPED_TEST(LogProducts, TakeInEachOther) {
  LogProduct<TypeParam> total;
  std::vector<double> exact(kLanes<TypeParam>, 0.0);
  for (int i = 0; i < 50; ++i) {
    LogProduct<TypeParam> part;
    const auto factor = [&](int lane) { return lane == 0 ? 1.5 : std::pow(10.0, 3 * i % 100); };
    for (int k = 0; k < 3; ++k) {
      part.times(make_lanes<TypeParam>(factor));
      part.flush();
      for (int lane = 0; lane < kLanes<TypeParam>; ++lane) exact[std::size_t(lane)] += std::log(factor(lane));
    }
    total.times(part);
  }
  for (int lane = 0; lane < kLanes<TypeParam>; ++lane)
    EXPECT_NEAR(lanes_of(total.value())[std::size_t(lane)] / exact[std::size_t(lane)], 1, 1e-12);
}

}  // namespace
}  // namespace cuglmm::testing
