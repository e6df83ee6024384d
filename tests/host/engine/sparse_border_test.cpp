// Crossed factors whose border is eliminated in fronts: against tests/reference, against the dense border, and
// where it is chosen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include <cuglmm/error.hpp>
#include <host/plan/fronts.hpp>
#include <tests/support/criterion.hpp>
#include <tests/support/error.hpp>
#include <tests/support/evaluate.hpp>
#include <tests/support/how_many.hpp>

namespace cuglmm {
namespace {

using test::Criterion;
using test::error;
using Border = PlanOptions::Border;

constexpr std::uint64_t kModels = test::how_many(200);

class SparseBorder : public testing::TestWithParam<Criterion> {
 protected:
  PlanOptions options(Border border) const {
    PlanOptions options = plan_options(GetParam());
    options.border = border;
    return options;
  }
};

TEST_P(SparseBorder, EqualsReferenceAloneAndInLanes) {
  int tried = 0;
  for (std::uint64_t seed = 1; seed <= kModels; ++seed) {
    const Model model = test::random_model(GetParam(), seed);
    const PlanData plan(model, options(Border::sparse));
    if (!plan.fronts) continue;
    ++tried;
    SCOPED_TRACE(testing::Message() << "seed " << seed << ": " << model.formula.text());
    const auto engine = make_engine(plan, "cpu", "auto", 2);
    for (const test::Psi& psi : test::several_psi(model, seed)) {
      SCOPED_TRACE(psi.theta.transpose());
      const test::Expected wanted = test::expected(GetParam(), model, psi);
      const auto problem = engine->problem(plan.sums(model, model.y));
      problem->set_mode_tolerance(1e-14);
      const ProblemEvaluation out = problem->evaluate(psi.theta, psi.beta, true);
      EXPECT_NEAR(out.objective, wanted.objective, std::max(1e-9, 1e-10 * std::abs(wanted.objective)));
      EXPECT_LT(error(out.gradient, wanted.gradient), 1e-6);

      FeedStorage lanes(plan.view, engine->feed_width());
      fill_feed(plan, plan.sums(model, model.y), problem->u(), lanes.feed, engine->feed_width());
      lanes.feed.count = 1;
      Eigen::MatrixXd gradient;
      engine->evaluate(lanes.feed, search_point(plan.view, psi.theta, psi.beta), gradient, 1e-14);
      EXPECT_LT(error(Eigen::VectorXd(gradient.col(0)), wanted.gradient), 1e-6);
    }
  }
  EXPECT_GT(tried, 0);
}

TEST_P(SparseBorder, TellsAllThatADenseOneTells) {
  for (std::uint64_t seed = 1; seed <= kModels; ++seed) {
    const Model model = test::random_model(GetParam(), seed);
    const PlanData sparse(model, options(Border::sparse)), dense(model, options(Border::dense));
    if (!sparse.fronts) continue;
    SCOPED_TRACE(testing::Message() << "seed " << seed << ": " << model.formula.text());
    for (const test::Psi& psi : test::several_psi(model, seed)) {
      ProblemEvaluation out[2];
      Eigen::MatrixXd information[2];
      for (int i = 0; i < 2; ++i) {
        const PlanData& plan = i == 0 ? sparse : dense;
        const auto engine = make_engine(plan, "cpu", "auto", 1);
        const auto problem = engine->problem(plan.sums(model, model.y));
        problem->set_mode_tolerance(1e-14);
        out[i] = problem->evaluate(psi.theta, psi.beta, true);
        information[i] = problem->information(psi.theta, psi.beta);
      }
      EXPECT_LT(error(out[0].G, out[1].G), 1e-7);
      EXPECT_LT(error(out[0].TT, out[1].TT), 1e-7);
      EXPECT_LT(error(out[0].mode, out[1].mode), 1e-7);
      EXPECT_LT(error(out[0].variance, out[1].variance), 1e-7);
      EXPECT_LT(error(information[0].reshaped(), information[1].reshaped()), 1e-7);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Criteria, SparseBorder, testing::ValuesIn(test::criteria),
                         [](const auto& criterion) { return test::name(criterion.param); });

}  // namespace
}  // namespace cuglmm
