/// Sums and products over stretches of consecutive entries. One problem at a time does them in packs
/// (cpu/single.hpp).
#pragma once

#include <kernels/views.hpp>

namespace cuglmm {

/// a'b of n entries.
template <class Real>
CUGLMM_HD Real dot(const Lanes<Real>& a, const Lanes<Real>& b, Index n) {
  Real sum(0.0);
  for (Index i = 0; i < n; ++i) sum = fma_(a[i], b[i], sum);
  return sum;
}

/// y -= factor x, n entries.
template <class Real>
CUGLMM_HD void subtract(const Lanes<Real>& y, const Real& factor, const Lanes<Real>& x, Index n) {
  for (Index i = 0; i < n; ++i) y[i] -= factor * x[i];
}

}  // namespace cuglmm
