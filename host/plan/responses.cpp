#include <math.h>  // lgamma_r is POSIX, not C++

#include <host/plan/arrow.hpp>

namespace cuglmm {
namespace {

/// std::lgamma, but that leaves the sign in a global: a data race between threads.
double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

/// -2 times the part of a row's log likelihood that does not depend on eta: y the proportion or count, p the
/// prior weight.
double likelihood_constant(FamilyKind family, double y, double p) {
  if (family == FamilyKind::poisson) return 2 * p * log_gamma(y + 1);
  if (p == 1 && (y == 0 || y == 1)) return 0;
  return -2 * (log_gamma(p + 1) - log_gamma(p * y + 1) - log_gamma(p * (1 - y) + 1));
}

}  // namespace

/// With a canonical link the data enter through Z'(p y), X'(p y), offset'(p y) and a constant (design.md 2);
/// those of a linear model through the same of y - offset - X centre.
ResponseSums PlanData::sums(const Model& model, const Eigen::Ref<const Eigen::VectorXd>& y) const {
  ResponseSums sums;
  sums.zy.assign(view.zy_total, 0);
  sums.xy = Eigen::VectorXd::Zero(p);
  if (arrow) {
    for (std::int64_t i = 0; i < cells.size(); ++i) {
      const double py = cell_sum(model, y, i, sums);
      const int* effect = arrow->effect.data() + i * paths.levels();
      for (int level = 0; level < paths.levels(); ++level)
        for (int c = paths.level_first[level]; c < paths.level_first[level + 1]; ++c)
          sums.zy[effect[level] + c - paths.level_first[level]] += Z[std::size_t(i) * paths.Q + c] * py;
    }
    return sums;
  }
  for (const ComponentData& component : components)
    for (const Node& node : component.nodes) {
      if (node.level != 0) continue;
      double* zy = sums.zy.data() + component.zy_first + node.leaf * paths.Q;
      for (int i = component.cell_first + node.rows_begin; i < component.cell_first + node.rows_end; ++i) {
        const double py = cell_sum(model, y, i, sums);
        for (int c = 0; c < paths.Q; ++c) zy[c] += Z[std::size_t(i) * paths.Q + c] * py;
      }
    }
  return sums;
}

/// sum p y of a cell, and its part in all sums but Z'(p y).
double PlanData::cell_sum(const Model& model, const Eigen::Ref<const Eigen::VectorXd>& y, std::int64_t i,
                          ResponseSums& sums) const {
  double py = 0;
  for (int k = cells.first[i]; k < cells.first[i + 1]; ++k) {
    const std::int64_t row = cells.row[k];
    double value = y[row];
    if (linear) {
      value -= offset[i];
      for (int j = 0; j < p; ++j) value -= X[std::size_t(i) * p + j] * arrow->centre[j];
      sums.constant += model.weights[row] * value * value;
    } else {
      sums.constant += likelihood_constant(model.family.kind, value, model.weights[row]);
    }
    py += model.weights[row] * value;
  }
  for (int j = 0; j < p; ++j) sums.xy[j] += X[std::size_t(i) * p + j] * py;
  if (!linear) sums.offset_y += offset[i] * py;
  return py;
}

}  // namespace cuglmm
