/// theta <-> Lambda, and the gradient back to theta (design.md 1.1, 1.2).
#pragma once

#include <kernels/views.hpp>

namespace cuglmm {

/// Place of (row, column), row >= column, in a q x q lower triangle stored by columns: lme4's order of theta.
CUGLMM_HD int lower(int row, int column, int q) {
  return column * q - column * (column - 1) / 2 + row - column;
}

/// The block of Lambda of one nesting level, dense q x q row-major lower triangle: its terms along the
/// diagonal.
template <class Real, class Shape>
CUGLMM_HD void level_lambda(const Shape& shape, int level, const Real* theta, Real* Lambda) {
  const int q = shape.own(level), first = shape.first(level);
  if constexpr (Shape::single) {
    for (int r = 0; r < q; ++r)
      for (int c = 0; c <= r; ++c) Lambda[r * q + c] = theta[lower(r, c, q)];
  } else {
    for (int r = 0; r < q; ++r)
      for (int c = 0; c <= r; ++c) Lambda[r * q + c] = Real(0.0);
    for (int j = 0; j < shape.terms(); ++j) {
      const TermView t = shape.term(j);
      if (t.level != level) continue;
      const int at = t.first - first;
      for (int r = 0; r < t.size; ++r)
        for (int c = 0; c <= r; ++c) Lambda[(at + r) * q + at + c] = theta[t.theta + lower(r, c, t.size)];
    }
  }
}

/// dd/dtheta: the lower triangle of dd/dLambda_j = 2 G_j Lambda_j (design.md 1.2), for every term.
template <class Real, class Shape, class Gradient>
CUGLMM_HD void theta_gradient(const Shape& shape, const Real* theta, const Lanes<Real>& G,
                              const Gradient& gradient) {
  for (int j = 0; j < shape.terms(); ++j) {
    const TermView t = shape.term(j);
    for (int c = 0; c < t.size; ++c)
      for (int r = c; r < t.size; ++r) {
        Real sum(0.0);
        for (int k = c; k < t.size; ++k)
          sum = fma_(G[t.theta + (r > k ? lower(r, k, t.size) : lower(k, r, t.size))],
                     theta[t.theta + lower(k, c, t.size)], sum);
        gradient[t.theta + lower(r, c, t.size)] = 2.0 * sum;
      }
  }
}

}  // namespace cuglmm
