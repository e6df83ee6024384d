#include <tests/reference/bfgs.hpp>

#include <algorithm>
#include <cmath>

#include <Eigen/Core>

namespace cuglmm::reference {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Halves the step until the Armijo condition holds up to rounding; an infinite value if it never does.
Point line_search(const Objective& f, const Point& from, const VectorXd& direction) {
  const double slope = direction.dot(from.gradient), rounding = 1e-13 * std::abs(from.value);
  double step = std::min(1.0, 2 / direction.cwiseAbs().maxCoeff());
  for (; step > 1e-10; step /= 2) {
    const Point to = f(from.x + step * direction);
    if (to.value <= from.value + 1e-4 * step * slope + rounding) return to;
  }
  return Point{};
}

/// The inverse BFGS update, left out where the curvature along s is not positive.
void update(MatrixXd& B, const VectorXd& s, const VectorXd& y) {
  const double sy = s.dot(y);
  if (sy <= 1e-10 * s.norm() * y.norm()) return;
  const MatrixXd I = MatrixXd::Identity(B.rows(), B.cols()), V = I - s * y.transpose() / sy;
  B = V * B * V.transpose() + s * s.transpose() / sy;
}

}  // namespace

Point bfgs(const Objective& f, const VectorXd& start, MatrixXd B, double tolerance) {
  Point at = f(start);
  for (int iteration = 0; iteration < 500; ++iteration) {
    VectorXd direction = -B * at.gradient;
    if (!(direction.dot(at.gradient) < 0)) {
      B = MatrixXd::Identity(start.size(), start.size()) / std::max(1.0, at.gradient.norm());
      direction = -B * at.gradient;
    }
    at.decrement = -direction.dot(at.gradient) / 2;
    if (at.decrement < tolerance) break;
    Point next = line_search(f, at, direction);
    if (!std::isfinite(next.value)) break;
    update(B, next.x - at.x, next.gradient - at.gradient);
    next.decrement = at.decrement;
    at = next;
  }
  return at;
}

}  // namespace cuglmm::reference
