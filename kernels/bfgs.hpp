/// The optimizer's state machine, for the lanes of a slice: BFGS with a backtracking line search
/// (design.md 1.7). Every lane has its own point, inverse Hessian, step length and status; all advance
/// together, one evaluation at a time.
///
///     direction = -B g;  trial = psi + alpha direction;  evaluate;  accept and update B, or shorten alpha
///
/// Stops when the predicted decrease g' B g / 2 is below the tolerance: an amount of deviance, so it needs no
/// scaling.
#pragma once

#include <kernels/real.hpp>
#include <kernels/views.hpp>

namespace cuglmm {

/// Most that a theta may move in a step.
constexpr double kLongestStep = 2;

/// Of an evaluation's modes, which need not be more exact than the decrease in sight: what PIRLS leaves is in
/// error by a hundredth of its tolerance (design.md 1.7). `last` where a step may end the search: it may take
/// the predicted decrease from 1e4 times the search's tolerance to below it.
template <class Real>
CUGLMM_HD Real mode_tolerance(const Real& decrease, double tolerance, const Real& last, const Real& least) {
  return select_(decrease < 1e4 * tolerance, last, max_(least, min_(1e-3 * decrease, Real(1e-2))));
}

/// B <- (I - s y'/s'y) B (I - y s'/s'y) + s s'/s'y, s(i) the step taken, y the change of the gradient;
/// skipped where curvature along s is not positive. B: k x k, symmetric; y, By: k, By scratch.
template <class Real, class Step>
CUGLMM_LANE void correct_inverse_hessian(const Lanes<Real>& B, int k, const Mask<Real>& lanes, const Step& s,
                                         const Lanes<Real>& y, const Lanes<Real>& By) {
  Real sy(0.0), ss(0.0), yy(0.0), yBy(0.0);
  for (int i = 0; i < k; ++i) {
    const Real s_i = s(i);
    sy = fma_(s_i, y[i], sy);
    ss = fma_(s_i, s_i, ss);
    yy = fma_(y[i], y[i], yy);
  }
  for (int i = 0; i < k; ++i) {
    Real sum(0.0);
    for (int j = 0; j < k; ++j) sum = fma_(B[i * k + j], y[j], sum);
    By[i] = sum;
    yBy = fma_(sum, y[i], yBy);
  }
  const auto curved = and_(lanes, sy > 1e-10 * sqrt_(ss * yy));
  const Real rho = 1.0 / select_(curved, sy, Real(1.0)), factor = rho * fma_(rho, yBy, Real(1.0));
  for (int i = 0; i < k; ++i) {
    const Real s_i = s(i);
    for (int j = 0; j <= i; ++j) {
      const Real s_j = s(j);
      const Real change = factor * s_i * s_j - rho * (s_i * By[j] + By[i] * s_j);
      const Real updated = B[i * k + j] + select_(curved, change, Real(0.0));
      B[i * k + j] = updated;
      B[j * k + i] = updated;
    }
  }
}

template <class Real>
struct Bfgs {
  int k = 0;        ///< parameters: theta, beta
  int m = 0;        ///< the first m are theta
  int carried = 0;  ///< values that a point brings along behind its gradient
  double tolerance = 1e-8;

  Lanes<Real> psi, gradient, direction, trial;  ///< k each; gradient: k + carried
  Lanes<Real> B;                                ///< k x k, symmetric: inverse Hessian
  Lanes<Real> scratch;                          ///< 2 k
  Lanes<Real> scalars;                          ///< 5: see the functions below

  CUGLMM_HD Real& objective() const { return scalars[0]; }
  CUGLMM_HD Real& alpha() const { return scalars[1]; }     ///< step length along direction
  CUGLMM_HD Real& slope() const { return scalars[2]; }     ///< of the objective along direction at psi
  CUGLMM_HD Real& fresh() const { return scalars[3]; }     ///< 1 before the first evaluation, else 0
  CUGLMM_HD Real& accepted() const { return scalars[4]; }  ///< steps accepted

  static CUGLMM_HD int reals(int k, int carried = 0) { return k * k + 6 * k + 5 + carried; }

  /// Lays the state out in `reals(k, carried)` entries.
  CUGLMM_HD void place(const Lanes<Real>& at, int k_, int m_, int carried_ = 0) {
    k = k_;
    m = m_;
    carried = carried_;
    psi = at;
    gradient = at.from(k);
    direction = gradient.from(k + carried);
    trial = direction.from(k);
    scratch = trial.from(k);
    B = scratch.from(2 * k);
    scalars = B.from(k * k);
  }

  struct Outcome {
    Mask<Real> accepted;   ///< the trial became psi
    Mask<Real> converged;  ///< predicted decrease below the tolerance: psi is the optimum
    Mask<Real> stalled;    ///< no step decreases the objective any more, or the first evaluation failed
  };

  /// Takes the objective and gradient at `trial` (`value`, `g`: k + carried) of the lanes in `active`.
  CUGLMM_LANE Outcome advance(const Mask<Real>& active, const Real& value, const Lanes<Real>& g) {
    auto usable = finite_(value);
    for (int i = 0; i < k; ++i) usable = and_(usable, finite_(Real(g[i])));
    const auto first = fresh() > 0.5;
    const Real allowed = objective() + 1e-4 * alpha() * slope() + 1e-11 * abs_(objective());
    const auto accept = and_(active, and_(usable, or_(first, value <= allowed)));
    const auto reject = and_(active, not_(accept));
    shorten(reject, usable, value, g);
    update_inverse_hessian(and_(accept, not_(first)), g);
    for (int i = 0; i < k; ++i) psi[i] = select_(accept, trial[i], psi[i]);
    for (int i = 0; i < k + carried; ++i) gradient[i] = select_(accept, g[i], gradient[i]);
    objective() = select_(accept, value, objective());
    accepted() = select_(and_(accept, not_(first)), accepted() + 1.0, accepted());
    new_direction(accept);
    Outcome out;
    out.accepted = accept;
    out.converged = and_(accept, slope() * -0.5 < tolerance);
    out.stalled = or_(and_(reject, first), and_(reject, alpha() < 1e-10));
    fresh() = select_(active, Real(0.0), fresh());
    for (int i = 0; i < k; ++i) trial[i] = select_(active, fma_(alpha(), direction[i], psi[i]), trial[i]);
    return out;
  }

  /// direction = -B g and a full step, capped so that no theta moves by more than kLongestStep. A direction
  /// that does not descend (B lost positive definiteness to rounding) restarts from a scaled identity.
  CUGLMM_LANE void new_direction(const Mask<Real>& lanes) {
    Real new_slope = multiply_direction(lanes);
    const auto uphill = and_(lanes, not_(new_slope <= 0.0));
    if (any_(uphill)) {
      Real norm(0.0);
      for (int i = 0; i < k; ++i) norm += gradient[i] * gradient[i];
      const Real scale = 1.0 / max_(sqrt_(norm), Real(1.0));
      for (int i = 0; i < k; ++i)
        for (int j = 0; j < k; ++j) B[i * k + j] = select_(uphill, i == j ? scale : Real(0.0), B[i * k + j]);
      new_slope = multiply_direction(lanes);
    }
    Real largest(0.0);
    for (int i = 0; i < m; ++i) largest = max_(largest, abs_(Real(direction[i])));
    slope() = select_(lanes, new_slope, slope());
    alpha() = select_(lanes, min_(Real(1.0), kLongestStep / max_(largest, Real(1e-300))), alpha());
  }

 private:
  CUGLMM_LANE Real multiply_direction(const Mask<Real>& lanes) {
    Real result(0.0);
    for (int i = 0; i < k; ++i) {
      Real sum(0.0);
      for (int j = 0; j < k; ++j) sum = fma_(B[i * k + j], gradient[j], sum);
      direction[i] = select_(lanes, -sum, direction[i]);
      result = fma_(direction[i], gradient[i], result);
    }
    return result;
  }

  /// alpha <- the minimum of the cubic through both values and slopes, within [0.1, 0.5] alpha; 0.2 alpha
  /// without them.
  CUGLMM_LANE void shorten(const Mask<Real>& lanes, const Mask<Real>& usable, const Real& value,
                           const Lanes<Real>& g) {
    if (!any_(lanes)) return;
    Real slope_there(0.0);
    for (int i = 0; i < k; ++i) slope_there = fma_(g[i], direction[i], slope_there);
    const Real z = 3.0 * (objective() - value) / alpha() + slope() + slope_there;
    const Real root = sqrt_(max_(z * z - slope() * slope_there, Real(0.0)));
    const Real t = 1.0 - (slope_there + root - z) / (slope_there - slope() + 2.0 * root);
    const auto cubic = and_(usable, finite_(t));
    const Real factor = select_(cubic, min_(max_(t, Real(0.1)), Real(0.5)), Real(0.2));
    alpha() = select_(lanes, alpha() * factor, alpha());
  }

  CUGLMM_LANE void update_inverse_hessian(const Mask<Real>& lanes, const Lanes<Real>& g) {
    if (!any_(lanes)) return;
    const Lanes<Real> By = scratch, y = scratch.from(k);
    for (int i = 0; i < k; ++i) y[i] = g[i] - gradient[i];
    correct_inverse_hessian(
        B, k, lanes, [&](int i) { return trial[i] - psi[i]; }, y, By);
  }
};

}  // namespace cuglmm
