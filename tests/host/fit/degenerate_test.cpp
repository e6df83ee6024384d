// Structures at the edge of what can be estimated: each ends in an error that helps, or in a fit that is the
// optimum and says what is odd about it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include <cuglmm/cuglmm.hpp>
#include <tests/reference/laplace.hpp>
#include <tests/reference/linear.hpp>
#include <tests/support/criterion.hpp>

namespace cuglmm {
namespace {

using Eigen::VectorXd;
using test::Criterion;
using testing::Contains;
using testing::HasSubstr;
using testing::ThrowsMessage;

Column column(const std::string& name) {
  Column out;
  out.name = name;
  return out;
}

/// 8 levels of g crossed with 6 of h, two rows each; `counts` of all three gives y.
template <class Counts>
Data crossed(Counts counts) {
  Column y = column("y"), x = column("x"), g = column("g"), h = column("h"), same = column("same"),
         one = column("one"), row = column("row");
  for (int i = 0; i < 8; ++i)
    for (int j = 0; j < 6; ++j)
      for (int k = 0; k < 2; ++k) {
        y.numbers.push_back(counts(i, j, k));
        x.numbers.push_back(2 * k - 1);
        g.numbers.push_back(i);
        h.numbers.push_back(j);
        same.numbers.push_back(100 - i);
        one.numbers.push_back(1);
        row.numbers.push_back(static_cast<double>(row.numbers.size()));
      }
  return Data({y, x, g, h, same, one, row}, "crossed");
}

int group_mean(int i) { return std::vector{3, 9, 5, 14, 4, 7, 11, 6}[static_cast<std::size_t>(i)]; }

/// Groups differ; every level of h has the same sum, and the rows of a cell differ.
Data without_variance_of_h() {
  return crossed([](int i, int j, int k) { return group_mean(i) + (2 * k - 1) * ((i + j) % 3); });
}

/// Groups differ; in each, rows with x = -1 and x = 1 are alike.
Data without_slopes() {
  return crossed([](int i, int j, int) { return group_mean(i) + (i + j) % 3 - 1; });
}

class Degenerate : public testing::TestWithParam<Criterion> {
 protected:
  Model model(const std::string& formula, const Data& data) const {
    return Model(formula, data, is_linear(GetParam()) ? gaussian() : poisson());
  }
  Fit fit_of(const Model& model) const {
    return fit(model,
               {.reml = GetParam() == Criterion::reml, .nagq = GetParam() == Criterion::joint ? 0 : 1});
  }
  Fit fit_of(const std::string& formula, const Data& data) const { return fit_of(model(formula, data)); }

  reference::Optimum reference_of(const Model& model) const {
    if (is_linear(GetParam())) return reference::fit_linear(model, GetParam() == Criterion::reml);
    return GetParam() == Criterion::joint ? reference::fit_joint(model) : reference::fit(model);
  }
};

TEST_P(Degenerate, AFactorWithOneLevelIsAnError) {
  EXPECT_THAT([&] { model("y ~ x + (1 | g) + (1 | one)", without_slopes()); },
              ThrowsMessage<Error>(HasSubstr("'one' has one in the rows used")));
}

TEST_P(Degenerate, ALevelPerRowIsAnErrorForLinearModelsAndFittedOtherwise) {
  const Data data = crossed([](int i, int j, int k) { return (i * i + 5 * j * (k + 1)) % 17; });
  const std::string formula = "y ~ x + (1 | row) + (1 | g)";
  if (is_linear(GetParam())) {
    EXPECT_THAT([&] { model(formula, data); },
                ThrowsMessage<Error>(HasSubstr("must be < number of observations (problems: row)")));
    return;
  }
  const Fit f = fit_of(formula, data);
  EXPECT_TRUE(f.ok());
  EXPECT_THAT(f.model->messages, Contains(HasSubstr("'row' has a level for each observation")));
  EXPECT_NEAR(f.minus2_log_likelihood, reference_of(*f.model).minus2_log_likelihood, 1e-7);
}

TEST_P(Degenerate, EmptyLevelsAreDropped) {
  const auto with_levels = [&](const std::vector<std::string>& levels) {
    Data data = without_slopes();
    Column g = data.column("g");
    g.type = Column::Type::factor;
    g.levels = levels;
    for (const double value : g.numbers) {
      const std::string level = std::to_string(static_cast<int>(value));
      g.codes.push_back(static_cast<int>(std::find(levels.begin(), levels.end(), level) - levels.begin()));
    }
    g.numbers.clear();
    data.set(g);
    return fit_of("y ~ x + (1 | g) + (1 | h)", data);
  };
  const Fit used = with_levels({"0", "1", "2", "3", "4", "5", "6", "7"});
  const Fit more = with_levels({"none", "0", "1", "2", "3", "nobody", "4", "5", "6", "7", "nowhere"});
  EXPECT_EQ(more.model->factors[0].levels, used.model->factors[0].levels);
  EXPECT_EQ(more.minus2_log_likelihood, used.minus2_log_likelihood);
  EXPECT_EQ(more.theta, used.theta);
  EXPECT_EQ(more.beta, used.beta);
}

/// Only the sum of their two variances is identified.
TEST_P(Degenerate, TwoIdenticalFactorsAreToldAndFitted) {
  const Fit one = fit_of("y ~ x + (1 | g)", without_slopes());
  for (const std::string again : {"(1 | same)", "(1 | g)"}) {
    const Fit two = fit_of("y ~ x + (1 | g) + " + again, without_slopes());
    EXPECT_TRUE(two.ok()) << name(two.status);
    EXPECT_THAT(two.model->messages, Contains(HasSubstr("only the sum of its two variances is identified")));
    EXPECT_NEAR(two.minus2_log_likelihood, one.minus2_log_likelihood, 1e-7);
    EXPECT_NEAR(two.theta.squaredNorm(), one.theta.squaredNorm(), 1e-4 * one.theta.squaredNorm());
    EXPECT_LT((two.beta - one.beta).cwiseAbs().maxCoeff(), 1e-5);
  }
}

TEST_P(Degenerate, OneOfSeveralVariancesIsZero) {
  const Data data = without_variance_of_h();
  const Fit without = fit_of("y ~ x + (1 | g)", data), with = fit_of("y ~ x + (1 | g) + (1 | h)", data);
  EXPECT_EQ(without.status, Status::converged);
  EXPECT_EQ(with.status, Status::singular);
  EXPECT_NEAR(with.minus2_log_likelihood, without.minus2_log_likelihood, 1e-7);
  EXPECT_NEAR(with.theta[0], without.theta[0], 1e-5);
  EXPECT_LT(with.theta[1], 1e-4);
  EXPECT_LT(with.modes[1].cwiseAbs().maxCoeff(), 1e-6);
  EXPECT_THAT(with.messages, Contains(HasSubstr("boundary (singular) fit")));
}

TEST_P(Degenerate, OneOfSeveralVariancesIsZeroWhicheverTermComesFirst) {
  const Data data = without_variance_of_h();
  const Fit a = fit_of("y ~ x + (1 | g) + (1 | h)", data), b = fit_of("y ~ x + (1 | h) + (1 | g)", data),
            nested = fit_of("y ~ x + (1 | g/h)", data);
  EXPECT_EQ(a.status, b.status);
  EXPECT_NEAR(a.minus2_log_likelihood, b.minus2_log_likelihood, 1e-8);
  EXPECT_EQ(nested.status, Status::singular) << "cells have the means of their groups";
  EXPECT_NEAR(nested.minus2_log_likelihood, a.minus2_log_likelihood, 1e-7);
}

TEST_P(Degenerate, SlopesWithoutVarianceLeaveTheInterceptsAlone) {
  const Fit without = fit_of("y ~ 1 + (1 | g)", without_slopes());
  for (const std::string random : {"(x | g)", "(x || g)", "(x | g) + (0 + x | h)"}) {
    const Fit with = fit_of("y ~ 1 + " + random, without_slopes());
    EXPECT_EQ(with.status, Status::singular) << random;
    EXPECT_NEAR(with.minus2_log_likelihood, without.minus2_log_likelihood, 1e-7) << random;
    EXPECT_NEAR(with.theta[0], without.theta[0], 1e-4) << random;
    EXPECT_LT(with.theta.tail(with.theta.size() - 1).cwiseAbs().maxCoeff(), 1e-3) << random;
  }
}

/// z is a covariate of the groups: of (z | g) the data see one effect per group, and only how its variance
/// changes with z.
TEST_P(Degenerate, SlopesConstantWithinGroup) {
  std::mt19937_64 bits(5);
  std::normal_distribution<> normal;
  Column y = column("y"), z = column("z"), g = column("g");
  for (int group = 0; group < 40; ++group) {
    const double covariate = group % 4, effect = (0.2 + 0.3 * covariate) * normal(bits);
    for (int row = 0; row < 5; ++row) {
      y.numbers.push_back(std::round(std::exp(1.5 + 0.1 * covariate + effect + 0.2 * normal(bits))));
      z.numbers.push_back(covariate);
      g.numbers.push_back(group);
    }
  }
  const Data data({y, z, g}, "groups");
  for (const std::string random : {"(z | g)", "(0 + z | g)", "(z || g)"}) {
    const Fit f = fit_of("y ~ z + " + random, data);
    EXPECT_TRUE(f.ok()) << random << ": " << name(f.status);
    EXPECT_NEAR(f.minus2_log_likelihood, reference_of(*f.model).minus2_log_likelihood, 1e-6) << random;
  }
}

INSTANTIATE_TEST_SUITE_P(Criteria, Degenerate, testing::ValuesIn(test::criteria),
                         [](const auto& instance) { return std::string(test::name(instance.param)); });

}  // namespace
}  // namespace cuglmm
