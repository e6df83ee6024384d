// What a fit reports: the optimum, evaluated to all digits. The arbiter is a new problem that has not seen
// the search.
#include <gtest/gtest.h>

#include <cuglmm/cuglmm.hpp>
#include <host/engine/engine.hpp>
#include <tests/support/cases.hpp>

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

class Optimum : public testing::TestWithParam<const char*> {};

TEST_P(Optimum, IsWithinMillionthsOfAStandardError) {
  const Fit f = fit_of(GetParam());
  ASSERT_EQ(f.status, Status::converged);
  const Eigen::VectorXd gradient = evaluated_anew(f).gradient;
  EXPECT_LT(gradient.dot(f.inverse_hessian * gradient) / 2, 2e-11);  // of the deviance: a square of SEs
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

}  // namespace
}  // namespace cuglmm
