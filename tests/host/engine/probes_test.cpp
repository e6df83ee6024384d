// The border without its factor, beside Eigen's Cholesky.
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <random>

#include <host/engine/probes.hpp>

namespace cuglmm {
namespace {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr int kSize = 300;

/// As a border is: its diagonal dominates, rubbish above the diagonal.
RowMatrix border(int n = kSize) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform(0, 1);
  RowMatrix S(n, n);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) S(i, j) = -uniform(random) * 30 / n;
    S(i, i) = 20 + 10 * uniform(random);
    for (int j = i + 1; j < n; ++j) S(i, j) = NAN;
  }
  return S;
}

Eigen::MatrixXd inverse(const RowMatrix& S) {
  return Eigen::MatrixXd(S.selfadjointView<Eigen::Lower>()).inverse();
}

class ProbesTest : public testing::Test {
 protected:
  double factor(RowMatrix& S, int threads = 1) {
    return functions_.factor(functions_.context, S.data(), kSize, threads);
  }
  RowMatrix inverted(const RowMatrix& S, int threads = 1) {
    RowMatrix A = S;
    factor(A, threads);
    functions_.invert(functions_.context, A.data(), kSize, threads);
    return A.triangularView<Eigen::Lower>();
  }
  RowMatrix solved(const RowMatrix& S, RowMatrix x, int threads = 1) {
    RowMatrix A = S;
    factor(A, threads);
    functions_.solve(functions_.context, x.data(), kSize, static_cast<int>(x.cols()), threads);
    return x;
  }

  Probes probes_{kSize, {}};
  const DenseFunctions& functions_ = probes_.functions();
};

TEST_F(ProbesTest, SolveToFourDigits) {
  const RowMatrix S = border();
  for (const int columns : {1, 3}) {
    const RowMatrix right = RowMatrix::Random(kSize, columns), expected = inverse(S) * right;
    EXPECT_LT((solved(S, right) - expected).norm(), 2e-4 * expected.norm());
  }
}

TEST_F(ProbesTest, SolveForZero) {
  RowMatrix right = RowMatrix::Random(kSize, 2);
  right.col(1).setZero();
  const RowMatrix x = solved(border(), right);
  EXPECT_TRUE(x.allFinite());
  EXPECT_EQ(x.col(1).norm(), 0);
}

/// Sums with the inverse, and its diagonal, are off by no more than random signs explain: the variance of a
/// probe's x_i z_i is the sum of squares of row i beside the diagonal.
TEST_F(ProbesTest, EstimateTheInverse) {
  const RowMatrix S = border(), estimate = inverted(S);
  const Eigen::MatrixXd exact = inverse(S);
  Eigen::MatrixXd beside = exact;
  beside.diagonal().setZero();
  const Eigen::ArrayXd sd = beside.rowwise().norm() / std::sqrt(8.0);
  const Eigen::ArrayXd error = (estimate.diagonal() - exact.diagonal()).array() / sd;
  EXPECT_LT(error.abs().maxCoeff(), 5);
  EXPECT_NEAR(std::sqrt(error.square().mean()), 1, 0.2);
  EXPECT_NEAR(estimate.trace(), exact.trace(), 5 * std::sqrt(2.0 / 8) * beside.norm());
}

/// T of a factor whose variance is nearly zero divides I - S^-1 by it.
TEST_F(ProbesTest, EstimateWhatIsLeftOfNearlyTheIdentity) {
  constexpr double small = 1e-6;
  Eigen::MatrixXd R = Eigen::MatrixXd(border().selfadjointView<Eigen::Lower>());
  RowMatrix S = small * R;
  S.diagonal().array() += 1;
  const Eigen::ArrayXd left = (1 - inverted(S).diagonal().array()) / small, diagonal = R.diagonal();
  R.diagonal().setZero();
  const Eigen::ArrayXd sd = R.rowwise().norm() / std::sqrt(8.0);
  EXPECT_LT(((left - diagonal) / sd).abs().maxCoeff(), 5);
}

/// Of nearly the identity that much is left in the limit, to the digits of single precision.
TEST_F(ProbesTest, KeepTheDigitsOfWhatIsLeftOfNearlyTheIdentity) {
  const auto left = [&](double small) {
    RowMatrix S = small * border();
    S.diagonal().array() += 1;
    return Eigen::ArrayXd((1 - inverted(S).diagonal().array()) / small);
  };
  EXPECT_LT((left(1e-7) - left(1e-6)).abs().maxCoeff(), 2e-3);
}

/// A few effects that many rows have: their columns are solved for, not estimated.
TEST_F(ProbesTest, KnowTheColumnsOfSmallEffects) {
  RowMatrix S = border();
  const std::vector<int> small{0, 1, 2, 298, 299};
  for (const int at : small) {
    S(at, at) += 1000;
    S.row(at).head(at) *= 30;
    S.col(at).tail(kSize - 1 - at) *= 30;
  }
  const Eigen::MatrixXd exact = inverse(S);
  Probes probes(kSize, small);
  const DenseFunctions& functions = probes.functions();
  const RowMatrix right = RowMatrix::Random(kSize, 1), expected = exact * right;
  RowMatrix A = S, x = right;
  ASSERT_EQ(functions.factor(functions.context, A.data(), kSize, 1), 0);
  functions.solve(functions.context, x.data(), kSize, 1, 1);
  EXPECT_LT((x - expected).norm(), 2e-4 * expected.norm());
  functions.invert(functions.context, A.data(), kSize, 1);
  const Eigen::MatrixXd estimate = A.selfadjointView<Eigen::Lower>();
  for (const int at : small)
    EXPECT_LT((estimate.col(at) - exact.col(at)).norm(), 1e-3 * exact.col(at).norm()) << at;
  Eigen::MatrixXd beside = exact;
  beside.diagonal().setZero();
  EXPECT_NEAR(estimate.trace(), exact.trace(), 5 * std::sqrt(2.0 / 8) * beside.norm());
}

TEST_F(ProbesTest, GiveTheSameBitsOnAnyThreads) {
  const RowMatrix S = border(), right = RowMatrix::Random(kSize, 2);
  EXPECT_EQ(inverted(S, 1), inverted(S, 2));
  EXPECT_EQ(solved(S, right, 1), solved(S, right, 3));
}

TEST_F(ProbesTest, SolveAfterTheInverse) {
  const RowMatrix S = border(), right = RowMatrix::Random(kSize, 1), before = solved(S, right);
  inverted(S);
  RowMatrix after = right;
  functions_.solve(functions_.context, after.data(), kSize, 1, 1);
  EXPECT_EQ(after, before);
}

TEST_F(ProbesTest, SayWhatTheyCannotDo) {
  RowMatrix S = border();
  S(25, 25) = -1;
  EXPECT_TRUE(std::isnan(factor(S)));
  S = border();
  S.row(25).setZero();  // not positive definite, but for its diagonal
  S(25, 25) = 1e-3;
  S(25, 24) = 1;
  EXPECT_FALSE(solved(S, RowMatrix::Ones(kSize, 1)).allFinite());
}

}  // namespace
}  // namespace cuglmm
