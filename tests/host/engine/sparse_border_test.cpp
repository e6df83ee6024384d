// Crossed factors whose border is eliminated in fronts: against tests/reference, against the dense border,
// and where it is chosen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include <cuglmm/cuglmm.hpp>
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

/// g's levels each meet a few neighbouring levels of h, all of them together few of all pairs; k meets all.
class Neighbours : public testing::Test {
 protected:
  static Model model(const Family& family, int items = 2100,
                     const std::string& random_effects = "(1 | g) + (1 | h) + (1 | k)") {
    const int groups = 2 * items + 200;  // more than h's effects, slopes included
    std::mt19937_64 random(3);
    std::normal_distribution<double> normal;
    const auto factor = [](const char* name, int levels) {
      Column column;
      column.name = name;
      column.type = Column::Type::factor;
      for (int level = 0; level < levels; ++level) column.levels.push_back(std::to_string(level));
      return column;
    };
    Column y, x, g = factor("g", groups), h = factor("h", items), k = factor("k", 5);
    y.name = "y";
    x.name = "x";
    std::vector<double> of_g(g.levels.size()), of_h(h.levels.size());
    for (double& b : of_g) b = 0.6 * normal(random);
    for (double& b : of_h) b = 0.5 * normal(random);
    for (int row = 0; row < 4 * groups; ++row) {
      const auto in_g = static_cast<std::size_t>(row / 4), in_h = (in_g + random() % 6) % h.levels.size();
      g.codes.push_back(static_cast<int>(in_g));
      h.codes.push_back(static_cast<int>(in_h));
      k.codes.push_back(static_cast<int>(random() % 5));
      x.numbers.push_back(normal(random));
      const double eta = 0.5 + 0.3 * x.numbers.back() + of_g[in_g] + of_h[in_h] + 0.2 * k.codes.back();
      y.numbers.push_back(std::poisson_distribution<int>(std::exp(eta))(random));
    }
    return Model("y ~ x + " + random_effects, Data({y, x, g, h, k}), family);
  }
};

TEST_F(Neighbours, MakeASparseBorderUnlessADenseOneIsAskedFor) {
  const Plan sparse(model(poisson()));
  EXPECT_GT(sparse.border(), 2000);
  EXPECT_THAT(sparse.describe(), testing::ContainsRegex("; sparse, [0-9]+ fronts of up to [0-9]+ effects, "
                                                        "[0-9.]+ % of a dense triangle"));
  EXPECT_FALSE(PlanData(model(poisson()), {.border = Border::dense}).fronts);
}

TEST_F(Neighbours, HaveADenseBordersValuesAndTheSameBitsOnAnyNumberOfThreads) {
  for (const bool slopes : {false, true})
    for (const Family& family : {gaussian(), poisson()}) {
      const Model m = slopes ? model(family, 1050, "(1 | g) + (x | h) + (1 | k)") : model(family);
      SCOPED_TRACE(m.formula.text());
      const PlanData sparse(m), dense(m, {.border = Border::dense});
      ASSERT_TRUE(sparse.fronts);
      ASSERT_FALSE(dense.fronts);
      const Eigen::VectorXd theta = Eigen::VectorXd::Constant(sparse.view.m, 0.4);
      const auto evaluate = [&](const PlanData& plan, int threads) {
        const auto engine = make_engine(plan, "cpu", "auto", threads);
        const auto problem = engine->problem(plan.sums(m, m.y));
        problem->set_mode_tolerance(1e-12);
        return problem->evaluate(theta, Eigen::Vector2d(.5, .3), true);
      };
      const ProblemEvaluation one = evaluate(sparse, 1), three = evaluate(sparse, 3),
                              wanted = evaluate(dense, 1);
      EXPECT_NEAR(one.objective, wanted.objective, 1e-10 * std::abs(wanted.objective));
      EXPECT_LT(error(one.gradient, wanted.gradient), 1e-7);
      EXPECT_LT(error(one.variance, wanted.variance), 1e-9);
      EXPECT_EQ(one.objective, three.objective);
      EXPECT_EQ(one.gradient, three.gradient);
      EXPECT_EQ(one.variance, three.variance);
    }
}

TEST_F(Neighbours, AreFittedToAnOptimum) {
  const Model m = model(poisson());
  const Fit f = fit(m, {.device = "cpu"});
  const PlanData dense(m, {.border = Border::dense});
  const auto problem = make_engine(dense, "cpu", "auto", 2)->problem(dense.sums(m, m.y));
  problem->set_mode_tolerance(1e-14);
  const ProblemEvaluation there = problem->evaluate(f.theta, f.beta, false);
  EXPECT_NEAR(f.minus2_log_likelihood, there.objective, 1e-6);
  EXPECT_LT(there.gradient.cwiseAbs().maxCoeff(), 0.05)
      << "of a deviance whose second derivatives are thousands";
}

TEST_F(Neighbours, AreNotForAGpu) {
  EXPECT_THAT([&] { fit(model(poisson()), {.device = "cuda"}); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("use --device cpu")));
}

}  // namespace
}  // namespace cuglmm
