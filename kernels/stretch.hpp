/// Sums and products over stretches of consecutive entries. One problem at a time does them in packs
/// (cpu/single.hpp).
#pragma once

#include <kernels/views.hpp>

namespace cuglmm {

/// f(0), .., f(n - 1), AtOnce of them between two branches: a GPU's thread then waits once for what they
/// load, if they store nothing.
template <int AtOnce, class F>
CUGLMM_HD void in_groups(Index n, const F& f) {
  Index i = 0;
  for (; i + AtOnce <= n; i += AtOnce)
    for (int k = 0; k < AtOnce; ++k) f(i + k);
  for (; i < n; ++i) f(i);
}

/// a'b of n entries, in four chains of arithmetic side by side.
template <class Real>
CUGLMM_HD Real dot(const Lanes<Real>& a, const Lanes<Real>& b, Index n) {
  Real first(0.0), second(0.0), third(0.0), fourth(0.0);
  Index i = 0;
  for (; i + 4 <= n; i += 4) {
    first = fma_(a[i], b[i], first);
    second = fma_(a[i + 1], b[i + 1], second);
    third = fma_(a[i + 2], b[i + 2], third);
    fourth = fma_(a[i + 3], b[i + 3], fourth);
  }
  for (; i < n; ++i) first = fma_(a[i], b[i], first);
  return (first + second) + (third + fourth);
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

/// out_k = a_k'b of n entries, kSeveral of them at once: b is read once.
template <class Real>
CUGLMM_HD void dot_several(const Lanes<Real>* a, const Lanes<Real>& b, Index n, Real* out) {
  Real sum[kSeveral];
  for (int k = 0; k < kSeveral; ++k) sum[k] = Real(0.0);
  in_groups<4>(n, [&](Index i) {
    const Real b_i = b[i];
    for (int k = 0; k < kSeveral; ++k) sum[k] = fma_(Real(a[k][i]), b_i, sum[k]);
  });
  for (int k = 0; k < kSeveral; ++k) out[k] = sum[k];
}

// The subtractions for a GPU's double. The compiler may not move a load before a store that could be to the
// same place, so its thread would wait for memory at every entry: these fetch several entries before they
// store the first.

CUGLMM_HD void subtract(const Lanes<double>& y, const double& factor, const Lanes<double>& x, Index n) {
  constexpr int kAtOnce = 8;
  Index i = 0;
  for (; i + kAtOnce <= n; i += kAtOnce) {
    double value[kAtOnce];
    for (int k = 0; k < kAtOnce; ++k) value[k] = fma_(-factor, x[i + k], y[i + k]);
    for (int k = 0; k < kAtOnce; ++k) y[i + k] = value[k];
  }
  for (; i < n; ++i) y[i] = fma_(-factor, x[i], y[i]);
}
CUGLMM_HD void subtract_several(const Lanes<double>& y, const double* factor, const Lanes<double>* x,
                                Index n) {
  constexpr int kAtOnce = 4;
  Index i = 0;
  for (; i + kAtOnce <= n; i += kAtOnce) {
    double value[kAtOnce];
    for (int j = 0; j < kAtOnce; ++j) {
      value[j] = y[i + j];
      for (int k = 0; k < kSeveral; ++k) value[j] = fma_(-factor[k], x[k][i + j], value[j]);
    }
    for (int j = 0; j < kAtOnce; ++j) y[i + j] = value[j];
  }
  for (; i < n; ++i) {
    double value = y[i];
    for (int k = 0; k < kSeveral; ++k) value = fma_(-factor[k], x[k][i], value);
    y[i] = value;
  }
}

/// Where values[j] has the place of an earlier one it is added to that and its place becomes -1.
template <int n, class Real>
CUGLMM_HD void merge_places(int (&place)[n], Real (&values)[n]) {
  for (int j = 1; j < n; ++j)
    for (int i = 0; i < j; ++i)
      if (place[i] == place[j] && place[j] >= 0) {
        values[i] += values[j];
        place[j] = -1;
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
