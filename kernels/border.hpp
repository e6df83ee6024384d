/// A dense symmetric positive definite matrix of a lane, n x n row-major, of which the lower triangle is
/// used: the border of an arrow. Small ones are factored lane by lane, large ones one lane after another by
/// DenseFunctions (design.md 2: from about 192 on that is faster).
#pragma once

#include <kernels/log_product.hpp>
#include <kernels/stretch.hpp>
#include <kernels/team.hpp>

namespace cuglmm {

/// T = R_ll - R_l. C R_.l (design.md 1.2) of consecutive nodes l of q effects: R, C symmetric n x n,
/// row-major, lower triangles.
struct DenseT {
  const double *R, *C;
  int n;
  int begin, end, q;  ///< the nodes' effects
  double* T;          ///< of each node q x q
  Index R_stride;     ///< from entry to entry of R, and of T
  Index T_stride;     ///< from effect to effect
};

/// The host's dense linear algebra on one matrix, n x n row-major, lower triangle: LAPACK's, or through
/// `context` a GPU's (host/cuda/border.hpp) or none but products (host/engine/probes.hpp).
struct DenseFunctions {
  void* context;
  int smallest;  ///< from this n on they serve
  /// Cholesky, L L'; returns log|A|, NaN: not positive definite.
  double (*factor)(void* context, double* A, int n, int threads);
  /// L, where and as factor() left it, by A^-1.
  void (*invert)(void* context, double* L, int n, int threads);
  /// x, n x columns row-major, by A^-1 x, before and after invert(); null: by substitution with what the
  /// other two leave.
  void (*solve)(void* context, double* x, int n, int columns, int threads);
  void (*define_T)(const DenseT& nodes, int threads);
};

/// From this size on LAPACK's serve.
constexpr int kDenseBorder = 160;

/// A = L D L' lane by lane: in place, L of unit diagonal, 1 / D on the diagonal.
template <class Real, class Threads>
CUGLMM_CALL Mask<Real> factor_border(const Lanes<Real>& A, int n, const Threads& threads,
                                     LogProduct<Real>& log_inverse) {
  for (int j = 0; j < n; ++j) {
    const Lanes<Real> row = A.from(Index{j} * n);  // so far L_jk D_k
    threads.once([&] {
      Real d = row[j];
      for (int k = 0; k < j; ++k) {
        const Real scaled = row[k];
        row[k] = scaled * A[Index{k} * n + k];
        d -= scaled * row[k];
      }
      row[j] = 1.0 / d;
    });
    threads.each(n - j - 1, [&](Index i) {
      const Lanes<Real> below = row.from((i + 1) * n);
      below[j] -= dot(below, row, j);
    });
  }
  Mask<Real> positive(true);
  for (int i = 0; i < n; ++i) {
    const Real inverse = A[Index{i} * n + i];
    positive = and_(positive, and_(inverse > 0.0, finite_(inverse)));
    log_inverse.times(inverse);
    log_inverse.flush();
  }
  return positive;
}

/// x <- A^-1 x from the factor; x: n x columns.
template <class Real, class Threads>
CUGLMM_CALL void solve_border(const Lanes<Real>& L, int n, const Lanes<Real>& x, int columns,
                              const Threads& threads) {
  const auto row = [&](Index i) { return x.from(i * columns); };
  for (int i = 0; i < n; ++i)
    threads.each(n - i - 1, [&](Index below) {
      const Index k = i + 1 + below;
      subtract(row(k), Real(L[k * n + i]), row(i), columns);
    });
  threads.each(n, [&](Index i) {
    for (int j = 0; j < columns; ++j) row(i)[j] *= L[i * n + i];
  });
  for (int i = n - 1; i > 0; --i)
    threads.each(i, [&](Index k) { subtract(row(k), Real(L[Index{i} * n + k]), row(i), columns); });
}

/// x <- A^-1 x by substitution along the rows of L, A = L L'; x: n x columns.
template <class Real>
CUGLMM_CALL void solve_rows(const Lanes<Real>& L, int n, const Lanes<Real>& x, int columns) {
  const auto row = [&](Index i) { return x.from(i * columns); };
  const auto divide = [&](Index i) {
    for (int j = 0; j < columns; ++j) row(i)[j] = row(i)[j] / L[i * n + i];
  };
  for (Index i = 0; i < n; ++i) {
    const Lanes<Real> L_row = L.from(i * n);
    if (columns == 1)
      x[i] -= dot(L_row, x, i);
    else
      for (Index k = 0; k < i; ++k) subtract(row(i), Real(L_row[k]), row(k), columns);
    divide(i);
  }
  for (Index i = n - 1; i >= 0; --i) {
    const Lanes<Real> L_row = L.from(i * n);
    divide(i);
    if (columns == 1)
      subtract(x, Real(x[i]), L_row, i);
    else
      for (Index k = 0; k < i; ++k) subtract(row(k), Real(L_row[k]), row(i), columns);
  }
}

/// The factor by A^-1 (lower triangle; what is above the diagonal is lost).
template <class Real, class Threads>
CUGLMM_CALL void invert_border(const Lanes<Real>& L, int n, const Threads& threads) {
  const auto row = [&](Index i) { return L.from(i * n); };
  threads.each(n, [&](Index i) { row(i)[i] = sqrt_(row(i)[i]); });
  threads.each(n, [&](Index c) {  // V = D^-1/2 L^-1, its column c in row c
    const Lanes<Real> column = row(c);
    for (Index i = c + 1; i < n; ++i)
      column[i] = -(row(i)[c] + dot(row(i).from(c + 1), column.from(c + 1), i - c - 1));
    for (Index i = c + 1; i < n; ++i) column[i] *= row(i)[i];
  });
  const auto product = [&](Index i, Index j) { return dot(row(i).from(i), row(j).from(i), n - i); };  // V'V
  threads.each(n, [&](Index i) {
    for (Index j = 0; j < i; ++j) row(i)[j] = product(i, j);
  });
  threads.each(n, [&](Index i) { row(i)[i] = product(i, i); });
}

}  // namespace cuglmm
