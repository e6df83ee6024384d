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
  std::mt19937_64 random_{3};
  std::normal_distribution<double> normal_;
};
TYPED_TEST_SUITE(SmallMatrix, Reals);

constexpr double kTolerance = 1e-12;

TYPED_TEST(SmallMatrix, CholeskyAndItsPivotsEqualEigens) {
  for (int q : {1, 2, 3, 5, 12}) {
    const auto A = this->random_matrices(q);
    auto M = this->row_major(A);
    TypeParam determinant(1.0);
    const auto ok = cholesky<TypeParam>(M.data(), q, [&](const TypeParam& pivot) { determinant *= pivot; });
    EXPECT_TRUE(all_(ok));
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
      Eigen::MatrixXd L = A[std::size_t(lane)].llt().matrixL();
      L.diagonal() = L.diagonal().cwiseInverse().eval();  // as cholesky() leaves it
      EXPECT_TRUE(this->lower_of(M, q, lane).isApprox(L, kTolerance));
      EXPECT_NEAR(lanes_of(determinant)[std::size_t(lane)] / A[std::size_t(lane)].determinant(), 1,
                  kTolerance);
    }
  }
}

TYPED_TEST(SmallMatrix, CholeskyFailsInTheLanesOfBadMatricesOnly) {
  for (const double bad : {-5.0, 0.0, std::nan("")}) {
    auto A = this->random_matrices(3);
    const int last = kLanes<TypeParam> - 1;
    A[std::size_t(last)](1, 1) = bad;
    auto M = this->row_major(A);
    const auto ok = cholesky<TypeParam>(M.data(), 3, [](const TypeParam&) {});
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane) EXPECT_EQ(is_set<TypeParam>(ok, lane), lane != last);
  }
}

TYPED_TEST(SmallMatrix, InvertLowerTakesWhatCholeskyLeaves) {
  for (int q : {1, 2, 3, 5, 12}) {
    const auto A = this->random_matrices(q);
    auto M = this->row_major(A);
    cholesky<TypeParam>(M.data(), q, [](const TypeParam&) {});
    invert_lower(M.data(), q);
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
      const Eigen::MatrixXd L = A[std::size_t(lane)].llt().matrixL();
      EXPECT_TRUE(this->lower_of(M, q, lane).isApprox(L.inverse(), kTolerance));
    }
  }
}

TYPED_TEST(SmallMatrix, MultiplyLowerReadsTheLowerTriangleOnly) {
  for (int q : {1, 2, 3, 5}) {
    const auto A = this->random_matrices(q);
    const auto M = this->row_major(A);
    std::vector<TypeParam> x, y(static_cast<std::size_t>(q)), yt(y);
    for (int i = 0; i < q; ++i)
      x.push_back(make_lanes<TypeParam>([&](int lane) { return 1.0 + i - 0.3 * lane; }));
    multiply_lower<false>(M.data(), q, x.data(), y.data());
    multiply_lower<true>(M.data(), q, x.data(), yt.data());
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
      const Eigen::MatrixXd L = A[std::size_t(lane)].template triangularView<Eigen::Lower>();
      Eigen::VectorXd v(q);
      for (int i = 0; i < q; ++i) v[i] = 1.0 + i - 0.3 * lane;
      for (int i = 0; i < q; ++i) {
        EXPECT_NEAR(lanes_of(y[std::size_t(i)])[std::size_t(lane)], (L * v)[i], kTolerance);
        EXPECT_NEAR(lanes_of(yt[std::size_t(i)])[std::size_t(lane)], (L.transpose() * v)[i], kTolerance);
      }
    }
  }
}

}  // namespace
}  // namespace cuglmm::testing
