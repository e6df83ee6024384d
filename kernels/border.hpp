/// A dense symmetric positive definite matrix of a lane, n x n row-major, of which the lower triangle is
/// used: the border of an arrow. Small ones are factored lane by lane, large ones one lane after another by
/// DenseFunctions (design.md 2: from about 192 on that is faster).
#pragma once

#include <kernels/log_product.hpp>
#include <kernels/views.hpp>

namespace cuglmm {

/// The host's dense linear algebra on one matrix, n x n row-major, lower triangle: LAPACK's, or through
/// `context` a GPU's (host/cuda/border.hpp).
struct DenseFunctions {
  void* context;
  int smallest;  ///< from this n on they serve
  /// Cholesky, L L'; false: not positive definite.
  bool (*factor)(void* context, double* A, int n, int threads);
  /// L, where and as factor() left it, by A^-1.
  void (*invert)(void* context, double* L, int n, int threads);
};

/// From this size on LAPACK's serve.
constexpr int kDenseBorder = 160;

/// A = L D L' lane by lane: in place, L of unit diagonal, 1 / D on the diagonal.
template <class Real>
CUGLMM_CALL Mask<Real> factor_border(const Lanes<Real>& A, int n, LogProduct<Real>& log_inverse) {
  Mask<Real> positive(true);
  for (int i = 0; i < n; ++i) {
    const Lanes<Real> row = A.from(Index{i} * n);
    Real d = row[i];
    for (int j = 0; j < i; ++j) {  // row[k], k < j: L_ik D_k
      const Lanes<Real> above = A.from(Index{j} * n);
      Real sum = row[j];
      for (int k = 0; k < j; ++k) sum -= row[k] * above[k];
      row[j] = sum;
    }
    for (int j = 0; j < i; ++j) {
      const Real scaled = row[j];
      row[j] = scaled * A[Index{j} * n + j];
      d -= scaled * row[j];
    }
    positive = and_(positive, d > 0.0);
    row[i] = 1.0 / d;
    log_inverse.times(row[i]);
    log_inverse.flush();
  }
  return positive;
}

/// x <- A^-1 x from the factor.
template <class Real>
CUGLMM_CALL void solve_border(const Lanes<Real>& L, int n, const Lanes<Real>& x) {
  for (int i = 0; i < n; ++i) {
    Real sum = x[i];
    for (int k = 0; k < i; ++k) sum -= L[Index{i} * n + k] * x[k];
    x[i] = sum;
  }
  for (int i = n - 1; i >= 0; --i) {
    const Real value = x[i] * L[Index{i} * n + i];
    x[i] = value;
  }
  for (int i = n - 1; i >= 0; --i)
    for (int k = 0; k < i; ++k) x[k] -= L[Index{i} * n + k] * x[i];
}

/// The factor by A^-1 (lower triangle).
template <class Real>
CUGLMM_CALL void invert_border(const Lanes<Real>& L, int n) {
  for (int i = 0; i < n; ++i) {  // L <- L^-1, row by row
    const Lanes<Real> row = L.from(Index{i} * n);
    for (int k = 0; k < i; ++k) {
      const Real factor = row[k];
      const Lanes<Real> above = L.from(Index{k} * n);
      for (int j = 0; j < k; ++j) row[j] -= factor * above[j];
      row[k] = -factor;
    }
  }
  for (int i = 0; i < n; ++i) {  // A^-1 = L^-T D^-1 L^-1; its row i needs rows i and below of L^-1
    const Lanes<Real> row = L.from(Index{i} * n);
    for (int j = 0; j < i; ++j) row[j] *= row[i];
    for (int k = i + 1; k < n; ++k) {
      const Lanes<Real> below = L.from(Index{k} * n);
      const Real factor = below[i] * below[k];
      for (int j = 0; j <= i; ++j) row[j] = fma_(factor, below[j], row[j]);
    }
  }
}

}  // namespace cuglmm
