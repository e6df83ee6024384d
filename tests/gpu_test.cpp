// The CUDA engine beside the CPU's: estimates, replicate data and replicates, whatever the tile. On a GPU, or
// on the emulated one (tests/emulation).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cuglmm/cuglmm.hpp>
#include <host/engine/cuda_module.hpp>
#include <host/fit/simulator.hpp>
#include <tests/support/crossed_model.hpp>
#include <tests/support/evaluate.hpp>
#include <tests/support/fits.hpp>

namespace cuglmm {
namespace {

using testing::ElementsAreArray;

/// One model of each kind of kernel.
struct Case {
  const char* name;
  Fit (*fit)(const std::string& device);
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

const Case kCases[] = {
    {"Cbpp", test::cbpp_fit},       {"Epilepsy", test::epilepsy_fit}, {"Grouseticks", test::grouseticks_fit},
    {"Crossed", test::crossed_fit}, {"Linear", test::linear_fit},     {"Null", test::null_fit},
    {"Exam", test::exam_fit}};

class EveryFit : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    std::string why_none;
    if (cuda_devices(why_none).empty()) GTEST_SKIP() << "no GPU can be used: " << why_none;
  }
  const Fit cpu_ = GetParam().fit("cpu");
};

TEST_P(EveryFit, EqualsTheCpus) {
  const Fit cuda = GetParam().fit("cuda");
  EXPECT_THAT(cuda.device, testing::StartsWith("cuda ("));
  EXPECT_EQ(cuda.status, cpu_.status);
  EXPECT_NEAR(cuda.minus2_log_likelihood, cpu_.minus2_log_likelihood, 1e-9);
  const Eigen::ArrayXd se = cpu_.vcov.diagonal().array().sqrt();
  EXPECT_LT(((cuda.beta - cpu_.beta).array().abs() / se).maxCoeff(), 1e-6);
  EXPECT_LT((cuda.vcov - cpu_.vcov).cwiseAbs().maxCoeff(), 1e-6 * cpu_.vcov.cwiseAbs().maxCoeff());
}

TEST_P(EveryFit, ObjectiveAndGradientEqualTheCpusNearTheEstimate) {
  const Eigen::VectorXd se = cpu_.vcov.diagonal().cwiseSqrt();
  const std::vector<test::Psi> at{{cpu_.theta, cpu_.beta}, {1.3 * cpu_.theta, cpu_.beta + 0.5 * se}};
  for (const bool by_problem : {false, true}) {
    const auto cpu = test::evaluate({"cpu", "auto", by_problem}, *cpu_.model, at, {.times = 3});
    const auto cuda = test::evaluate({"cuda", "auto", by_problem}, *cpu_.model, at, {.times = 3});
    for (std::size_t i = 0; i < at.size(); ++i) {
      EXPECT_NEAR(cuda[i].objective, cpu[i].objective, 1e-9);
      EXPECT_LT((cuda[i].gradient - cpu[i].gradient).cwiseAbs().maxCoeff(),
                1e-9 * (1 + cpu[i].gradient.cwiseAbs().maxCoeff()));
    }
  }
}

TEST_P(EveryFit, ReplicateDataEqualTheCpus) {
  const Simulator simulator(cpu_);
  const auto cpu = make_engine(simulator.plan(), "cpu", "auto", 1);
  const auto cuda = make_engine(simulator.plan(), "cuda", "auto", 1);
  const int n = cpu->feed_width(), wide = cuda->feed_width();
  const std::size_t rows = static_cast<std::size_t>(cpu_.rows());
  FeedStorage a(simulator.plan().view, n), b(simulator.plan().view, wide);
  AlignedVector<double> y_a(rows * n), y_b(rows * wide);
  for (int lane = 0; lane < n; ++lane) a.feed.number[lane] = 100 + lane;
  for (int lane = 0; lane < wide; ++lane) b.feed.number[lane] = 100 + lane;
  cpu->simulate(simulator.draws(17), a.feed, y_a.data());
  cuda->simulate(simulator.draws(17), b.feed, y_b.data());
  for (std::size_t i = 0; i < rows; ++i)
    for (int lane = 0; lane < n; ++lane)
      ASSERT_NEAR(y_a[i * n + lane], y_b[i * wide + lane], cpu_.is_linear() ? 1e-12 : 0) << i;
  for (int i = 0; i < simulator.plan().view.u_total; ++i)
    for (int lane = 0; lane < n; ++lane)
      EXPECT_NEAR(a.feed.u[i * n + lane], b.feed.u[i * wide + lane], 1e-13);
}

TEST_P(EveryFit, ReplicatesEqualTheCpus) {
  const Fits cpu = bootstrap(cpu_, {.replicates = 70, .seed = 5, .tolerance = 1e-10, .device = "cpu"});
  const Fits cuda = bootstrap(cpu_, {.replicates = 70, .seed = 5, .tolerance = 1e-10, .device = "cuda"});
  ASSERT_EQ(cuda.size(), 70);
  EXPECT_THAT(cuda.status, ElementsAreArray(cpu.status));
  EXPECT_LT((cuda.minus2_log_likelihood - cpu.minus2_log_likelihood).cwiseAbs().maxCoeff(), 1e-6);
}

TEST_P(EveryFit, ReplicatesAreTheSameBitsInTilesOfAnySize) {
  const BootstrapOptions all{.replicates = 12, .seed = 5, .device = "cuda"};
  BootstrapReport report = bootstrap(cpu_, all, [](const Fits&) {});
  const std::uint64_t one = report.bytes_per_replicate;
  const Fits whole = bootstrap(cpu_, all);
  for (const std::uint64_t lanes : {3, 7}) {
    BootstrapOptions few = all;
    few.memory_limit = lanes * (one + 512);
    const Fits tiles = bootstrap(cpu_, few);
    EXPECT_EQ(tiles.theta, whole.theta);
    EXPECT_EQ(tiles.beta, whole.beta);
    EXPECT_EQ(tiles.evaluations, whole.evaluations);
  }
}

TEST_P(EveryFit, RefitsEqualTheCpus) {
  const Eigen::MatrixXd Y = simulate(cpu_, 30, 3);
  const Fits cpu = refit(cpu_, Y, {.tolerance = 1e-10, .device = "cpu"});
  const Fits cuda = refit(cpu_, Y, {.tolerance = 1e-10, .device = "cuda"});
  EXPECT_THAT(cuda.status, ElementsAreArray(cpu.status));
  EXPECT_LT((cuda.minus2_log_likelihood - cpu.minus2_log_likelihood).cwiseAbs().maxCoeff(), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(OnTheGpu, EveryFit, testing::ValuesIn(kCases),
                         [](const auto& of) { return of.param.name; });

// From 512 effects on a border is factored and inverted on the GPU (host/cuda/border.hpp).
TEST(LargeBorder, EvaluationEqualsTheCpus) {
  std::string why_none;
  if (cuda_devices(why_none).empty()) GTEST_SKIP() << "no GPU can be used: " << why_none;
  const Model model = test::crossed_model(520, 3000);
  const PlanData plan(model, {});
  ASSERT_EQ(plan.view.arrow.border, 520);
  const ResponseSums sums = plan.sums(model, model.y);
  const Eigen::Vector2d theta(0.5, 0.7), beta(0.5, 0.3);
  const auto cpu = make_engine(plan, "cpu", "auto", 1), cuda = make_engine(plan, "cuda", "auto", 1);
  const auto on_cpu = cpu->problem(sums), on_cuda = cuda->problem(sums);
  const ProblemEvaluation a = on_cpu->evaluate(theta, beta, true), b = on_cuda->evaluate(theta, beta, true);
  EXPECT_NEAR(b.objective, a.objective, 1e-8);
  EXPECT_LT((b.gradient - a.gradient).norm(), 1e-8 * (1 + a.gradient.norm()));
  EXPECT_LT((b.variance - a.variance).norm(), 1e-8 * a.variance.norm());
  EXPECT_LT((on_cuda->information(theta, beta) - on_cpu->information(theta, beta)).norm(), 1e-6);
}

}  // namespace
}  // namespace cuglmm
