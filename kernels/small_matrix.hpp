/// Dense q x q matrices of a lane, row-major, lower triangles: factor, invert, multiply. q is small; loops
/// unroll where the compiler knows it.
#pragma once

#include <kernels/real.hpp>

namespace cuglmm {

/// M = L L' in place (lower triangle), but with 1 / L_ii on the diagonal; the pivots L_ii^2 go to
/// pivot(value). Returns false lanes where a pivot is not positive (only possible with NaN or infinite
/// entries: M = A + I, A positive semidefinite).
template <class Real, class Pivot>
CUGLMM_HD Mask<Real> cholesky(Real* M, int q, Pivot pivot) {
  Mask<Real> ok(true);
  for (int c = 0; c < q; ++c) {
    Real d = M[c * q + c];
    for (int k = 0; k < c; ++k) d -= M[c * q + k] * M[c * q + k];
    ok = and_(ok, d > 0.0);
    pivot(d);
    const Real inverse = 1.0 / sqrt_(d);
    M[c * q + c] = inverse;
    for (int r = c + 1; r < q; ++r) {
      Real sum = M[r * q + c];
      for (int k = 0; k < c; ++k) sum -= M[r * q + k] * M[c * q + k];
      M[r * q + c] = sum * inverse;
    }
  }
  return ok;
}

/// L <- L^-1 in place (lower triangle), from what cholesky() leaves.
template <class Real>
CUGLMM_HD void invert_lower(Real* L, int q) {
  for (int c = 0; c < q; ++c) {
    for (int r = c + 1; r < q; ++r) {
      Real sum = L[r * q + c] * L[c * q + c];
      for (int k = c + 1; k < r; ++k) sum += L[r * q + k] * L[k * q + c];
      L[r * q + c] = -sum * L[r * q + r];
    }
  }
}

/// y = L x (or L' x if Transposed), L lower triangular.
template <bool Transposed, class Real>
CUGLMM_HD void multiply_lower(const Real* L, int q, const Real* x, Real* y) {
  for (int r = 0; r < q; ++r) {
    Real sum(0.0);
    if constexpr (Transposed) {
      for (int k = r; k < q; ++k) sum = fma_(L[k * q + r], x[k], sum);
    } else {
      for (int k = 0; k <= r; ++k) sum = fma_(L[r * q + k], x[k], sum);
    }
    y[r] = sum;
  }
}

}  // namespace cuglmm
