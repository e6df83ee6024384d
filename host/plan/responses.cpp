#include <math.h>  // lgamma_r is POSIX, not C++

#include <host/plan/plan_data.hpp>

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

/// With a canonical link the data enter through Z'(p y), X'(p y), offset'(p y) and a constant (design.md 2).
ResponseSums PlanData::sums(const Model& model, const Eigen::Ref<const Eigen::VectorXd>& y) const {
  ResponseSums sums;
  sums.zy.assign(view.zy_total, 0);
  sums.xy = Eigen::VectorXd::Zero(p);
  for (const ComponentData& component : components)
    for (const Node& node : component.nodes) {
      if (node.level != 0) continue;
      double* zy = sums.zy.data() + component.zy_first + node.leaf * paths.Q;
      for (int i = component.cell_first + node.rows_begin; i < component.cell_first + node.rows_end; ++i) {
        double py = 0;
        for (int k = cells.first[i]; k < cells.first[i + 1]; ++k) {
          const std::int64_t row = cells.row[k];
          py += model.weights[row] * y[row];
          sums.constant += likelihood_constant(model.family.kind, y[row], model.weights[row]);
        }
        for (int c = 0; c < paths.Q; ++c) zy[c] += Z[std::size_t(i) * paths.Q + c] * py;
        for (int j = 0; j < p; ++j) sums.xy[j] += X[std::size_t(i) * p + j] * py;
        sums.offset_y += offset[i] * py;
      }
    }
  return sums;
}

}  // namespace cuglmm
