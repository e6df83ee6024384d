/// The sums over rows of the bordered evaluator (bordered.hpp): working weights, residuals and what the
/// gradient asks of them, part by part of the rows.
#pragma once

#include <kernels/arrow_terms.hpp>
#include <kernels/family.hpp>

namespace cuglmm {

template <class Real, class Family, class Wide, class Threads, int C>
class BorderedRows {
 public:
  CUGLMM_LANE BorderedRows(const PlanView& plan, const ProblemLanes<Real>& problem,
                           const ArrowWork<Real>& work, const Threads& threads)
      : plan_(plan),
        view_(plan.arrow),
        problem_(problem),
        work_(work),
        threads_(threads),
        shape_(MakeShape<AnyShape>::from(plan)),
        scalar_(plan.Q == view_.factors),
        beta_(plan.profiled ? problem.u.from(view_.effects)
                            : Lanes<Real>{const_cast<Real*>(problem.psi + plan.m)}) {}

 protected:
  static constexpr bool kOnGpu = C != kMaxPath;
  static constexpr int kChunk = sizeof(Wide) > sizeof(Real) ? 64 : 4;  ///< rows at a time
  static constexpr int kWide = static_cast<int>(kChunk * sizeof(Real) / sizeof(Wide));

  /// offset + X beta.
  CUGLMM_CALL void linear_predictor() const {
    threads_.parts(view_.part_count, [&](int part) {
      for (int i = view_.parts[part].row_begin; i < view_.parts[part].row_end; ++i)
        work_.fixed[i] = fixed_part(i);
    });
  }
  CUGLMM_LANE Real fixed_part(Index i) const {
    Real eta(constant_(view_.offset + i));
    for (int j = 0; j < plan_.p; ++j) eta = fma_(Real(constant_(view_.X + i * plan_.p + j)), beta_[j], eta);
    return eta;
  }

  /// f(Rows) of the kind that serves the plan; on a GPU two factors have one of their own.
  template <class F>
  CUGLMM_LANE void with_rows(const F& f) const {
    if (scalar_ && view_.factors == 2) return f(Rows<2>(plan_));
    if constexpr (C == kMaxPath)
      if (scalar_ && view_.factors == 3) return f(Rows<3>(plan_));
    f(Rows<0>(plan_));
  }

  /// Some rows of a part, one after another, as many as are worked on side by side or fewer.
  struct Chunk {
    Index begin;
    int rows;
    /// The i-th row, or the last again: what is done kChunk times needs no end.
    CUGLMM_HD Index row(int i) const { return begin + (i < rows ? i : rows - 1); }
  };
  template <class F>
  CUGLMM_LANE void each_chunk(int part, const F& f) const {
    const int end = view_.parts[part].row_end;
    for (int begin = view_.parts[part].row_begin; begin < end; begin += kChunk)
      f(Chunk{begin, end - begin < kChunk ? end - begin : kChunk});
  }
  /// The same with eta and mu of the rows at b: f(chunk, eta, mu); mu computed, as Wide packs at once, or as
  /// rows() left it.
  template <class AnyRows, class F>
  CUGLMM_LANE void each_chunk(int part, const AnyRows& of, const Lanes<Real> b, bool mean_is_known,
                              const F& f) const {
    Wide eta_packs[kWide], mu_packs[kWide];
    Real *eta = reinterpret_cast<Real*>(eta_packs), *mu = reinterpret_cast<Real*>(mu_packs);
    const Lanes<Real> fixed = work_.fixed, mean = work_.mean;
    each_chunk(part, [&](const Chunk& at) {
      for (int i = 0; i < kChunk; ++i) eta[i] = fixed[at.row(i)] + of.product(at.row(i), b);
      if (mean_is_known)
        for (int i = 0; i < kChunk; ++i) mu[i] = mean[at.row(i)];
      else
        for (int k = 0; k < kWide; ++k) mu_packs[k] = Family::mean(eta_packs[k]);
      f(at, eta_packs, mu_packs);
    });
  }

  /// f(effect) for the eliminated effects of a part: they are numbered node by node.
  template <class F>
  CUGLMM_LANE void each_own_effect(const ArrowPart& at, const F& f) const {
    const int begin = view_.nodes[at.node_begin].u;
    const int end = at.node_end < view_.node_count ? view_.nodes[at.node_end].u : view_.border_first;
    for (int i = begin; i < end; ++i) f(i);
  }
  CUGLMM_HD Real over_parts(const Real& start, const Lanes<Real>& sums, Index stride, Index at) const {
    return cuglmm::over_parts(start, view_.part_count, sums, stride, at);
  }
  /// A part's sums over its rows for each effect of the border, by the effect's number.
  CUGLMM_HD Lanes<Real> border_sums(int part) const {
    return work_.part_sums.from(Index{part} * view_.border - view_.border_first);
  }

  /// Where a part adds the values of border blocks up, and the place of the first.
  CUGLMM_HD Lanes<Real> border_values(int part) const {
    const Index count = view_.values - view_.border_values;
    return view_.part_count == 1 ? work_.R : work_.part_border.from(part * count - view_.border_values);
  }

  /// At b: mu, Z'WZ into work.R, Z's (b scale) into work.score.
  CUGLMM_CALL void rows() const {
    const Index border_count = view_.values - view_.border_values;
    threads_.parts(view_.part_count, [&](int part) { part_rows(part); });
    threads_.each(view_.border, [&](Index i) {
      work_.score[view_.border_first + i] =
          over_parts(problem_.zy[view_.border_first + i], work_.part_sums, view_.border, i);
    });
    if (view_.part_count == 1) return;
    threads_.each(border_count, [&](Index i) {
      work_.R[view_.border_values + i] = over_parts(Real(0.0), work_.part_border, border_count, i);
    });
  }

  CUGLMM_CALL void part_rows(int part) const {
    const ArrowPart& at = view_.parts[part];
    const Lanes<Real> border = border_values(part), sums = border_sums(part);
    zero(sums.from(view_.border_first), view_.border);
    const Index begin = view_.nodes[at.node_begin].block;
    const Index end = at.node_end < view_.node_count ? view_.nodes[at.node_end].block : view_.border_values;
    zero(work_.R.from(begin), end - begin);
    zero(border.from(view_.border_values), view_.values - view_.border_values);
    each_own_effect(at, [&](int i) { work_.score[i] = problem_.zy[i]; });
    const Lanes<Real> R = work_.R, score = work_.score, mean = work_.mean;
    with_rows([&](const auto of) {
      each_chunk(part, of, work_.b, false, [&, of](const Chunk& chunk, const Wide*, const Wide* mu_packs) {
        const Real* mu = reinterpret_cast<const Real*>(mu_packs);
        for (int i = 0; i < chunk.rows; ++i) mean[chunk.begin + i] = mu[i];
        if constexpr (decltype(of)::factors_known && kOnGpu)
          add_chunk(of, chunk, mu, score, sums, R, border);
        else
          for (int i = 0; i < chunk.rows; ++i) add_row(of, chunk.begin + i, mu[i], score, sums, R, border);
      });
    });
  }

  /// A row's Z'WZ into R and border, its Z's into score and sums: the chain's, the border's.
  template <int F>
  CUGLMM_HD void add_row(const Rows<F>& of, Index i, const Real& mu, const Lanes<Real>& score,
                         const Lanes<Real>& sums, const Lanes<Real>& R, const Lanes<Real>& border) const {
    const Real p(of.weight(i)), w = p * Family::variance(mu), pmu = p * mu;
    if (F == 0 && !scalar_) return add_row_of_terms(i, w, pmu, score, sums, R, border);
    for (int f = 0; f < of.factors(); ++f) {
      const Real z_f(of.z_of(i, f)), wz = w * z_f;
      (f < of.chain ? score : sums)[of.effect_of(i, f)] -= pmu * z_f;
      for (int h = 0; h <= f; ++h) {
        Real& to = (h < of.chain ? R : border)[of.place_of(i, f, h)];
        to = fma_(wz, Real(of.z_of(i, h)), to);
      }
    }
  }
  /// The same of a chunk on a GPU, where all is read before anything is written (stretch.hpp).
  template <int F>
  CUGLMM_HD void add_chunk(const Rows<F>& of, const Chunk& at, const Real* mu, const Lanes<Real>& score,
                           const Lanes<Real>& sums, const Lanes<Real>& R, const Lanes<Real>& border) const {
    constexpr int n = F + F * (F + 1) / 2;
    int place[n][kChunk];
    Real value[n][kChunk];
    for (int i = 0; i < kChunk; ++i) {
      const Index row = at.row(i);
      const Real p(i < at.rows ? of.weight(row) : 0.0), w = p * Family::variance(mu[i]), pmu = p * mu[i];
      for (int f = 0, k = F; f < F; ++f) {
        const Real z_f(of.z_of(row, f)), wz = w * z_f;
        place[f][i] = of.effect_of(row, f);
        value[f][i] = -pmu * z_f;
        for (int h = 0; h <= f; ++h, ++k) {
          place[k][i] = of.place_of(row, f, h);
          value[k][i] = wz * Real(of.z_of(row, h));
        }
      }
    }
    Lanes<Real> to[n];
    for (int f = 0, k = F; f < F; ++f) {
      to[f] = f < of.chain ? score : sums;
      for (int h = 0; h <= f; ++h, ++k) to[k] = h < of.chain ? R : border;
    }
    add_merged(to, place, value);
  }
  /// to_k[place_ki] += value_ki.
  template <int n>
  CUGLMM_HD static void add_merged(const Lanes<Real> (&to)[n], int (&place)[n][kChunk],
                                   Real (&value)[n][kChunk]) {
    for (int k = 0; k < n; ++k) merge_places(place[k], value[k]);
    for (int k = 0; k < n; ++k)
      for (int i = 0; i < kChunk; ++i)
        if (place[k][i] >= 0) value[k][i] += to[k][place[k][i]];
    for (int k = 0; k < n; ++k)
      for (int i = 0; i < kChunk; ++i)
        if (place[k][i] >= 0) to[k][place[k][i]] = value[k][i];
  }
  CUGLMM_HD void add_row_of_terms(Index i, const Real& w, const Real& pmu, const Lanes<Real>& score,
                                  const Lanes<Real>& sums, const Lanes<Real>& R,
                                  const Lanes<Real>& border) const {
    const AnyShape& shape = shape_;
    const int* effect = view_.effect + i * view_.factors;
    const int* pair = view_.pair + i * (view_.factors * (view_.factors + 1) / 2);
    const double* z = view_.Z + i * plan_.Q;
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

  /// 2 sum p b(eta) of each part at b into part_log; mean_is_known: with the mu of rows().
  CUGLMM_CALL void cumulants(const Lanes<Real>& b, bool mean_is_known) const {
    threads_.parts(view_.part_count, [&](int part) {
      typename Family::template Cumulant<Wide, false> cumulant;
      with_rows([&](const auto of) {
        each_chunk(part, of, b, mean_is_known, [&](const Chunk& at, const Wide* eta, const Wide* mu) {
          Wide weights[kWide];
          Real* p = reinterpret_cast<Real*>(weights);
          for (int i = 0; i < kChunk; ++i) p[i] = i < at.rows ? Real(of.weight(at.row(i))) : Real(0.0);
          for (int k = 0; k < kWide; ++k) cumulant.add(eta[k], mu[k], weights[k], 0);
        });
      });
      const Wide twice = cumulant.twice();
      Real sum(0.0);
      for (int k = 0; k < static_cast<int>(sizeof(Wide) / sizeof(Real)); ++k)
        sum += reinterpret_cast<const Real*>(&twice)[k];
      work_.part_log[2 * part] = sum;
    });
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

  /// Z'WX, X'WX into A; where beta is profiled also X's of all rows.
  CUGLMM_CALL void weigh_columns() const {
    const Index p = plan_.p, border = view_.border * p, parts = view_.part_count;
    const Index stride = border + p * p + p;
    if (parts == 1) threads_.each(border, [&](Index i) { work_.ZX[view_.border_first * p + i] = Real(0.0); });
    threads_.parts(view_.part_count, [&](int part) { part_columns(part); });
    const auto add_up = [&](Index n, Index at, const Lanes<Real>& to) {
      threads_.each(n, [&](Index i) { to[i] = over_parts(Real(0.0), work_.part_columns, stride, at + i); });
    };
    if (parts > 1) {
      add_up(border, 0, work_.ZX.from(view_.border_first * p));
      add_up(p * p, border, work_.A);
      add_up(p, border + p * p, work_.x_score);
    }
    threads_.each(p, [&](Index j) { work_.x_score[j] += problem_.xy[j]; });
  }

  CUGLMM_CALL void part_columns(int part) const {
    const Index p = plan_.p;
    const Columns sums = columns(part);
    zero(sums.XX, p * p);
    zero(sums.score, p);
    if (view_.part_count > 1) zero(sums.border.from(view_.border_first * p), view_.border * p);
    each_own_effect(view_.parts[part], [&](Index i) { zero(work_.ZX.from(i * p), p); });
    const Index end = view_.parts[part].row_end;
    with_rows([&](const auto of) {
      for (Index first = view_.parts[part].row_begin; first < end; first += kRowsAtOnce)
        add_columns(of, first, first + kRowsAtOnce < end ? kRowsAtOnce : end - first, sums);
    });
  }
  template <int F>
  CUGLMM_CALL void add_columns(const Rows<F>& of, Index first, Index rows, const Columns& sums) const {
    const Index p = plan_.p;
    const double* const X = of.X + first * p;
    const Lanes<Real> mean = work_.mean.from(first), ZX = work_.ZX, border = sums.border;
    const int border_first = view_.border_first;
    Real w[kRowsAtOnce];
    for (Index i = 0; i < rows; ++i) {
      w[i] = of.weight(first + i) * Family::variance(Real(mean[i]));
      of.each_effect(first + i, [=, w_i = w[i], x = X + i * p](int effect, double z) {
        const Lanes<Real> to = (effect < border_first ? ZX : border).from(effect * p);
        const Real wz = w_i * z;
        for (Index j = 0; j < p; ++j) to[j] = fma_(wz, Real(x[j]), to[j]);
      });
    }
    const auto x = [X, p](Index i, Index k) { return Real(X[i * p + k]); };
    each_cross_product<Real>(
        rows, 0, p, [&w, x](Index i, Index j) { return w[i] * x(i, j); }, x,
        [&](Index j, Index k, const Real& sum) { sums.XX[j * p + k] += sum; });
    if (!plan_.profiled) return;
    each_cross_product<Real>(
        rows, p - 1, p, [&](Index i, Index) { return mean[i] * of.weight(first + i); }, x,
        [&](Index, Index k, const Real& sum) { sums.score[k] -= sum; });
  }

  /// a m' of the rows (design.md 1.2) into trace, h = Z'(a m') into rhs; after Arrow::invert().
  CUGLMM_CALL void trace_rows() const {
    const Lanes<Real> mean = work_.mean, trace = work_.trace, V = work_.C;
    add_rows(true, [&, mean, trace, V](const auto& of, const Chunk& chunk, Real* a) {
      for (int i = 0; i < kChunk; ++i) {
        const Real mu = mean[chunk.row(i)];
        a[i] = row_variance(of, V, chunk.row(i)) *
               (of.weight(chunk.row(i)) * (Family::variance(mu) * Family::variance_derivative(mu)));
      }
      for (int i = 0; i < chunk.rows; ++i) trace[chunk.begin + i] = a[i];
    });
  }

  /// linear_predictor(), from the last evaluation's; takes Z'WX dbeta, W the last, out of rhs.
  CUGLMM_CALL void move_linear_predictor() const {
    const Lanes<Real> mean = work_.mean, fixed = work_.fixed;
    add_rows(false, [&, mean, fixed](const auto& of, const Chunk& chunk, Real* a) {
      Real now[kChunk];
      for (int i = 0; i < kChunk; ++i) {
        const Index row = chunk.row(i);
        now[i] = fixed_part(row);
        a[i] = (fixed[row] - now[i]) * (of.weight(row) * Family::variance(Real(mean[row])));
      }
      for (int i = 0; i < chunk.rows; ++i) fixed[chunk.begin + i] = now[i];
    });
  }

  /// Adds Z'a to rhs, or afresh: to 0; a of a chunk's rows as f(rows, chunk, a) makes it.
  template <class F>
  CUGLMM_LANE void add_rows(bool afresh, const F& f) const {
    threads_.parts(view_.part_count, [&](int part) {
      if (afresh) each_own_effect(view_.parts[part], [&](int i) { work_.rhs[i] = Real(0.0); });
      part_add_rows(part, f);
    });
    threads_.each(view_.border, [&](Index i) {
      Real& to = work_.rhs[view_.border_first + i];
      to = over_parts(afresh ? Real(0.0) : to, work_.part_sums, view_.border, i);
    });
  }
  template <class F>
  CUGLMM_CALL void part_add_rows(int part, const F& f) const {
    const Lanes<Real> sums = border_sums(part), rhs = work_.rhs;
    zero(sums.from(view_.border_first), view_.border);
    with_rows([&](const auto of) {
      each_chunk(part, [&, of](const Chunk& chunk) {
        Real a[kChunk];
        f(of, chunk, a);
        add_to_effects(of, chunk, a, rhs, sums);
      });
    });
  }

  /// a_i = z' C z, V the values of C.
  template <int F>
  CUGLMM_HD Real row_variance(const Rows<F>& of, const Lanes<Real>& V, Index i) const {
    if (F == 0 && !scalar_) return row_variance_of_terms(V, i);
    Real sum(0.0);
    for (int f = 0; f < of.factors(); ++f) {
      Real half(0.0);
      for (int h = 0; h < f; ++h) half = fma_(V[of.place_of(i, f, h)], Real(of.z_of(i, h)), half);
      const Real z_f(of.z_of(i, f));
      sum = fma_(z_f, fma_(V[of.place_of(i, f, f)], z_f, half + half), sum);
    }
    return sum;
  }
  CUGLMM_HD Real row_variance_of_terms(const Lanes<Real>& V, Index i) const {
    const AnyShape& shape = shape_;
    const int* pair = view_.pair + i * (view_.factors * (view_.factors + 1) / 2);
    const double* z = view_.Z + i * plan_.Q;
    Real sum(0.0);
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

  /// Adds z value to the effects of a chunk's rows; those of the border into a part's sums.
  template <class AnyRows>
  CUGLMM_HD void add_to_effects(const AnyRows& of, const Chunk& at, const Real* values,
                                const Lanes<Real>& own, const Lanes<Real>& sums) const {
    if constexpr (AnyRows::factors_known && kOnGpu) {
      constexpr int F = AnyRows::factors_known;
      Lanes<Real> to[F];
      int place[F][kChunk];
      Real value[F][kChunk];
      for (int f = 0; f < F; ++f) {
        to[f] = f < of.chain ? own : sums;
        for (int i = 0; i < kChunk; ++i) {
          place[f][i] = of.effect_of(at.row(i), f);
          value[f][i] = i < at.rows ? values[i] * Real(of.z_of(at.row(i), f)) : Real(0.0);
        }
      }
      add_merged(to, place, value);
    } else {
      for (int i = 0; i < at.rows; ++i)
        of.each_effect(at.begin + i, [&](int effect, double z) {
          Real& to = (effect < view_.border_first ? own : sums)[effect];
          to = fma_(values[i], Real(z), to);
        });
    }
  }

  /// t = Z Lambda v, c = a m' - o t, r = -2 s + c of the rows: Z's, Z'c, X'r.
  CUGLMM_CALL void gradient_rows(const Lanes<Real>& gradient) const {
    const int p = plan_.p;
    threads_.parts(view_.part_count, [&](int part) { part_gradient(part); });
    const Index stride = Index{2} * view_.border;  // of each part S, then c
    threads_.each(view_.border, [&](Index i) {
      const Index effect = view_.border_first + i;
      work_.S_sum[effect] = over_parts(problem_.zy[effect], work_.part_sums, stride, i);
      work_.c_sum[effect] = over_parts(Real(0.0), work_.part_sums, stride, view_.border + i);
    });
    if (plan_.profiled) return;
    threads_.each(p, [&](Index j) {
      gradient[plan_.m + j] = over_parts(Real(-2.0 * problem_.xy[j]), work_.part_beta, p, j);
    });
  }

  CUGLMM_CALL void part_gradient(int part) const {
    const ArrowPart& at = view_.parts[part];
    const Lanes<Real> S_sums = work_.part_sums.from(Index{2} * part * view_.border - view_.border_first),
                      c_sums = S_sums.from(view_.border), beta = work_.part_beta.from(Index{part} * plan_.p);
    zero(S_sums.from(view_.border_first), 2 * view_.border);
    each_own_effect(at, [&](int i) {
      work_.S_sum[i] = problem_.zy[i];
      work_.c_sum[i] = Real(0.0);
    });
    const Lanes<Real> mean = work_.mean, trace = work_.trace, v_b = work_.v_b, delta_b = work_.delta_b,
                      S_sum = work_.S_sum, c_sum = work_.c_sum, x_adjoint = work_.x_adjoint,
                      beta_step = work_.beta_step;
    const bool profiled = plan_.profiled;
    with_rows([&](const auto of) {
      each_chunk(part, [&, of](const Chunk& chunk) {
        Real minus_fitted[kChunk], c[kChunk];
        for (int i = 0; i < kChunk; ++i) {
          const Index row = chunk.row(i);
          const Real mu = mean[row], p(of.weight(row)), w = p * Family::variance(mu);
          Real t = of.product(row, v_b), moved = of.product(row, delta_b);
          for (int j = 0; profiled && j < of.p; ++j) {
            t = fma_(Real(of.x(row, j)), x_adjoint[j], t);
            moved = fma_(Real(of.x(row, j)), beta_step[j], moved);
          }
          c[i] = trace[row] - w * t;
          minus_fitted[i] = -fma_(w, moved, p * mu);  // s = p y - fitted
        }
        for (int i = 0; i < chunk.rows; ++i) trace[chunk.begin + i] = fma_(Real(-2.0), minus_fitted[i], c[i]);
        add_to_effects(of, chunk, minus_fitted, S_sum, S_sums);
        add_to_effects(of, chunk, c, c_sum, c_sums);
      });
      if (!profiled) multiply_columns(of, at, trace, beta);
    });
  }
  /// X'r of a part's rows.
  template <class AnyRows>
  CUGLMM_LANE void multiply_columns(const AnyRows& of, const ArrowPart& at, const Lanes<Real>& r,
                                    const Lanes<Real>& out) const {
    constexpr int kAtOnce = 4;
    for (int first = 0; first < of.p; first += kAtOnce) {
      Real sum[kAtOnce];
      for (Real& one : sum) one = Real(0.0);
      in_groups<4>(at.row_end - at.row_begin, [&](Index k) {
        const Index i = at.row_begin + k;
        const Real r_i = r[i];
        for (int j = 0; j < kAtOnce; ++j)
          if (first + j < of.p) sum[j] = fma_(Real(of.x(i, first + j)), r_i, sum[j]);
      });
      for (int j = 0; j < kAtOnce; ++j)
        if (first + j < of.p) out[first + j] = sum[j];
    }
  }

  const PlanView& plan_;
  const ArrowView& view_;
  const ProblemLanes<Real>& problem_;
  const ArrowWork<Real>& work_;
  const Threads& threads_;
  const AnyShape shape_;
  const bool scalar_;  ///< one random effect per row and factor
  const Lanes<Real> beta_;
};

}  // namespace cuglmm
