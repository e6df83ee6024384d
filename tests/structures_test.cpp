// Every structure of random effects under every criterion (Laplace, nAGQ = 0, ML, REML), on every engine this
// machine has, against tests/reference: design section 1 in dense Eigen.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <tuple>

#include <tests/support/criterion.hpp>
#include <tests/support/error.hpp>
#include <tests/support/evaluate.hpp>
#include <tests/support/how_many.hpp>

namespace cuglmm {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using test::Criterion;
using test::EngineKind;
using test::error;
using test::Expected;
using test::expected;
using test::Psi;
using test::several_psi;

constexpr std::uint64_t kModels = test::how_many(200);

/// Lower triangles by columns, term by term.
VectorXd packed(const std::vector<MatrixXd>& symmetric) {
  std::vector<double> entries;
  for (const MatrixXd& S : symmetric)
    for (Eigen::Index c = 0; c < S.cols(); ++c)
      for (Eigen::Index r = c; r < S.rows(); ++r) entries.push_back(S(r, c));
  return Eigen::Map<const VectorXd>(entries.data(), static_cast<Eigen::Index>(entries.size()));
}

/// levels x q_j per term -> lme4's order of random effects.
VectorXd stacked(const std::vector<MatrixXd>& terms) {
  std::vector<double> entries;
  for (const MatrixXd& term : terms)
    for (Eigen::Index l = 0; l < term.rows(); ++l)
      for (Eigen::Index c = 0; c < term.cols(); ++c) entries.push_back(term(l, c));
  return Eigen::Map<const VectorXd>(entries.data(), static_cast<Eigen::Index>(entries.size()));
}

VectorXd diagonals(const std::vector<std::vector<MatrixXd>>& terms) {
  std::vector<MatrixXd> rows;
  for (const std::vector<MatrixXd>& levels : terms)
    for (const MatrixXd& level : levels) rows.push_back(level.diagonal().transpose());
  return stacked(rows);
}

class Structures : public testing::TestWithParam<std::tuple<EngineKind, Criterion>> {
 protected:
  EngineKind kind() const { return std::get<0>(GetParam()); }
  Criterion criterion() const { return std::get<1>(GetParam()); }

  void on_random_models(const std::function<void(const Model&, const std::vector<Psi>&)>& check) const {
    for (std::uint64_t seed = 1; seed <= kModels; ++seed) {
      const Model model = test::random_model(criterion(), seed);
      SCOPED_TRACE(testing::Message() << "seed " << seed << ": " << model.formula.text());
      check(model, several_psi(model, seed));
    }
  }
};

std::string named(const testing::TestParamInfo<std::tuple<EngineKind, Criterion>>& info) {
  return std::get<0>(info.param).name() + "_" + test::name(std::get<1>(info.param));
}

class EveryStructure : public Structures {};

TEST_P(EveryStructure, ObjectiveAndGradientEqualReference) {
  on_random_models([&](const Model& model, const std::vector<Psi>& at) {
    const PlanOptions plan = plan_options(criterion(), model.rows() % 2 == 0);
    const auto values = test::evaluate(kind(), model, at, {.plan = plan});
    const auto exact = test::evaluate(kind(), model, at, {.plan = plan, .times = 3});
    for (std::size_t i = 0; i < at.size(); ++i) {
      const Expected wanted = expected(criterion(), model, at[i]);
      const double relative = 1e-10 * std::abs(wanted.objective);
      EXPECT_NEAR(values[i].objective, wanted.objective, std::max(1e-8, relative));
      EXPECT_NEAR(exact[i].objective, wanted.objective, std::max(1e-9, relative));
      // PIRLS as the optimizer has it: its last step, 3e-4, is corrected for in the largest terms.
      EXPECT_LT(error(values[i].gradient, wanted.gradient), 5e-4);
      EXPECT_LT(error(exact[i].gradient, wanted.gradient), 1e-6);
    }
  });
}

TEST_P(EveryStructure, TakesManyMoreProblemsThanItHasLanes) {
  for (const std::uint64_t seed : {3, 4, 5}) {
    const Model model = test::random_model(criterion(), seed);
    SCOPED_TRACE(model.formula.text());
    std::vector<Psi> at;
    for (std::uint64_t i = 0; i < 21; ++i) at.push_back(test::random_psi(model, i, i % 3 == 0));
    const auto values = test::evaluate(kind(), model, at, {.plan = plan_options(criterion())});
    for (std::size_t i = 0; i < at.size(); ++i)
      EXPECT_NEAR(values[i].objective, expected(criterion(), model, at[i]).objective,
                  1e-8 * (1 + std::abs(values[i].objective) / 100));
  }
}

INSTANTIATE_TEST_SUITE_P(OfThisMachine, EveryStructure,
                         testing::Combine(testing::ValuesIn(test::engine_kinds()),
                                          testing::ValuesIn(test::criteria)),
                         named);

/// What only the by-component layout gives: a Problem.
class EveryStructuresProblem : public Structures {
 protected:
  using Check = std::function<void(Problem&, const Psi&, const Expected&)>;

  void on_problems(const Check& check) const {
    on_random_models([&](const Model& model, const std::vector<Psi>& at) {
      const PlanData plan(model, plan_options(criterion()));
      const auto engine = kind().make(plan);
      const auto problem = engine->problem(plan.sums(model, model.y));
      problem->set_mode_tolerance(1e-14);
      for (const Psi& psi : at) check(*problem, psi, expected(criterion(), model, psi));
    });
  }
};

TEST_P(EveryStructuresProblem, DerivativesInSigmaAndInformationEqualReference) {
  on_problems([](Problem& problem, const Psi& psi, const Expected& wanted) {
    const ProblemEvaluation out = problem.evaluate(psi.theta, psi.beta, true);
    EXPECT_LT(error(out.G, packed(wanted.G)), 1e-6);
    const MatrixXd information = problem.information(psi.theta, psi.beta);
    EXPECT_LT(error(information * wanted.vcov, MatrixXd::Identity(information.rows(), information.cols())),
              1e-6);
  });
}

TEST_P(EveryStructuresProblem, ModesAndTheirVariancesEqualReference) {
  on_problems([](Problem& problem, const Psi& psi, const Expected& wanted) {
    const ProblemEvaluation out = problem.evaluate(psi.theta, psi.beta, true);
    EXPECT_LT(error(problem.u(), wanted.u), 1e-7);
    EXPECT_LT(error(out.mode, stacked(wanted.modes)), 1e-7);
    EXPECT_LT(error(out.variance, diagonals(wanted.variance)), 1e-7);
  });
}

class EveryProfiledProblem : public EveryStructuresProblem {};

TEST_P(EveryProfiledProblem, BetaAndSigmaEqualReference) {
  on_problems([](Problem& problem, const Psi& psi, const Expected& wanted) {
    const ProblemEvaluation out = problem.evaluate(psi.theta, psi.beta);
    EXPECT_LT(error(out.beta, wanted.beta), 1e-7);
    EXPECT_NEAR(out.sigma, wanted.sigma, 1e-9 * wanted.sigma);
  });
}

INSTANTIATE_TEST_SUITE_P(OfThisMachine, EveryStructuresProblem,
                         testing::Combine(testing::ValuesIn(test::engine_kinds({false})),
                                          testing::ValuesIn(test::criteria)),
                         named);
INSTANTIATE_TEST_SUITE_P(OfThisMachine, EveryProfiledProblem,
                         testing::Combine(testing::ValuesIn(test::engine_kinds({false})),
                                          testing::Values(Criterion::joint, Criterion::ml, Criterion::reml)),
                         named);

}  // namespace
}  // namespace cuglmm
