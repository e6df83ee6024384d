#include <host/fit/glm.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <Eigen/Cholesky>

namespace cuglmm {
namespace {

/// mu and V(mu).
struct Moment {
  double mu, variance;
};
Moment moment(FamilyKind family, double eta) {
  if (family == FamilyKind::poisson) {
    const double mu = std::exp(std::min(eta, 700.0));
    return {mu, mu};
  }
  const double e = std::exp(-std::abs(eta)), large = 1 / (1 + e), small = e * large;
  return {eta >= 0 ? large : small, large * small};
}

double link_of_start(FamilyKind family, double y, double weight) {
  if (family == FamilyKind::poisson) return std::log(y + 0.1);
  const double mu = (weight * y + 0.5) / (weight + 1);  // R's mustart
  return std::log(mu / (1 - mu));
}

/// sum p y over the rows of each cell.
std::vector<double> weighted_responses(const Model& model, const Cells& cells) {
  std::vector<double> py(cells.size());
  for (std::int64_t i = 0; i < cells.size(); ++i)
    for (int k = cells.first[i]; k < cells.first[i + 1]; ++k)
      py[i] += model.weights[cells.row[k]] * model.y[cells.row[k]];
  return py;
}

/// The weighted least squares of one iteration: X'WX and X'W (eta - offset) + X'(p y - p mu).
struct NormalEquations {
  Eigen::MatrixXd XWX;  ///< lower triangle
  Eigen::VectorXd XWz;

  void add(const double* x, double w, double wz) {
    for (Eigen::Index j = 0; j < XWz.size(); ++j) {
      const double wx = w * x[j];
      for (Eigen::Index k = j; k < XWz.size(); ++k) XWX(k, j) += wx * x[k];
      XWz[j] += wz * x[j];
    }
  }
};

/// At beta; null: at R's mustart.
NormalEquations normal_equations(FamilyKind family, const PlanData& plan, const std::vector<double>& py,
                                 const Eigen::VectorXd* beta) {
  NormalEquations sums{Eigen::MatrixXd::Zero(plan.p, plan.p), Eigen::VectorXd::Zero(plan.p)};
  for (std::int64_t i = 0; i < plan.cells.size(); ++i) {
    const double weight = plan.cells.weight[i], *x = plan.X.data() + i * plan.p;
    if (!(weight > 0)) continue;
    double fixed = 0;  // eta - offset
    for (int j = 0; beta && j < plan.p; ++j) fixed += x[j] * (*beta)[j];
    if (!beta) fixed = link_of_start(family, py[i] / weight, weight) - plan.offset[i];
    const Moment at = moment(family, fixed + plan.offset[i]);
    const double w = weight * std::max(at.variance, 1e-12);
    sums.add(x, w, w * fixed + py[i] - weight * at.mu);
  }
  return sums;
}

}  // namespace

/// Newton's method. Its decrement, about twice what a step gains, says when to stop, and by not falling that
/// a step has overshot. What is left after a step is far less, and random effects will move beta by more.
Eigen::VectorXd glm_start(const Model& model, const PlanData& plan) {
  if (plan.p == 0) return Eigen::VectorXd();
  const std::vector<double> py = weighted_responses(model, plan.cells);
  Eigen::VectorXd beta = Eigen::VectorXd::Zero(plan.p), step = beta;
  double last = INFINITY;
  for (int iteration = 0; iteration < 25; ++iteration) {
    const NormalEquations sums =
        normal_equations(model.family.kind, plan, py, iteration == 0 ? nullptr : &beta);
    const Eigen::VectorXd next = sums.XWX.ldlt().solve(sums.XWz), newton = next - beta;
    const double decrement = newton.dot(sums.XWX.selfadjointView<Eigen::Lower>() * newton);
    if (!std::isfinite(decrement)) break;
    if (iteration > 1 && !(decrement < last)) {
      step /= 2;
      beta -= step;
      continue;
    }
    step = newton;
    beta = next;
    if (iteration == 0) continue;
    if (decrement < 10) break;
    last = decrement;
  }
  return beta;
}

}  // namespace cuglmm
