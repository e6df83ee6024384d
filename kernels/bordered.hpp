/// The Laplace objective of problems whose random effects do not fall into small components: crossed factors,
/// and every structure where beta is estimated jointly with u (nAGQ = 0). Design.md 1.1, 1.2, 1.4, 1.7 on an
/// arrow: one mode, one factor and one gradient for the whole problem.
///
/// Real: a pack, its lanes problems; or double, one problem, Wide then the pack that several rows share in
/// the functions of the family.
#pragma once

#include <kernels/arrow_terms.hpp>
#include <kernels/laplace.hpp>
#include <kernels/last_factor.hpp>

namespace cuglmm {

template <class Real, class Family, class Wide, class Threads, int C = kMaxPath>
class Bordered {
 public:
  CUGLMM_LANE Bordered(const PlanView& plan, const ProblemLanes<Real>& problem, const ArrowWork<Real>& work,
                       const Threads& each_part)
      : plan_(plan),
        view_(plan.arrow),
        problem_(problem),
        work_(work),
        each_part_(each_part),
        arrow_(plan, work, problem.psi, each_part),
        scalar_(plan.Q == view_.factors),
        beta_(plan.profiled ? problem.u.from(view_.effects)
                            : Lanes<Real>{const_cast<Real*>(problem.psi + plan.m)}) {}

  /// -2 log L, NaN where PIRLS failed; gradient: k, then beta and sigma where they are not part of psi.
  CUGLMM_LANE Real evaluate(const Real& tolerance, const Lanes<Real>& G, const Lanes<Real>& gradient,
                            const Moments<Real>& moments) {
    if (!plan_.profiled) linear_predictor();
    const Mask<Real> failed = pirls(tolerance);
    Real response = problem_.offset_y;
    for (int j = 0; j < plan_.p; ++j) response = fma_(problem_.xy[j], beta_[j], response);
    const Real F = penalised_deviance(kHere).F;
    keep_factor(failed);
    zero(work_.part_G, Index{view_.part_count + 1} * G_stride());
    arrow_.invert(
        [&](int part, int factor, int, const Real* T) { add_T(part, factor, T, moments.wanted()); });
    const Real v_g = adjoint();
    correct_modes(moments);
    gradient_rows(gradient);
    node_gradients(G, moments);
    theta_gradient(arrow_.shape(), problem_.psi, G, gradient);
    finish_gradient(gradient);
    const Real value = F + v_g - decrement_ - log_inverse_.value() - 2.0 * response + problem_.constant;
    return select_(failed, Real(NAN), value);
  }

  /// After evaluate(), at the same point: adds the information about beta (p x p lower triangle).
  CUGLMM_LANE void information(const Lanes<Real>& out) const {
    if (!plan_.profiled) {
      weigh_columns();
      solve_columns(plan_, arrow_, work_, true);
    }
    const Lanes<Real>& A = plan_.profiled ? work_.information : work_.A;
    for (int j = 0; j < plan_.p * plan_.p; ++j) out[j] += A[j];
  }

 private:
  static constexpr int kChunk = sizeof(Wide) > sizeof(Real) ? 64 : 4;  ///< rows at a time
  static constexpr int kWide = static_cast<int>(kChunk * sizeof(Real) / sizeof(Wide));
  static constexpr bool kKeepsFactor = Lane<Real>::width == 1 && C == kMaxPath;  ///< not on a GPU
  enum Where { kHere, kBeforeStep };

  CUGLMM_HD Index G_stride() const { return 2 * plan_.m + plan_.TT_size; }

  // ---- rows ----

  /// offset + X beta.
  CUGLMM_CALL void linear_predictor() const {
    each_part_(view_.part_count, [&](int part) {
      for (int i = view_.parts[part].row_begin; i < view_.parts[part].row_end; ++i) {
        Real eta(view_.offset[i]);
        for (int j = 0; j < plan_.p; ++j) eta = fma_(Real(view_.X[Index{i} * plan_.p + j]), beta_[j], eta);
        work_.fixed[i] = eta;
      }
    });
  }

  /// f(Rows) of the kind that serves the plan; on a GPU always the general one.
  template <class F>
  CUGLMM_LANE void with_rows(const F& f) const {
    if constexpr (C == kMaxPath) {
      if (scalar_ && view_.factors == 2) return f(Rows<2>(plan_));
      if (scalar_ && view_.factors == 3) return f(Rows<3>(plan_));
    }
    f(Rows<0>(plan_));
  }

  /// f(begin, rows, eta, mu) for chunks of a part's rows, at b; mu of them as Wide packs computed at once, or
  /// as rows() left it.
  template <class AnyRows, class F>
  CUGLMM_LANE void each_chunk(int part, const AnyRows& of, const Lanes<Real> b, bool mean_is_known,
                              const F& f) const {
    Wide eta_packs[kWide], mu_packs[kWide];
    Real* eta = reinterpret_cast<Real*>(eta_packs);
    const Lanes<Real> fixed = work_.fixed;
    for (int begin = view_.parts[part].row_begin; begin < view_.parts[part].row_end; begin += kChunk) {
      const int left = view_.parts[part].row_end - begin, rows = left < kChunk ? left : kChunk;
      for (int i = 0; i < rows; ++i) eta[i] = fixed[begin + i] + of.product(begin + i, b);
      for (int i = rows; i < kChunk; ++i) eta[i] = Real(0.0);
      if (mean_is_known && rows == kChunk)
        for (int i = 0; i < rows; ++i) reinterpret_cast<Real*>(mu_packs)[i] = work_.mean[begin + i];
      else
        for (int k = 0; k < kWide; ++k) mu_packs[k] = Family::mean(eta_packs[k]);
      f(begin, rows, eta_packs, mu_packs);
    }
  }

  /// f(effect) for the eliminated effects of a part: they are numbered node by node.
  template <class F>
  CUGLMM_LANE void each_own_effect(const ArrowPart& at, const F& f) const {
    const int begin = view_.nodes[at.node_begin].u;
    const int end = at.node_end < view_.node_count ? view_.nodes[at.node_end].u : view_.border_first;
    for (int i = begin; i < end; ++i) f(i);
  }
  /// start + the parts' sums, `stride` apart from part to part.
  CUGLMM_HD Real over_parts(Real start, const Lanes<Real>& sums, Index stride, Index at) const {
    for (int part = 0; part < view_.part_count; ++part) start += sums[part * stride + at];
    return start;
  }

  /// Where a part adds the values of border blocks up, and the place of the first.
  CUGLMM_HD Lanes<Real> border_values(int part) const {
    const Index count = view_.values - view_.border_values;
    return view_.part_count == 1 ? work_.R : work_.part_border.from(part * count - view_.border_values);
  }

  /// At b: mu, Z'WZ into work.R, Z's (b scale) into work.score.
  CUGLMM_CALL void rows() const {
    const Index border_count = view_.values - view_.border_values;
    zero(work_.part_sums, Index{view_.part_count} * view_.border);
    each_part_(view_.part_count, [&](int part) { part_rows(part); });
    for (int i = 0; i < view_.border; ++i)
      work_.score[view_.border_first + i] =
          over_parts(problem_.zy[view_.border_first + i], work_.part_sums, view_.border, i);
    if (view_.part_count == 1) return;
    for (Index i = 0; i < border_count; ++i)
      work_.R[view_.border_values + i] = over_parts(Real(0.0), work_.part_border, border_count, i);
  }

  CUGLMM_CALL void part_rows(int part) const {
    const ArrowPart& at = view_.parts[part];
    const Lanes<Real> border = border_values(part);
    const Lanes<Real> sums = work_.part_sums.from(Index{part} * view_.border - view_.border_first);
    const Index begin = view_.nodes[at.node_begin].block;
    const Index end = at.node_end < view_.node_count ? view_.nodes[at.node_end].block : view_.border_values;
    zero(work_.R.from(begin), end - begin);
    zero(border.from(view_.border_values), view_.values - view_.border_values);
    each_own_effect(at, [&](int i) { work_.score[i] = problem_.zy[i]; });
    const Lanes<Real> R = work_.R, score = work_.score, mean = work_.mean;
    with_rows([&](const auto of) {
      each_chunk(part, of, work_.b, false, [&, of](int first, int rows, const Wide*, const Wide* mu_packs) {
        const Real* mu = reinterpret_cast<const Real*>(mu_packs);
        for (int i = 0; i < rows; ++i) {
          mean[first + i] = mu[i];
          add_row(of, first + i, mu[i], score, sums, R, border);
        }
      });
    });
  }

  /// A row's Z'WZ into R and border, its Z's into score and sums: the chain's, the border's.
  template <int F>
  CUGLMM_HD void add_row(const Rows<F>& of, Index i, const Real& mu, const Lanes<Real>& score,
                         const Lanes<Real>& sums, const Lanes<Real>& R, const Lanes<Real>& border) const {
    constexpr int kPairs = F * (F + 1) / 2;
    const Real p(of.weights[i]), w = p * Family::variance(mu), pmu = p * mu;
    const int *effect = of.effect + i * F, *pair = of.pair + i * kPairs;
    const double* z = of.Z + i * F;
    for (int f = 0; f < F; ++f) {
      const Real z_f(z[f]), wz = w * z_f;
      (f < of.chain ? score : sums)[effect[f]] -= pmu * z_f;
      for (int h = 0; h <= f; ++h, ++pair) {
        Real& to = (h < of.chain ? R : border)[*pair];
        to = fma_(wz, Real(z[h]), to);
      }
    }
  }
  CUGLMM_HD void add_row(const Rows<0>&, Index i, const Real& mu, const Lanes<Real>& score,
                         const Lanes<Real>& sums, const Lanes<Real>& R, const Lanes<Real>& border) const {
    const AnyShape& shape = arrow_.shape();
    const int* effect = view_.effect + i * view_.factors;
    const int* pair = view_.pair + i * (view_.factors * (view_.factors + 1) / 2);
    const double* z = view_.Z + i * plan_.Q;
    const Real p(view_.weights[i]), w = p * Family::variance(mu), pmu = p * mu;
    if (scalar_) {
      for (int f = 0; f < view_.factors; ++f) {
        const Real z_f(z[f]), wz = w * z_f;
        (f < view_.chain ? score : sums)[effect[f]] -= pmu * z_f;
        for (int h = 0; h <= f; ++h, ++pair) {
          Real& to = (h < view_.chain ? R : border)[*pair];
          to = fma_(wz, Real(z[h]), to);
        }
      }
      return;
    }
    for (int f = 0; f < view_.factors; ++f) {
      const Lanes<Real>& g = f < view_.chain ? score : sums;
      const int qf = shape.own(f);
      for (int r = 0; r < qf; ++r) {
        const Real z_r(z[shape.first(f) + r]), wz = w * z_r;
        Real& to = g[effect[f] + r];
        to -= pmu * z_r;
        for (int h = 0; h <= f; ++h, ++pair) {
          const int qh = shape.own(h), columns = h == f ? r + 1 : qh;
          const Lanes<Real> values = (h < view_.chain ? R : border).from(*pair + Index{r} * qh);
          for (int c = 0; c < columns; ++c) values[c] = fma_(wz, Real(z[shape.first(h) + c]), values[c]);
        }
        if (r + 1 < qf) pair -= f + 1;
      }
    }
  }

  struct Deviance {
    Real F, noise;  ///< F is known to about 1e-16 times noise
  };
  /// 2 sum p b(eta) - 2 (Z'y)'b + |u|^2 at u, or before its last step; here: with the mu of rows().
  CUGLMM_CALL Deviance penalised_deviance(Where where) const {
    if (where == kBeforeStep) {
      for (int i = 0; i < view_.effects; ++i) work_.v[i] = problem_.u[i] - work_.step[i];
      arrow_.scale(work_.v, work_.v_b);
    }
    const Lanes<Real>& b = where == kHere ? work_.b : work_.v_b;
    each_part_(view_.part_count, [&](int part) {
      typename Family::template Cumulant<Wide, false> cumulant;
      with_rows([&](const auto of) {
        each_chunk(part, of, b, where == kHere, [&](int first, int rows, const Wide* eta, const Wide* mu) {
          Wide weights[kWide];
          Real* p = reinterpret_cast<Real*>(weights);
          for (int i = 0; i < kChunk; ++i) p[i] = i < rows ? Real(view_.weights[first + i]) : Real(0.0);
          for (int k = 0; k < kWide; ++k) cumulant.add(eta[k], mu[k], weights[k], 0);
        });
      });
      const Wide twice = cumulant.twice();
      Real sum(0.0);
      for (int k = 0; k < static_cast<int>(sizeof(Wide) / sizeof(Real)); ++k)
        sum += reinterpret_cast<const Real*>(&twice)[k];
      work_.part_log[2 * part] = sum;
    });
    Deviance out{Real(0.0), Real(0.0)};
    for (int part = 0; part < view_.part_count; ++part) {
      out.F += work_.part_log[2 * part];
      out.noise += abs_(Real(work_.part_log[2 * part]));
    }
    for (int i = 0; i < view_.effects; ++i) {
      const Real u = where == kHere ? problem_.u[i] : work_.v[i], zy_b = 2.0 * (problem_.zy[i] * b[i]);
      out.F += u * u - zy_b;
      out.noise += abs_(zy_b);
    }
    return out;
  }

  // ---- the mode ----

  /// The Newton step into delta, delta_b (and beta_step), and g' H^-1 g; rows() and factor first.
  CUGLMM_CALL void newton_step() {
    for (int i = 0; i < view_.effects; ++i) work_.rhs[i] = work_.score[i];
    arrow_.solve(work_.rhs, problem_.u, work_.delta, work_.delta_b);
    Real sum(0.0);
    for (int i = 0; i < view_.effects; ++i)
      sum += work_.delta_b[i] * work_.score[i] - work_.delta[i] * problem_.u[i];
    if (plan_.profiled) {
      weigh_columns();
      solve_columns(plan_, arrow_, work_, false);
      for (int j = 0; j < plan_.p * plan_.p; ++j) work_.information[j] = work_.A[j];
      LogProduct<Real> ignored;
      factor_border(work_.A, plan_.p, ignored);
      sum += join_beta(plan_, work_, work_.x_score, work_.delta, work_.delta_b, work_.beta_step);
    }
    decrement_ = sum;
  }

  /// Where a part adds X's columns up: rows of Z'WX by the number of a border's effect, X'WX, X's.
  struct Columns {
    Lanes<Real> border, XX, score;
  };
  CUGLMM_HD Columns columns(int part) const {
    const Index p = plan_.p, border = view_.border * p;
    if (view_.part_count == 1) return {work_.ZX, work_.A, work_.x_score};
    const Lanes<Real> own = work_.part_columns.from(part * (border + p * p + p));
    return {own.from(-view_.border_first * p), own.from(border), own.from(border + p * p)};
  }

  /// Z'WX, X'WX into A, X's of all rows.
  CUGLMM_CALL void weigh_columns() const {
    const Index p = plan_.p, border = view_.border * p, first = view_.border_first * p;
    zero(work_.ZX, p * view_.effects);
    zero(work_.A, p * p);
    zero(work_.x_score, p);
    zero(work_.part_columns, view_.part_count == 1 ? 0 : view_.part_count * (border + p * p + p));
    each_part_(view_.part_count, [&](int part) { part_columns(part); });
    for (int part = 0; part < view_.part_count && view_.part_count > 1; ++part) {
      const Columns sums = columns(part);
      subtract(work_.ZX.from(first), Real(-1.0), sums.border.from(first), border);
      subtract(work_.A, Real(-1.0), sums.XX, p * p);
      subtract(work_.x_score, Real(-1.0), sums.score, p);
    }
    for (Index j = 0; j < p; ++j) work_.x_score[j] += problem_.xy[j];
  }

  CUGLMM_CALL void part_columns(int part) const {
    const Index p = plan_.p;
    const Columns sums = columns(part);
    const Rows<0> of(plan_);
    for (Index i = view_.parts[part].row_begin; i < view_.parts[part].row_end; ++i) {
      const double* x = of.X + i * p;
      const Real mu = work_.mean[i], weight(of.weights[i]), w = weight * Family::variance(mu);
      for (Index j = 0; j < p; ++j) {
        const Real wx = w * x[j];
        sums.score[j] -= weight * mu * x[j];
        for (Index k = 0; k <= j; ++k) sums.XX[j * p + k] = fma_(wx, Real(x[k]), sums.XX[j * p + k]);
      }
      of.each_effect(i, [&](int effect, double z) {
        const Lanes<Real> to = (effect < view_.border_first ? work_.ZX : sums.border).from(effect * p);
        const Real wz = w * z;
        for (Index j = 0; j < p; ++j) to[j] = fma_(wz, Real(x[j]), to[j]);
      });
    }
  }

  /// u <- u + delta where `newton`, u <- u - step / 2 where `halve`; other lanes stay.
  CUGLMM_CALL void move(const Mask<Real>& newton, const Mask<Real>& halve) const {
    const auto one = [&](Index i, const Real& delta) {
      const Real half = 0.5 * work_.step[i];
      work_.step[i] = select_(newton, delta, select_(halve, half, work_.step[i]));
      problem_.u[i] =
          select_(newton, problem_.u[i] + delta, select_(halve, problem_.u[i] - half, problem_.u[i]));
    };
    for (int i = 0; i < view_.effects; ++i) one(i, work_.delta[i]);
    if (plan_.profiled)
      for (int j = 0; j < plan_.p; ++j) one(view_.effects + j, work_.beta_step[j]);
  }

  /// F has not grown in the last step.
  CUGLMM_CALL Mask<Real> descended() const {
    const Deviance here = joint_deviance(kHere), before = joint_deviance(kBeforeStep);
    return here.F <= before.F + 1e-12 * abs_(before.F) + 1e-14 * here.noise;
  }
  /// The same, with beta's part of the responses where beta moves.
  CUGLMM_LANE Deviance joint_deviance(Where where) const {
    if (!plan_.profiled) return penalised_deviance(where);
    const Lanes<Real> step = work_.step.from(view_.effects);
    const auto shift = [&](double sign) {
      for (int j = 0; j < plan_.p; ++j) beta_[j] += sign * step[j];
      linear_predictor();
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
      const LastFactor<Real, Threads, C> before(plan_, work_, each_part_);
      const bool ends = last * max_(last, Real(1e-5)) < 0.1 * tolerance;  // convergence is quadratic
      if (before.known() && !ends) {
        decrement_ = before.solve(arrow_, problem_.u, work_.delta);
        if (decrement_ >= tolerance) return true;
      }
      before.forget();
    }
    log_inverse_ = {};
    const Mask<Real> positive = arrow_.factor(log_inverse_);
    newton_step();
    return positive;
  }
  CUGLMM_LANE void keep_factor(const Mask<Real>& failed) const {
    if constexpr (kKeepsFactor)
      if (!failed) LastFactor<Real, Threads, C>(plan_, work_, each_part_).keep(problem_.psi, arrow_);
  }

  /// As Component::pirls (pirls.hpp), the whole problem at once. Beta, where it moves too, moves all rows:
  /// the corrections after the last step need a shorter one.
  CUGLMM_CALL Mask<Real> pirls(const Real& asked) {
    constexpr int kMaxPasses = 200, kMaxHalvings = 30;
    const Real tolerance = asked * (plan_.profiled ? 1e-3 : 1.0);
    Mask<Real> done = not_(problem_.active);
    Real last(1.7e308), halvings(0.0);
    zero(work_.step, view_.effects + (plan_.profiled ? plan_.p : 0));
    for (int pass = 0;; ++pass) {
      arrow_.scale(problem_.u, work_.b);
      if (plan_.profiled) linear_predictor();
      rows();
      const Mask<Real> positive = newton(tolerance, last);
      const auto usable = and_(finite_(decrement_), positive);
      done = or_(done, and_(usable, decrement_ < tolerance));
      if (all_(done) || pass == kMaxPasses) break;
      auto good = and_(usable, decrement_ < 0.5 * last);
      const auto doubtful = and_(usable, not_(or_(good, done)));
      if (any_(doubtful)) good = or_(good, and_(doubtful, descended()));
      if (pass == 0) restart_at_zero(not_(or_(good, done)));
      halvings = select_(good, Real(0.0), halvings + 1.0);
      const auto lost = halvings > double(kMaxHalvings);
      if (all_(or_(done, lost))) break;
      move(and_(good, not_(done)), and_(not_(good), not_(done)));
      last = select_(good, decrement_, last);
    }
    return not_(done);
  }

  CUGLMM_HD void restart_at_zero(const Mask<Real>& lanes) const {
    if (!any_(lanes)) return;
    for (int i = 0; i < view_.effects; ++i) problem_.u[i] = select_(lanes, Real(0.0), problem_.u[i]);
  }

  // ---- the gradient (design.md 1.2) ----

  CUGLMM_LANE void add_T(int part, int factor, const Real* T, bool moments) const {
    accumulate_T(plan_, factor, T, work_.part_G.from(part * G_stride()), moments);
  }

  /// h = Z'(a m') and v = H^-1 Lambda' h (with beta joint: v_beta too). Returns v'g = h' H^-1 g, H^-1 g the
  /// step.
  CUGLMM_CALL Real adjoint() const {
    zero(work_.part_sums, Index{view_.part_count} * view_.border);
    each_part_(view_.part_count, [&](int part) { part_trace(part); });
    for (int i = 0; i < view_.border; ++i)
      work_.rhs[view_.border_first + i] = over_parts(Real(0.0), work_.part_sums, view_.border, i);
    Real out(0.0);
    for (int i = 0; i < view_.effects; ++i) out = fma_(work_.rhs[i], work_.delta_b[i], out);
    arrow_.apply_inverse(work_.rhs, work_.v, work_.v_b);
    if (!plan_.profiled) return out;
    const Lanes<Real>& h = work_.x_score;  // which has done its work
    for (int j = 0; j < plan_.p; ++j) {
      Real sum(0.0);
      for (Index i = 0; i < view_.rows; ++i) sum = fma_(Real(view_.X[i * plan_.p + j]), work_.trace[i], sum);
      h[j] = sum;
      out = fma_(sum, work_.beta_step[j], out);
    }
    join_beta(plan_, work_, h, work_.v, work_.v_b, work_.x_adjoint);
    return out;
  }

  CUGLMM_CALL void part_trace(int part) const {
    const ArrowPart& at = view_.parts[part];
    const Lanes<Real> sums = work_.part_sums.from(Index{part} * view_.border - view_.border_first);
    each_own_effect(at, [&](int i) { work_.rhs[i] = Real(0.0); });
    const Lanes<Real> rhs = work_.rhs, mean = work_.mean, trace = work_.trace, V = work_.C;
    with_rows([&](const auto of) {
      for (Index i = at.row_begin; i < at.row_end; ++i) {
        const Real mu = mean[i];
        const Real a = row_variance(of, V, i) *
                       (of.weights[i] * (Family::variance(mu) * Family::variance_derivative(mu)));
        trace[i] = a;
        add_to_effects(of, i, a, rhs, sums);
      }
    });
  }

  /// a_i = z' C z, V the values of C.
  template <int F>
  CUGLMM_HD static Real row_variance(const Rows<F>& of, const Lanes<Real>& V, Index i) {
    const int* pair = of.pair + i * (F * (F + 1) / 2);
    const double* z = of.Z + i * F;
    Real sum(0.0);
    for (int f = 0; f < F; ++f) {
      Real half(0.0);
      for (int h = 0; h < f; ++h, ++pair) half = fma_(V[*pair], Real(z[h]), half);
      const Real z_f(z[f]);
      sum = fma_(z_f, fma_(V[*pair++], z_f, half + half), sum);
    }
    return sum;
  }
  CUGLMM_HD Real row_variance(const Rows<0>&, const Lanes<Real>& V, Index i) const {
    const AnyShape& shape = arrow_.shape();
    const int* pair = view_.pair + i * (view_.factors * (view_.factors + 1) / 2);
    const double* z = view_.Z + i * plan_.Q;
    Real sum(0.0);
    if (scalar_) {
      for (int f = 0; f < view_.factors; ++f) {
        Real half(0.0);
        for (int h = 0; h < f; ++h, ++pair) half = fma_(V[*pair], Real(z[h]), half);
        const Real z_f(z[f]);
        sum = fma_(z_f, fma_(V[*pair++], z_f, half + half), sum);
      }
      return sum;
    }
    for (int f = 0; f < view_.factors; ++f)
      for (int h = 0; h <= f; ++h, ++pair) {
        const int qf = shape.own(f), qh = shape.own(h);
        const double twice = h == f ? 1 : 2;
        for (int r = 0; r < qf; ++r) {
          Real part(0.0);
          for (int c = 0; c < qh; ++c)
            part = fma_(V[*pair + Index{r} * qh + c], Real(z[shape.first(h) + c]), part);
          sum = fma_(Real(twice * z[shape.first(f) + r]), part, sum);
        }
      }
    return sum;
  }

  /// Adds z value to a row's effects; those of the border into a part's sums.
  template <class AnyRows>
  CUGLMM_HD void add_to_effects(const AnyRows& of, Index i, const Real& value, const Lanes<Real>& own,
                                const Lanes<Real>& sums) const {
    const int border_first = view_.border_first;
    of.each_effect(i, [&](int effect, double z) {
      Real& to = (effect < border_first ? own : sums)[effect];
      to = fma_(value, Real(z), to);
    });
  }

  /// The last step: a correction of u (design.md 1.7).
  CUGLMM_CALL void correct_modes(const Moments<Real>& moments) const {
    for (int i = 0; i < view_.effects; ++i) {
      problem_.u[i] = select_(problem_.active, problem_.u[i] + work_.delta[i], problem_.u[i]);
      if (moments.wanted()) moments.mode[i] = work_.b[i] + work_.delta_b[i];
    }
    if (plan_.profiled)
      for (int j = 0; j < plan_.p; ++j)
        beta_[j] = select_(problem_.active, beta_[j] + work_.beta_step[j], beta_[j]);
    if (moments.wanted()) conditional_variances(plan_, work_, Real(1.0), moments.variance);
  }

  /// t = Z Lambda v, c = a m' - o t, r = -2 s + c of the rows: Z's, Z'c, X'r.
  CUGLMM_CALL void gradient_rows(const Lanes<Real>& gradient) const {
    const int p = plan_.p;
    zero(work_.part_sums, Index{2} * view_.part_count * view_.border);
    zero(work_.part_beta, Index{view_.part_count} * p);
    each_part_(view_.part_count, [&](int part) { part_gradient(part); });
    const Index stride = Index{2} * view_.border;  // of each part S, then c
    for (int i = 0; i < view_.border; ++i) {
      const int effect = view_.border_first + i;
      work_.S_sum[effect] = over_parts(problem_.zy[effect], work_.part_sums, stride, i);
      work_.c_sum[effect] = over_parts(Real(0.0), work_.part_sums, stride, view_.border + i);
    }
    if (plan_.profiled) return;
    for (int j = 0; j < p; ++j)
      gradient[plan_.m + j] = over_parts(Real(-2.0 * problem_.xy[j]), work_.part_beta, p, j);
  }

  CUGLMM_CALL void part_gradient(int part) const {
    const ArrowPart& at = view_.parts[part];
    const Lanes<Real> S_sums = work_.part_sums.from(Index{2} * part * view_.border - view_.border_first),
                      c_sums = S_sums.from(view_.border), beta = work_.part_beta.from(Index{part} * plan_.p);
    each_own_effect(at, [&](int i) {
      work_.S_sum[i] = problem_.zy[i];
      work_.c_sum[i] = Real(0.0);
    });
    const Lanes<Real> mean = work_.mean, trace = work_.trace, v_b = work_.v_b, delta_b = work_.delta_b,
                      S_sum = work_.S_sum, c_sum = work_.c_sum, x_adjoint = work_.x_adjoint,
                      beta_step = work_.beta_step;
    const bool profiled = plan_.profiled;
    with_rows([&](const auto of) {
      for (Index i = at.row_begin; i < at.row_end; ++i) {
        const double* x = of.X + i * of.p;
        const Real mu = mean[i], p(of.weights[i]), w = p * Family::variance(mu);
        Real t = of.product(i, v_b), moved = of.product(i, delta_b);
        for (int j = 0; profiled && j < of.p; ++j) {
          t = fma_(Real(x[j]), x_adjoint[j], t);
          moved = fma_(Real(x[j]), beta_step[j], moved);
        }
        const Real fitted = fma_(w, moved, p * mu), c = trace[i] - w * t;  // s = p y - fitted
        add_to_effects(of, i, -fitted, S_sum, S_sums);
        add_to_effects(of, i, c, c_sum, c_sums);
        const Real r = fma_(Real(2.0), fitted, c);
        for (int j = 0; !profiled && j < of.p; ++j) beta[j] = fma_(Real(x[j]), r, beta[j]);
      }
    });
  }

  /// G_j = sum of T - S S' + (S C' + C S') / 2.
  CUGLMM_CALL void node_gradients(const Lanes<Real>& G, const Moments<Real>& moments) const {
    collect_T(plan_, work_.part_G, G, moments);
    each_term_level(plan_, [&](const TermView& t, int at) {
      for (int c = 0; c < t.size; ++c)
        for (int r = c; r < t.size; ++r) {
          const Real S_r = work_.S_sum[at + r], S_c = work_.S_sum[at + c];
          G[t.theta + lower(r, c, t.size)] +=
              0.5 * (S_r * work_.c_sum[at + c] + work_.c_sum[at + r] * S_c) - S_r * S_c;
        }
    });
  }

  CUGLMM_LANE void finish_gradient(const Lanes<Real>& gradient) const {
    if (!plan_.profiled) return;
    for (int j = 0; j < plan_.p; ++j) gradient[plan_.k + j] = beta_[j];
    gradient[plan_.k + plan_.p] = Real(1.0);
  }

  const PlanView& plan_;
  const ArrowView& view_;
  const ProblemLanes<Real>& problem_;
  const ArrowWork<Real>& work_;
  const Threads& each_part_;
  const Arrow<Real, Threads, C> arrow_;
  const bool scalar_;  ///< one random effect per row and factor
  const Lanes<Real> beta_;
  Real decrement_;
  LogProduct<Real> log_inverse_;
};

}  // namespace cuglmm
