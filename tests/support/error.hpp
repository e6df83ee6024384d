/// Differences of matrices, for tests that compare with an arbiter.
#pragma once

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>

namespace cuglmm::test {

/// Relative to the largest entry expected, or to 1.
inline double error(const Eigen::MatrixXd& actual, const Eigen::MatrixXd& expected) {
  EXPECT_EQ(actual.rows(), expected.rows());
  EXPECT_EQ(actual.cols(), expected.cols());
  return (actual - expected).cwiseAbs().maxCoeff() / std::max(1.0, expected.cwiseAbs().maxCoeff());
}

/// Relative to the largest entry, however small.
inline double relative_error(const Eigen::MatrixXd& actual, const Eigen::MatrixXd& expected) {
  return (actual - expected).cwiseAbs().maxCoeff() / expected.cwiseAbs().maxCoeff();
}

}  // namespace cuglmm::test
