// The start of PIRLS at a point near the last one (kernels/predicted_mode.hpp). With a mode tolerance that
// any start meets, u on return is one Newton step from where PIRLS started: its error is of second order in
// the step from point to point where that was the last mode, of fourth order where it was predicted.
#include <gtest/gtest.h>

#include <host/engine/engine.hpp>
#include <tests/support/crossed_model.hpp>

namespace cuglmm {
namespace {

struct Case {
  const char* name;
  const char* formula;
  int g, h;  ///< levels
  Eigen::VectorXd theta;
};

class PredictedMode : public testing::TestWithParam<Case> {
 protected:
  /// Largest error of u after a step of size h along (theta, beta), from a mode and its evaluation.
  static double error(const Model& model, const PlanData& plan, Eigen::VectorXd theta, double h) {
    Eigen::Vector2d beta(.4, .3);
    const auto engine = make_engine(plan, "cpu", "auto", 1);
    const auto problem = engine->problem(plan.sums(model, model.y)),
               exact = engine->problem(plan.sums(model, model.y));
    problem->set_mode_tolerance(1e-20);
    exact->set_mode_tolerance(1e-20);
    problem->evaluate(theta, beta, true);
    for (Eigen::Index i = 0; i < theta.size(); ++i) theta[i] += (i % 2 ? -.4 : .6) * h;
    beta += Eigen::Vector2d(.7, -.5) * h;
    problem->set_mode_tolerance(1e6);
    problem->evaluate(theta, beta, false);
    exact->evaluate(theta, beta, false);
    return (problem->u() - exact->u()).cwiseAbs().maxCoeff();
  }
};

TEST_P(PredictedMode, IsOfSecondOrder) {
  const Case& c = GetParam();
  const Model model = test::crossed_model(c.formula, {c.h, c.g, 900}, poisson());
  const PlanData plan(model);
  ASSERT_FALSE(plan.view.separable);
  const double far = error(model, plan, c.theta, .08), near = error(model, plan, c.theta, .04);
  EXPECT_LT(near, 1e-4);
  EXPECT_GT(far / near, 8) << "errors " << far << " and " << near;
}

INSTANTIATE_TEST_SUITE_P(
    Structures, PredictedMode,
    testing::Values(Case{"Crossed", "y ~ x + (1 | g) + (1 | h)", 30, 12, Eigen::Vector2d(.8, .6)},
                    Case{"Vectors", "y ~ x + (x | g) + (x || h)", 25, 15,
                         (Eigen::VectorXd(5) << .7, .2, .5, .6, .4).finished()},
                    Case{"LargeBorder", "y ~ x + (1 | g) + (1 | h)", 170, 180, Eigen::Vector2d(.8, .6)}),
    [](const auto& structure) { return std::string(structure.param.name); });

/// Where a variance was or becomes zero there is no prediction, and no harm.
TEST(PredictedModeOfZeroVariance, IsWhereItWas) {
  const Model model = test::crossed_model("y ~ x + (1 | g) + (x | h)", {12, 30, 900}, poisson());
  const PlanData plan(model);
  const auto engine = make_engine(plan, "cpu", "auto", 1);
  const auto problem = engine->problem(plan.sums(model, model.y));
  const Eigen::Vector2d beta(.4, .3);
  for (const Eigen::Vector4d& theta : {Eigen::Vector4d(.5, .6, .1, .2), Eigen::Vector4d(0, .6, .1, .2),
                                       Eigen::Vector4d(.5, .6, .1, 0), Eigen::Vector4d(.5, .6, .1, 1e-9)}) {
    SCOPED_TRACE(theta.transpose());
    const auto fresh = engine->problem(plan.sums(model, model.y));
    const double objective = problem->evaluate(theta, beta, true).objective;
    EXPECT_NEAR(objective, fresh->evaluate(theta, beta, true).objective, 1e-9 * std::abs(objective));
  }
}

}  // namespace
}  // namespace cuglmm
