// Numbers made with R 4.2.2: quantile(), boot::boot.ci(type = "norm"), qnorm(), pnorm().
#include <cuglmm/inference.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include <cuglmm/error.hpp>
#include <host/inference/normal.hpp>
#include <host/inference/quantile.hpp>
#include <host/report/csv.hpp>
#include <tests/host/report/fit_by_hand.hpp>

namespace cuglmm {
namespace {

const std::vector<double> sample = {0.4747, 0.6367, 0.4329, 0.9191, 0.6659, 0.4359, 0.6975, 0.7477,
                                    0.7152, 0.5389, 0.9024, 0.678,  0.4758, 0.1571, 0.825,  0.591,
                                    0.5968, 0.7888, 0.7642, 0.7188, 0.7838, 0.7564, 0.6149, 0.2021,
                                    0.724,  0.5888, 0.5688, 0.3058, 0.5044, 0.6836, 0.8717, 0.5794,
                                    0.6775, 0.5892, 0.3246, 0.517,  0.5211, 0.5881, 0.82,   0.7526};

/// Replicates whose theta is the sample; beta is -1.
Fits replicates(const Fit& fit) {
  Fits out = ReplicateRows(*fit.model).make(1, static_cast<std::int64_t>(sample.size()));
  std::fill(out.status.begin(), out.status.end(), Status::converged);
  for (std::size_t i = 0; i < sample.size(); ++i) out.theta(0, static_cast<Eigen::Index>(i)) = sample[i];
  out.beta.setConstant(-1);
  out.sigma.setConstant(1);
  return out;
}

TEST(Normal, IsThatOfR) {
  EXPECT_NEAR(normal_quantile(0.95), 1.6448536269514715, 1e-14);
  EXPECT_NEAR(normal_quantile(0.975), 1.9599639845400536, 1e-14);
  EXPECT_NEAR(two_sided_p_value(-1.2), 2.3013934044341655e-01, 1e-15);
  EXPECT_NEAR(two_sided_p_value(8) / 1.2441921148543570e-15, 1, 1e-13);
  EXPECT_NEAR(two_sided_p_value(37) / 1.1451142445049154e-299, 1, 1e-12);
  EXPECT_EQ(two_sided_p_value(INFINITY), 0);
  EXPECT_TRUE(std::isnan(two_sided_p_value(NAN)));
}

TEST(Quantile, IsRsType7) {
  std::vector<double> sorted = sample;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_DOUBLE_EQ(quantile(sorted, 0.05), 0.300615);
  EXPECT_DOUBLE_EQ(quantile(sorted, 0.95), 0.873235);
  EXPECT_DOUBLE_EQ(quantile(sorted, 0.025), 0.200975);
  EXPECT_DOUBLE_EQ(quantile(sorted, 0), 0.1571);
  EXPECT_DOUBLE_EQ(quantile(sorted, 1), 0.9191);
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
}

TEST(Confint, EqualsBootCi) {
  Fit fit = test::cbpp_fit();
  fit.theta(0) = 0.5;
  const Intervals x = confint(fit, replicates(fit), 0.9);
  ASSERT_EQ(x.intervals.size(), 6u);  // 4 beta, theta, sd
  const Interval& theta = x.intervals[4];
  EXPECT_EQ(theta.parameter, "theta.herd.(Intercept)");
  EXPECT_EQ(theta.estimate, 0.5);
  EXPECT_NEAR(theta.mean, 0.618405, 1e-15);
  EXPECT_NEAR(theta.sd, 0.17733764398558749, 1e-15);
  EXPECT_NEAR(theta.percentile[0], 0.300615, 1e-15);
  EXPECT_NEAR(theta.percentile[1], 0.873235, 1e-15);
  EXPECT_NEAR(theta.basic[0], 1 - 0.873235, 1e-15);
  EXPECT_NEAR(theta.basic[1], 1 - 0.300615, 1e-15);
  EXPECT_NEAR(theta.normal[0], 0.089900533095277624, 1e-14);
  EXPECT_NEAR(theta.normal[1], 0.67328946690472247, 1e-14);
  EXPECT_EQ(x.intervals[5].parameter, "sd_(Intercept)|herd");
  EXPECT_EQ(x.intervals[0].parameter, "beta.(Intercept)");
  EXPECT_EQ(x.intervals[0].sd, 0);
}

TEST(Confint, UsesSingularReplicatesAndNoFailedOnes) {
  const Fit fit = test::cbpp_fit();
  Fits all = replicates(fit);
  all.status[0] = Status::singular;
  all.status[1] = Status::failed;
  all.status[2] = Status::not_converged;
  all.status[3] = Status::separation;
  all.theta(0, 1) = all.theta(0, 2) = all.theta(0, 3) = 1000;
  const Intervals x = confint(fit, all);
  EXPECT_EQ(x.replicates, 40);
  EXPECT_THAT(x.counts, testing::ElementsAre(36, 1, 1, 1, 1));
  EXPECT_LT(x.intervals[4].mean, 1);
}

TEST(Confint, OfALinearModelScalesSdsAndCountsSigma) {
  const Fit fit = test::sleepstudy_fit();
  Fits two = ReplicateRows(*fit.model).make(1, 2);
  std::fill(two.status.begin(), two.status.end(), Status::converged);
  two.beta.setConstant(1);
  two.theta.colwise() = Eigen::Vector3d(0.5, 0.3, 0.4);
  two.sigma << 10, 20;
  const std::vector<Interval> x = confint(fit, two).intervals;
  ASSERT_EQ(x.size(), 9u);  // 2 beta, 3 theta, sd, correlation, sd, sigma
  EXPECT_EQ(x[5].parameter, "sd_(Intercept)|Subject");
  EXPECT_NEAR(x[5].estimate, 24.740657994984062, 1e-12);
  EXPECT_EQ(x[5].mean, 7.5);
  EXPECT_EQ(x[6].parameter, "cor_Days.(Intercept)|Subject");
  EXPECT_NEAR(x[6].mean, 0.6, 1e-15);
  EXPECT_EQ(x[7].parameter, "sd_Days|Subject");
  EXPECT_NEAR(x[7].mean, 7.5, 1e-12);
  EXPECT_EQ(x[8].parameter, "sigma");
  EXPECT_EQ(x[8].estimate, fit.sigma);
  EXPECT_EQ(x[8].mean, 15);
}

TEST(Confint, OfTooFewReplicatesIsNaN) {
  const Fit fit = test::cbpp_fit();
  Fits all = replicates(fit);
  std::fill(all.status.begin() + 1, all.status.end(), Status::failed);
  const Intervals x = confint(fit, all);
  EXPECT_EQ(x.intervals[4].mean, sample[0]);
  EXPECT_TRUE(std::isnan(x.intervals[4].sd));
  EXPECT_TRUE(std::isnan(x.intervals[4].percentile[0]));
}

TEST(IntervalBuilder, BlocksAddUp) {
  const Fit fit = test::cbpp_fit();
  IntervalBuilder builder(fit);
  builder.add(replicates(fit));
  builder.add(replicates(fit));
  EXPECT_EQ(builder.intervals().replicates, 80);
  EXPECT_NEAR(builder.intervals().intervals[4].mean, 0.618405, 1e-15);
}

TEST(IntervalBuilder, RefusesALevelThatIsNone) {
  const Fit fit = test::cbpp_fit();
  try {
    IntervalBuilder(fit).intervals(95);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the level of an interval is between 0 and 1, such as 0.95; it was 95");
  }
}

}  // namespace
}  // namespace cuglmm
