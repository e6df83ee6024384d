// Estimated scores on the way to the optimum of a model with a large border.
#include <gtest/gtest.h>

#include <host/engine/engine.hpp>
#include <host/fit/first_stage.hpp>
#include <host/fit/start.hpp>
#include <tests/support/criterion.hpp>
#include <tests/support/crossed_model.hpp>

namespace cuglmm {
namespace {

using test::Criterion;

constexpr int kBorder = 1000;

struct LargeBorder : testing::TestWithParam<Criterion> {
  Criterion criterion() const { return GetParam(); }

  Model model(const std::string& formula, const test::CrossedSize& size) const {
    return test::crossed_model(formula, size, test::is_linear(criterion()) ? gaussian() : poisson());
  }
  Model model() const { return model("y ~ x + (1 | g) + (1 | h)", {kBorder, kBorder + 10, 10000}); }
  FitOptions options(int threads = 1) const {
    return {.reml = criterion() == Criterion::reml,
            .nagq = criterion() == Criterion::joint ? 0 : 1,
            .threads = threads,
            .device = "cpu"};
  }
};

TEST_P(LargeBorder, EndsAboutTheOptimum) {
  const Model crossed = model();
  const Fit optimum = fit(crossed, options());
  const Plan plan(crossed, options().plan());
  const auto engine = make_engine(plan.data(), "cpu", "auto", 1);
  const auto problem = engine->problem(plan.data().sums(crossed, crossed.y));
  const Eigen::VectorXd far = 0.6 * optimum.theta;
  const auto near = first_stage(*problem, plan.data(), far, optimum.beta);
  ASSERT_TRUE(near);
  const auto excess = [&](const Eigen::VectorXd& theta, const Eigen::VectorXd& beta) {
    return problem->evaluate(theta, beta).objective - optimum.minus2_log_likelihood;
  };
  EXPECT_GT(excess(far, optimum.beta), 50);
  EXPECT_LT(excess(near->theta, near->beta), 0.05);
  const Eigen::VectorXd sd = (2 * optimum.inverse_hessian.diagonal()).cwiseSqrt();
  EXPECT_LT((near->theta - optimum.theta).cwiseQuotient(sd.head(2)).norm(), 0.2);
}

/// A start that is given goes without the stage.
void expect_equal_without_stage(const Model& model, FitOptions options) {
  const Fit staged = fit(model, options);
  options.theta = 0.8 * staged.theta.array() + 0.02;
  options.beta = staged.beta;
  const Fit exact = fit(model, options);
  EXPECT_EQ(staged.status, exact.status);
  EXPECT_NEAR(staged.minus2_log_likelihood, exact.minus2_log_likelihood, 1e-7);
  EXPECT_LT((staged.theta - exact.theta).norm(), 1e-5);
  EXPECT_LT((staged.beta - exact.beta).norm(), 1e-6);
  EXPECT_LT(staged.evaluations, exact.evaluations);
}

TEST_P(LargeBorder, HasTheOptimumOfExactEvaluationsAlone) { expect_equal_without_stage(model(), options()); }
TEST_P(LargeBorder, WithSlopesHasTheOptimumOfExactEvaluationsAlone) {
  expect_equal_without_stage(model("y ~ x + (1 | g) + (x | h)", {kBorder / 2, kBorder + 10, 10000, 0.3}),
                             options());
}
TEST_P(LargeBorder, WithoutVarianceHasTheOptimumOfExactEvaluationsAlone) {
  const Model without = model("y ~ x + (1 | g) + (1 | h)", {kBorder, kBorder + 10, 10000, 0, 0});
  expect_equal_without_stage(without, options());
  EXPECT_EQ(fit(without, options()).status, Status::singular);
}

TEST_P(LargeBorder, HasTheSameBitsOnAnyThreads) {
  const Fit one = fit(model(), options(1)), two = fit(model(), options(2));
  EXPECT_EQ(one.theta, two.theta);
  EXPECT_EQ(one.minus2_log_likelihood, two.minus2_log_likelihood);
  EXPECT_EQ(one.evaluations, two.evaluations);
}

INSTANTIATE_TEST_SUITE_P(Criteria, LargeBorder, testing::ValuesIn(test::criteria),
                         [](const auto& criterion) { return test::name(criterion.param); });

TEST(FirstStage, IsNotForSmallBorders) {
  const Model crossed = test::crossed_model(200, 1000);
  const Plan plan(crossed);
  const auto engine = make_engine(plan.data(), "cpu", "auto", 1);
  const auto problem = engine->problem(plan.data().sums(crossed, crossed.y));
  EXPECT_FALSE(first_stage(*problem, plan.data(), Eigen::Vector2d(0.5, 0.5), Eigen::Vector2d(0, 0)));
}

}  // namespace
}  // namespace cuglmm
