// What must not matter: the order of rows and of levels, collapse, threads, the instruction set, the layout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include <cuglmm/cuglmm.hpp>
#include <tests/support/evaluate.hpp>
#include <tests/support/rearranged.hpp>

namespace cuglmm {
namespace {

using test::EngineKind;
using test::evaluate;
using test::random_model;
using test::several_psi;
using test::Value;

constexpr std::uint64_t kModels = 60;

void expect_close(const Value& a, const Value& b, double tolerance = 1e-9) {
  EXPECT_NEAR(a.objective, b.objective, tolerance * (1 + std::abs(a.objective)));
  EXPECT_LT((a.gradient - b.gradient).cwiseAbs().maxCoeff(),
            1e3 * tolerance * (1 + a.gradient.cwiseAbs().maxCoeff()));
}

/// A model and another that says the same, evaluated by every engine.
template <class Other>
void expect_same_everywhere(Other other) {
  for (const EngineKind& kind : test::engine_kinds())
    for (std::uint64_t seed = 1; seed <= kModels; ++seed) {
      SCOPED_TRACE(testing::Message() << kind.simd << " by " << (kind.by_problem ? "problem" : "component")
                                      << ", seed " << seed);
      const Model model = random_model(seed), same = other(model, seed);
      for (const test::Psi& psi : several_psi(model, seed))
        expect_close(evaluate(kind, model, psi), evaluate(kind, same, psi));
    }
}

TEST(Invariance, OrderOfRows) { expect_same_everywhere(test::with_rows_shuffled); }

TEST(Invariance, OrderOfLevels) {
  expect_same_everywhere(
      [](const Model& model, std::uint64_t seed) { return test::with_levels_shuffled(model, seed); });
}

TEST(Invariance, Collapse) {
  for (const EngineKind& kind : test::engine_kinds())
    for (std::uint64_t seed = 1; seed <= kModels; ++seed) {
      SCOPED_TRACE(testing::Message() << kind.simd << " " << kind.by_problem << ", seed " << seed);
      const Model model = random_model(seed, {.ties = true});
      for (const test::Psi& psi : several_psi(model, seed))
        expect_close(evaluate(kind, model, psi), evaluate(kind, model, psi, {.plan = {.collapse = false}}));
    }
}

TEST(Invariance, InstructionSetAndLayout) {
  const std::vector<EngineKind> kinds = test::engine_kinds();
  for (std::uint64_t seed = 1; seed <= kModels; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Model model = random_model(seed);
    for (const test::Psi& psi : several_psi(model, seed)) {
      const Value first = evaluate(kinds.front(), model, psi);
      for (const EngineKind& kind : kinds) expect_close(first, evaluate(kind, model, psi));
    }
  }
}

TEST(Invariance, NeighboursInAFeed) {
  for (const std::string& simd : simd_levels()) {
    const Model model = random_model(11);
    const test::Psi psi = test::random_psi(model, 4);
    std::vector<test::Psi> crowd{psi};
    for (std::uint64_t i = 0; i < 9; ++i) crowd.push_back(test::random_psi(model, 100 + i, i % 2 == 0));
    crowd.push_back(psi);
    const auto together = evaluate({"cpu", simd, true}, model, crowd);
    const Value alone = evaluate({"cpu", simd, true}, model, psi);
    for (const Value& value : {together.front(), together.back()}) {
      EXPECT_EQ(value.objective, alone.objective);
      EXPECT_EQ(value.gradient, alone.gradient);
    }
  }
}

TEST(Invariance, ThreadsToTheLastBit) {
  // 45,000 rows: an evaluation by component is shared between threads from 20,000 rows each.
  const Model model =
      random_model(5, {.random_effects = "(1 | g)", .ties = false, .min_rows = 45'000, .max_rows = 45'000});
  const test::Psi psi = test::random_psi(model, 5);
  for (const std::string& simd : simd_levels()) {
    const Value one = evaluate({"cpu", simd, false}, model, psi);
    for (const int threads : {2, 3}) {
      const Value several = evaluate({"cpu", simd, false}, model, psi, {.threads = threads});
      EXPECT_EQ(one.objective, several.objective);
      EXPECT_EQ(one.gradient, several.gradient);
    }
  }
}

// The whole fit.

const Model& epilepsy() {
  static const Model model("y ~ Base * trt + Age + Visit + (Visit | subject)",
                           read_table(CUGLMM_TEST_DATA "/epil2.csv"), poisson());
  return model;
}

void expect_same_fit(const Fit& a, const Fit& b) {
  EXPECT_EQ(a.status, b.status);
  EXPECT_NEAR(a.minus2_log_likelihood, b.minus2_log_likelihood, 1e-8);
  EXPECT_LT((a.theta - b.theta).cwiseAbs().maxCoeff(), 1e-5);
  EXPECT_LT(((a.beta - b.beta).array().abs() / a.vcov.diagonal().array().sqrt()).maxCoeff(), 1e-4);
  EXPECT_LT((a.vcov - b.vcov).cwiseAbs().maxCoeff(), 1e-5 * a.vcov.cwiseAbs().maxCoeff());
}

TEST(Invariance, FitOfShuffledRows) {
  const Fit a = fit(epilepsy()), b = fit(test::with_rows_shuffled(epilepsy(), 1));
  expect_same_fit(a, b);
  EXPECT_LT((a.modes[0] - b.modes[0]).cwiseAbs().maxCoeff(), 1e-5);
}

TEST(Invariance, FitOfShuffledLevels) {
  std::vector<std::vector<int>> orders;
  const Fit a = fit(epilepsy()), b = fit(test::with_levels_shuffled(epilepsy(), 1, &orders));
  expect_same_fit(a, b);
  for (std::size_t l = 0; l < orders[0].size(); ++l)
    EXPECT_LT((a.modes[0].row(static_cast<long>(l)) - b.modes[0].row(orders[0][l])).cwiseAbs().maxCoeff(),
              1e-5);
}

TEST(Invariance, FitWithoutCollapse) {
  const Data data = [] {
    Data exam = read_table(CUGLMM_TEST_DATA "/Exam.csv", {.factor = {"school"}});
    mutate(exam, "success = normexam >= 0");
    return exam;
  }();
  const Model model("success ~ schavg + (1 | school)", data, binomial());
  const Fit collapsed = fit(model), rows = fit(model, {.collapse = false});
  EXPECT_EQ(collapsed.plan->rows(), 65);
  EXPECT_EQ(rows.plan->rows(), 4059);
  expect_same_fit(collapsed, rows);
}

TEST(Invariance, FitOnEveryInstructionSet) {
  const Fit widest = fit(epilepsy());
  for (const std::string& simd : simd_levels()) expect_same_fit(widest, fit(epilepsy(), {.simd = simd}));
}

}  // namespace
}  // namespace cuglmm
