/// What the models of tests/support/random_model promise to the tests that draw them.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include <tests/reference/laplace.hpp>
#include <tests/support/random_model.hpp>

namespace cuglmm {
namespace {

using test::random_model;
using test::RandomModelOptions;

constexpr std::uint64_t seeds = 60;

/// Rows left when rows with equal X, Z and offset are merged.
std::size_t distinct_rows(const Model& model) {
  const Eigen::MatrixXd Z = reference::dense_Z(model);
  std::set<std::vector<double>> rows;
  for (Eigen::Index i = 0; i < model.rows(); ++i) {
    std::vector<double> row{model.offset[i]};
    for (Eigen::Index c = 0; c < model.X.cols(); ++c) row.push_back(model.X(i, c));
    for (Eigen::Index c = 0; c < Z.cols(); ++c) row.push_back(Z(i, c));
    rows.insert(row);
  }
  return rows.size();
}

bool has_group_of_one_row(const Model& model) {
  for (const GroupingFactor& factor : model.factors)
    for (std::size_t l = 0; l < factor.levels.size(); ++l)
      if (std::count(factor.codes.begin(), factor.codes.end(), static_cast<int>(l)) == 1) return true;
  return false;
}

TEST(RandomModel, SameSeedGivesTheSameModel) {
  const Model one = random_model(7), two = random_model(7), other = random_model(8);
  EXPECT_EQ(one.formula.text(), two.formula.text());
  EXPECT_EQ(one.X, two.X);
  EXPECT_EQ(one.y, two.y);
  EXPECT_EQ(one.weights, two.weights);
  EXPECT_FALSE(one.rows() == other.rows() && one.y == other.y);
  EXPECT_EQ(test::random_psi(one, 3).theta, test::random_psi(two, 3).theta);
}

TEST(RandomModel, DrawsEverythingItNames) {
  int collapsing = 0, continuous = 0, zero_one = 0, trials = 0, no_trials = 0, poissons = 0, weighted = 0,
      offsets = 0, single_rows = 0, nested = 0;
  std::set<std::string> random_effects;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Model model = random_model(seed);
    const std::string& text = model.formula.text();
    const bool is_binomial = model.family.kind == FamilyKind::binomial, counts = text.find("cbind") == 0;
    const auto rows = static_cast<std::size_t>(model.rows()), distinct = distinct_rows(model);
    collapsing += 4 * distinct < 3 * rows;
    continuous += distinct == rows;
    zero_one += is_binomial && !counts;
    trials += is_binomial && counts;
    no_trials += (model.weights.array() == 0).any();
    poissons += !is_binomial;
    weighted += !counts && (model.weights.array() != 1).any();
    offsets += (model.offset.array() != 0).any();
    single_rows += has_group_of_one_row(model);
    nested += model.factors.size() > 1;
    for (const std::string& structure : test::separable_structures())
      if (text.ends_with(" + " + structure)) random_effects.insert(structure);
  }
  EXPECT_EQ(random_effects.size(), test::separable_structures().size());
  for (const int count : {collapsing, continuous, zero_one, trials, no_trials, poissons, weighted, offsets,
                          single_rows, nested})
    EXPECT_GE(count, 3);
}

TEST(RandomModel, OptionsDecideWhatIsDrawn) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Model model = random_model(seed, {.random_effects = "(x || g)",
                                            .family = FamilyKind::poisson,
                                            .ties = true,
                                            .min_rows = 30,
                                            .max_rows = 40});
    EXPECT_EQ(model.terms.size(), 2U);
    EXPECT_EQ(model.family.kind, FamilyKind::poisson);
    EXPECT_GE(model.rows(), 30);
    EXPECT_LE(model.rows(), 40);
    EXPECT_LE((std::set<double>(model.terms[1].Z.data(), model.terms[1].Z.data() + model.rows()).size()), 4U);
  }
}

/// Is there a pair of factors of which neither is nested in the other?
bool has_crossed_factors(const Model& model) {
  const auto nested = [](const GroupingFactor& fine, const GroupingFactor& coarse) {
    std::vector<int> above(fine.levels.size(), -1);
    for (std::size_t i = 0; i < fine.codes.size(); ++i) {
      int& level = above[static_cast<std::size_t>(fine.codes[i])];
      if (level >= 0 && level != coarse.codes[i]) return false;
      level = coarse.codes[i];
    }
    return true;
  };
  for (const GroupingFactor& a : model.factors)
    for (const GroupingFactor& b : model.factors)
      if (!nested(a, b) && !nested(b, a)) return true;
  return false;
}

TEST(RandomModel, CrossedStructuresAreCrossed) {
  int crossed = 0, models = 0;
  for (const std::string& structure : test::crossed_structures())
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const Model model = random_model(seed, {.random_effects = structure});
      crossed += has_crossed_factors(model);
      ++models;
      for (const GroupingFactor& factor : model.factors)
        for (std::size_t l = 0; l < factor.levels.size(); ++l)
          EXPECT_NE(std::count(factor.codes.begin(), factor.codes.end(), static_cast<int>(l)), 0);
    }
  // (1 | g:h) has one factor; where labels are used again within a level, a:b and a:k may be nested by chance
  EXPECT_GT(crossed, models * 9 / 10);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) EXPECT_FALSE(has_crossed_factors(random_model(seed)));
}

TEST(RandomModel, AnyStructureDrawsThemAll) {
  std::set<std::string> drawn, linear;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const Model model = random_model(seed, {.any_structure = true, .max_rows = 40});
    const Model normal = random_model(seed, {.any_structure = true, .family = FamilyKind::gaussian});
    EXPECT_TRUE(normal.is_linear());
    for (const std::string& structure : test::all_structures()) {
      if (model.formula.text().ends_with(" + " + structure)) drawn.insert(structure);
      if (normal.formula.text().ends_with(" + " + structure)) linear.insert(structure);
    }
  }
  EXPECT_EQ(drawn.size(), test::all_structures().size());
  EXPECT_EQ(linear.size(), test::all_structures().size() - 2) << "all but those by row";
}

TEST(RandomModel, GaussianHasRealResponsesWeightsAndOffsets) {
  int weighted = 0, offsets = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Model model = random_model(seed, {.family = FamilyKind::gaussian});
    weighted += (model.weights.array() != 1).any();
    offsets += (model.offset.array() != 0).any();
    EXPECT_GT(model.weights.minCoeff(), 0);
    EXPECT_GT((model.y.array() - model.y.mean()).matrix().norm(), 0);
  }
  EXPECT_GE(weighted, 5);
  EXPECT_GE(offsets, 5);
}

TEST(RandomPsi, IsSingularWhenAskedFor) {
  bool zero_template = false, deficient = false;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Model model = random_model(seed);
    const auto smallest_diagonal = [&](const Eigen::VectorXd& theta) {
      double smallest = 1;
      for (const Eigen::MatrixXd& L : reference::templates(model, theta))
        smallest = std::min(smallest, L.diagonal().cwiseAbs().minCoeff());
      return smallest;
    };
    EXPECT_GE(smallest_diagonal(test::random_psi(model, seed).theta), 0.2);
    const Eigen::VectorXd theta = test::random_psi(model, seed, true).theta;
    EXPECT_EQ(smallest_diagonal(theta), 0);
    for (const Eigen::MatrixXd& L : reference::templates(model, theta)) {
      zero_template |= L.isZero(0);
      deficient |= !L.isZero(0) && L.diagonal().cwiseAbs().minCoeff() == 0;
    }
  }
  EXPECT_TRUE(zero_template);
  EXPECT_TRUE(deficient);
}

}  // namespace
}  // namespace cuglmm
