#include <host/fit/glm.hpp>

#include <cmath>

#include <Eigen/Cholesky>

namespace cuglmm {
namespace {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// mu, V(mu) and the deviance's part that moves with eta, at unit weight.
struct Moment {
  double mu, variance, minus_log;
};
Moment moment(FamilyKind family, double eta, double y) {
  if (family == FamilyKind::poisson) {
    const double mu = std::exp(std::min(eta, 700.0));
    return {mu, mu, mu - y * eta};
  }
  const double e = std::exp(-std::abs(eta)), mu = eta >= 0 ? 1 / (1 + e) : e / (1 + e);
  return {mu, e / ((1 + e) * (1 + e)), std::max(eta, 0.0) + std::log1p(e) - y * eta};
}

double link_of_start(FamilyKind family, double y, double weight) {
  if (family == FamilyKind::poisson) return std::log(y + 0.1);
  const double mu = (weight * y + 0.5) / (weight + 1);  // R's mustart
  return std::log(mu / (1 - mu));
}

}  // namespace

Eigen::VectorXd glm_start(const Model& model, const PlanData& plan) {
  if (plan.p == 0) return Eigen::VectorXd();
  const FamilyKind family = model.family.kind;
  const auto n = plan.cells.size();
  const Eigen::Map<const RowMatrix> X(plan.X.data(), n, plan.p);
  const Eigen::Map<const Eigen::VectorXd> offset(plan.offset.data(), n), weight(plan.cells.weight.data(), n);
  Eigen::VectorXd y = Eigen::VectorXd::Zero(n), eta(n);
  for (std::int64_t i = 0; i < n; ++i) {
    for (int k = plan.cells.first[i]; k < plan.cells.first[i + 1]; ++k)
      y[i] += model.weights[plan.cells.row[k]] * model.y[plan.cells.row[k]];
    if (weight[i] > 0) y[i] /= weight[i];
    eta[i] = link_of_start(family, y[i], weight[i]);
  }
  Eigen::VectorXd beta = Eigen::VectorXd::Zero(plan.p), step(plan.p);
  double deviance = INFINITY;
  for (int iteration = 0; iteration < 25; ++iteration) {
    Eigen::VectorXd w(n), z(n);
    double now = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const Moment at = moment(family, eta[i], y[i]);
      w[i] = weight[i] * std::max(at.variance, 1e-12);
      z[i] = eta[i] - offset[i] + (y[i] - at.mu) / std::max(at.variance, 1e-12);
      now += 2 * weight[i] * at.minus_log;
    }
    if (iteration > 1 && !(now <= deviance + 1e-8 * std::abs(deviance))) {  // overshot: half of the step back
      step /= 2;
      beta -= step;
    } else {
      if (iteration > 1 && deviance - now < 1e-2) break;  // quadratic: what is left is about its square
      if (iteration > 0) deviance = now;
      const Eigen::MatrixXd XWX = X.transpose() * w.asDiagonal() * X;
      const Eigen::VectorXd next = XWX.ldlt().solve(X.transpose() * (w.asDiagonal() * z));
      if (!next.allFinite()) break;
      step = next - beta;
      beta = next;
    }
    eta = X * beta + offset;
  }
  return beta;
}

}  // namespace cuglmm
