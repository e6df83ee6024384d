/// The score start of linear models, which is summed up without an evaluation (host/fit/start.hpp).
#include <gtest/gtest.h>

#include <host/engine/engine.hpp>
#include <host/fit/start.hpp>
#include <tests/support/error.hpp>
#include <tests/support/random_model.hpp>

namespace cuglmm {
namespace {

class LinearStart : public testing::TestWithParam<std::string> {};

TEST_P(LinearStart, EqualsThatOfAnEvaluation) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed)
    for (const bool reml : {true, false}) {
      SCOPED_TRACE(seed);
      const Model model =
          test::random_model(seed, {.random_effects = GetParam(), .family = FamilyKind::gaussian});
      PlanOptions options;
      options.reml = reml;
      const PlanData plan(model, options);
      const ResponseSums sums = plan.sums(model, model.y);
      const auto engine = make_engine(plan, "cpu", "auto", 1);
      const ProblemEvaluation at_zero =
          engine->problem(sums)->evaluate(Eigen::VectorXd::Zero(plan.paths.m), {}, true);
      EXPECT_LT(test::error(score_theta(plan, sums), score_theta(plan.paths, at_zero)), 1e-9);
    }
}

INSTANTIATE_TEST_SUITE_P(Structures, LinearStart, testing::ValuesIn(test::linear_structures()));

}  // namespace
}  // namespace cuglmm
