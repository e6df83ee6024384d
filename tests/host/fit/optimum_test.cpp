// What a fit reports: the optimum, evaluated to all digits. The arbiter is a new problem that has not seen
// the search.
#include <gtest/gtest.h>

#include <Eigen/LU>

#include <cuglmm/cuglmm.hpp>
#include <host/engine/engine.hpp>
#include <host/fit/hessian.hpp>
#include <tests/support/cases.hpp>
#include <tests/support/crossed_model.hpp>

namespace cuglmm {
namespace {

ProblemEvaluation evaluated_anew(const Fit& fit) {
  const PlanData& plan = fit.plan->data();
  const auto engine = make_engine(plan, "cpu", "auto", 1);
  const auto problem = engine->problem(plan.sums(*fit.model, fit.model->y));
  problem->set_mode_tolerance(1e-14);
  return problem->evaluate(fit.theta, fit.beta, true);
}

Fit fit_of(const std::string& id, int nagq = 1) {
  return fit(test::make_model(test::reference_case(id)), {.nagq = nagq, .device = "cpu"});
}

/// Of the deviance: the square of the distance to the optimum in standard errors.
double predicted_decrease(const Fit& fit) {
  const Eigen::VectorXd gradient = evaluated_anew(fit).gradient;
  return gradient.dot(fit.inverse_hessian * gradient) / 2;
}

class Optimum : public testing::TestWithParam<const char*> {};

TEST_P(Optimum, IsWithinMillionthsOfAStandardError) {
  const Fit f = fit_of(GetParam());
  ASSERT_EQ(f.status, Status::converged);
  EXPECT_LT(predicted_decrease(f), 2e-11);
}

TEST_P(Optimum, IsReportedToAllDigits) {
  for (const int nagq : {1, 0}) {
    const Fit f = fit_of(GetParam(), nagq);
    const ProblemEvaluation at = evaluated_anew(f);
    EXPECT_NEAR(f.minus2_log_likelihood, at.objective, 1e-11 * std::abs(at.objective));
    Eigen::Index first = 0;
    for (const Eigen::MatrixXd& modes : f.modes)  // of one column
      for (Eigen::Index l = 0; l < modes.rows(); ++l, ++first)
        EXPECT_NEAR(modes(l, 0), at.mode[first], 1e-6 * std::max(1.0, std::abs(at.mode[first])));
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Optimum,
                         testing::Values("cbpp_logit", "grouseticks_3terms", "guimmun_nested",
                                         "verbagg_crossed"));

/// Variances so large that Newton steps from u = 0 overshoot again and again.
TEST(OptimumAnew, ModesAreFoundFromZeroToo) {
  const Fit f = fit_of("guprenat_nested");
  EXPECT_NEAR(evaluated_anew(f).objective, f.minus2_log_likelihood, 1e-7);
  for (const double scale : {0.3, 0.8, 1.5, 2.0}) {
    Fit moved = f;
    moved.theta *= scale;
    EXPECT_TRUE(std::isfinite(evaluated_anew(moved).objective)) << scale;
  }
}

TEST(OptimumOfALargeBorder, IsWithinMillionthsOfAStandardError) {
  const Fit f = fit(test::crossed_model(kDenseBorder, 2000), {.device = "cpu"});
  ASSERT_EQ(f.status, Status::converged);
  EXPECT_LT(predicted_decrease(f), 2e-11);
}

/// The Hessian is taken before the optimum is reached.
TEST(OptimumOfALargeBorder, StandardErrorsAreThoseAtTheOptimum) {
  const Fit f = fit(test::crossed_model(kDenseBorder, 2000), {.device = "cpu"});
  const PlanData& plan = f.plan->data();
  const auto problem = make_engine(plan, "cpu", "auto", 1)->problem(plan.sums(*f.model, f.model->y));
  problem->set_mode_tolerance(1e-14);
  const Eigen::VectorXd gradient = problem->evaluate(f.theta, f.beta).gradient,
                        scale = (2 * f.inverse_hessian.diagonal()).cwiseSqrt();
  const Eigen::MatrixXd H = hessian(*problem, f.theta, f.beta, gradient, scale, Differences::central);
  const Eigen::MatrixXd vcov = 2 * H.inverse().bottomRightCorner(f.beta.size(), f.beta.size());
  for (Eigen::Index i = 0; i < f.beta.size(); ++i)
    EXPECT_NEAR(std::sqrt(f.vcov(i, i)), std::sqrt(vcov(i, i)), 1e-5 * std::sqrt(vcov(i, i)));
}

TEST(OptimumOfALargeBorder, OfALinearModelIsWithinHundredThousandthsOfAStandardError) {
  const Model model = test::crossed_model(kDenseBorder, 2000, gaussian());
  const Fit f = fit(model, {.device = "cpu"}), exact = fit(model, {.tolerance = 1e-16, .device = "cpu"});
  ASSERT_EQ(f.status, Status::converged);
  for (Eigen::Index i = 0; i < f.theta.size(); ++i)
    EXPECT_NEAR(f.theta[i], exact.theta[i], 3.5e-5 * std::sqrt(2 * exact.inverse_hessian(i, i)));
  EXPECT_NEAR(f.sigma, exact.sigma, 1e-6 * exact.sigma);
  EXPECT_LT((f.beta - exact.beta).norm(), 1e-5 * std::sqrt(exact.vcov.diagonal().minCoeff()));
}

}  // namespace
}  // namespace cuglmm
