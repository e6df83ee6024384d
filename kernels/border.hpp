/// A dense symmetric positive definite matrix of a lane, n x n row-major, of which the lower triangle is
/// used: the border of an arrow. Small ones are factored lane by lane, large ones one lane after another by
/// DenseFunctions (design.md 2: from about 192 on that is faster).
#pragma once

#include <kernels/log_product.hpp>
#include <kernels/stretch.hpp>

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
      row[j] -= dot(row, above, j);
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

/// Row i of x (columns wide) less the product of a row of L with the rows before it.
template <class Real>
CUGLMM_HD void substitute(const Lanes<Real>& L, int i, const Lanes<Real>& x, int columns) {
  if (columns == 1) {
    x[i] -= dot(L, x, i);
    return;
  }
  for (int k = 0; k < i; ++k) subtract(x.from(Index{i} * columns), L[k], x.from(Index{k} * columns), columns);
}
/// The rows before i less the product of a row of L with row i.
template <class Real>
CUGLMM_HD void substitute_back(const Lanes<Real>& L, int i, const Lanes<Real>& x, int columns) {
  if (columns == 1) return subtract(x, Real(x[i]), L, i);
  for (int k = 0; k < i; ++k) subtract(x.from(Index{k} * columns), L[k], x.from(Index{i} * columns), columns);
}

/// x <- A^-1 x from the factor; x: n x columns.
template <class Real>
CUGLMM_CALL void solve_border(const Lanes<Real>& L, int n, const Lanes<Real>& x, int columns = 1) {
  for (int i = 0; i < n; ++i) substitute(L.from(Index{i} * n), i, x, columns);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < columns; ++j) x[Index{i} * columns + j] *= L[Index{i} * n + i];
  for (int i = n - 1; i >= 0; --i) substitute_back(L.from(Index{i} * n), i, x, columns);
}

/// The factor by A^-1 (lower triangle).
template <class Real>
CUGLMM_CALL void invert_border(const Lanes<Real>& L, int n) {
  for (int i = 0; i < n; ++i) {  // L <- L^-1, row by row
    const Lanes<Real> row = L.from(Index{i} * n);
    for (int k = 0; k < i; ++k) {
      const Real factor = row[k];
      const Lanes<Real> above = L.from(Index{k} * n);
      subtract(row, factor, above, k);
      row[k] = -factor;
    }
  }
  for (int i = 0; i < n; ++i) {  // A^-1 = L^-T D^-1 L^-1; its row i needs rows i and below of L^-1
    const Lanes<Real> row = L.from(Index{i} * n);
    for (int j = 0; j < i; ++j) row[j] *= row[i];
    for (int k = i + 1; k < n; ++k) {
      const Lanes<Real> below = L.from(Index{k} * n);
      subtract(row, Real(-(below[i] * below[k])), below, i + 1);
    }
  }
}

}  // namespace cuglmm
