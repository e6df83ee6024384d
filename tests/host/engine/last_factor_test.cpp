// A problem with a large border uses the factor of its last evaluation: what it tells depends on that only by
// rounding.
#include <gtest/gtest.h>

#include <tests/reference/laplace.hpp>
#include <tests/support/crossed_model.hpp>
#include <tests/support/error.hpp>
#include <tests/support/evaluate.hpp>

namespace cuglmm {
namespace {

using test::error;

struct Point {
  double theta_g, theta_h, intercept, slope;
};
/// Steps such as a search makes, small, large, to and from nearly singular and singular ones.
constexpr Point kSearch[] = {{.5, .7, .5, .3},  {.5, .7, .5, .3},   {.501, .699, .5, .3}, {1.5, .2, .1, -.2},
                             {1.5, 0, .1, -.2}, {.5, 1e-4, .5, .3}, {.5, .7, .5, .3},     {0, .7, .5, .3},
                             {.3, .7, .5, .3},  {9, 7, 3, 2},       {.2, .1, -1, .3},     {20, 1e-2, -5, 1},
                             {1, 30, 2, -3},    {.1, .1, .5, .3}};

class LastFactor : public testing::TestWithParam<test::EngineKind> {};

TEST_P(LastFactor, ChangesNothing) {
  const Model model = test::crossed_model(kDenseBorder + 10, 2500);
  const PlanData plan(model, {});
  ASSERT_GE(plan.view.arrow.border, kDenseBorder);
  const auto engine = GetParam().make(plan);
  const auto problem = [&] {
    auto fresh = engine->problem(plan.sums(model, model.y));
    fresh->set_mode_tolerance(1e-12);
    return fresh;
  };
  const auto searching = problem();
  for (const Point& at : kSearch) {
    const Eigen::Vector2d theta(at.theta_g, at.theta_h), beta(at.intercept, at.slope);
    const ProblemEvaluation out = searching->evaluate(theta, beta, true);
    const Eigen::MatrixXd information = searching->information(theta, beta);
    const auto fresh = problem();
    const ProblemEvaluation wanted = fresh->evaluate(theta, beta, true);
    EXPECT_NEAR(out.objective, wanted.objective, 1e-9 * std::abs(wanted.objective));
    EXPECT_LT(error(out.gradient, wanted.gradient), 1e-6);
    EXPECT_LT(error(out.mode, wanted.mode), 1e-6);
    EXPECT_LT(error(out.variance, wanted.variance), 1e-6);
    EXPECT_LT(error(information, fresh->information(theta, beta)), 1e-6);
  }
}

TEST_P(LastFactor, EqualsReference) {
  const Model model = test::crossed_model(kDenseBorder, 1200);
  const PlanData plan(model, {});
  const auto engine = GetParam().make(plan);
  const auto problem = engine->problem(plan.sums(model, model.y));
  problem->set_mode_tolerance(1e-12);
  for (const double theta_h : {.6, .8}) {
    const Eigen::Vector2d theta(.5, theta_h), beta(.4, .3);
    const ProblemEvaluation out = problem->evaluate(theta, beta, true);
    const reference::Laplace wanted = reference::laplace(model, theta, beta);
    EXPECT_NEAR(out.objective, wanted.minus2_log_likelihood, 1e-9 * std::abs(out.objective));
    EXPECT_LT(error(out.gradient, wanted.gradient), 1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(OfThisMachine, LastFactor, testing::ValuesIn(test::engine_kinds({false})),
                         [](const auto& kind) { return kind.param.name(); });

}  // namespace
}  // namespace cuglmm
