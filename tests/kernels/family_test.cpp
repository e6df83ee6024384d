// Mean, cumulant and variance of each family, far into the tails.
#include <kernels/family.hpp>

#include "tests/kernels/lanes.hpp"

namespace cuglmm::testing {
namespace {

template <class Real>
class Family : public ::testing::Test {
 protected:
  /// mu at eta, and 2 p b(eta) for one row.
  template <class F, bool UnitWeights>
  std::pair<double, double> at(double eta, double p = 1.0) {
    typename F::template Cumulant<Real, UnitWeights> cumulant;
    const Real mu = F::mean(Real(eta));
    cumulant.add(Real(eta), mu, Real(p), 0);
    return {lanes_of(mu)[0], lanes_of(cumulant.twice())[0]};
  }
};
TYPED_TEST_SUITE(Family, Reals);

TYPED_TEST(Family, BinomialEqualsItsDefinitionInLongDouble) {
  for (const double eta : {-40.0, -10.0, -1.0, -1e-9, 0.0, 0.3, 2.0, 10.0, 36.0}) {
    const long double mu = 1 / (1 + std::exp(-(long double)eta)), b = std::log1p(std::exp((long double)eta));
    const auto unit = this->template at<BinomialLogit, true>(eta);
    const auto weighted = this->template at<BinomialLogit, false>(eta, 2.5);
    EXPECT_NEAR(unit.first / static_cast<double>(mu), 1, 1e-15);
    EXPECT_EQ(unit.first, weighted.first);
    // max(mu, 1 - mu) is rounded: an absolute error, far below that of the sum over rows.
    EXPECT_NEAR(unit.second, static_cast<double>(2 * b), 1e-15 * (1 + std::fabs(eta)) * 4);
    EXPECT_NEAR(weighted.second, static_cast<double>(5 * b), 1e-15 * (1 + std::fabs(eta)) * 10);
  }
}

TYPED_TEST(Family, BinomialNeitherOverflowsNorTurnsNaNFarOut) {
  const auto high = this->template at<BinomialLogit, true>(800),
             low = this->template at<BinomialLogit, true>(-800);
  EXPECT_EQ(high.first, 1.0);
  EXPECT_EQ(high.second, 1600.0);
  EXPECT_GE(low.first, 0.0);
  EXPECT_LT(low.first, 1e-300);
  EXPECT_EQ(low.second, 0.0);
  const auto weighted = this->template at<BinomialLogit, false>(800, 3);
  EXPECT_EQ(weighted.first, 1.0);
  EXPECT_EQ(weighted.second, 4800.0);
  EXPECT_EQ(lanes_of(BinomialLogit::variance(TypeParam(1.0)))[0], 0.0);
  EXPECT_LT(lanes_of(BinomialLogit::variance(TypeParam(low.first)))[0], 1e-300);
}

TYPED_TEST(Family, PoissonVanishesAndGrowsFarOutWithoutNaN) {
  const auto low = this->template at<PoissonLog, false>(-800),
             high = this->template at<PoissonLog, false>(800);
  EXPECT_GE(low.first, 0.0);
  EXPECT_LT(low.first, 1e-300);
  EXPECT_LT(low.second, 1e-300);
  EXPECT_GT(high.first, 1e300);  // infinite or near it: PIRLS sees that F is no use, or halves its step
  EXPECT_GT(high.second, 1e300);
}

// b' = mu, mu' = V, V' = V variance_derivative: by central differences.
template <class Real, class F>
void expect_derivatives(double eta) {
  const double h = 1e-4;
  const auto evaluate = [](double x) {
    typename F::template Cumulant<Real, false> cumulant;
    const Real mu = F::mean(Real(x));
    cumulant.add(Real(x), mu, Real(1.0), 0);
    return std::array<double, 4>{lanes_of(cumulant.twice())[0] / 2, lanes_of(mu)[0],
                                 lanes_of(F::variance(mu))[0],
                                 lanes_of(F::variance(mu) * F::variance_derivative(mu))[0]};
  };
  const auto here = evaluate(eta), above = evaluate(eta + h), below = evaluate(eta - h);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR((above[i] - below[i]) / (2 * h), here[i + 1], 1e-7 * (1 + std::fabs(here[i + 1])))
        << i << " " << eta;
}

TYPED_TEST(Family, EachFunctionIsTheDerivativeOfTheOneBefore) {
  for (const double eta : {-6.0, -1.3, -0.2, 0.0, 0.7, 3.0}) {
    expect_derivatives<TypeParam, BinomialLogit>(eta);
    expect_derivatives<TypeParam, PoissonLog>(eta);
  }
}

}  // namespace
}  // namespace cuglmm::testing
