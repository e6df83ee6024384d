// What must not matter to crossed and other structures, under every criterion: the order of rows, levels and
// terms, how nesting is written, collapse, threads, neighbours.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include <cuglmm/cuglmm.hpp>
#include <tests/support/cases.hpp>
#include <tests/support/criterion.hpp>
#include <tests/support/evaluate.hpp>
#include <tests/support/rearranged.hpp>

namespace cuglmm {
namespace {

using Eigen::VectorXd;
using test::Criterion;
using test::EngineKind;
using test::Psi;
using test::several_psi;
using test::Value;

constexpr std::uint64_t kModels = 60;

void expect_close(const Value& a, const Value& b) {
  EXPECT_NEAR(a.objective, b.objective, 1e-9 * (1 + std::abs(a.objective)));
  EXPECT_LT((a.gradient - b.gradient).cwiseAbs().maxCoeff(), 1e-6 * (1 + a.gradient.cwiseAbs().maxCoeff()));
}

class StructureInvariance : public testing::TestWithParam<Criterion> {
 protected:
  std::vector<Value> values(const EngineKind& kind, const Model& model, const std::vector<Psi>& at) const {
    return test::evaluate(kind, model, at, {.plan = plan_options(GetParam())});
  }

  /// check(engine, model, seed) on random models.
  template <class Check>
  void everywhere(Check check) const {
    for (const EngineKind& kind : test::engine_kinds())
      for (std::uint64_t seed = 1; seed <= kModels; ++seed) {
        const Model model = test::random_model(GetParam(), seed);
        SCOPED_TRACE(testing::Message() << kind.name() << ", seed " << seed << ": " << model.formula.text());
        check(kind, model, seed);
      }
  }

  template <class Other>
  void expect_same_everywhere(Other other) const {
    everywhere([&](const EngineKind& kind, const Model& model, std::uint64_t seed) {
      const std::vector<Psi> at = several_psi(model, seed);
      const auto a = values(kind, model, at), b = values(kind, other(model, seed), at);
      for (std::size_t i = 0; i < at.size(); ++i) expect_close(a[i], b[i]);
    });
  }
};

TEST_P(StructureInvariance, OrderOfRows) { expect_same_everywhere(test::with_rows_shuffled); }

TEST_P(StructureInvariance, OrderOfLevels) {
  expect_same_everywhere(
      [](const Model& model, std::uint64_t seed) { return test::with_levels_shuffled(model, seed); });
}

TEST_P(StructureInvariance, OrderOfTermsAndFactors) {
  everywhere([&](const EngineKind& kind, const Model& model, std::uint64_t seed) {
    const std::vector<int> order = test::shuffled(static_cast<std::int64_t>(model.terms.size()), seed);
    const Model other = test::with_terms_reordered(model, order);
    const std::vector<Psi> at = several_psi(model, seed);
    std::vector<Psi> other_at = at;
    for (Psi& psi : other_at) psi.theta = test::theta_reordered(model, order, psi.theta);
    auto a = values(kind, model, at), b = values(kind, other, other_at);
    for (std::size_t i = 0; i < at.size(); ++i) {
      a[i].gradient.head(at[i].theta.size()) =
          test::theta_reordered(model, order, a[i].gradient.head(at[i].theta.size()));
      expect_close(a[i], b[i]);
    }
  });
}

TEST_P(StructureInvariance, Collapse) {
  everywhere([&](const EngineKind& kind, const Model& model, std::uint64_t seed) {
    const std::vector<Psi> at = several_psi(model, seed);
    const auto a = values(kind, model, at),
               b = test::evaluate(kind, model, at, {.plan = plan_options(GetParam(), false)});
    for (std::size_t i = 0; i < at.size(); ++i) expect_close(a[i], b[i]);
  });
}

TEST_P(StructureInvariance, NeighboursInAFeed) {
  for (const std::uint64_t seed : {11, 12, 13}) {
    const Model model = test::random_model(GetParam(), seed);
    SCOPED_TRACE(model.formula.text());
    std::vector<Psi> crowd{test::random_psi(model, 4)};
    for (std::uint64_t i = 0; i < 9; ++i) crowd.push_back(test::random_psi(model, 100 + i, i % 2 == 0));
    crowd.push_back(crowd.front());
    for (const std::string& simd : simd_levels()) {
      const auto together = values({"cpu", simd, true}, model, crowd);
      const Value alone = values({"cpu", simd, true}, model, {crowd.front()}).front();
      for (const Value& value : {together.front(), together.back()}) {
        EXPECT_EQ(value.objective, alone.objective);
        EXPECT_EQ(value.gradient, alone.gradient);
      }
    }
  }
}

/// Large enough for several threads: 60,000 rows, 3,000 levels crossed with 40.
Model large_model(Criterion criterion) {
  constexpr int rows = 60'000;
  std::vector<Column> columns(4);
  for (std::size_t i = 0; i < 4; ++i) columns[i].name = std::vector{"y", "x", "g", "h"}[i];
  for (int i = 0; i < rows; ++i) {
    columns[0].numbers.push_back((i % 1013 * 29 % 13 + i % 40) % 5);
    columns[1].numbers.push_back(i % 1009 * 17 % 1009 / 1009.0);
    columns[2].numbers.push_back(i % 3000);
    columns[3].numbers.push_back((i * 7 + i / 3000) % 40);
  }
  return Model("y ~ x + (1 | g) + (x | h)", Data(columns, "large"),
               is_linear(criterion) ? gaussian() : poisson());
}

TEST_P(StructureInvariance, ThreadsToTheLastBit) {
  const Model model = large_model(GetParam());
  const Psi psi = test::random_psi(model, 5);
  const auto with = [&](int threads) {
    return test::evaluate({"cpu", "auto", false}, model, psi,
                          {.plan = plan_options(GetParam(), false), .threads = threads});
  };
  const Value one = with(1);
  for (const int threads : {2, 3}) {
    const Value several = with(threads);
    EXPECT_EQ(one.objective, several.objective);
    EXPECT_EQ(one.gradient, several.gradient);
  }
}

INSTANTIATE_TEST_SUITE_P(Criteria, StructureInvariance, testing::ValuesIn(test::criteria),
                         [](const auto& instance) { return std::string(test::name(instance.param)); });

// The whole fit.

void expect_same_fit(const Fit& a, const Fit& b) {
  EXPECT_EQ(a.status, b.status);
  EXPECT_NEAR(a.minus2_log_likelihood, b.minus2_log_likelihood, 1e-8);
  EXPECT_NEAR(a.sigma, b.sigma, 1e-6 * a.sigma);
  EXPECT_LT(((a.beta - b.beta).array().abs() / a.vcov.diagonal().array().sqrt()).maxCoeff(), 1e-4);
  EXPECT_LT((a.vcov - b.vcov).cwiseAbs().maxCoeff(), 1e-5 * a.vcov.cwiseAbs().maxCoeff());
}

/// By the factor's name, as the terms may be in another order.
const VarCorr& variances_of(const Fit& fit, const std::string& group) {
  for (const VarCorr& term : fit.varcorr)
    if (term.group == group) return term;
  throw std::out_of_range("no group " + group);
}

TEST(StructureInvarianceOfFits, CrossedFactorsSwapped) {
  const Data data = test::reference_data("Penicillin");
  const Fit a = fit(Model("diameter ~ 1 + (1 | plate) + (1 | sample)", data, gaussian()));
  const Fit b = fit(Model("diameter ~ 1 + (1 | sample) + (1 | plate)", data, gaussian()));
  expect_same_fit(a, b);
  for (const std::string group : {"plate", "sample"})
    EXPECT_NEAR(variances_of(a, group).sd[0], variances_of(b, group).sd[0], 1e-6);
}

TEST(StructureInvarianceOfFits, CrossedFactorsSwappedInAGlmm) {
  const Data data = test::reference_data("VerbAgg");
  for (const int nagq : {1, 0}) {
    const Fit a = fit(Model("r2 ~ btype + (1 | id) + (1 + mode | item)", data, binomial()), {.nagq = nagq});
    const Fit b = fit(Model("r2 ~ btype + (1 + mode | item) + (1 | id)", data, binomial()), {.nagq = nagq});
    expect_same_fit(a, b);
    for (const std::string group : {"id", "item"})
      EXPECT_LT((variances_of(a, group).sd - variances_of(b, group).sd).cwiseAbs().maxCoeff(), 1e-5);
  }
}

TEST(StructureInvarianceOfFits, NestingWrittenTwoWays) {
  const Data data = test::reference_data("Pastes");
  const Fit slash = fit(Model("strength ~ 1 + (1 | batch/cask)", data, gaussian()));
  for (const std::string same : {"(1 | batch) + (1 | batch:cask)", "(1 | batch) + (1 | sample)"}) {
    const Fit other = fit(Model("strength ~ 1 + " + same, data, gaussian()));
    expect_same_fit(slash, other);
    EXPECT_LT((slash.theta - other.theta).cwiseAbs().maxCoeff(), 1e-5) << same;
  }
}

TEST(StructureInvarianceOfFits, NestingWrittenTwoWaysInAGlmm) {
  const Data data = test::reference_data("grouseticks");
  const Fit names = fit(Model("TICKS ~ YEAR + (1 | LOCATION) + (1 | BROOD) + (1 | INDEX)", data, poisson()));
  const Fit slash = fit(Model("TICKS ~ YEAR + (1 | LOCATION/BROOD/INDEX)", data, poisson()));
  expect_same_fit(names, slash);
  EXPECT_LT((names.theta - slash.theta).cwiseAbs().maxCoeff(), 1e-5);
}

TEST(StructureInvarianceOfFits, LevelsShuffledMoveTheModes) {
  for (const std::string id : {"penicillin_reml", "verbagg_crossed"}) {
    const Model model = test::make_model(test::reference_case(id));
    std::vector<std::vector<int>> orders;
    const Fit a = fit(model), b = fit(test::with_levels_shuffled(model, 1, &orders));
    expect_same_fit(a, b);
    for (std::size_t j = 0; j < model.terms.size(); ++j) {
      const std::vector<int>& order = orders[static_cast<std::size_t>(model.terms[j].factor)];
      for (std::size_t l = 0; l < order.size(); ++l)
        EXPECT_LT((a.modes[j].row(static_cast<long>(l)) - b.modes[j].row(order[l])).cwiseAbs().maxCoeff(),
                  1e-5);
    }
  }
}

TEST(StructureInvarianceOfFits, ThreadsOfABootstrapToTheLastBit) {
  for (const std::string id : {"penicillin_reml", "machines_vector3_reml", "verbagg_crossed"}) {
    const test::Case& c = test::reference_case(id);
    const Fit f = fit(test::make_model(c), {.reml = c.reml});
    const auto with = [&](int threads) {
      return bootstrap(f, {.replicates = 60, .seed = 3, .threads = threads, .device = "cpu"});
    };
    const Fits one = with(1), three = with(3);
    EXPECT_EQ(one.theta, three.theta);
    EXPECT_EQ(one.beta, three.beta);
    EXPECT_EQ(one.sigma, three.sigma);
    EXPECT_EQ(one.minus2_log_likelihood, three.minus2_log_likelihood);
  }
}

}  // namespace
}  // namespace cuglmm
