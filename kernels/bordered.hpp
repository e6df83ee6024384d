/// The Laplace objective of problems whose random effects do not fall into small components: crossed factors,
/// and every structure where beta is estimated jointly with u (nAGQ = 0). Design.md 1.1, 1.2, 1.4, 1.7 on an
/// arrow: one mode, one factor and one gradient for the whole problem.
///
/// Real: a pack, its lanes problems; or double, one problem, Wide then the pack that several rows share in
/// the functions of the family.
#pragma once

#include <kernels/bordered_rows.hpp>
#include <kernels/laplace.hpp>
#include <kernels/last_factor.hpp>
#include <kernels/predicted_mode.hpp>

namespace cuglmm {

template <class Real, class Family, class Wide, class Threads, int C = kMaxPath>
class Bordered : private BorderedRows<Real, Family, Wide, Threads, C> {
  using Base = BorderedRows<Real, Family, Wide, Threads, C>;
  using Base::beta_;
  using Base::plan_;
  using Base::problem_;
  using Base::shape_;
  using Base::threads_;
  using Base::view_;
  using Base::work_;

 public:
  CUGLMM_LANE Bordered(const PlanView& plan, const ProblemLanes<Real>& problem, const ArrowWork<Real>& work,
                       const Threads& threads)
      : Base(plan, problem, work, threads), arrow_(plan, work, problem.psi, threads) {}

  /// -2 log L, NaN where PIRLS failed; gradient: k, then beta and sigma where they are not part of psi.
  CUGLMM_LANE Real evaluate(const Real& tolerance, const Lanes<Real>& G, const Lanes<Real>& gradient,
                            const Moments<Real>& moments) {
    start();
    const Mask<Real> failed = pirls(tolerance);
    Real response = problem_.offset_y;
    for (int j = 0; j < plan_.p; ++j) response = fma_(problem_.xy[j], beta_[j], response);
    const Real F = penalised_deviance(kHere).F;
    keep_factor(failed);
    clear_G(plan_, work_, threads_);
    arrow_.invert(
        [&](int part, int factor, int, const Real* T) { add_T(part, factor, T, moments.wanted()); });
    const Real v_g = adjoint();
    correct_modes(moments);
    Base::gradient_rows(gradient);
    node_gradients();
    threads_.once([&] {
      collect_G(plan_, work_, G, moments);
      theta_gradient(shape_, problem_.psi, G, gradient);
      finish_gradient(gradient);
    });
    const Real value = F + v_g - decrement - log_inverse_.value() - 2.0 * response + problem_.constant;
    return select_(failed, Real(NAN), value);
  }

  /// After evaluate(), at the same point: adds the information about beta (p x p lower triangle).
  CUGLMM_LANE void information(const Lanes<Real>& out) const {
    if (!plan_.profiled) {
      Base::weigh_columns();
      solve_columns(plan_, arrow_, work_, true, threads_);
    }
    const Lanes<Real>& A = plan_.profiled ? work_.information : work_.A;
    threads_.each(plan_.p * plan_.p, [&](Index j) { out[j] += A[j]; });
  }

  // ---- what find_mode() (pirls.hpp) calls ----

  Real decrement{0.0};        ///< g' H^-1 g
  Mask<Real> positive{true};  ///< H is positive definite

  CUGLMM_LANE void sweep(const Real& tolerance, const Real& last) {
    arrow_.scale(problem_.u, work_.b);
    if (plan_.profiled) Base::linear_predictor();
    Base::rows();
    positive = newton(tolerance, last);
  }

  /// u <- u + delta where `newton`, u <- u - step / 2 where `halve`; other lanes stay.
  CUGLMM_CALL void move(const Mask<Real>& newton, const Mask<Real>& halve) const {
    const auto one = [&](Index i, const Real& delta) {
      const Real half = 0.5 * work_.step[i];
      work_.step[i] = select_(newton, delta, select_(halve, half, work_.step[i]));
      problem_.u[i] =
          select_(newton, problem_.u[i] + delta, select_(halve, problem_.u[i] - half, problem_.u[i]));
    };
    threads_.each(view_.effects, [&](Index i) { one(i, work_.delta[i]); });
    if (plan_.profiled) threads_.each(plan_.p, [&](Index j) { one(view_.effects + j, work_.beta_step[j]); });
  }

  /// F has not grown in the last step.
  CUGLMM_CALL Mask<Real> descended() const {
    const Deviance here = joint_deviance(kHere), before = joint_deviance(kBeforeStep);
    return here.not_above(before);
  }
  CUGLMM_HD void restart_at_zero(const Mask<Real>& lanes) const {
    if (!threads_.any(lanes)) return;
    threads_.each(view_.effects, [&](Index i) { problem_.u[i] = select_(lanes, Real(0.0), problem_.u[i]); });
  }

 private:
  static constexpr bool kKeepsFactor = Lane<Real>::width == 1 && C == kMaxPath;  ///< not on a GPU
  enum Where { kHere, kBeforeStep };

  // ---- the mode ----

  using Deviance = PenalisedDeviance<Real>;

  /// 2 sum p b(eta) - 2 (Z'y)'b + |u|^2 at u, or before its last step; here: with the mu of rows().
  CUGLMM_CALL Deviance penalised_deviance(Where where) const {
    if (where == kBeforeStep) {
      threads_.each(view_.effects, [&](Index i) { work_.v[i] = problem_.u[i] - work_.step[i]; });
      arrow_.scale(work_.v, work_.v_b);
    }
    const Lanes<Real>& b = where == kHere ? work_.b : work_.v_b;
    Base::cumulants(b, where == kHere);
    Deviance out{Real(0.0), Real(0.0)};
    for (int part = 0; part < view_.part_count; ++part) {
      out.F += work_.part_log[2 * part];
      out.noise += abs_(Real(work_.part_log[2 * part]));
    }
    const Lanes<Real>& u = where == kHere ? problem_.u : work_.v;
    const auto twice_zy_b = [&](Index i) { return 2.0 * (problem_.zy[i] * b[i]); };
    out.F += threads_.sum(view_.effects, [&](Index i) { return u[i] * u[i] - twice_zy_b(i); });
    out.noise += threads_.sum(view_.effects, [&](Index i) { return abs_(twice_zy_b(i)); });
    return out;
  }

  /// The Newton step into delta, delta_b (and beta_step); rows() and factor first. Returns g' H^-1 g.
  CUGLMM_CALL Real newton_step() const {
    threads_.each(view_.effects, [&](Index i) { work_.rhs[i] = work_.score[i]; });
    arrow_.solve(work_.rhs, problem_.u, work_.delta, work_.delta_b);
    Real sum = threads_.sum(view_.effects, [&](Index i) {
      return work_.delta_b[i] * work_.score[i] - work_.delta[i] * problem_.u[i];
    });
    if (plan_.profiled) {
      Base::weigh_columns();
      solve_columns(plan_, arrow_, work_, false, threads_);
      threads_.each(plan_.p * plan_.p, [&](Index j) { work_.information[j] = work_.A[j]; });
      LogProduct<Real> ignored;
      factor_border(work_.A, plan_.p, threads_, ignored);
      sum += join_beta(plan_, work_, work_.x_score, work_.delta, work_.delta_b, work_.beta_step, threads_);
    }
    return sum;
  }

  /// The same, with beta's part of the responses where beta moves.
  CUGLMM_LANE Deviance joint_deviance(Where where) const {
    if (!plan_.profiled) return penalised_deviance(where);
    const Lanes<Real> step = work_.step.from(view_.effects);
    const auto shift = [&](double sign) {
      threads_.each(plan_.p, [&](Index j) { beta_[j] += sign * step[j]; });
      Base::linear_predictor();
    };
    if (where == kBeforeStep) shift(-1);
    Deviance out = penalised_deviance(where);
    for (int j = 0; j < plan_.p; ++j) {
      const Real part = 2.0 * (problem_.xy[j] * beta_[j]);
      out.F -= part;
      out.noise += abs_(part);
    }
    if (where == kBeforeStep) shift(1);
    return out;
  }

  /// The Newton step, by conjugate gradients or, at the mode at the latest, from H's factor. last: g' H^-1 g
  /// of the step before. Returns the lanes where H is positive definite.
  CUGLMM_LANE Mask<Real> newton(const Real& tolerance, const Real& last) {
    if constexpr (kKeepsFactor) {
      const LastFactor<Real, Threads, C> before(plan_, work_, threads_);
      const bool ends = max_(last * last, left_) < 0.1 * tolerance;  // convergence is quadratic
      if (before.known() && !ends) {
        const bool solved = before.solve(arrow_, problem_.u, work_.delta, decrement, left_);
        if (solved && decrement >= tolerance) return true;
      }
      left_ = Real(0.0);
      const bool first = !before.known();
      before.forget();
      const Mask<Real> factored = factor_and_step();
      if (first && !ends && factored) before.keep(problem_.psi, arrow_);  // for the next passes
      return factored;
    }
    return factor_and_step();
  }
  CUGLMM_LANE Mask<Real> factor_and_step() {
    log_inverse_ = {};
    const Mask<Real> factored = arrow_.factor(log_inverse_);
    decrement = newton_step();
    return factored;
  }
  CUGLMM_LANE void keep_factor(const Mask<Real>& failed) const {
    if constexpr (kKeepsFactor)
      if (!failed) LastFactor<Real, Threads, C>(plan_, work_, threads_).keep(problem_.psi, arrow_);
  }

  /// What is needed of beta, and u from the mode of the evaluation before to where it is likely to be now.
  CUGLMM_LANE void start() const {
    if (plan_.profiled) return;
    if constexpr (!Base::kOnGpu) {
      using Predicted = PredictedMode<Real, Threads, C>;
      if (problem_.moved.at && threads_.any(Predicted::moved(plan_, problem_.moved))) {
        const Predicted predicted(plan_, problem_, work_, threads_);
        predicted.move_prior();
        Base::move_linear_predictor();
        return predicted.move();
      }
    }
    Base::linear_predictor();
  }

  /// From u, and where that leads nowhere, as the mode at a very different theta can, from 0. Beta, where it
  /// moves too, moves all rows: the corrections after the last step need a shorter one.
  CUGLMM_CALL Mask<Real> pirls(const Real& tolerance) {
    Mask<Real> lanes = problem_.active;
    for (bool again = false;; again = true) {
      threads_.each(view_.effects + (plan_.profiled ? plan_.p : 0),
                    [&](Index i) { work_.step[i] = Real(0.0); });
      lanes = find_mode(*this, lanes, tolerance * (plan_.profiled ? 1e-3 : 1.0), threads_);
      if (again || !threads_.any(lanes)) return lanes;
      restart_at_zero(lanes);
    }
  }

  // ---- the gradient (design.md 1.2) ----

  CUGLMM_LANE void add_T(int part, int factor, const Real* T, bool moments) const {
    accumulate_T(plan_, factor, T, part_G(plan_, work_, part), moments);
  }

  /// h = Z'(a m') and v = H^-1 Lambda' h (with beta joint: v_beta too). Returns v'g = h' H^-1 g, H^-1 g the
  /// step.
  CUGLMM_CALL Real adjoint() const {
    Base::trace_rows();
    Real out = threads_.sum(view_.effects, [&](Index i) { return work_.rhs[i] * work_.delta_b[i]; });
    arrow_.apply_inverse(work_.rhs, work_.v, work_.v_b);
    if (!plan_.profiled) return out;
    const Lanes<Real>& h = work_.x_score;  // which has done its work
    threads_.each(plan_.p, [&](Index j) {
      Real sum(0.0);
      for (Index i = 0; i < view_.rows; ++i) sum = fma_(Real(view_.X[i * plan_.p + j]), work_.trace[i], sum);
      h[j] = sum;
    });
    out += threads_.sum(plan_.p, [&](Index j) { return h[j] * work_.beta_step[j]; });
    join_beta(plan_, work_, h, work_.v, work_.v_b, work_.x_adjoint, threads_);
    return out;
  }

  /// The last step: a correction of u (design.md 1.7).
  CUGLMM_CALL void correct_modes(const Moments<Real>& moments) const {
    threads_.each(view_.effects, [&](Index i) {
      problem_.u[i] = select_(problem_.active, problem_.u[i] + work_.delta[i], problem_.u[i]);
      if (moments.wanted()) moments.mode[i] = work_.b[i] + work_.delta_b[i];
    });
    if (plan_.profiled)
      threads_.each(plan_.p, [&](Index j) {
        beta_[j] = select_(problem_.active, beta_[j] + work_.beta_step[j], beta_[j]);
      });
    conditional_variances(plan_, work_, Real(1.0), moments, threads_);
  }

  /// G_j = sum of T - S S' + (S C' + C S') / 2; here all but T.
  CUGLMM_CALL void node_gradients() const {
    add_to_G(plan_, work_, threads_, [&](int r, int c) {
      const Real S_r = work_.S_sum[r], S_c = work_.S_sum[c];
      return 0.5 * (S_r * work_.c_sum[c] + work_.c_sum[r] * S_c) - S_r * S_c;
    });
  }

  CUGLMM_LANE void finish_gradient(const Lanes<Real>& gradient) const {
    if (!plan_.profiled) return;
    for (int j = 0; j < plan_.p; ++j) gradient[plan_.k + j] = beta_[j];
    gradient[plan_.k + plan_.p] = Real(1.0);
  }

  const Arrow<Real, Threads, C> arrow_;
  LogProduct<Real> log_inverse_;  ///< -log|H|
  Real left_{0.0};                ///< of g' H^-1 g, by a step that was not exact
};

}  // namespace cuglmm
