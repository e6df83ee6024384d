/// A plain BFGS search for the arbiter's own fits.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <limits>

namespace cuglmm::reference {

/// An objective and its gradient at x; an infinite value where it cannot be evaluated.
struct Point {
  Eigen::VectorXd x, gradient;
  double value = std::numeric_limits<double>::infinity();
  double decrement = 0;  ///< at the end of a search: g'Bg/2, how much lower the optimum may still be
};

using Objective = std::function<Point(const Eigen::VectorXd& x)>;

/// From `start` with the inverse Hessian B until g'Bg/2 is below `tolerance`, or no step descends.
Point bfgs(const Objective& f, const Eigen::VectorXd& start, Eigen::MatrixXd B, double tolerance);

}  // namespace cuglmm::reference
