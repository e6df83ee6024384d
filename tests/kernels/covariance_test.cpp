// theta <-> Lambda and the gradient back, for one term and for terms on two nesting levels.
#include <kernels/covariance.hpp>

#include <Eigen/Dense>

#include "tests/kernels/lanes.hpp"

namespace cuglmm::testing {
namespace {

template <class Real>
class Covariance : public ::testing::Test {};
TYPED_TEST_SUITE(Covariance, Reals);

/// Level 0: a term of 2 columns and one of 1; level 1: a term of 2. theta: 3 + 1 + 3.
struct TwoLevels {
  int level_first[3] = {0, 3, 5};
  TermView terms[3] = {{0, 0, 2, 0}, {0, 2, 1, 3}, {1, 3, 2, 4}};
  AnyShape shape{1, 2, 3, 7, level_first, terms};
};

/// theta = 1, 2, .. in lane 0, ten more in each lane after it.
template <class Real>
std::vector<Real> counting(int n) {
  std::vector<Real> theta;
  for (int i = 0; i < n; ++i)
    theta.push_back(make_lanes<Real>([&](int lane) { return i + 1.0 + 10 * lane; }));
  return theta;
}

TEST(Lower, NumbersTheTriangleByColumnsAsLme4DoesTheta) {
  for (int q = 1; q <= 6; ++q) {
    int next = 0;
    for (int c = 0; c < q; ++c)
      for (int r = c; r < q; ++r) EXPECT_EQ(lower(r, c, q), next++);
    EXPECT_EQ(next, q * (q + 1) / 2);
  }
}

TYPED_TEST(Covariance, LambdaOfOneTermHasThetaByColumns) {
  const auto theta = counting<TypeParam>(6);
  TypeParam Lambda[9];
  level_lambda(OneTerm<3>{1}, 0, theta.data(), Lambda);
  const int expected[3][3] = {{1, 0, 0}, {2, 4, 0}, {3, 5, 6}};
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c <= r; ++c)
      for (int lane = 0; lane < kLanes<TypeParam>; ++lane)
        EXPECT_EQ(lanes_of(Lambda[r * 3 + c])[std::size_t(lane)], expected[r][c] + 10 * lane);
}

TYPED_TEST(Covariance, LambdaOfALevelHasItsTermsAlongTheDiagonal) {
  const TwoLevels two;
  const auto theta = counting<TypeParam>(7);
  TypeParam Lambda[9];
  level_lambda(two.shape, 0, theta.data(), Lambda);
  const int leaf[3][3] = {{1, 0, 0}, {2, 3, 0}, {0, 0, 4}};
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c <= r; ++c) EXPECT_EQ(lanes_of(Lambda[r * 3 + c])[0], leaf[r][c]);
  level_lambda(two.shape, 1, theta.data(), Lambda);
  EXPECT_EQ(lanes_of(Lambda[0])[0], 5);
  EXPECT_EQ(lanes_of(Lambda[2])[0], 6);
  EXPECT_EQ(lanes_of(Lambda[3])[0], 7);
}

// dd/dLambda_j = 2 G_j Lambda_j for any d with dd/dSigma_j = G_j, term by term.
TYPED_TEST(Covariance, ThetaGradientIsTheLowerTriangleOfTwiceGLambda) {
  const TwoLevels two;
  const auto theta = counting<TypeParam>(7);
  std::vector<TypeParam> G, gradient(7);
  for (int i = 0; i < 7; ++i)
    G.push_back(make_lanes<TypeParam>([&](int lane) { return std::sin(3.0 * i + lane); }));
  Lanes<TypeParam> lanes;
  lanes.at = G.data();
  theta_gradient(two.shape, theta.data(), lanes, gradient.data());
  for (const TermView& t : two.terms)
    for (int lane = 0; lane < kLanes<TypeParam>; ++lane) {
      Eigen::MatrixXd dense(t.size, t.size), Lambda = Eigen::MatrixXd::Zero(t.size, t.size);
      const auto at = [&](const std::vector<TypeParam>& v, int r, int c) {
        return lanes_of(v[std::size_t(t.theta + lower(r, c, t.size))])[std::size_t(lane)];
      };
      for (int c = 0; c < t.size; ++c)
        for (int r = c; r < t.size; ++r) {
          dense(r, c) = dense(c, r) = at(G, r, c);
          Lambda(r, c) = at(theta, r, c);
        }
      const Eigen::MatrixXd expected = 2 * dense * Lambda;
      for (int c = 0; c < t.size; ++c)
        for (int r = c; r < t.size; ++r) EXPECT_NEAR(at(gradient, r, c), expected(r, c), 1e-12);
    }
}

}  // namespace
}  // namespace cuglmm::testing
