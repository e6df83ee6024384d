// A replicate depends on the seed and its number alone; what is simulated is what is fitted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include <cuglmm/cuglmm.hpp>
#include <tests/support/fits.hpp>
#include <tests/support/random_model.hpp>

namespace cuglmm {
namespace {

using testing::ElementsAreArray;

const Fit& cbpp() {
  static const Fit result = test::cbpp_fit();
  return result;
}

const Fit& epilepsy() {
  static const Fit result = test::epilepsy_fit();
  return result;
}

const Fit& grouseticks() {
  static const Fit result = test::grouseticks_fit();
  return result;
}

const Fit& exam() {
  static const Fit result = test::exam_fit();
  return result;
}

/// Columns [from, from + part.size()) of `all` are `part`, bit for bit.
void expect_part(const Fits& all, std::int64_t from, const Fits& part) {
  const auto same = [](const auto& a, const auto& b) {
    return (a.array() == b.array() || (a.array() != a.array() && b.array() != b.array())).all();
  };
  for (std::int64_t i = 0; i < part.size(); ++i) {
    const auto c = static_cast<std::size_t>(from + i), d = static_cast<std::size_t>(i);
    EXPECT_EQ(all.status[c], part.status[d]) << i;
    EXPECT_EQ(all.evaluations[c], part.evaluations[d]) << i;
    EXPECT_TRUE(
        same(all.minus2_log_likelihood.segment(from + i, 1), part.minus2_log_likelihood.segment(i, 1)))
        << i;
    EXPECT_TRUE(same(all.gradient_norm.segment(from + i, 1), part.gradient_norm.segment(i, 1))) << i;
    EXPECT_TRUE(same(all.theta.col(from + i), part.theta.col(i))) << i;
    EXPECT_TRUE(same(all.beta.col(from + i), part.beta.col(i))) << i;
  }
}

class EveryFit : public testing::TestWithParam<const Fit& (*)()> {
 protected:
  const Fit& fit_ = GetParam()();
};

TEST_P(EveryFit, ReplicateSevenIsTheSameAloneAndAmongAThousand) {
  for (const std::string simd : {"baseline", "auto"}) {
    const Fits all = bootstrap(fit_, {.replicates = 1000, .seed = 3, .threads = 1, .simd = simd});
    ASSERT_EQ(all.size(), 1000);
    expect_part(all, 6,
                bootstrap(fit_, {.replicates = 1, .seed = 3, .first = 7, .threads = 1, .simd = simd}));
  }
}

TEST_P(EveryFit, PartsMakeTheWhole) {
  const Fits all = bootstrap(fit_, {.replicates = 150, .seed = 8, .threads = 1});
  Fits parts;
  for (const auto& [first, count] : {std::pair{1, 1}, {2, 66}, {68, 83}}) {
    const Fits part = bootstrap(fit_, {.replicates = count, .seed = 8, .first = first, .threads = 1});
    EXPECT_EQ(part.first, first);
    parts.append(part);
  }
  ASSERT_EQ(parts.size(), 150);
  expect_part(all, 0, parts);
}

TEST_P(EveryFit, WhatIsSimulatedIsWhatIsFitted) {
  const Fits replicates = bootstrap(fit_, {.replicates = 60, .seed = 4, .first = 11, .tolerance = 1e-10});
  const Fits again = refit(fit_, simulate(fit_, 60, 4, 11), {.tolerance = 1e-10});
  ASSERT_EQ(again.size(), 60);
  EXPECT_THAT(again.status, ElementsAreArray(replicates.status));
  EXPECT_LT((again.minus2_log_likelihood - replicates.minus2_log_likelihood).cwiseAbs().maxCoeff(), 1e-7);
  EXPECT_LT((again.beta - replicates.beta).cwiseAbs().maxCoeff(), 1e-3 * fit_.vcov.diagonal().maxCoeff());
}

TEST_P(EveryFit, ARefitIsTheFitOfThatResponse) {
  const Eigen::MatrixXd Y = simulate(fit_, 25, 9);
  const Fits refits = refit(fit_, Y);
  Model model = *fit_.model;
  for (Eigen::Index c = 0; c < Y.cols(); ++c) {
    model.y = Y.col(c);
    const Fit fresh = fit(model);
    EXPECT_EQ(refits.status[static_cast<std::size_t>(c)], fresh.status) << c;
    EXPECT_NEAR(refits.minus2_log_likelihood[c], fresh.minus2_log_likelihood, 1e-6) << c;
    const auto difference =
        (refits.beta.col(c) - fresh.beta).array().abs() / fresh.vcov_rx.diagonal().array().sqrt();
    EXPECT_LT(difference.maxCoeff(), 2e-3) << c;
  }
}

TEST_P(EveryFit, ItsOwnResponseGivesTheFitBack) {
  const Fits refits = refit(fit_, fit_.model->y);
  EXPECT_NEAR(refits.minus2_log_likelihood[0], fit_.minus2_log_likelihood, 1e-7);
  EXPECT_LE(refits.evaluations[0], 2);
}

// Fewer evaluations than problems begin with side by side, as many, and one more.
TEST_P(EveryFit, TakesNoMoreEvaluationsThanAllowed) {
  for (const int most : {1, 3, 5, 6}) {
    const Fits fits = bootstrap(fit_, {.replicates = 30, .seed = 12, .max_evaluations = most});
    ASSERT_EQ(fits.size(), 30);
    for (std::size_t r = 0; r < 30; ++r) {
      EXPECT_GE(fits.evaluations[r], 1);
      EXPECT_LE(fits.evaluations[r], most);
      EXPECT_TRUE(fits.status[r] != Status::not_converged || fits.evaluations[r] == most);
    }
    EXPECT_TRUE(fits.minus2_log_likelihood.allFinite());
    EXPECT_TRUE(most > 1 || fits.status == std::vector<Status>(30, Status::not_converged));
  }
}

TEST_P(EveryFit, ResponsesDoNotDependOnCollapseOrInstructionSet) {
  Fit rows = fit(*fit_.model, {.simd = "baseline", .collapse = false});
  rows.theta = fit_.theta;
  rows.beta = fit_.beta;
  EXPECT_EQ(simulate(fit_, 40, 6), simulate(rows, 40, 6));
  const Fits a = bootstrap(fit_, {.replicates = 40, .seed = 6, .tolerance = 1e-10});
  const Fits b = bootstrap(rows, {.replicates = 40, .seed = 6, .tolerance = 1e-10, .simd = "baseline"});
  EXPECT_THAT(b.status, ElementsAreArray(a.status));
  EXPECT_LT((a.minus2_log_likelihood - b.minus2_log_likelihood).cwiseAbs().maxCoeff(), 1e-7);
}

TEST_P(EveryFit, AnotherSeedGivesOtherResponses) {
  EXPECT_NE(simulate(fit_, 1, 1), simulate(fit_, 1, 2));
  EXPECT_NE(simulate(fit_, 1, 1), simulate(fit_, 1, std::uint64_t{1} << 40));
  EXPECT_NE(simulate(fit_, 1, 1, 1), simulate(fit_, 1, 1, 2));
}

std::string name_of(const testing::TestParamInfo<const Fit& (*)()>& info) {
  if (info.param == exam) return "Exam";
  return info.param == cbpp ? "Cbpp" : info.param == epilepsy ? "Epilepsy" : "Grouseticks";
}

INSTANTIATE_TEST_SUITE_P(Of, EveryFit, testing::Values(exam, cbpp, epilepsy, grouseticks), name_of);

// The successes of a cell are drawn as one number; each row has its share, and two rows are independent.
TEST(Bootstrap, RowsDrawnTogetherAreBernoulliAndIndependent) {
  Fit fit = exam();
  fit.theta.setZero();
  fit.beta << -0.4, 0.0;
  const int replicates = 4000;
  const Eigen::MatrixXd Y = simulate(fit, replicates, 21).topRows(30);  // of one school
  const double mu = 1 / (1 + std::exp(0.4)), variance = mu * (1 - mu);
  for (Eigen::Index i = 0; i < Y.rows(); ++i) {
    EXPECT_NEAR(Y.row(i).mean(), mu, 5 * std::sqrt(variance / replicates)) << i;
    const Eigen::RowVectorXd here = Y.row(i).array() - mu, next = Y.row((i + 1) % Y.rows()).array() - mu;
    EXPECT_NEAR(here.dot(next) / replicates, 0, 5 * variance / std::sqrt(replicates)) << i;
  }
}

TEST(Bootstrap, StartsFromAFitThatConverged) {
  Fit unfinished = cbpp();
  unfinished.status = Status::not_converged;
  EXPECT_THAT([&] { bootstrap(unfinished); },
              testing::ThrowsMessage<Error>(
                  "refits start from a fit that has converged; this one's status is 'not_converged'"));
}

TEST(Bootstrap, NeedsWholeNumbersOfTrials) {
  Data data = read_table(CUGLMM_TEST_DATA "/cbpp.csv", {.factor = {"period"}});
  mutate(data, "w = size + 0.5");
  ModelOptions options;
  options.weights = "w";
  const Fit f = fit(Model("incidence / size ~ period + (1 | herd)", data, binomial(), options));
  EXPECT_THAT([&] { simulate(f, 1); },
              testing::ThrowsMessage<Error>(
                  "cannot simulate: data row 1 has 14.5 trials, which is not a whole number"));
}

TEST(Bootstrap, RefitNeedsAResponseForEachRow) {
  EXPECT_THAT([&] { refit(cbpp(), Eigen::MatrixXd::Zero(55, 2)); },
              testing::ThrowsMessage<Error>("the responses have 55 rows, the model has 56"));
}

TEST(Bootstrap, OfNoReplicatesIsEmpty) { EXPECT_EQ(bootstrap(cbpp(), {.replicates = 0}).size(), 0); }

TEST(Bootstrap, KeepsWhatIsDoneOfABlockWhenStopped) {
  BootstrapOptions options{.replicates = 1000, .first = 5, .threads = 1, .device = "cpu", .simd = "baseline"};
  options.progress = [](std::int64_t done) { return done < 10; };
  const Fits kept = bootstrap(cbpp(), options);
  ASSERT_GE(kept.size(), 10);
  ASSERT_LT(kept.size(), 64);
  expect_part(bootstrap(cbpp(), {.replicates = 64, .first = 5, .device = "cpu", .simd = "baseline"}), 0,
              kept);
}

TEST(Bootstrap, KeepsTheMemoryLimit) {
  const BootstrapReport report =
      bootstrap(cbpp(), {.replicates = 10, .threads = 1, .device = "cpu"}, [](const Fits&) {});
  EXPECT_GT(report.bytes_per_replicate, 0u);
  const std::uint64_t limit = report.bytes_in_flight;
  const auto limited = [&](std::uint64_t bytes) {
    return bootstrap(cbpp(), {.replicates = 10, .threads = 8, .device = "cpu", .memory_limit = bytes},
                     [](const Fits&) {});
  };
  EXPECT_LE(limited(limit).bytes_in_flight, limit);
  EXPECT_THAT([&] { limited(limit - 1); },
              testing::ThrowsMessage<Error>(testing::StartsWith("the memory limit of ")));
}

}  // namespace
}  // namespace cuglmm
