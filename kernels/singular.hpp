/// Singular covariances (design.md 1.2): d is even in the sign of a column of Lambda, so its gradient is 0 at
/// Lambda_j = 0 whatever the data, and a rank-deficient Lambda_j can be a saddle. One term of one problem at
/// a time: these are rare.
#pragma once

#include <kernels/covariance.hpp>

namespace cuglmm {

/// Below this a diagonal of theta is called singular: lme4's isSingular().
constexpr double kSingular = 1e-4;
/// And below this nearly singular: the search is checked (kernels/search.hpp).
constexpr double kNearlySingular = 0.05;

/// The functions, in double; a template on the Real of the caller so that each instruction set has its own
/// copy. capacity: the largest term's columns. G, TT: arrays of double, or a lane's view of them.
template <class Real, int capacity = kMaxPath>
struct Singular {
  /// Eigenvalues and -vectors of a symmetric q x q matrix by Jacobi's rotations. A: overwritten, its diagonal
  /// the eigenvalues; V: eigenvectors in columns. Row-major.
  CUGLMM_LANE static void jacobi_eigen(double* A, double* V, int q) {
    for (int r = 0; r < q; ++r)
      for (int c = 0; c < q; ++c) V[r * q + c] = r == c;
    for (int sweep = 0; sweep < 50; ++sweep) {
      double off = 0, scale = 0;
      for (int r = 0; r < q; ++r)
        for (int c = 0; c < q; ++c) (r == c ? scale : off) += A[r * q + c] * A[r * q + c];
      if (off <= 1e-30 * scale || off == 0) return;
      for (int r = 1; r < q; ++r)
        for (int c = 0; c < r; ++c) {
          const double apq = A[r * q + c];
          if (apq == 0) continue;
          const double ratio = (A[r * q + r] - A[c * q + c]) / (2 * apq);
          const double t = (ratio >= 0 ? 1 : -1) / (fabs(ratio) + sqrt(ratio * ratio + 1));
          const double cosine = 1 / sqrt(t * t + 1), sine = t * cosine;
          for (int k = 0; k < q; ++k) {
            const double a = A[k * q + c], b = A[k * q + r];
            A[k * q + c] = cosine * a - sine * b;
            A[k * q + r] = sine * a + cosine * b;
          }
          for (int k = 0; k < q; ++k) {
            const double a = A[c * q + k], b = A[r * q + k];
            A[c * q + k] = cosine * a - sine * b;
            A[r * q + k] = sine * a + cosine * b;
          }
          for (int k = 0; k < q; ++k) {
            const double a = V[k * q + c], b = V[k * q + r];
            V[k * q + c] = cosine * a - sine * b;
            V[k * q + r] = sine * a + cosine * b;
          }
        }
    }
  }

  /// Sigma = Lambda Lambda' of one term (q x q row-major) from its theta.
  CUGLMM_LANE static void theta_to_sigma(const double* theta, int q, double* Sigma) {
    for (int r = 0; r < q; ++r)
      for (int c = 0; c < q; ++c) {
        double sum = 0;
        for (int k = 0; k <= (r < c ? r : c); ++k) sum += theta[lower(r, k, q)] * theta[lower(c, k, q)];
        Sigma[r * q + c] = sum;
      }
  }

  /// The theta with non-negative diagonals that has this Sigma; a zero (or, by rounding, negative) pivot: a
  /// zero column.
  CUGLMM_LANE static void sigma_to_theta(const double* Sigma, int q, double* theta) {
    for (int c = 0; c < q; ++c) {
      double d = Sigma[c * q + c];
      for (int k = 0; k < c; ++k) d -= theta[lower(c, k, q)] * theta[lower(c, k, q)];
      const double root = d > 1e-15 * Sigma[c * q + c] ? sqrt(d) : 0;
      theta[lower(c, c, q)] = root;
      for (int r = c + 1; r < q; ++r) {
        double sum = Sigma[r * q + c];
        for (int k = 0; k < c; ++k) sum -= theta[lower(r, k, q)] * theta[lower(c, k, q)];
        theta[lower(r, c, q)] = root > 0 ? sum / root : 0;
      }
    }
  }

  /// The same Sigma with non-negative diagonals: signs of columns, or a new factor where a diagonal is
  /// (nearly) zero.
  CUGLMM_LANE static void canonical_theta(double* theta, int q) {
    bool refactor = false;
    for (int c = 0; c < q; ++c) {
      if (fabs(theta[lower(c, c, q)]) < 1e-10) refactor = true;
      if (theta[lower(c, c, q)] < 0)
        for (int r = c; r < q; ++r) theta[lower(r, c, q)] = -theta[lower(r, c, q)];
    }
    if (!refactor) return;
    double Sigma[capacity * capacity];
    theta_to_sigma(theta, q, Sigma);
    sigma_to_theta(Sigma, q, theta);
  }

  CUGLMM_LANE static bool has_small_diagonal(const double* theta, int q) {
    for (int c = 0; c < q; ++c)
      if (!(fabs(theta[lower(c, c, q)]) >= kSingular)) return true;
    return false;
  }

  /// Takes the eigenvalues of Sigma below kSingular^2 out. Returns false (and leaves theta) where there are
  /// none.
  CUGLMM_LANE static bool snap_to_singular(double* theta, int q) {
    double Sigma[capacity * capacity], V[capacity * capacity], values[capacity];
    theta_to_sigma(theta, q, Sigma);
    jacobi_eigen(Sigma, V, q);
    bool any = false;
    for (int c = 0; c < q; ++c) {
      const bool null = Sigma[c * q + c] < kSingular * kSingular;
      values[c] = null ? 0 : Sigma[c * q + c];
      any = any || null;
    }
    if (!any) return false;
    for (int r = 0; r < q; ++r)
      for (int c = 0; c < q; ++c) {
        Sigma[r * q + c] = 0;
        for (int k = 0; k < q; ++k) Sigma[r * q + c] += V[r * q + k] * values[k] * V[c * q + k];
      }
    sigma_to_theta(Sigma, q, theta);
    return true;
  }

  /// sum_l (e' T_ll e)^2 from the moments TT of a term.
  template <class Values>
  CUGLMM_LANE static double curvature_along(const Values& TT, const double* e, int q) {
    const int s = q * (q + 1) / 2;
    double sum = 0;
    for (int c = 0; c < q; ++c)
      for (int r = c; r < q; ++r)
        for (int c2 = 0; c2 < q; ++c2)
          for (int r2 = c2; r2 < q; ++r2)
            sum += TT[lower(r, c, q) * s + lower(r2, c2, q)] * ((r == c ? 1 : 2) * e[r] * e[c]) *
                   ((r2 == c2 ? 1 : 2) * e[r2] * e[c2]);
    return sum;
  }

  /// At a singular theta: the Karush-Kuhn-Tucker check. G: lower triangle of dd/dSigma_j; TT: the term's
  /// moments. If some e in the null space of Lambda_j' has e'G e = g < 0, the deviance decreases along Sigma
  /// + e e' tau, by about g^2 / (2 sum_l (e' T_ll e)^2) at tau = -g / sum_l (..)^2; if that is more than
  /// `gain`, theta moves there and true is returned.
  template <class GValues, class TTValues>
  CUGLMM_LANE static bool escape_singular(double* theta, int q, const GValues& G, const TTValues& TT,
                                          double gain) {
    double Sigma[capacity * capacity], V[capacity * capacity], N[capacity * capacity], W[capacity * capacity];
    theta_to_sigma(theta, q, Sigma);
    jacobi_eigen(Sigma, V, q);
    int null[capacity], size = 0;
    for (int c = 0; c < q; ++c)
      if (Sigma[c * q + c] < kSingular * kSingular) null[size++] = c;
    if (size == 0) return false;
    for (int a = 0; a < size; ++a)  // N'GN
      for (int b = 0; b < size; ++b) {
        double sum = 0;
        for (int r = 0; r < q; ++r)
          for (int c = 0; c < q; ++c)
            sum += V[r * q + null[a]] * G[r > c ? lower(r, c, q) : lower(c, r, q)] * V[c * q + null[b]];
        N[a * size + b] = sum;
      }
    jacobi_eigen(N, W, size);
    int smallest = 0;
    for (int a = 1; a < size; ++a)
      if (N[a * size + a] < N[smallest * size + smallest]) smallest = a;
    const double g = N[smallest * size + smallest];
    if (!(g < 0)) return false;
    double e[capacity];
    for (int r = 0; r < q; ++r) {
      e[r] = 0;
      for (int a = 0; a < size; ++a) e[r] += V[r * q + null[a]] * W[a * size + smallest];
    }
    const double curvature = curvature_along(TT, e, q);
    if (!(g * g > 2 * gain * curvature)) return false;
    theta_to_sigma(theta, q, Sigma);
    for (int r = 0; r < q; ++r)
      for (int c = 0; c < q; ++c) Sigma[r * q + c] -= e[r] * e[c] * g / curvature;
    sigma_to_theta(Sigma, q, theta);
    return true;
  }

  /// Score start (design.md 1.7) of a term from G and TT at theta = 0: theta^2 = max(tau, sqrt(2 / I) / 4)
  /// per column, tau = -G / I, I = sum_l T_ll^2.
  template <class GValues, class TTValues>
  CUGLMM_LANE static void score_start(const GValues& G, const TTValues& TT, int q, double* theta) {
    const int s = q * (q + 1) / 2;
    for (int c = 0; c < q; ++c)
      for (int r = c; r < q; ++r) {
        const int at = lower(r, c, q);
        const double I = TT[at * s + at];
        theta[at] = r > c ? 0 : I > 0 ? sqrt(fmax(-G[at] / I, 0.25 * sqrt(2 / I))) : 1;
      }
  }

  /// The expected Hessian of d in a term's theta, s x s: tr(T E_k T E_m) summed over levels, E_k =
  /// dSigma/dtheta_k (design.md 1.7), plus 2 (G_+)_rr' for two entries of one column, G_+ the positive part
  /// of G: the curvature left as Lambda_j -> 0.
  template <class GValues, class TTValues>
  CUGLMM_LANE static void theta_information(const double* theta, int q, const TTValues& TT, const GValues& G,
                                            double* H) {
    const int s = q * (q + 1) / 2;
    double A[capacity * capacity], V[capacity * capacity], plus[capacity * capacity];
    for (int r = 0; r < q; ++r)
      for (int c = 0; c < q; ++c) A[r * q + c] = G[r > c ? lower(r, c, q) : lower(c, r, q)];
    jacobi_eigen(A, V, q);
    for (int r = 0; r < q; ++r)
      for (int c = 0; c < q; ++c) {
        plus[r * q + c] = 0;
        for (int k = 0; k < q; ++k) plus[r * q + c] += V[r * q + k] * fmax(A[k * q + k], 0.0) * V[c * q + k];
      }
    // E_k of theta_k = Lambda(r, c): e_r l_c' + l_c e_r', l_c the column c of Lambda. With M = sum_l T (x) T,
    // tr(T E_k T E_m) = 2 [ T(r, r') (l' T l') + (T l')(r) .. ] expands into four entries of M.
    auto T2 = [&](int a, int b, int c, int d) {
      return TT[(a > b ? lower(a, b, q) : lower(b, a, q)) * s + (c > d ? lower(c, d, q) : lower(d, c, q))];
    };
    for (int c1 = 0; c1 < q; ++c1)
      for (int r1 = c1; r1 < q; ++r1)
        for (int c2 = 0; c2 < q; ++c2)
          for (int r2 = c2; r2 < q; ++r2) {
            double sum = c1 == c2 ? 2 * plus[r1 * q + r2] : 0;
            for (int a = c1; a < q; ++a)
              for (int b = c2; b < q; ++b)
                sum += 2 * theta[lower(a, c1, q)] * theta[lower(b, c2, q)] *
                       (T2(r1, r2, a, b) + T2(r1, b, a, r2));
            H[lower(r1, c1, q) * s + lower(r2, c2, q)] = sum;
          }
  }
};

}  // namespace cuglmm
