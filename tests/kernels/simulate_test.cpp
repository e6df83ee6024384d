// Quantiles, factorials and the draws: their distribution exactly, as a measure on the uniforms.
#include <kernels/simulate.hpp>

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <cstdio>
#include <map>

#include "tests/kernels/lanes.hpp"

namespace cuglmm::testing {
namespace {

template <class Real>
class Simulate : public ::testing::Test {
 protected:
  static double binomial(double mu, double n, double uniform) {
    Real constant(0.0);
    return lanes_of(BinomialDraw::draw(Real(mu), n, 1.0, Real(uniform), {}, constant))[0];
  }
  static double poisson(double mu, double uniform) {
    Real constant(0.0);
    return lanes_of(PoissonDraw::draw(Real(mu), 1.0, 1.0, Real(uniform), {}, constant))[0];
  }
};
TYPED_TEST_SUITE(Simulate, Reals);

/// The uniforms in (from, to) that give each outcome, as lengths; the ends give `first` and `last`.
template <class Draw>
void measure(const Draw& draw, double from, double to, double first, double last,
             std::map<double, double>& lengths) {
  if (first == last || to - from < 1e-14) {
    lengths[last] += to - from;
    return;
  }
  const double middle = (from + to) / 2, at = draw(middle);
  measure(draw, from, middle, first, at, lengths);
  measure(draw, middle, to, at, last, lengths);
}
template <class Draw>
std::map<double, double> measure(const Draw& draw) {
  std::map<double, double> lengths;
  std::vector<double> at{std::ldexp(1.0, -53)};  // finer and finer towards 1, where the rare outcomes are
  for (int i = 1; i < 64; ++i) at.push_back(i / 64.0);
  for (int e = 7; e <= 50; ++e) at.push_back(1 - std::ldexp(1.0, -e));
  for (std::size_t i = 1; i < at.size(); ++i)
    measure(draw, at[i - 1], at[i], draw(at[i - 1]), draw(at[i]), lengths);
  return lengths;
}

template <class Draw, class Distribution>
void expect_distribution(const Draw& draw, const Distribution& distribution, double largest) {
  const auto lengths = measure(draw);
  double worst = 0;
  for (double k = 0; k <= largest; ++k) {
    const double exact = boost::math::pdf(distribution, k);
    const double length = lengths.count(k) ? lengths.at(k) : 0;
    worst = std::max(worst, std::fabs(length - exact));
  }
  EXPECT_LT(worst, 1e-9);
  EXPECT_GE(lengths.begin()->first, 0);
  EXPECT_LE(lengths.rbegin()->first, largest);
}

TYPED_TEST(Simulate, NormalQuantileEqualsBoost) {
  std::vector<double> p = uniform_numbers(2000, 0, 1);
  for (int e = 1; e <= 53; ++e) p.insert(p.end(), {std::ldexp(1.0, -e), 1 - std::ldexp(1.0, -e)});
  for (const double v : {0.075, 0.925, 0.0749999, 0.9250001, 1e-20, 1e-100, 1e-300, 0.5 + 1e-12})
    p.push_back(v);
  const auto x = apply<TypeParam>(p, [](const TypeParam& v) { return normal_quantile(v); });
  double worst = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const long double exact =
        boost::math::quantile(boost::math::normal_distribution<long double>(), (long double)p[i]);
    const double error = exact == 0 ? std::fabs(x[i]) : static_cast<double>(std::fabs(x[i] / exact - 1));
    EXPECT_LT(error, 1e-14) << "p = " << p[i];
    worst = std::max(worst, error);
  }
  std::printf("  normal_quantile: worst relative error %.2g\n", worst);
}

TYPED_TEST(Simulate, LogFactorialEqualsTheLibrarys) {
  std::vector<double> k;
  for (int i = 0; i <= 300; ++i) k.push_back(i);
  k.insert(k.end(), {1e3, 12345, 1e5, 1e6, 1e9, 1e12});
  const auto y = apply<TypeParam>(k, [](const TypeParam& v) { return log_factorial(v); });
  for (std::size_t i = 0; i < k.size(); ++i) {
    const long double exact = std::lgamma((long double)k[i] + 1);
    EXPECT_NEAR(y[i], static_cast<double>(exact), 1e-13 + 1e-15 * static_cast<double>(exact))
        << "k = " << k[i];
  }
}

TYPED_TEST(Simulate, BinomialDrawsHaveTheBinomialDistribution) {
  for (const double n : {2.0, 5.0, 20.0, 300.0})
    for (const double mu : {1e-8, 0.01, 0.3, 0.5, 0.77, 0.999})
      expect_distribution([&](double u) { return this->binomial(mu, n, u); },
                          boost::math::binomial_distribution<double>(n, mu), n);
}

TYPED_TEST(Simulate, BernoulliDrawsAreOneBelowMu) {
  for (const double mu : {0.0, 0.25, 1.0})
    for (const double u : {std::ldexp(1.0, -53), 0.2499, 0.2501, 1 - std::ldexp(1.0, -53)})
      EXPECT_EQ(this->binomial(mu, 1, u), u < mu ? 1 : 0);
}

TYPED_TEST(Simulate, PoissonDrawsHaveThePoissonDistribution) {
  for (const double mu : {1e-8, 0.01, 0.7, 1.0, 3.5, 20.0, 200.0})
    expect_distribution([&](double u) { return this->poisson(mu, u); },
                        boost::math::poisson_distribution<double>(mu),
                        std::floor(mu) + 60 + 12 * std::sqrt(mu));
}

/// Chop-down takes the mode, then one above, one below, ..: the uniform of an outcome lies between what was
/// taken before it and what is taken with it.
template <class Distribution>
void expect_bracket(const Distribution& distribution, double mode, double k, double uniform,
                    double tolerance) {
  const double d = std::fabs(k - mode);
  const auto mass = [&](double from, double to) {
    if (to < from) return 0.0;
    return boost::math::cdf(distribution, to) - (from <= 0 ? 0.0 : boost::math::cdf(distribution, from - 1));
  };
  const double before = k > mode   ? mass(mode - d + 1, mode + d - 1)
                        : k < mode ? mass(mode - d + 1, mode + d)
                                   : 0;
  const double after = k > mode   ? mass(mode - d + 1, mode + d)
                       : k < mode ? mass(mode - d, mode + d)
                                  : mass(mode, mode);
  EXPECT_GE(uniform, before - tolerance) << "k = " << k;
  EXPECT_LE(uniform, after + tolerance) << "k = " << k;
}

// The rounding of log n! is that of n log n: relative 3e-9 at n = 1e6.
TYPED_TEST(Simulate, LargeCountsFollowTheirDistributionToo) {
  for (const double u : {1e-12, 1e-3, 0.1, 0.5, 0.9, 0.999, 0.999999}) {
    for (const double mu : {0.5, 0.2, 1e-4}) {
      const boost::math::binomial_distribution<double> distribution(1e6, mu);
      expect_bracket(distribution, std::floor((1e6 + 1) * mu), this->binomial(mu, 1e6, u), u, 2e-8);
    }
    const boost::math::poisson_distribution<double> distribution(1e5 + 0.5);
    expect_bracket(distribution, 1e5, this->poisson(1e5 + 0.5, u), u, 2e-9);
  }
}

TYPED_TEST(Simulate, CertainOutcomesAreDrawnWhateverTheUniform) {
  for (const double u : {std::ldexp(1.0, -53), 0.5, 1 - std::ldexp(1.0, -53)}) {
    for (const double n : {2.0, 10.0, 1e6}) {
      EXPECT_EQ(this->binomial(0.0, n, u), 0);
      EXPECT_EQ(this->binomial(1e-300, n, u), 0);
      EXPECT_EQ(this->binomial(1.0, n, u), n);
    }
    EXPECT_EQ(this->binomial(0.5, 0, u), 0);
    EXPECT_EQ(this->poisson(0.0, u), 0);
    EXPECT_EQ(this->poisson(1e-300, u), 0);
  }
}

TYPED_TEST(Simulate, AUniformNextToOneEndsInsideTheRange) {
  const double u = 1 - std::ldexp(1.0, -53);
  for (const double mu : {0.1, 0.5, 0.9}) {
    const double k = this->binomial(mu, 1000, u);
    EXPECT_GE(k, 0);
    EXPECT_LE(k, 1000);
  }
  EXPECT_LT(this->poisson(50, u), 200);
}

TYPED_TEST(Simulate, ADrawsConstantIsMinusTwiceTheLogOfWhatIsFreeOfEta) {
  TypeParam constant(1.0);
  const double k = lanes_of(BinomialDraw::draw(TypeParam(0.3), 40, 1.0, TypeParam(0.6), {}, constant))[0];
  EXPECT_NEAR(lanes_of(constant)[0], 1 - 2 * (std::lgamma(41.0) - std::lgamma(k + 1) - std::lgamma(41 - k)),
              1e-11);
  constant = TypeParam(1.0);
  const double y = lanes_of(PoissonDraw::draw(TypeParam(7.5), 1.0, 2.5, TypeParam(0.6), {}, constant))[0];
  EXPECT_NEAR(lanes_of(constant)[0], 1 + 2 * 2.5 * std::lgamma(y + 1), 1e-11);
}

TYPED_TEST(Simulate, ADrawDoesNotDependOnItsNeighbours) {
  const auto mu = [](int lane) { return 0.04 + 0.11 * lane; };
  const auto u = [](int lane) { return 0.999 - 0.12 * lane; };
  TypeParam together_constant(0.0);
  const auto together = lanes_of(BinomialDraw::draw(make_lanes<TypeParam>(mu), 50, 1.0,
                                                    make_lanes<TypeParam>(u), {}, together_constant));
  for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
    TypeParam constant(0.0);
    EXPECT_EQ(lanes_of(BinomialDraw::draw(TypeParam(mu(lane)), 50, 1.0, TypeParam(u(lane)), {}, constant))[0],
              together[std::size_t(lane)]);
    EXPECT_EQ(lanes_of(constant)[0], lanes_of(together_constant)[std::size_t(lane)]);
  }
}

}  // namespace
}  // namespace cuglmm::testing
