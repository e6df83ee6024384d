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

/// The same of several x one after another: y is read and written once.
constexpr int kSeveral = 4;
template <class Real>
CUGLMM_HD void subtract_several(const Lanes<Real>& y, const Real* factor, const Lanes<Real>* x, Index n) {
  for (Index i = 0; i < n; ++i) {
    Real sum = y[i];
    for (int k = 0; k < kSeveral; ++k) sum -= factor[k] * x[k][i];
    y[i] = sum;
  }
}

/// n entries or, where what follows the n-th of `most` may be touched, as many as fill packs.
template <class Real>
CUGLMM_HD Index whole_stretch(Index n, Index most) {
  constexpr Index pack = Lane<Real>::stretch;
  const Index whole = (n + pack - 1) / pack * pack;
  return whole < most ? whole : most;
}

}  // namespace cuglmm
