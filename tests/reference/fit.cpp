#include <cmath>
#include <limits>
#include <stdexcept>

#include <Eigen/Cholesky>
#include <Eigen/LU>

#include <tests/reference/laplace.hpp>
#include <tests/reference/rows.hpp>

namespace cuglmm::reference {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

struct Point {
  VectorXd psi, gradient;
  double value = std::numeric_limits<double>::infinity();
};

/// d at psi; infinite where it cannot be evaluated, so that a line search steps back.
Point evaluate(const Model& model, const VectorXd& psi) {
  Point point{psi, VectorXd::Zero(psi.size())};
  const Eigen::Index m = model.theta_size();
  try {
    const Laplace f = laplace(model, psi.head(m), psi.tail(psi.size() - m));
    if (std::isfinite(f.minus2_log_likelihood) && f.gradient.allFinite()) {
      point.gradient = f.gradient;
      point.value = f.minus2_log_likelihood;
    }
  } catch (const std::runtime_error&) {  // PIRLS found no mode there
  }
  return point;
}

/// Halves the step until the Armijo condition holds up to rounding; an infinite value if it never does.
Point line_search(const Model& model, const Point& from, const VectorXd& direction) {
  const double slope = direction.dot(from.gradient), rounding = 1e-13 * std::abs(from.value);
  double step = std::min(1.0, 2 / direction.cwiseAbs().maxCoeff());
  for (; step > 1e-10; step /= 2) {
    const Point to = evaluate(model, from.psi + step * direction);
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

Optimum bfgs(const Model& model, const VectorXd& theta, const VectorXd& beta, double tolerance) {
  VectorXd psi(theta.size() + beta.size());
  psi << theta, beta;
  Point at = evaluate(model, psi);
  MatrixXd B = information(model, theta, beta).inverse();
  double decrement = 0;
  for (int iteration = 0; iteration < 500; ++iteration) {
    VectorXd direction = -B * at.gradient;
    if (direction.dot(at.gradient) >= 0) {
      B = MatrixXd::Identity(psi.size(), psi.size()) / std::max(1.0, at.gradient.norm());
      direction = -B * at.gradient;
    }
    decrement = -direction.dot(at.gradient) / 2;
    if (decrement < tolerance) break;
    const Point next = line_search(model, at, direction);
    if (!std::isfinite(next.value)) break;
    update(B, next.psi - at.psi, next.gradient - at.gradient);
    at = next;
  }
  return {at.psi.head(theta.size()), at.psi.tail(beta.size()), at.value, at.gradient, decrement};
}

/// Changes the sign of the columns of the templates with a negative diagonal; d does not change.
void make_diagonals_positive(const Model& model, Optimum& optimum) {
  Eigen::Index k = 0;
  for (const RandomTerm& term : model.terms)
    for (int length = term.size(); length > 0; k += length--)
      if (optimum.theta[k] < 0) {
        optimum.theta.segment(k, length) *= -1;
        optimum.gradient.segment(k, length) *= -1;
      }
}

/// The starting point where every template is the identity.
VectorXd identity_theta(const Model& model) {
  VectorXd theta = VectorXd::Zero(model.theta_size());
  Eigen::Index k = 0;
  for (const RandomTerm& term : model.terms)
    for (int length = term.size(); length > 0; k += length--) theta[k] = 1;
  return theta;
}

}  // namespace

VectorXd glm(const Model& model) {
  const auto deviance = [&](const VectorXd& beta) {
    const VectorXd eta = model.X * beta + model.offset;
    double D = 0;
    for (Eigen::Index i = 0; i < eta.size(); ++i)
      D += row_terms(model.family, model.y[i], model.weights[i], eta[i]).D;
    return D;
  };
  VectorXd beta = VectorXd::Zero(model.X.cols());
  for (int pass = 0; pass < 100; ++pass) {
    const VectorXd eta = model.X * beta + model.offset;
    VectorXd s(eta.size()), w(eta.size());
    for (Eigen::Index i = 0; i < eta.size(); ++i) {
      const RowTerms t = row_terms(model.family, model.y[i], model.weights[i], eta[i]);
      s[i] = t.s;
      w[i] = t.w;
    }
    const VectorXd g = model.X.transpose() * s;
    VectorXd delta = (model.X.transpose() * w.asDiagonal() * model.X).ldlt().solve(g);
    const double D = deviance(beta), decrement = g.dot(delta);
    for (int halving = 0; halving < 60 && !(deviance(beta + delta) <= D + 1e-12 * D); ++halving) delta /= 2;
    beta += delta;
    if (decrement <= 1e-18 * (1 + D)) break;
  }
  return beta;
}

Optimum fit(const Model& model, double tolerance) {
  const VectorXd beta = glm(model);
  Optimum best = bfgs(model, score_start(model, beta), beta, tolerance);
  const Optimum other = bfgs(model, identity_theta(model), beta, tolerance);
  if (other.minus2_log_likelihood < best.minus2_log_likelihood) best = other;
  make_diagonals_positive(model, best);
  return best;
}

}  // namespace cuglmm::reference
