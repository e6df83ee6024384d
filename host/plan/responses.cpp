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
  const Eigen::VectorXd py = cell_sums(model, y, sums.constant);
  sums.xy = X_rows(0, cells.size()).transpose() * py;
  if (!linear) sums.offset_y = Eigen::Map<const Eigen::VectorXd>(offset.data(), cells.size()).dot(py);
  sums.zy.assign(view.zy_total, 0);
  const double* z = Z.data();
  if (arrow) {
    const int* effect = arrow->effect.data();
    for (std::int64_t i = 0; i < cells.size(); ++i)
      for (int level = 0; level < paths.levels(); ++level, ++effect)
        for (int c = 0; c < paths.own(level); ++c) sums.zy[*effect + c] += *z++ * py[i];
    return sums;
  }
  for (const ComponentData& component : components)
    for (const Node& node : component.nodes) {
      if (node.level != 0) continue;
      double* zy = sums.zy.data() + component.zy_first + node.leaf * paths.Q;
      for (int i = component.cell_first + node.rows_begin; i < component.cell_first + node.rows_end; ++i)
        for (int c = 0; c < paths.Q; ++c) zy[c] += Z[std::size_t(i) * paths.Q + c] * py[i];
    }
  return sums;
}

/// sum p y of each cell; adds the rows' part of the constant.
Eigen::VectorXd PlanData::cell_sums(const Model& model, const Eigen::Ref<const Eigen::VectorXd>& y,
                                    double& constant) const {
  Eigen::VectorXd py = Eigen::VectorXd::Zero(cells.size());
  for (std::int64_t i = 0; i < cells.size(); ++i) {
    double centre = linear ? offset[i] : 0;
    for (int j = 0; linear && j < p; ++j) centre += X[std::size_t(i) * p + j] * arrow->centre[j];
    for (int k = cells.first[i]; k < cells.first[i + 1]; ++k) {
      const std::int64_t row = cells.row[k];
      const double value = y[row] - centre, weight = model.weights[row];
      constant += linear ? weight * value * value : likelihood_constant(model.family.kind, value, weight);
      py[i] += weight * value;
    }
  }
  return py;
}

}  // namespace cuglmm
