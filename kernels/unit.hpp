/// One component of a model with one random intercept and few fixed effects: mode, objective and gradient as
/// pirls.hpp and laplace.hpp have them, with all sizes known to the compiler and nothing kept per row. What a
/// row needs is cheaper to compute anew than to fetch from a GPU's memory, and what remains, a handful of
/// sums, stays in registers. (Packs on a CPU, whose rows stay in its nearest cache, are 1.1 to 1.3 times
/// slower so.)
///
/// With one effect, z = 1 and lambda = theta, section 1 of design.md is scalar:
///
///     A = sum w,  H = 1 + lambda^2 A,  delta = (lambda (zy - sum p mu) - u) / H
///     a = lambda^2 / H, the conditional variance;  v = lambda a sum w' / H,  t = lambda v
#pragma once

#include <kernels/pirls.hpp>

namespace cuglmm {

/// Columns of X up to which UnitComponent is compiled.
constexpr int kMaxUnitColumns = 4;

/// What components add up to: see Evaluation and Moments (of which T and TT have one entry each).
template <class Real, int p>
struct UnitSums {
  Real objective{0.0}, G{0.0}, T{0.0}, TT{0.0}, beta[p];
  LogProduct<Real> log_inverse;
  Mask<Real> failed{false};
  CUGLMM_HD UnitSums() {
    for (int j = 0; j < p; ++j) beta[j] = Real(0.0);
  }
};

/// predictor_scale() (scratch.hpp) of these models.
template <class Real>
CUGLMM_HD Real unit_predictor_scale(const Real* psi) {
  return max_(psi[0] * psi[0], Real(1.0));
}

template <class Real, class Family, int p, class Design>
class UnitComponent {
 public:
  // ---- data; u: start of PIRLS, then the mode ----
  const Design& rows;
  const int count;  ///< rows
  const Real lambda, zy;
  const Real* beta;
  Real u;
  Mask<Real> active;

  // ---- of the last sweep: see Component ----
  Real decrement{0.0};
  Mask<Real> positive{true};

  // ---- left by evaluate() ----
  Real mode{0.0}, variance{0.0};  ///< of b
  Real sensitivity[1 + p];        ///< du/d(theta, beta)

  CUGLMM_HD UnitComponent(const Design& rows_, int count_, const Real* psi, const Real& zy_,
                          const Real& start, const Mask<Real>& active_)
      : rows(rows_), count(count_), lambda(psi[0]), zy(zy_), beta(psi + 1), u(start), active(active_) {}

  /// Adds objective and gradient to `out`; u becomes the corrected mode u + delta.
  CUGLMM_LANE void evaluate(const Real& tolerance, UnitSums<Real, p>& out) {
    out.failed = or_(out.failed, find_mode(*this, active, tolerance));
    const Real b = lambda * u, moved = lambda * delta, a = lambda * lambda * H_inverse;
    Real fitted(0.0), third(0.0), r[p], wx[p];  // sum p mu, sum w', X'(2 (p mu + w moved) + a w'), X'w
    for (int j = 0; j < p; ++j) r[j] = wx[j] = Real(0.0);
    typename Family::template Cumulant<Real, Design::unit_weights> cumulant;
    for (int i = 0; i < count; ++i) {
      const Real eta = predictor(i) + b, mu = Family::mean(eta), weight = rows.weight(i);
      const Real pmu = weight * mu, w = weight * Family::variance(mu),
                 w1 = w * Family::variance_derivative(mu);
      cumulant.add(eta, mu, weight, i);
      fitted += pmu;
      third += w1;
      const Real part = fma_(a, w1, 2.0 * fma_(w, moved, pmu));
      for (int j = 0; j < p; ++j) {
        const Real x = rows.x(i, j);
        r[j] = fma_(x, part, r[j]);
        wx[j] = fma_(x, w, wx[j]);
      }
    }
    const Real lambda_h = lambda * (a * third), t = lambda * (H_inverse * lambda_h);
    const Real S = zy - fma_(A, moved, fitted), c = a * third - A * t, T = A - A * A * a;
    const auto add = [&](Real& sum, const Real& value) { sum += select_(active, value, Real(0.0)); };
    add(out.objective, u * u - 2.0 * (zy * b) + cumulant.twice() + lambda_h * delta - decrement);
    add(out.G, T + S * (c - S));
    add(out.T, T);
    add(out.TT, T * T);
    for (int j = 0; j < p; ++j) add(out.beta[j], r[j] - t * wx[j]);
    out.log_inverse.times(select_(active, H_inverse, Real(1.0)));
    out.log_inverse.flush();
    mode = b + moved;
    variance = a;
    u = select_(active, u + delta, u);
    sensitivity[0] = H_inverse * (S - lambda * u * A);
    for (int j = 0; j < p; ++j) sensitivity[1 + j] = -(H_inverse * lambda) * wx[j];
  }

  // ---- what find_mode() calls ----
  CUGLMM_LANE void sweep(const Real&, const Real&) {
    const Real b = lambda * u;
    Real g = zy;
    A = Real(0.0);
    for (int i = 0; i < count; ++i) {
      const Real mu = Family::mean(predictor(i) + b), weight = rows.weight(i);
      A += weight * Family::variance(mu);
      g -= weight * mu;
    }
    const Real H = fma_(lambda * lambda, A, Real(1.0)), gradient = fma_(lambda, g, -u);
    positive = H > 0.0;
    H_inverse = 1.0 / H;
    delta = H_inverse * gradient;
    decrement = delta * gradient;
  }
  CUGLMM_LANE Mask<Real> descended() const {
    const Deviance here = deviance(u), before = deviance(u - step);
    return here.not_above(before);
  }
  CUGLMM_HD void restart_at_zero(const Mask<Real>& lanes) { u = select_(lanes, Real(0.0), u); }
  CUGLMM_HD void move(const Mask<Real>& newton, const Mask<Real>& halve) {
    const Real half = 0.5 * step;
    step = select_(newton, delta, select_(halve, half, step));
    u = select_(newton, u + delta, select_(halve, u - half, u));
  }

 private:
  Real A{0.0}, H_inverse{1.0}, delta{0.0}, step{0.0};

  /// offset + x'beta of a row.
  CUGLMM_HD Real predictor(Index i) const {
    Real eta = rows.offset(i);
    for (int j = 0; j < p; ++j) eta = fma_(Real(rows.x(i, j)), beta[j], eta);
    return eta;
  }

  using Deviance = PenalisedDeviance<Real>;

  CUGLMM_LANE Deviance deviance(const Real& at) const {
    const Real b = lambda * at, response = -2.0 * (zy * b);
    typename Family::template Cumulant<Real, Design::unit_weights> cumulant;
    for (int i = 0; i < count; ++i) {
      const Real eta = predictor(i) + b;
      cumulant.add(eta, Family::mean(eta), rows.weight(i), i);
    }
    const Real likelihood = cumulant.twice();
    return {at * at + response + likelihood, abs_(response) + abs_(likelihood)};
  }
};

}  // namespace cuglmm
