/// Dense q x q matrices of a lane, row-major, lower triangles: factor, invert, multiply. q is small; loops
/// unroll where the compiler knows it.
#pragma once

#include <kernels/real.hpp>

namespace cuglmm {

/// M = L D L' in place (lower triangle), L of unit diagonal, in whose place 1 / D is left. Returns false
/// lanes where a pivot is not positive (only possible with NaN or infinite entries: M = A + I, A positive
/// semidefinite).
template <class Real>
CUGLMM_HD Mask<Real> cholesky(Real* M, int q) {
  Mask<Real> ok(true);
  for (int c = 0; c < q; ++c) {
    Real d = M[c * q + c];
    for (int k = 0; k < c; ++k) {
      const Real scaled = M[c * q + k];  // L_ck D_k
      M[c * q + k] = scaled * M[k * q + k];
      d -= scaled * M[c * q + k];
    }
    ok = and_(ok, d > 0.0);
    M[c * q + c] = 1.0 / d;
    for (int r = c + 1; r < q; ++r) {  // L_rc D_c: divided when its row becomes the pivot's
      Real sum = M[r * q + c];
      for (int k = 0; k < c; ++k) sum -= M[r * q + k] * M[c * q + k];
      M[r * q + c] = sum;
    }
  }
  return ok;
}

/// L <- L^-1 in place, of what cholesky() leaves; 1 / D stays on the diagonal.
template <class Real>
CUGLMM_HD void invert_lower(Real* L, int q) {
  for (int c = 0; c < q; ++c) {
    for (int r = c + 1; r < q; ++r) {
      Real sum = L[r * q + c];
      for (int k = c + 1; k < r; ++k) sum += L[r * q + k] * L[k * q + c];
      L[r * q + c] = -sum;
    }
  }
}

/// X = L^-1 B, all lower triangular, of diagonals as they stand.
template <class Real>
CUGLMM_HD void solve_lower(const Real* L, const Real* B, int q, Real* X) {
  for (int c = 0; c < q; ++c)
    for (int r = c; r < q; ++r) {
      Real sum = B[r * q + c];
      for (int k = c; k < r; ++k) sum -= L[r * q + k] * X[k * q + c];
      X[r * q + c] = sum / L[r * q + r];
    }
}

/// M = I + L' A (lower triangle), L lower triangular.
template <class Real>
CUGLMM_HD void identity_plus_product(const Real* L, const Real* A, int q, Real* M) {
  for (int r = 0; r < q; ++r)
    for (int c = 0; c <= r; ++c) {
      Real sum(r == c ? 1.0 : 0.0);
      for (int k = r; k < q; ++k) sum = fma_(L[k * q + r], A[k * q + c], sum);
      M[r * q + c] = sum;
    }
}

/// y = L x (or L' x if Transposed), L lower triangular; Unit: of unit diagonal, whatever stands there.
template <bool Transposed, bool Unit = false, class Real>
CUGLMM_HD void multiply_lower(const Real* L, int q, const Real* x, Real* y) {
  for (int r = 0; r < q; ++r) {
    Real sum = x[r];
    if constexpr (!Unit) sum *= L[r * q + r];
    if constexpr (Transposed) {
      for (int k = r + 1; k < q; ++k) sum = fma_(L[k * q + r], x[k], sum);
    } else {
      for (int k = 0; k < r; ++k) sum = fma_(L[r * q + k], x[k], sum);
    }
    y[r] = sum;
  }
}

}  // namespace cuglmm
