// What a plan makes of a model: cells, components, paths, sums; and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include <cuglmm/cuglmm.hpp>
#include <host/plan/plan_data.hpp>
#include <tests/support/cases.hpp>
#include <tests/support/random_model.hpp>

namespace cuglmm {
namespace {

using test::random_model;
using test::reference_case;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Plan plan_of(const std::string& id) { return Plan(test::make_model(reference_case(id))); }

TEST(Plan, CollapsesTheSeedModelTo65Rows) {
  const Plan plan = plan_of("exam_seed");
  EXPECT_EQ(plan.rows(), 65);
  EXPECT_EQ(plan.components(), 65);
  EXPECT_EQ(plan.depth(), 1);
  EXPECT_THAT(plan.describe(), AllOf(HasSubstr("4059 in use, 65 after collapse"),
                                     HasSubstr("school (65 levels, 1 effect each)")));
}

TEST(Plan, KeepsEachRowWhereCollapseIsNotAskedFor) {
  const Plan plan(test::make_model(reference_case("exam_seed")), {.collapse = false});
  EXPECT_EQ(plan.rows(), 4059);
  EXPECT_EQ(plan.components(), 65);
}

TEST(Plan, FindsNestingInTheData) {
  const Plan plan = plan_of("grouseticks_3terms");
  EXPECT_EQ(plan.depth(), 3);
  EXPECT_EQ(plan.components(), 63) << "the coarsest factor's levels";
  EXPECT_THAT(plan.describe(),
              HasSubstr("LOCATION (63 levels, 1 effect each) > BROOD (118 levels, 1 effect each) > INDEX"));
}

TEST(Plan, TermsOnOneFactorShareItsNodes) {
  const PlanData plan(random_model(2, {.random_effects = "(1 | g) + (0 + x | g)"}));
  EXPECT_EQ(plan.paths.levels(), 1);
  EXPECT_EQ(plan.paths.Q, 2);
  EXPECT_EQ(plan.paths.m, 2);
}

TEST(Plan, PathsRunFromTheLeafToTheRoot) {
  const Model model = random_model(1, {.random_effects = "(1 | a/b/c)"});
  const Paths paths = make_paths(model);
  ASSERT_EQ(paths.levels(), 3);
  std::vector<std::size_t> sizes;
  for (const int factor : paths.factor)
    sizes.push_back(model.factors[static_cast<std::size_t>(factor)].levels.size());
  EXPECT_TRUE(std::is_sorted(sizes.rbegin(), sizes.rend())) << "the finest factor first";
  EXPECT_THAT(paths.level_first, ElementsAre(0, 1, 2, 3));
}

TEST(Plan, CellsHoldEveryRowOnceAndAgreeWithIt) {
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Model model = random_model(seed);
    for (const bool collapse : {true, false}) {
      const PlanData plan(model, {.collapse = collapse});
      const Cells& cells = plan.cells;
      std::vector<int> seen(static_cast<std::size_t>(model.rows()));
      const std::vector<int>& leaves = model.factors[static_cast<std::size_t>(plan.paths.factor[0])].codes;
      for (std::size_t i = 0; i < cells.leaf.size(); ++i) {
        double weight = 0;
        for (int k = cells.first[i]; k < cells.first[i + 1]; ++k) {
          const std::int64_t row = cells.row[static_cast<std::size_t>(k)];
          ++seen[static_cast<std::size_t>(row)];
          weight += model.weights[row];
          EXPECT_EQ(model.X.row(row), model.X.row(cells.model_row[i]));
          EXPECT_EQ(model.offset[row], model.offset[cells.model_row[i]]);
          EXPECT_EQ(leaves[static_cast<std::size_t>(row)], cells.leaf[i]);
          for (const RandomTerm& term : model.terms)
            EXPECT_EQ(term.Z.row(row), term.Z.row(cells.model_row[i]));
        }
        EXPECT_DOUBLE_EQ(weight, cells.weight[i]);
      }
      EXPECT_THAT(seen, testing::Each(1));
      EXPECT_TRUE(collapse || cells.size() == model.rows());
    }
  }
}

TEST(Plan, ComponentsHoldEveryCellAndEveryRandomEffectOnce) {
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Model model = random_model(seed);
    const PlanData plan(model);
    std::vector<int> effects(static_cast<std::size_t>(plan.u_total()));
    int cells = 0;
    for (const ComponentData& component : plan.components) {
      EXPECT_EQ(component.cell_first, cells);
      cells += component.rows;
      for (const std::int64_t u : component.u_number) ++effects[static_cast<std::size_t>(u)];
    }
    EXPECT_EQ(cells, plan.cells.size());
    EXPECT_THAT(effects, testing::Each(1));
  }
}

TEST(Plan, SumsAreThoseOfTheRows) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Model model = random_model(seed);
    const PlanData plan(model);
    const ResponseSums sums = plan.sums(model, model.y);
    const Eigen::VectorXd py = model.weights.cwiseProduct(model.y);
    EXPECT_LT((sums.xy - model.X.transpose() * py).cwiseAbs().maxCoeff(), 1e-10);
    EXPECT_NEAR(sums.offset_y, model.offset.dot(py), 1e-10);
    double z = 0;
    for (const RandomTerm& term : model.terms) z += (term.Z.transpose() * py).sum();
    EXPECT_NEAR(std::accumulate(sums.zy.begin(), sums.zy.end(), 0.0), z, 1e-9);
  }
}

TEST(Plan, PutsTheFactorWithFewestEffectsIntoTheBorder) {
  const Plan plan = plan_of("verbagg_crossed");
  EXPECT_EQ(plan.border(), 24);
  EXPECT_EQ(plan.components(), 316) << "the persons, who are eliminated";
  EXPECT_EQ(plan.depth(), 1);
  EXPECT_THAT(plan.describe(), AllOf(HasSubstr("structure     id (316 levels, 1 effect each)\n"),
                                     HasSubstr("24 random effects: item (24 levels, 1 effect each)\n"),
                                     HasSubstr("evaluator     bordered")));
}

TEST(Plan, CountsEffectsNotLevelsForTheBorder) {
  const Model model("r2 ~ btype + (1 | id) + (0 + situ:btype + mode | item)", test::reference_data("VerbAgg"),
                    binomial());
  const std::int64_t effects = 24 * model.terms[1].size();
  EXPECT_EQ(Plan(model).border(), effects);
}

TEST(Plan, OfThreeCrossedFactorsTwoAreBorder) {
  const Plan plan = plan_of("insteval_crossed_reml");
  EXPECT_EQ(plan.border(), 1156);
  EXPECT_EQ(plan.components(), 2972);
  EXPECT_THAT(plan.describe(), AllOf(HasSubstr("d (1128 levels, 1 effect each)"),
                                     HasSubstr("dept:service (28 levels, 1 effect each)"),
                                     HasSubstr("evaluator     gaussian")));
}

TEST(Plan, EliminatesTheChainOfNestedFactorsAndBordersWhatCrossesIt) {
  const Plan plan(random_model(3, {.random_effects = "(1 | a/b/c) + (1 | k)"}));
  EXPECT_EQ(plan.depth(), 3);
  EXPECT_GE(plan.border(), 2);
  EXPECT_LE(plan.border(), 4) << "k";
}

TEST(Plan, LinearModelsAndNagq0HaveNoSeparableComponents) {
  EXPECT_TRUE(PlanData(test::make_model(reference_case("sleep_slope_reml"))).arrow);
  const PlanData joint(test::make_model(reference_case("cbpp_agq0")), {.nagq = 0});
  EXPECT_TRUE(joint.arrow);
  EXPECT_EQ(joint.view.k, 1);
  EXPECT_EQ(plan_of("sleep_slope_reml").border(), 0);
}

TEST(Plan, RefusesPathsThatAreTooLong) {
  Model model = random_model(1, {.random_effects = "(x | g)"});
  const RandomTerm term = model.terms[0];
  model.terms.assign(17, term);
  EXPECT_THAT([&] { Plan{model}; },
              testing::ThrowsMessage<Error>(
                  StartsWith("a row of this model carries 34 random effects; up to 32 are supported")));
}

}  // namespace
}  // namespace cuglmm
