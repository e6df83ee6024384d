// Singular covariances: eigenvalues, re-factoring, the Karush-Kuhn-Tucker check, start and information,
// against Eigen.
#include <kernels/singular.hpp>

#include <Eigen/Dense>
#include <random>

#include <gtest/gtest.h>

namespace cuglmm::testing {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using S = Singular<double>;

class SingularTerm : public ::testing::Test {
 protected:
  MatrixXd normal(int rows, int columns) {
    MatrixXd A(rows, columns);
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j) A(i, j) = normal_(random_);
    return A;
  }
  MatrixXd symmetric(int q) {
    const MatrixXd A = normal(q, q);
    return A + A.transpose();
  }
  std::mt19937_64 random_{5};
  std::normal_distribution<double> normal_;
};

MatrixXd sigma_of(const std::vector<double>& theta, int q) {
  RowMajor Sigma(q, q);
  S::theta_to_sigma(theta.data(), q, Sigma.data());
  return Sigma;
}
std::vector<double> theta_of(const MatrixXd& Sigma) {
  const int q = static_cast<int>(Sigma.rows());
  const RowMajor copy = Sigma;
  std::vector<double> theta(std::size_t(q * (q + 1) / 2));
  S::sigma_to_theta(copy.data(), q, theta.data());
  return theta;
}
/// The lower triangle by columns.
VectorXd vech(const MatrixXd& A) {
  const int q = static_cast<int>(A.rows());
  VectorXd v(q * (q + 1) / 2);
  for (int c = 0; c < q; ++c)
    for (int r = c; r < q; ++r) v[lower(r, c, q)] = A(r, c);
  return v;
}
MatrixXd lambda_of(const std::vector<double>& theta, int q) {
  MatrixXd Lambda = MatrixXd::Zero(q, q);
  for (int c = 0; c < q; ++c)
    for (int r = c; r < q; ++r) Lambda(r, c) = theta[std::size_t(lower(r, c, q))];
  return Lambda;
}

TEST_F(SingularTerm, JacobiEigenEqualsEigens) {
  for (int q : {1, 2, 3, 5, 10}) {
    const MatrixXd exact = symmetric(q);
    RowMajor A = exact, V(q, q);
    S::jacobi_eigen(A.data(), V.data(), q);
    const VectorXd values = A.diagonal();
    EXPECT_TRUE((V * values.asDiagonal() * V.transpose()).isApprox(exact, 1e-12));
    EXPECT_TRUE((V.transpose() * V).isApprox(MatrixXd::Identity(q, q), 1e-12));
    VectorXd sorted = values;
    std::sort(sorted.data(), sorted.data() + q);
    EXPECT_TRUE(sorted.isApprox(Eigen::SelfAdjointEigenSolver<MatrixXd>(exact).eigenvalues(), 1e-12));
  }
}

TEST_F(SingularTerm, SigmaSurvivesItsFactorWhateverItsRank) {
  for (int q : {1, 2, 3, 4})
    for (int rank = 0; rank <= q; ++rank) {
      const MatrixXd B = normal(q, rank), Sigma = B * B.transpose();
      const auto theta = theta_of(Sigma);
      EXPECT_TRUE((sigma_of(theta, q) - Sigma).isZero(1e-7 * (1 + Sigma.norm()))) << q << " of rank " << rank;
      for (int c = 0; c < q; ++c) EXPECT_GE(theta[std::size_t(lower(c, c, q))], 0);
    }
}

TEST_F(SingularTerm, CanonicalThetaHasTheSameSigmaAndNoNegativeDiagonal) {
  for (int q : {1, 2, 3}) {
    std::vector<double> theta(std::size_t(q * (q + 1) / 2));
    for (double& v : theta) v = normal_(random_);
    for (const bool zero : {false, true}) {
      theta[0] = zero ? 0 : -std::fabs(theta[0]);  // zero: a column that still has entries below its diagonal
      const MatrixXd before = sigma_of(theta, q);
      auto canonical = theta;
      S::canonical_theta(canonical.data(), q);
      EXPECT_TRUE((sigma_of(canonical, q) - before).isZero(1e-10));
      for (int c = 0; c < q; ++c) {
        EXPECT_GE(canonical[std::size_t(lower(c, c, q))], 0);
        if (canonical[std::size_t(lower(c, c, q))] > 0) continue;
        for (int r = c; r < q; ++r) EXPECT_EQ(canonical[std::size_t(lower(r, c, q))], 0);
      }
    }
  }
}

TEST_F(SingularTerm, SmallDiagonalIsLme4sIsSingular) {
  EXPECT_FALSE(S::has_small_diagonal(std::vector<double>{1, 5, 2e-4}.data(), 2));
  EXPECT_TRUE(S::has_small_diagonal(std::vector<double>{1, 5, 0.9e-4}.data(), 2));
  EXPECT_TRUE(S::has_small_diagonal(std::vector<double>{0.5e-4, 5, 1}.data(), 2));
  EXPECT_TRUE(S::has_small_diagonal(std::vector<double>{1, 5, std::nan("")}.data(), 2));
}

TEST_F(SingularTerm, SnapTakesTinyEigenvaluesOutAndNothingElse) {
  // Eigenvalues 2 and 1e-10 along directions that are no axes.
  const VectorXd v = VectorXd{{0.6, 0.8}}, e = VectorXd{{-0.8, 0.6}};
  const MatrixXd Sigma = 2 * v * v.transpose() + 1e-10 * e * e.transpose();
  auto theta = theta_of(Sigma);
  ASSERT_TRUE(S::snap_to_singular(theta.data(), 2));
  EXPECT_TRUE((sigma_of(theta, 2) - 2 * v * v.transpose()).isZero(1e-9));
  EXPECT_LT(theta[2], 1e-7);  // what rounding leaves
  std::vector<double> regular{1, 0.5, 0.3}, before = regular;
  EXPECT_FALSE(S::snap_to_singular(regular.data(), 2));
  EXPECT_EQ(regular, before);
  std::vector<double> one{0.3e-4};
  EXPECT_TRUE(S::snap_to_singular(one.data(), 1));
  EXPECT_EQ(one[0], 0);
}

/// A saddle: Sigma = 2 v v', and dd/dSigma = -slope along the null direction e, with sum_l (e' T_ll e)^2 =
/// curvature.
struct Saddle {
  VectorXd v = VectorXd{{0.6, 0.8}}, e = VectorXd{{-0.8, 0.6}};
  MatrixXd Sigma = 2 * v * v.transpose();
  std::vector<double> theta = theta_of(Sigma);
  VectorXd G;
  RowMajor TT;
  Saddle(double slope, double curvature) {
    G = vech(MatrixXd(5 * v * v.transpose() - slope * e * e.transpose()));
    const VectorXd T = vech(MatrixXd(std::sqrt(curvature) * e * e.transpose() + 3 * v * v.transpose()));
    TT = T * T.transpose();
  }
};

TEST_F(SingularTerm, EscapeMovesAlongTheNullDirectionByTheNewtonStep) {
  Saddle saddle(0.5, 4);
  ASSERT_TRUE(S::escape_singular(saddle.theta.data(), 2, saddle.G.data(), saddle.TT.data(), 1e-7));
  const MatrixXd expected = saddle.Sigma + 0.5 / 4 * saddle.e * saddle.e.transpose();
  EXPECT_TRUE((sigma_of(saddle.theta, 2) - expected).isZero(1e-7));
}

TEST_F(SingularTerm, EscapeStaysWhereTheDevianceCannotDecreaseOrHardly) {
  Saddle optimum(-0.5, 4);
  const auto before = optimum.theta;
  EXPECT_FALSE(S::escape_singular(optimum.theta.data(), 2, optimum.G.data(), optimum.TT.data(), 1e-7));
  EXPECT_EQ(optimum.theta, before);
  // It would decrease by slope^2 / (2 curvature) = 1/32.
  Saddle shallow(0.5, 4);
  EXPECT_FALSE(S::escape_singular(shallow.theta.data(), 2, shallow.G.data(), shallow.TT.data(), 1.001 / 32));
  EXPECT_TRUE(S::escape_singular(shallow.theta.data(), 2, shallow.G.data(), shallow.TT.data(), 0.999 / 32));
}

TEST_F(SingularTerm, EscapeFromZeroTakesTheSteepestDirectionOfAll) {
  const VectorXd e = VectorXd{{0.6, 0.8}}, f = VectorXd{{-0.8, 0.6}};
  const VectorXd G = vech(MatrixXd(-2 * e * e.transpose() - 0.5 * f * f.transpose()));
  const VectorXd T = vech(MatrixXd(e * e.transpose() + f * f.transpose()));
  const RowMajor TT = T * T.transpose();
  std::vector<double> theta{0, 0, 0};
  ASSERT_TRUE(S::escape_singular(theta.data(), 2, G.data(), TT.data(), 1e-7));
  EXPECT_TRUE((sigma_of(theta, 2) - 2 * e * e.transpose()).isZero(1e-7));
}

TEST_F(SingularTerm, EscapeLeavesARegularThetaAlone) {
  std::vector<double> theta{1, 0.2, 0.7}, before = theta;
  const VectorXd G = vech(MatrixXd(-MatrixXd::Identity(2, 2)));
  const RowMajor TT = MatrixXd::Identity(3, 3);
  EXPECT_FALSE(S::escape_singular(theta.data(), 2, G.data(), TT.data(), 1e-7));
  EXPECT_EQ(theta, before);
}

TEST_F(SingularTerm, ScoreStartIsTheScoreStepPerVarianceButNeverZero) {
  RowMajor TT = RowMajor::Zero(3, 3);
  TT(0, 0) = 8;
  TT(2, 2) = 50;
  const double G[] = {-16, 3, 1};
  double theta[3];
  S::score_start(G, TT.data(), 2, theta);
  EXPECT_DOUBLE_EQ(theta[0], std::sqrt(2.0));  // tau = 16 / 8
  EXPECT_EQ(theta[1], 0);
  EXPECT_DOUBLE_EQ(theta[2], std::sqrt(std::sqrt(2.0 / 50) / 4));  // tau < 0
}

// tr(T E_k T E_m) summed over levels, E_k = dLambda_k Lambda' + Lambda dLambda_k', and 2 (G_+)_rr' within a
// column.
TEST_F(SingularTerm, ThetaInformationEqualsItsDenseFormula) {
  for (int q : {1, 2, 3, 4}) {
    const int s = q * (q + 1) / 2;
    std::vector<double> theta(static_cast<std::size_t>(s));
    for (double& v : theta) v = normal_(random_);
    const MatrixXd Lambda = lambda_of(theta, q), G = symmetric(q);
    std::vector<MatrixXd> T;
    RowMajor TT = RowMajor::Zero(s, s), H(s, s);
    for (int l = 0; l < 5; ++l) {
      T.push_back(symmetric(q));
      TT += vech(T.back()) * vech(T.back()).transpose();
    }
    S::theta_information(theta.data(), q, TT.data(), vech(G).data(), H.data());
    const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(G);
    const MatrixXd plus = eigen.eigenvectors() * eigen.eigenvalues().cwiseMax(0).asDiagonal() *
                          eigen.eigenvectors().transpose();
    const auto E = [&](int r, int c) {
      MatrixXd d = MatrixXd::Zero(q, q);
      d(r, c) = 1;
      return MatrixXd(d * Lambda.transpose() + Lambda * d.transpose());
    };
    for (int c1 = 0; c1 < q; ++c1)
      for (int r1 = c1; r1 < q; ++r1)
        for (int c2 = 0; c2 < q; ++c2)
          for (int r2 = c2; r2 < q; ++r2) {
            double expected = c1 == c2 ? 2 * plus(r1, r2) : 0;
            for (const MatrixXd& t : T) expected += (t * E(r1, c1) * t * E(r2, c2)).trace();
            EXPECT_NEAR(H(lower(r1, c1, q), lower(r2, c2, q)), expected, 1e-10 * (1 + std::fabs(expected)));
          }
  }
}

}  // namespace
}  // namespace cuglmm::testing
