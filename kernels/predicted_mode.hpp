/// Where the mode of an arrow's problem is likely to be once psi has moved (design.md 1.7); of components
/// with one effect see predicted_mode() (problem.hpp), which keeps du/dpsi instead.
///
/// At a mode Z's = Sigma^-1 b, Sigma = Lambda Lambda'. Differentiated, with C = Lambda H^-1 Lambda':
///
///     db = C (Sigma^-1 dSigma Z's - Z'WX dbeta)
///        = C (Lambda^-T (K + K') u - Z'WX dbeta)      K = Lambda^-1 dLambda
///
/// and the new u is (Lambda + dLambda)^-1 (b + db): an error of second order in the step, for less than a
/// pass of PIRLS takes.
#pragma once

#include <kernels/arrow.hpp>

namespace cuglmm {

/// Of an evaluation's results, as they stand in the work: C where Arrow::apply_inverse() finds it, W.
template <class Real, class Threads, int C>
class PredictedMode {
 public:
  CUGLMM_LANE PredictedMode(const PlanView& plan, const ProblemLanes<Real>& problem,
                            const ArrowWork<Real>& work, const Threads& threads)
      : plan_(plan), problem_(problem), work_(work), threads_(threads) {
    threads_.once([&] { find_triangles(); });
  }

  /// Lambda^-T (K + K') u into work.rhs.
  CUGLMM_LANE void move_prior() const {
    const Lanes<Real>&u = problem_.u, &K_u = work_.v, &Kt_u = work_.v_b;
    scaled_by(kRatio).scale(u, K_u);
    scaled_by(kRatio).scale_transposed(u, Kt_u);
    threads_.each(plan_.arrow.effects, [&](Index i) { K_u[i] += Kt_u[i]; });
    scaled_by(kInverse).scale_transposed(K_u, work_.rhs);
  }

  /// u there, from the right-hand side in work.rhs, in the lanes that moved and not far: beyond, and where a
  /// variance is or becomes nearly zero, PIRLS does better from where it was.
  CUGLMM_LANE void move() const {
    constexpr double kFar = 0.25;  // mean square of the changes
    const Index effects = plan_.arrow.effects;
    const Lanes<Real>&u = problem_.u, &b = work_.b, &db = work_.v_b, &there = work_.delta;
    scaled_by(kBefore).scale(u, b);
    scaled_by(kBefore).apply_inverse(work_.rhs, work_.v, db);
    threads_.each(effects, [&](Index i) { b[i] += db[i]; });
    scaled_by(kInverseNow).scale(b, there);
    const auto near = threads_.sum(effects, [&](Index i) {
      const Real change = there[i] - u[i];
      return change * change;
    }) <= kFar * double(effects);
    const auto moves = and_(and_(problem_.active, moved(plan_, problem_.moved)), near);
    threads_.each(effects, [&](Index i) { u[i] = select_(moves, there[i], u[i]); });
  }

  /// The lanes whose psi has moved; elsewhere there is nothing to predict.
  CUGLMM_LANE static Mask<Real> moved(const PlanView& plan, const Lanes<Real>& change) {
    Real squares(0.0);
    for (int i = 0; i < plan.k; ++i) squares = fma_(Real(change[i]), Real(change[i]), squares);
    return squares > 0.0;
  }

 private:
  // Triangles kept like theta, in work.triangles: Lambda before, its inverse, K, the inverse of Lambda now.
  enum Triangle { kBefore, kInverse, kRatio, kInverseNow };

  CUGLMM_LANE Real* triangle(Triangle which) const { return work_.triangles.at + which * plan_.m; }
  CUGLMM_LANE Arrow<Real, Threads, C> scaled_by(Triangle which) const {
    return {plan_, work_, triangle(which), threads_};
  }

  CUGLMM_LANE void find_triangles() const {
    for (int i = 0; i < plan_.m; ++i) triangle(kBefore)[i] = problem_.psi[i] - problem_.moved[i];
    const AnyShape shape = MakeShape<AnyShape>::from(plan_);
    for (int j = 0; j < shape.terms(); ++j) {
      const TermView t = shape.term(j);
      Real before[C * C], change[C * C], now[C * C], one[C * C];
      for (int r = 0; r < t.size; ++r)
        for (int c = 0; c <= r; ++c) {
          const int i = t.theta + lower(r, c, t.size), at = r * t.size + c;
          before[at] = triangle(kBefore)[i];
          change[at] = problem_.moved[i];
          now[at] = problem_.psi[i];
          one[at] = Real(r == c ? 1.0 : 0.0);
        }
      keep_ratio(t, before, one, kInverse);
      keep_ratio(t, before, change, kRatio);
      keep_ratio(t, now, one, kInverseNow);
    }
  }
  /// L^-1 B of a term.
  CUGLMM_LANE void keep_ratio(const TermView& t, const Real* L, const Real* B, Triangle to) const {
    Real X[C * C];
    solve_lower(L, B, t.size, X);
    for (int r = 0; r < t.size; ++r)
      for (int c = 0; c <= r; ++c) triangle(to)[t.theta + lower(r, c, t.size)] = X[r * t.size + c];
  }

  const PlanView& plan_;
  const ProblemLanes<Real>& problem_;
  const ArrowWork<Real>& work_;
  const Threads& threads_;
};

}  // namespace cuglmm
