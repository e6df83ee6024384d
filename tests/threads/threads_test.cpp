// What several threads do at once; run under ThreadSanitizer too (label threads). The arbiter is one thread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <stdexcept>
#include <thread>

#include <cuglmm/cuglmm.hpp>

namespace cuglmm {
namespace {

using testing::ElementsAreArray;
using testing::ThrowsMessage;

Model read_cbpp() {
  return Model("cbind(incidence, size - incidence) ~ period + (1 | herd)",
               read_table(CUGLMM_TEST_DATA "/cbpp.csv", {.factor = {"period"}}), binomial());
}

const Model& cbpp() {
  static const Model model = read_cbpp();
  return model;
}

/// 236 rows in 59 groups that do not collapse.
const Model& epilepsy() {
  static const Model model("y ~ Base * trt + Age + Visit + (Visit | subject)",
                           read_table(CUGLMM_TEST_DATA "/epil2.csv"), poisson());
  return model;
}

/// 40,000 rows that do not collapse: enough for one fit to share an evaluation among threads.
const Model& many_rows() {
  static const Model model = [] {
    constexpr int kGroups = 4000, kRows = 40'000;
    std::mt19937_64 random(1);
    std::normal_distribution<double> normal;
    Column y, x, g;
    y.name = "y";
    x.name = "x";
    g.name = "g";
    g.type = Column::Type::factor;
    std::vector<double> b(kGroups);
    for (int group = 0; group < kGroups; ++group) {
      b[group] = normal(random);
      g.levels.push_back(std::to_string(group));
    }
    for (int row = 0; row < kRows; ++row) {
      g.codes.push_back(row % kGroups);
      x.numbers.push_back(normal(random));
      const double eta = -0.5 + x.numbers[row] + b[row % kGroups];
      y.numbers.push_back(std::bernoulli_distribution(1 / (1 + std::exp(-eta)))(random));
    }
    return Model("y ~ x + (1 | g)", Data({y, x, g}), binomial());
  }();
  return model;
}

/// 90 workers crossed with 7 machines, a slope on the latter; 18,000 rows, so that threads share them.
Model crossed(const Family& family) {
  constexpr int kRows = 18'000;
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal;
  std::vector<Column> columns(4);
  for (std::size_t i = 0; i < 4; ++i) columns[i].name = std::vector{"y", "x", "worker", "machine"}[i];
  std::vector<double> worker(90), machine(7);
  for (double& b : worker) b = 0.5 * normal(random);
  for (double& b : machine) b = 0.3 * normal(random);
  for (int row = 0; row < kRows; ++row) {
    const auto w = static_cast<std::size_t>(row % 90), m = static_cast<std::size_t>(row / 90 % 7);
    const double x = normal(random), eta = 0.3 + 0.2 * x + worker[w] + machine[m] * (1 + x);
    columns[0].numbers.push_back(family.kind == FamilyKind::poisson
                                     ? std::poisson_distribution<>(std::exp(eta))(random)
                                     : eta + normal(random));
    columns[1].numbers.push_back(x);
    columns[2].numbers.push_back(row % 90);
    columns[3].numbers.push_back(row / 90 % 7);
  }
  return Model("y ~ x + (1 | worker) + (x | machine)", Data(columns), family);
}

const Model& crossed_counts() {
  static const Model model = crossed(poisson());
  return model;
}

const Model& crossed_linear() {
  static const Model model = crossed(gaussian());
  return model;
}

/// NaN equals NaN: a failed replicate is failed with any number of threads.
void expect_same_bits(const Eigen::MatrixXd& one, const Eigen::MatrixXd& several) {
  ASSERT_EQ(one.rows(), several.rows());
  ASSERT_EQ(one.cols(), several.cols());
  for (Eigen::Index i = 0; i < one.size(); ++i)
    EXPECT_TRUE(one.data()[i] == several.data()[i] ||
                (one.data()[i] != one.data()[i] && several.data()[i] != several.data()[i]))
        << "entry " << i << ": " << one.data()[i] << " and " << several.data()[i];
}

void expect_same(const Fits& one, const Fits& several) {
  EXPECT_THAT(several.status, ElementsAreArray(one.status));
  EXPECT_THAT(several.evaluations, ElementsAreArray(one.evaluations));
  expect_same_bits(one.minus2_log_likelihood, several.minus2_log_likelihood);
  expect_same_bits(one.theta, several.theta);
  expect_same_bits(one.beta, several.beta);
  expect_same_bits(one.sigma, several.sigma);
}

class Threads : public testing::TestWithParam<int> {};

TEST_P(Threads, GiveTheSameFitToTheLastBit) {
  for (const Model* model : {&cbpp(), &epilepsy(), &many_rows(), &crossed_counts(), &crossed_linear()}) {
    const Fit one = fit(*model, {.threads = 1});
    const Fit several = fit(*model, {.threads = GetParam()});
    EXPECT_EQ(one.minus2_log_likelihood, several.minus2_log_likelihood);
    EXPECT_EQ(one.evaluations, several.evaluations);
    expect_same_bits(one.theta, several.theta);
    expect_same_bits(one.beta, several.beta);
    expect_same_bits(one.vcov, several.vcov);
  }
}

TEST_P(Threads, GiveTheSameReplicatesToTheLastBit) {
  for (const Model* model : {&cbpp(), &epilepsy(), &crossed_linear()}) {
    const Fit original = fit(*model, {.threads = 1});
    expect_same(bootstrap(original, {.replicates = 203, .seed = 5, .threads = 1}),
                bootstrap(original, {.replicates = 203, .seed = 5, .threads = GetParam()}));
  }
}

TEST_P(Threads, GiveTheSameRefitsToTheLastBit) {
  for (const Model* model : {&cbpp(), &epilepsy()}) {
    const Fit original = fit(*model, {.threads = 1});
    const Eigen::MatrixXd Y = simulate(original, 50, 5);
    expect_same(refit(original, Y, {.threads = 1}), refit(original, Y, {.threads = GetParam()}));
  }
}

TEST_P(Threads, HandReplicatesToTheSinkInOrderEachOnce) {
  const Fit original = fit(cbpp(), {.threads = 1});
  std::int64_t next = 11;
  int inside = 0;  // not atomic: ThreadSanitizer reports calls that overlap
  bootstrap(original, {.replicates = 500, .first = 11, .threads = GetParam()}, [&](const Fits& block) {
    EXPECT_EQ(++inside, 1);
    EXPECT_EQ(block.first, next);
    next += block.size();
    --inside;
  });
  EXPECT_EQ(next, 511);
}

TEST_P(Threads, KeepWhatIsDoneWhenProgressSaysStop) {
  const Fit original = fit(cbpp(), {.threads = 1});
  // A GPU has all of them in flight, and finishes what it has begun.
  const BootstrapOptions all{.replicates = 100'000, .seed = 2, .threads = GetParam(), .device = "cpu"};
  BootstrapOptions stopped = all;
  int calls = 0, inside = 0;  // not atomic, as above
  std::int64_t last = 0;
  stopped.progress = [&](std::int64_t done) {
    EXPECT_EQ(++inside, 1);
    EXPECT_GT(done, 0);
    EXPECT_GE(done, last);
    last = done;
    --inside;
    return ++calls < 50;
  };
  const Fits kept = bootstrap(original, stopped);
  EXPECT_EQ(calls, 50) << "not called any more once it said stop";
  ASSERT_LT(kept.size(), 100'000);
  ASSERT_GE(kept.size(), last);
  expect_same(bootstrap(original, {.replicates = kept.size(), .seed = 2, .threads = 1, .device = "cpu"}),
              kept);
}

TEST_P(Threads, StopWhenTheSinkThrows) {
  const Fit original = fit(cbpp(), {.threads = 1});
  BootstrapOptions options{.replicates = 100'000, .threads = GetParam()};
  std::int64_t done = 0;
  options.progress = [&](std::int64_t now) {
    done = now;
    return true;
  };
  int blocks = 0;
  const auto sink = [&](const Fits&) {
    if (++blocks == 2) throw std::runtime_error("disk full");
  };
  EXPECT_THAT([&] { bootstrap(original, options, sink); }, ThrowsMessage<std::runtime_error>("disk full"));
  EXPECT_EQ(blocks, 2);
  EXPECT_LT(done, 100'000);
}

TEST_P(Threads, StopWhenProgressThrows) {
  const Fit original = fit(cbpp(), {.threads = 1});
  BootstrapOptions options{.replicates = 100'000, .threads = GetParam()};
  int calls = 0;
  options.progress = [&](std::int64_t) -> bool {
    if (++calls == 50) throw std::runtime_error("interrupted");
    return true;
  };
  EXPECT_THAT([&] { bootstrap(original, options); }, ThrowsMessage<std::runtime_error>("interrupted"));
  EXPECT_EQ(calls, 50);
}

INSTANTIATE_TEST_SUITE_P(Of, Threads, testing::Values(2, 3, 8));

/// body(caller) on three threads at once.
template <class F>
void on_three_threads(F body) {
  std::vector<std::jthread> callers;
  for (int caller = 0; caller < 3; ++caller) callers.emplace_back(body, caller);
}

TEST(CallersOnSeveralThreads, ShareAModelNobodyHasUsed) {
  const Model model = read_cbpp();
  std::vector<Fit> fits(3);
  on_three_threads([&](int caller) { fits[caller] = fit(model, {.threads = 2}); });
  const Fit expected = fit(cbpp(), {.threads = 1});
  for (const Fit& one : fits) {
    EXPECT_EQ(one.minus2_log_likelihood, expected.minus2_log_likelihood);
    expect_same_bits(one.vcov, expected.vcov);
  }
}

TEST(CallersOnSeveralThreads, ShareAFit) {
  const Fit original = fit(cbpp(), {.threads = 1});
  std::vector<Fits> replicates(3);
  on_three_threads(
      [&](int caller) { replicates[caller] = bootstrap(original, {.replicates = 50, .threads = 2}); });
  const Fits expected = bootstrap(original, {.replicates = 50, .threads = 1});
  for (const Fits& some : replicates) expect_same(expected, some);
}

TEST(CallersOnSeveralThreads, ReadFitAndSummariseTheirOwn) {
  std::vector<std::string> summaries(3);
  on_three_threads([&](int caller) {
    Data data = read_table(CUGLMM_TEST_DATA "/Exam.csv", {.factor = {"school"}});
    mutate(data, "success = normexam >= 0");
    summaries[caller] =
        summary(fit(Model("success ~ schavg + (1 | school)", data, binomial()), {.threads = 1}));
  });
  EXPECT_EQ(summaries[0], summaries[1]);
  EXPECT_EQ(summaries[0], summaries[2]);
}

}  // namespace
}  // namespace cuglmm
