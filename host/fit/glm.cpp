#include <host/fit/glm.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <Eigen/Cholesky>

namespace cuglmm {
namespace {

using Eigen::ArrayXd;

/// mu and V(mu) of some rows.
struct Moments {
  ArrayXd mu, variance;
};
Moments moments(FamilyKind family, const ArrayXd& eta) {
  if (family == FamilyKind::poisson) {
    const ArrayXd mu = eta.min(700).exp();
    return {mu, mu};
  }
  const ArrayXd e = (-eta.abs()).exp(), large = 1 / (1 + e), small = e * large;
  return {(eta >= 0).select(large, small), large * small};
}

/// eta of R's mustart; py: sums of p y of rows of so much weight.
ArrayXd eta_of_start(FamilyKind family, const ArrayXd& py, const ArrayXd& weight) {
  if (family == FamilyKind::poisson) return ((weight > 0).select(py / weight, 0) + 0.1).log();
  const ArrayXd mu = (py + 0.5) / (weight + 1);
  return (mu / (1 - mu)).log();
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
  Eigen::MatrixXd XWX;
  Eigen::VectorXd XWz;
};

/// At beta; null: at R's mustart. Some rows at once, by products of matrices.
NormalEquations normal_equations(FamilyKind family, const PlanData& plan, const std::vector<double>& py,
                                 const Eigen::VectorXd* beta) {
  constexpr std::int64_t kAtOnce = 256;
  NormalEquations sums{Eigen::MatrixXd::Zero(plan.p, plan.p), Eigen::VectorXd::Zero(plan.p)};
  for (std::int64_t first = 0; first < plan.cells.size(); first += kAtOnce) {
    const std::int64_t rows = std::min(kAtOnce, plan.cells.size() - first);
    const auto X = plan.X_rows(first, rows);
    const auto part = [&](const std::vector<double>& of) {
      return Eigen::Map<const ArrayXd>(of.data() + first, rows);
    };
    const auto offset = part(plan.offset), weight = part(plan.cells.weight), y = part(py);
    const ArrayXd fixed = beta ? ArrayXd(X * *beta) : eta_of_start(family, y, weight) - offset;
    const Moments at = moments(family, fixed + offset);
    const ArrayXd w = weight * at.variance.max(1e-12), wz = w * fixed + y - weight * at.mu;
    sums.XWX += X.transpose() * w.matrix().asDiagonal() * X;
    sums.XWz += X.transpose() * wz.matrix();
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
    const double decrement = newton.dot(sums.XWX * newton);
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
