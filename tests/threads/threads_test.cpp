// What several threads do at once; run under ThreadSanitizer too (label threads). The arbiter is one thread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include <cuglmm/cuglmm.hpp>

namespace cuglmm {
namespace {

using testing::ElementsAreArray;

const Model& cbpp() {
  static const Model model("cbind(incidence, size - incidence) ~ period + (1 | herd)",
                           read_table(CUGLMM_TEST_DATA "/cbpp.csv", {.factor = {"period"}}), binomial());
  return model;
}

/// 236 rows in 59 groups that do not collapse: several slices, so that one fit has work for several threads.
const Model& epilepsy() {
  static const Model model("y ~ Base * trt + Age + Visit + (Visit | subject)",
                           read_table(CUGLMM_TEST_DATA "/epil2.csv"), poisson());
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
}

class Threads : public testing::TestWithParam<int> {};

TEST_P(Threads, GiveTheSameFitToTheLastBit) {
  for (const Model* model : {&cbpp(), &epilepsy()}) {
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
  for (const Model* model : {&cbpp(), &epilepsy()}) {
    const Fit original = fit(*model, {.threads = 1});
    expect_same(bootstrap(original, {.replicates = 203, .seed = 5, .threads = 1}),
                bootstrap(original, {.replicates = 203, .seed = 5, .threads = GetParam()}));
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
  const BootstrapOptions all{.replicates = 100'000, .seed = 2, .threads = GetParam()};
  BootstrapOptions stopped = all;
  stopped.progress = [](std::int64_t done) { return done < 50; };
  const Fits kept = bootstrap(original, stopped);
  ASSERT_LT(kept.size(), 100'000);
  ASSERT_GT(kept.size(), 0);
  expect_same(bootstrap(original, {.replicates = kept.size(), .seed = 2, .threads = 1}), kept);
}

INSTANTIATE_TEST_SUITE_P(Of, Threads, testing::Values(2, 3, 8));

TEST(CallersOnSeveralThreads, ShareAModelAndAFit) {
  const Fit original = fit(cbpp(), {.threads = 1});
  const Fits expected = bootstrap(original, {.replicates = 50, .threads = 1});
  std::vector<Fit> fits(3);
  std::vector<Fits> replicates(3);
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < 3; ++i)
    callers.emplace_back([&, i] {
      fits[i] = fit(cbpp(), {.threads = 2});
      replicates[i] = bootstrap(original, {.replicates = 50, .threads = 2});
    });
  for (std::thread& caller : callers) caller.join();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(fits[i].minus2_log_likelihood, original.minus2_log_likelihood);
    expect_same(expected, replicates[i]);
  }
}

}  // namespace
}  // namespace cuglmm
