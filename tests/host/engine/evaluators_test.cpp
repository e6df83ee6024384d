// Evaluators that can both serve a model give the same answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include <cuglmm/error.hpp>
#include <tests/support/evaluate.hpp>

namespace cuglmm {
namespace {

using test::EngineKind;
using test::random_model;
using test::several_psi;
using test::Value;
using Evaluator = PlanOptions::Evaluator;

constexpr std::uint64_t kModels = 60;

double difference(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  EXPECT_EQ(a.size(), b.size());
  return (a - b).cwiseAbs().maxCoeff() / (1 + a.cwiseAbs().maxCoeff());
}

class EvaluatorsAgree : public testing::TestWithParam<EngineKind> {};

TEST_P(EvaluatorsAgree, OnObjectiveAndGradientOfSeparableModels) {
  for (std::uint64_t seed = 1; seed <= kModels; ++seed) {
    const Model model = random_model(seed);
    SCOPED_TRACE(testing::Message() << "seed " << seed << ": " << model.formula.text());
    const std::vector<test::Psi> at = several_psi(model, seed);
    const auto values = [&](Evaluator evaluator) {
      return test::evaluate(GetParam(), model, at, {.plan = {.evaluator = evaluator}, .times = 3});
    };
    const auto separable = values(Evaluator::separable), bordered = values(Evaluator::bordered);
    for (std::size_t i = 0; i < at.size(); ++i) {
      EXPECT_NEAR(separable[i].objective, bordered[i].objective,
                  1e-10 * (1 + std::abs(bordered[i].objective)));
      EXPECT_LT(difference(separable[i].gradient, bordered[i].gradient), 1e-8);
    }
  }
}

/// A Problem is of the by-component layout.
class EvaluatorsAgreeOnProblems : public EvaluatorsAgree {};

TEST_P(EvaluatorsAgreeOnProblems, AllThatTheyTell) {
  for (std::uint64_t seed = 1; seed <= kModels; ++seed) {
    const Model model = random_model(seed);
    SCOPED_TRACE(testing::Message() << "seed " << seed << ": " << model.formula.text());
    const PlanData plans[]{PlanData(model, {.evaluator = Evaluator::separable}),
                           PlanData(model, {.evaluator = Evaluator::bordered})};
    for (const test::Psi& psi : several_psi(model, seed)) {
      ProblemEvaluation out[2];
      Eigen::MatrixXd information[2];
      for (int i = 0; i < 2; ++i) {
        const auto engine = GetParam().make(plans[i]);
        const auto problem = engine->problem(plans[i].sums(model, model.y));
        problem->set_mode_tolerance(1e-14);  // of a square: modes, and what has no correction, to 1e-7
        out[i] = problem->evaluate(psi.theta, psi.beta, true);
        information[i] = problem->information(psi.theta, psi.beta);
      }
      EXPECT_LT(difference(out[0].G, out[1].G), 1e-7);
      EXPECT_LT(difference(out[0].TT, out[1].TT), 1e-7);
      EXPECT_LT(difference(out[0].mode, out[1].mode), 1e-7);
      EXPECT_LT(difference(out[0].variance, out[1].variance), 1e-7);
      EXPECT_LT(difference(information[0], information[1]), 1e-7);
    }
  }
}

std::string named(const testing::TestParamInfo<EngineKind>& kind) { return kind.param.name(); }

INSTANTIATE_TEST_SUITE_P(OfThisMachine, EvaluatorsAgree, testing::ValuesIn(test::engine_kinds()), named);
INSTANTIATE_TEST_SUITE_P(OfThisMachine, EvaluatorsAgreeOnProblems,
                         testing::ValuesIn(test::engine_kinds({false})), named);

TEST(Evaluators, AutomaticTakesTheSeparableOneWhereItServes) {
  for (const std::string& structure : test::all_structures()) {
    const Model model = random_model(1, {.random_effects = structure});
    const PlanData plan(model);
    try {
      const PlanData separable(model, {.evaluator = Evaluator::separable});
      EXPECT_FALSE(plan.arrow) << structure;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("separable components"));
      EXPECT_TRUE(plan.arrow) << structure;
    }
  }
  for (const std::string& structure : test::separable_structures())
    EXPECT_FALSE(PlanData(random_model(1, {.random_effects = structure})).arrow) << structure;
}

}  // namespace
}  // namespace cuglmm
