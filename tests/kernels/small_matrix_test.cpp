// Small dense matrices over lanes against Eigen; every lane has a matrix of its own.
#include <kernels/small_matrix.hpp>

#include <Eigen/Dense>

#include "tests/kernels/lanes.hpp"

namespace cuglmm::testing {
namespace {

template <class Real>
class SmallMatrix : public ::testing::Test {
 protected:
  /// A positive definite matrix per lane.
  std::vector<Eigen::MatrixXd> random_matrices(int q) {
    std::vector<Eigen::MatrixXd> A;
    for (int lane = 0; lane < kLanes<Real>; ++lane) {
      Eigen::MatrixXd B(q, q);
      for (int i = 0; i < q * q; ++i) B(i / q, i % q) = normal_(random_);
      A.push_back(B * B.transpose() + Eigen::MatrixXd::Identity(q, q));
    }
    return A;
  }
  std::vector<Real> row_major(const std::vector<Eigen::MatrixXd>& A) {
    const int q = static_cast<int>(A[0].rows());
    std::vector<Real> M;
    for (int i = 0; i < q * q; ++i)
      M.push_back(make_lanes<Real>([&](int lane) { return A[std::size_t(lane)](i / q, i % q); }));
    return M;
  }
  /// The lower triangle of a lane.
  Eigen::MatrixXd lower_of(const std::vector<Real>& M, int q, int lane) {
    Eigen::MatrixXd L = Eigen::MatrixXd::Zero(q, q);
    for (int r = 0; r < q; ++r)
      for (int c = 0; c <= r; ++c) L(r, c) = lanes_of(M[std::size_t(r * q + c)])[std::size_t(lane)];
    return L;
  }
  /// Eigen's L L' = A as cholesky() leaves it: L of unit diagonal, with 1 / D there.
  static Eigen::MatrixXd factor(const Eigen::MatrixXd& A) {
    Eigen::MatrixXd L = A.llt().matrixL();
    const Eigen::VectorXd root = L.diagonal();
    L *= root.cwiseInverse().asDiagonal();
    L.diagonal() = root.cwiseAbs2().cwiseInverse();
    return L;
  }
  std::mt19937_64 random_{3};
  std::normal_distribution<double> normal_;
};
TYPED_TEST_SUITE(SmallMatrix, Reals);

constexpr double kTolerance = 1e-12;

TYPED_TEST(SmallMatrix, CholeskyEqualsEigens) {
  for (int q : {1, 2, 3, 5, 12}) {
    const auto A = this->random_matrices(q);
    auto M = this->row_major(A);
    const auto ok = cholesky(M.data(), q);
    EXPECT_TRUE(all_(ok));
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
      EXPECT_TRUE(this->lower_of(M, q, lane).isApprox(this->factor(A[std::size_t(lane)]), kTolerance));
    }
  }
}

TYPED_TEST(SmallMatrix, CholeskyFailsInTheLanesOfBadMatricesOnly) {
  for (const double bad : {-5.0, 0.0, std::nan("")}) {
    auto A = this->random_matrices(3);
    const int last = kLanes<TypeParam> - 1;
    A[std::size_t(last)](1, 1) = bad;
    auto M = this->row_major(A);
    const auto ok = cholesky(M.data(), 3);
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane) EXPECT_EQ(is_set<TypeParam>(ok, lane), lane != last);
  }
}

TYPED_TEST(SmallMatrix, InvertLowerTakesWhatCholeskyLeaves) {
  for (int q : {1, 2, 3, 5, 12}) {
    const auto A = this->random_matrices(q);
    auto M = this->row_major(A);
    cholesky(M.data(), q);
    invert_lower(M.data(), q);
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
      const Eigen::MatrixXd L = this->factor(A[std::size_t(lane)]);
      Eigen::MatrixXd inverse = Eigen::MatrixXd(L.triangularView<Eigen::UnitLower>()).inverse();
      inverse.diagonal() = L.diagonal();
      EXPECT_TRUE(this->lower_of(M, q, lane).isApprox(inverse, kTolerance));
    }
  }
}

TYPED_TEST(SmallMatrix, MultiplyLowerReadsTheLowerTriangleOnly) {
  for (int q : {1, 2, 3, 5}) {
    const auto A = this->random_matrices(q);
    const auto M = this->row_major(A);
    std::vector<TypeParam> x, y(static_cast<std::size_t>(q)), yt(y), unit(y), unit_t(y);
    for (int i = 0; i < q; ++i)
      x.push_back(make_lanes<TypeParam>([&](int lane) { return 1.0 + i - 0.3 * lane; }));
    multiply_lower<false>(M.data(), q, x.data(), y.data());
    multiply_lower<true>(M.data(), q, x.data(), yt.data());
    multiply_lower<false, true>(M.data(), q, x.data(), unit.data());
    multiply_lower<true, true>(M.data(), q, x.data(), unit_t.data());
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
      const Eigen::MatrixXd L = A[std::size_t(lane)].template triangularView<Eigen::Lower>();
      Eigen::VectorXd v(q);
      for (int i = 0; i < q; ++i) v[i] = 1.0 + i - 0.3 * lane;
      for (int i = 0; i < q; ++i) {
        EXPECT_NEAR(lanes_of(y[std::size_t(i)])[std::size_t(lane)], (L * v)[i], kTolerance);
        EXPECT_NEAR(lanes_of(yt[std::size_t(i)])[std::size_t(lane)], (L.transpose() * v)[i], kTolerance);
        const double other = (1 - L(i, i)) * v[i];
        EXPECT_NEAR(lanes_of(unit[std::size_t(i)])[std::size_t(lane)], (L * v)[i] + other, kTolerance);
        EXPECT_NEAR(lanes_of(unit_t[std::size_t(i)])[std::size_t(lane)], (L.transpose() * v)[i] + other,
                    kTolerance);
      }
    }
  }
}

}  // namespace
}  // namespace cuglmm::testing
