// Every engine this machine has against tests/reference (design section 1 in dense Eigen) and finite
// differences, on random models of every supported structure at random parameters, singular ones included.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include <host/fit/start.hpp>
#include <tests/reference/laplace.hpp>
#include <tests/support/error.hpp>
#include <tests/support/evaluate.hpp>
#include <tests/support/how_many.hpp>

namespace cuglmm {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using test::EngineKind;
using test::error;
using test::Psi;
using test::random_model;
using test::several_psi;

constexpr std::uint64_t kModels = test::how_many(150);

std::string named(const testing::TestParamInfo<EngineKind>& info) { return info.param.name(); }

class EveryEngine : public testing::TestWithParam<EngineKind> {};

TEST_P(EveryEngine, ObjectiveAndGradientEqualReference) {
  for (std::uint64_t seed = 1; seed <= kModels; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Model model = random_model(seed);
    const std::vector<Psi> at = several_psi(model, seed);
    const auto values = test::evaluate(GetParam(), model, at);
    const auto exact = test::evaluate(GetParam(), model, at, {.times = 3});
    for (std::size_t i = 0; i < at.size(); ++i) {
      const reference::Laplace expected = reference::laplace(model, at[i].theta, at[i].beta);
      const double tolerance = std::max(1e-8, 1e-10 * std::abs(expected.minus2_log_likelihood));
      EXPECT_NEAR(values[i].objective, expected.minus2_log_likelihood, tolerance);
      EXPECT_NEAR(exact[i].objective, expected.minus2_log_likelihood, tolerance);
      EXPECT_LT(error(values[i].gradient, expected.gradient), 2e-5) << "PIRLS as the optimizer has it";
      EXPECT_LT(error(exact[i].gradient, expected.gradient), 1e-6);
    }
  }
}

TEST_P(EveryEngine, TakesManyMoreProblemsThanItHasLanes) {
  const Model model = random_model(3);
  std::vector<Psi> at;
  for (std::uint64_t i = 0; i < 21; ++i) at.push_back(test::random_psi(model, i, i % 3 == 0));
  const auto values = test::evaluate(GetParam(), model, at);
  for (std::size_t i = 0; i < at.size(); ++i)
    EXPECT_NEAR(values[i].objective, reference::laplace(model, at[i].theta, at[i].beta).minus2_log_likelihood,
                1e-8);
}

INSTANTIATE_TEST_SUITE_P(OfThisMachine, EveryEngine, testing::ValuesIn(test::engine_kinds()), named);

/// What only the by-component layout gives: a Problem.
class EveryProblem : public testing::TestWithParam<EngineKind> {
 protected:
  /// check(model, its arrays, the problem, psi) at several psi of every random model.
  void on_random_models(
      const std::function<void(const Model&, const PlanData&, Problem&, const Psi&)>& check) const {
    for (std::uint64_t seed = 1; seed <= kModels; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      const Model model = random_model(seed);
      const PlanData plan(model);
      const auto engine = GetParam().make(plan);
      const auto problem = engine->problem(plan.sums(model, model.y));
      problem->set_mode_tolerance(1e-14);
      for (const Psi& psi : several_psi(model, seed)) check(model, plan, *problem, psi);
    }
  }
};

TEST_P(EveryProblem, GradientEqualsCentralDifferencesOfItsObjective) {
  on_random_models([](const Model&, const PlanData&, Problem& problem, const Psi& psi) {
    const VectorXd at = test::joined(psi), gradient = problem.evaluate(psi.theta, psi.beta).gradient;
    const Eigen::Index m = psi.theta.size();
    VectorXd differences(at.size());
    for (Eigen::Index i = 0; i < at.size(); ++i) {
      const auto objective = [&](double step) {
        const VectorXd x = at + step * VectorXd::Unit(at.size(), i);
        return problem.evaluate(x.head(m), x.tail(x.size() - m)).objective;
      };
      const double h = 2e-3;  // extrapolated once: an error of h^4, rounding of 1e-12 / h
      const double wide = (objective(h) - objective(-h)) / (2 * h);
      const double narrow = (objective(h / 2) - objective(-h / 2)) / h;
      differences[i] = (4 * narrow - wide) / 3;
    }
    EXPECT_LT(error(gradient, differences), 1e-6);
  });
}

TEST_P(EveryProblem, DerivativesInSigmaAndInformationEqualReference) {
  on_random_models([](const Model& model, const PlanData&, Problem& problem, const Psi& psi) {
    const ProblemEvaluation out = problem.evaluate(psi.theta, psi.beta, true);
    const reference::Laplace expected = reference::laplace(model, psi.theta, psi.beta);
    Eigen::Index k = 0;
    for (const MatrixXd& G : expected.G)
      for (Eigen::Index c = 0; c < G.cols(); ++c)
        for (Eigen::Index r = c; r < G.rows(); ++r)
          EXPECT_NEAR(out.G[k++], G(r, c), 1e-6 * std::max(1.0, G.cwiseAbs().maxCoeff()));
    EXPECT_EQ(k, out.G.size());
    const MatrixXd information = problem.information(psi.theta, psi.beta);
    EXPECT_LT(error(information * reference::vcov_rx(model, psi.theta, psi.beta),
                    MatrixXd::Identity(information.rows(), information.cols())),
              1e-6);
  });
}

TEST_P(EveryProblem, ModesAndTheirVariancesEqualReference) {
  on_random_models([](const Model& model, const PlanData&, Problem& problem, const Psi& psi) {
    const ProblemEvaluation out = problem.evaluate(psi.theta, psi.beta, true);
    const reference::Laplace expected = reference::laplace(model, psi.theta, psi.beta);
    EXPECT_LT(error(problem.u(), expected.u), 1e-7);
    EXPECT_LT(error(out.mode, reference::Lambda(model, psi.theta) * expected.u), 1e-7);
    Eigen::Index i = 0;
    for (const auto& term : reference::conditional_variances(model, psi.theta, psi.beta))
      for (const MatrixXd& level : term)
        for (Eigen::Index c = 0; c < level.cols(); ++c) EXPECT_NEAR(out.variance[i++], level(c, c), 1e-7);
    EXPECT_EQ(i, out.variance.size());
  });
}

TEST_P(EveryProblem, ExpectedHessianAndScoreStartEqualReference) {
  on_random_models([](const Model& model, const PlanData& plan, Problem& problem, const Psi& psi) {
    const VectorXd zero = VectorXd::Zero(psi.theta.size());
    const VectorXd start = score_theta(plan.paths, problem.evaluate(zero, psi.beta, true));
    EXPECT_LT(error(start, reference::score_start(model, psi.beta)), 1e-6);
    // The block of beta; that of theta has a term of its own for singular theta (kernels/singular.hpp).
    const Eigen::Index p = psi.beta.size();
    const ProblemEvaluation at = problem.evaluate(psi.theta, psi.beta, true);
    const MatrixXd inverse =
        expected_inverse_hessian(plan.paths, psi.theta, at, problem.information(psi.theta, psi.beta));
    const MatrixXd expected = reference::information(model, psi.theta, psi.beta).bottomRightCorner(p, p);
    EXPECT_LT(error(inverse.bottomRightCorner(p, p) * expected, MatrixXd::Identity(p, p)), 1e-6);
  });
}

INSTANTIATE_TEST_SUITE_P(OfThisMachine, EveryProblem, testing::ValuesIn(test::engine_kinds({false})), named);

}  // namespace
}  // namespace cuglmm
