#include <cmath>
#include <stdexcept>

#include <Eigen/Cholesky>
#include <Eigen/LU>

#include <tests/reference/bfgs.hpp>
#include <tests/reference/laplace.hpp>
#include <tests/reference/linear.hpp>
#include <tests/reference/rows.hpp>

namespace cuglmm::reference {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// d and its gradient as an objective; infinite where PIRLS finds no mode, so that a line search steps back.
template <class Evaluate>
Objective objective(Evaluate evaluate) {
  return [evaluate](const VectorXd& x) {
    Point point{x, VectorXd::Zero(x.size())};
    try {
      const auto [value, gradient] = evaluate(x);
      if (std::isfinite(value) && gradient.allFinite()) {
        point.gradient = gradient;
        point.value = value;
      }
    } catch (const std::runtime_error&) {
    }
    return point;
  };
}

/// The better of two searches, from `theta` (then the rest of x) and from Lambda = I.
Point better(const Model& model, const Objective& f, const VectorXd& x, const MatrixXd& B, double tolerance) {
  const Point one = bfgs(f, x, B, tolerance);
  VectorXd other = x;
  other.head(model.theta_size()) = identity_theta(model);
  const Point two = bfgs(f, other, B, tolerance);
  return two.value < one.value ? two : one;
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

Optimum optimum_of(const Model& model, const Point& at) {
  const Eigen::Index m = model.theta_size();
  Optimum optimum{at.x.head(m), at.x.tail(at.x.size() - m), at.value, at.gradient, at.decrement};
  make_diagonals_positive(model, optimum);
  return optimum;
}

/// For the scale of the first step only.
MatrixXd inverse_of_diagonal(const MatrixXd& A) {
  return A.diagonal().cwiseMax(1e-6 * A.diagonal().maxCoeff()).cwiseInverse().asDiagonal();
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
  const Eigen::Index m = model.theta_size(), p = model.X.cols();
  const Objective f = objective([&](const VectorXd& x) {
    const Laplace at = laplace(model, x.head(m), x.tail(p));
    return std::pair{at.minus2_log_likelihood, at.gradient};
  });
  const VectorXd beta = glm(model), theta = score_start(model, beta);
  VectorXd start(m + p);
  start << theta, beta;
  return optimum_of(model, better(model, f, start, information(model, theta, beta).inverse(), tolerance));
}

Optimum fit_joint(const Model& model, double tolerance) {
  const Eigen::Index m = model.theta_size();
  const Objective f = objective([&](const VectorXd& theta) {
    const Laplace at = joint(model, theta);
    return std::pair{at.minus2_log_likelihood, at.gradient};
  });
  const VectorXd beta = glm(model), theta = score_start(model, beta);
  const MatrixXd B = inverse_of_diagonal(information(model, theta, beta).topLeftCorner(m, m));
  Optimum optimum = optimum_of(model, better(model, f, theta, B, tolerance));
  optimum.beta = joint(model, optimum.theta).beta;
  return optimum;
}

Optimum fit_linear(const Model& model, bool reml, double tolerance) {
  const Objective f = objective([&](const VectorXd& theta) {
    const Linear at = linear(model, theta, reml);
    return std::pair{at.criterion, at.gradient};
  });
  const VectorXd start = identity_theta(model) / 4;
  const MatrixXd B = inverse_of_diagonal(linear(model, start, reml).theta_information);
  Optimum optimum = optimum_of(model, better(model, f, start, B, tolerance));
  optimum.beta = linear(model, optimum.theta, reml).beta;
  return optimum;
}

}  // namespace cuglmm::reference
