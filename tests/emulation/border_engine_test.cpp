// The border of one large fit by the (emulated) device's cuSOLVER, beside the CPU's LAPACK.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Dense>

#include <emulation/emulation.hpp>
#include <host/cuda/border.hpp>
#include <host/engine/dense.hpp>
#include <tests/support/criterion.hpp>
#include <tests/support/crossed_model.hpp>
#include <tests/support/evaluate.hpp>

#include "small_borders.hpp"

namespace cuglmm {
namespace {

using test::Criterion;
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Positive definite, rubbish above the diagonal.
Matrix random_matrix(int n) {
  std::srand(static_cast<unsigned>(n));
  const Matrix B = Matrix::Random(n, n);
  Matrix A = B * B.transpose() + Matrix::Identity(n, n);
  A.triangularView<Eigen::StrictlyUpper>().setConstant(NAN);
  return A;
}

/// log|A|; true: it exists.
double log_determinant(const DenseFunctions& by, Matrix& A) {
  return by.factor(by.context, A.data(), static_cast<int>(A.rows()), 2);
}
bool factor(const DenseFunctions& by, Matrix& A) { return std::isfinite(log_determinant(by, A)); }
void invert(const DenseFunctions& by, Matrix& L) {
  by.invert(by.context, L.data(), static_cast<int>(L.rows()), 2);
}

/// Of the lower triangles, relative.
double difference(const Matrix& a, const Matrix& b) {
  const Matrix A = a.triangularView<Eigen::Lower>(), B = b.triangularView<Eigen::Lower>();
  return (A - B).cwiseAbs().maxCoeff() / B.cwiseAbs().maxCoeff();
}

bool called(const std::string& name) {
  for (long n = 1; n <= emulation::calls(); ++n)
    if (emulation::call_name(n) == name) return true;
  return false;
}

class DenseBorder : public testing::Test {
 protected:
  const DenseFunctions& cpu_ = dense_functions();
  const cuda::Stream stream_;
  cuda::Border border_{1, stream_};
  const DenseFunctions& gpu_ = *border_.functions(1);
};

TEST_F(DenseBorder, ServesFromItsSmallestSizeOn) {
  const cuda::Border border(cuda::kDeviceBorder, stream_);
  EXPECT_EQ(border.functions(511), nullptr);
  ASSERT_NE(border.functions(512), nullptr);
  EXPECT_EQ(border.functions(512)->smallest, 512);
  EXPECT_NE(border.functions(46340), nullptr);
  EXPECT_EQ(border.functions(46341), nullptr);
}

TEST_F(DenseBorder, FactorAndInverseEqualTheCpus) {
  for (const int n : {1, 2, 40, 127, 128, 129, 257}) {
    SCOPED_TRACE(n);
    Matrix expected = random_matrix(n), A = expected;
    const Matrix L = Eigen::MatrixXd(A.selfadjointView<Eigen::Lower>()).llt().matrixL();
    const double log = 2 * L.diagonal().array().log().sum();
    EXPECT_NEAR(log_determinant(cpu_, expected), log, 1e-10 * n);
    EXPECT_NEAR(log_determinant(gpu_, A), log, 1e-10 * n);
    EXPECT_LT(difference(A, expected), 1e-10);
    invert(cpu_, expected);
    invert(gpu_, A);
    EXPECT_LT(difference(A, expected), 1e-10);
  }
}

TEST_F(DenseBorder, InvertsAFactorThatIsNoLongerOnTheDevice) {
  const Matrix A = random_matrix(30), indefinite = -A;
  Matrix L = A;
  ASSERT_TRUE(factor(cpu_, L));
  Matrix expected = L;
  invert(cpu_, expected);
  for (const Matrix& between : {random_matrix(31), Matrix(A + Matrix::Identity(30, 30)), indefinite}) {
    Matrix inverse = A, next = between;
    ASSERT_TRUE(factor(gpu_, inverse));
    factor(gpu_, next);
    invert(gpu_, inverse);
    EXPECT_LT(difference(inverse, expected), 1e-10);
  }
  Matrix inverse = A;
  ASSERT_TRUE(factor(gpu_, inverse));
  for (int i = 0; i < 2; ++i) {
    invert(gpu_, inverse);
    EXPECT_LT(difference(inverse, expected), 1e-10);
    inverse = L;  // in the same place
  }
}

TEST_F(DenseBorder, SaysWhatIsNotPositiveDefinite) {
  Matrix A = random_matrix(40);
  A(25, 25) = -1;
  EXPECT_FALSE(factor(gpu_, A));
  A = random_matrix(40);
  EXPECT_TRUE(factor(gpu_, A));
}

TEST_F(DenseBorder, WithoutRoomOnTheDeviceIsTheCpus) {
  const Matrix A = random_matrix(40);
  Matrix expected = A, L = A;
  ASSERT_TRUE(factor(cpu_, expected));
  emulation::settings().memory = 40 * 40 * sizeof(double);  // the matrix without its workspace
  ASSERT_TRUE(factor(gpu_, L));
  EXPECT_EQ(difference(L, expected), 0);
  emulation::settings().memory = 1 << 20;
  invert(cpu_, expected);
  invert(gpu_, L);
  EXPECT_EQ(difference(L, expected), 0);
  EXPECT_FALSE(called("cusolverDnXpotrf"));
}

TEST_F(DenseBorder, OfADeviceThatIsLostFails) {
  Matrix A = random_matrix(40);
  ASSERT_TRUE(factor(gpu_, A));
  emulation::fail_call(emulation::calls() + 1);
  EXPECT_THROW(invert(gpu_, A), cuda::Failure);
}

TEST(SmallBorder, FitEqualsTheCpus) {
  const Model model = test::crossed_model(40, 300);
  const Fit cpu = fit(model, {.device = "cpu"});
  const test::SmallBorders on_the_device;
  const Fit cuda = fit(model, {.device = "cuda"});
  EXPECT_TRUE(called("cusolverDnXpotrf"));
  EXPECT_TRUE(called("cusolverDnDpotri"));
  EXPECT_EQ(cuda.status, cpu.status);
  EXPECT_EQ(cuda.evaluations, cpu.evaluations);
  EXPECT_NEAR(cuda.minus2_log_likelihood, cpu.minus2_log_likelihood, 1e-9);
  EXPECT_LT((cuda.theta - cpu.theta).cwiseAbs().maxCoeff(), 1e-7);
  EXPECT_LT((cuda.beta - cpu.beta).cwiseAbs().maxCoeff(), 1e-7);
  EXPECT_LT((cuda.vcov - cpu.vcov).cwiseAbs().maxCoeff(), 1e-6 * cpu.vcov.cwiseAbs().maxCoeff());
}

TEST(SmallBorder, FitOfADeviceWithoutRoomIsTheCpus) {
  const Model model = test::crossed_model(40, 300);
  const Fit cpu = fit(model, {.device = "cpu"});
  const test::SmallBorders on_the_device;
  emulation::reset();
  fit(model, {.device = "cuda"});
  long matrix = 1;
  while (emulation::call_name(matrix) != "cusolverDnXpotrf_bufferSize") ++matrix;
  for (const long before : {1, 2, 3, 5}) {  // info, matrix, parameters, handle
    emulation::reset();
    emulation::fail_call(matrix - before);
    const Fit cuda = fit(model, {.device = "cuda"});
    EXPECT_TRUE(emulation::call_failed());
    EXPECT_FALSE(called("cusolverDnXpotrf"));
    EXPECT_NEAR(cuda.minus2_log_likelihood, cpu.minus2_log_likelihood, 1e-9);
  }
}

/// Every structure of random effects, singular ones too.
class SmallBorderUnder : public testing::TestWithParam<Criterion> {};

TEST_P(SmallBorderUnder, ObjectiveAndGradientEqualTheCpus) {
  const test::SmallBorders on_the_device;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Model model = test::random_model(GetParam(), seed);
    SCOPED_TRACE(testing::Message() << "seed " << seed << ": " << model.formula.text());
    const PlanOptions options = test::plan_options(GetParam());
    const PlanData plan(model, options);
    if (plan.view.arrow.border == 0) continue;
    const ResponseSums sums = plan.sums(model, model.y);
    const auto cuda = make_engine(plan, "cuda", "auto", 1), cpu = make_engine(plan, "cpu", "auto", 1);
    const auto on_cuda = cuda->problem(sums), on_cpu = cpu->problem(sums);
    // They end PIRLS after different steps: one goes on from its last factor (kernels/last_factor.hpp).
    for (Problem* problem : {on_cuda.get(), on_cpu.get()}) problem->set_mode_tolerance(1e-14);
    for (const test::Psi& psi : test::several_psi(model, seed)) {
      const ProblemEvaluation a = on_cuda->evaluate(psi.theta, psi.beta, true),
                              b = on_cpu->evaluate(psi.theta, psi.beta, true);
      EXPECT_NEAR(a.objective, b.objective, 1e-9 * (1 + std::abs(b.objective)));
      EXPECT_LT((a.gradient - b.gradient).norm(), 1e-6 * (1 + b.gradient.norm()));
      EXPECT_LT((a.variance - b.variance).norm(), 1e-6 * (1 + b.variance.norm()));
    }
  }
  EXPECT_TRUE(called("cusolverDnXpotrf"));
}

INSTANTIATE_TEST_SUITE_P(OnTheDevice, SmallBorderUnder, testing::ValuesIn(test::criteria),
                         [](const auto& of) { return test::name(of.param); });

}  // namespace
}  // namespace cuglmm
