/// What Model makes of small data, by hand.
#include "cuglmm/model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "cuglmm/error.hpp"
#include "host/model/contrasts.hpp"
#include "host/model/grouping.hpp"
#include "host/model/model_matrix.hpp"
#include "tests/support/cases.hpp"

namespace cuglmm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr double NA = std::numeric_limits<double>::quiet_NaN();

Column numeric(const std::string& name, std::vector<double> values) {
  Column column;
  column.name = name;
  column.numbers = std::move(values);
  return column;
}

Column factor(const std::string& name, std::vector<std::string> levels, std::vector<int> codes) {
  Column column;
  column.name = name;
  column.type = Column::Type::factor;
  column.levels = std::move(levels);
  column.codes = std::move(codes);
  return column;
}

Data small() {
  return Data(
      {numeric("y", {0, 1, 1, 0, 1, 0}), numeric("x", {1, 2, NA, 4, 5, 7}),
       numeric("size", {2, 2, 2, 0, 2, 1}), numeric("share", {.5, 1, 0, .3, .5, 0}),
       factor("use", {"no", "maybe", "yes"}, {0, 2, 2, 0, 2, 0}),
       factor("g", {"z", "unused", "a", "rare"}, {0, 0, 3, 2, 2, 2}), numeric("h", {10, 9, 9, 10, 1e5, 0.5})},
      "small.csv");
}

TEST(Model, DropsRowsWithMissingValuesAndThenUnusedLevels) {
  const Model model("y ~ x + (1 | g)", small(), binomial());
  EXPECT_EQ(model.dropped_rows, 1);
  EXPECT_THAT(model.row_numbers, ElementsAre(1, 2, 4, 5, 6));
  EXPECT_THAT(model.factors[0].levels, ElementsAre("z", "a"));
  EXPECT_THAT(model.factors[0].codes, ElementsAre(0, 0, 1, 1, 1));
  EXPECT_THAT(model.messages, IsEmpty());
}

TEST(Model, UsesRowsThatLackOnlyOtherVariables) {
  const Model model("y ~ 1 + (1 | g)", small(), binomial());
  EXPECT_EQ(model.dropped_rows, 0);
  EXPECT_THAT(model.factors[0].levels, ElementsAre("z", "a", "rare"));
}

TEST(Model, TakesTheFirstLevelOfATwoLevelFactorAsFailure) {
  const Model model("use ~ 1 + (1 | g)", small(), binomial());
  EXPECT_EQ(model.success_level, "yes");
  EXPECT_EQ(model.y, Eigen::VectorXd::Map(std::vector<double>{0, 1, 1, 0, 1, 0}.data(), 6));
}

TEST(Model, SortsNumbersAsLevelsAndLabelsThemPlainly) {
  const Model model("y ~ 1 + (1 | h)", small(), binomial());
  EXPECT_THAT(model.factors[0].levels, ElementsAre("0.5", "9", "10", "100000"));
  EXPECT_THAT(model.factors[0].codes, ElementsAre(2, 1, 1, 2, 3, 0));
}

TEST(Model, CountsNoTrialsWhereBothCountsAreZero) {
  const Model model("cbind(y * size, size - y * size) ~ 1 + (1 | g)", small(), binomial());
  EXPECT_EQ(model.weights(3), 0);
  EXPECT_EQ(model.y(3), 0);
  EXPECT_EQ(model.weights(0), 2);
}

TEST(Model, SaysWhenAProportionTimesItsWeightIsNoCount) {
  const Model good("share ~ 1 + (1 | g)", small(), binomial(),
                   {.weights = "size", .offset = "", .contrasts = {}});
  EXPECT_THAT(good.messages, IsEmpty());  // the row with share 0.3 has no trials
  const Model bad("share ~ 1 + (1 | g)", small(), binomial());
  ASSERT_EQ(bad.messages.size(), 1U);
  EXPECT_THAT(bad.messages[0],
              HasSubstr("non-integer #successes in a binomial glm! share * weight is 0.5 in data row 1 "
                        "of small.csv; for a proportion, --weights must be the number of trials"));
}

TEST(Model, AllowsAnEffectPerObservationInAGlmm) {
  const Model model = test::make_model(test::reference_case("cbpp_olre"));
  EXPECT_EQ(model.factors[0].levels.size(), static_cast<std::size_t>(model.rows()));
}

TEST(Model, SaysWhichColumnsItDrops) {
  const Model one = test::make_model(test::reference_case("exam_rankdef_reml"));
  EXPECT_THAT(one.messages, ElementsAre("fixed-effect model matrix is rank deficient so dropping 1 column / "
                                        "coefficient: typeSngl"));
  EXPECT_THAT(one.dropped_columns, ElementsAre("typeSngl"));
  const Model two("y ~ h + I(2 * h) + I(1 - h) + (1 | g)", small(), binomial());
  EXPECT_THAT(two.messages, ElementsAre("fixed-effect model matrix is rank deficient so dropping 2 columns / "
                                        "coefficients: I(2 * h), I(1 - h)"));
}

TEST(Model, SaysWhichContrastsItHasNoUseFor) {
  const Model model("y ~ 1 + (1 | g)", small(), binomial(),
                    {.weights = "", .offset = "", .contrasts = {{"use", Contrasts::sum}}});
  EXPECT_THAT(model.messages,
              ElementsAre("variable 'use' is absent from the fixed effects, its contrasts are ignored"));
}

TEST(Model, RefusesDataWithoutRows) {
  try {
    const Model model("y ~ x + (1 | g)", small().subset({0, 0, 0, 0, 0, 0}), binomial());
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "there are no rows to use in small.csv");
  }
}

TEST(Model, TakesAnyNameInBackticks) {
  Data data = small();
  data.set(factor("my group", {"a", "b"}, {0, 1, 0, 1, 0, 1}));
  data.set(factor("my factor", {"p", "q"}, {0, 0, 0, 1, 1, 1}));
  const Model model("y ~ `my factor` + (1 | `my group`)", data, binomial(),
                    {.weights = "", .offset = "", .contrasts = {{"my factor", Contrasts::sum}}});
  EXPECT_THAT(model.theta_names(), ElementsAre("my group.(Intercept)"));
  EXPECT_THAT(model.fixed_names, ElementsAre("(Intercept)", "`my factor`1"));
}

TEST(Model, AddsUpOffsets) {
  const Model model("y ~ offset(h) + offset(2 * h) + (1 | g)", small(), binomial(),
                    {.weights = "", .offset = "y", .contrasts = {}});
  EXPECT_EQ(model.offset(0), 30);
  EXPECT_EQ(model.offset(1), 28);
}

TEST(Lme4Order, KeepsTermsAsWrittenUnlessLevelsIncrease) {
  EXPECT_THAT(lme4_order({5, 5, 3}), ElementsAre(0, 1, 2));
  EXPECT_THAT(lme4_order({2, 3, 3, 4}), ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(lme4_order({2, 2, 4}), ElementsAre(2, 1, 0));
}

TEST(AliasedColumns, AreTheLaterOnes) {
  Eigen::MatrixXd X(4, 5);
  X << 1, 1, 2, 0, 1,  //
      1, 2, 3, 0, 0,   //
      1, 3, 4, 0, 0,   //
      1, 4, 5, 0, 0;
  EXPECT_THAT(aliased_columns(X), ElementsAre(2, 3));
}

TEST(AliasedColumns, AreToldByLme4sTolerance) {
  Eigen::MatrixXd X = Eigen::MatrixXd::Ones(4, 2);
  X(0, 1) += 1e-8;
  EXPECT_THAT(aliased_columns(X), ElementsAre(1));
  X(0, 1) += 1e-6;
  EXPECT_THAT(aliased_columns(X), IsEmpty());
}

TEST(AliasedColumns, AreAllBeyondTheNumberOfRows) {
  Eigen::MatrixXd X(2, 3);
  X << 1, 2, 3, 1, 4, 8;
  EXPECT_THAT(aliased_columns(X), ElementsAre(2));
}

TEST(Contrasts, AreRs) {
  const std::vector<std::string> levels = {"a", "b", "c"};
  Eigen::MatrixXd sum(3, 2), helmert(3, 2), treatment(3, 2);
  sum << 1, 0, 0, 1, -1, -1;
  helmert << -1, -1, 1, -1, 0, 2;
  treatment << 0, 0, 1, 0, 0, 1;
  EXPECT_EQ(contrast_coding(Contrasts::sum, levels).matrix, sum);
  EXPECT_EQ(contrast_coding(Contrasts::helmert, levels).matrix, helmert);
  EXPECT_EQ(contrast_coding(Contrasts::treatment, levels).matrix, treatment);
  EXPECT_THAT(contrast_coding(Contrasts::sum, levels).suffixes, ElementsAre("1", "2"));
  EXPECT_THAT(contrast_coding(Contrasts::treatment, levels).suffixes, ElementsAre("b", "c"));
}

TEST(Contrasts, PolynomialsAreOrthonormalUpToTheLimit) {
  const Coding poly = contrast_coding(Contrasts::poly, std::vector<std::string>(95, "l"));
  const Eigen::MatrixXd gram = poly.matrix.transpose() * poly.matrix;
  EXPECT_LT((gram - Eigen::MatrixXd::Identity(94, 94)).cwiseAbs().maxCoeff(), 1e-13);
  EXPECT_EQ(poly.suffixes[2], ".C");
  EXPECT_EQ(poly.suffixes[3], "^4");
}

}  // namespace
}  // namespace cuglmm
