/// Sums over the levels of each term, and over X's columns, that the evaluators on an arrow share.
#pragma once

#include <kernels/arrow.hpp>
#include <kernels/laplace.hpp>

namespace cuglmm {

/// What the lanes of a slice bring along.
template <class Real>
struct ProblemLanes {
  const Real* psi;        ///< k: theta, then beta unless plan.profiled
  Lanes<Real> zy, u, xy;  ///< sufficient responses; modes, where PIRLS starts on entry
  Real offset_y, constant;
  Mask<Real> active;
  Lanes<Real> moved{};  ///< k: psi less that of the evaluation whose results stand in the work; null: none do
};

/// f(effect, z) for the random effects of row i and what they are multiplied by.
template <class F>
CUGLMM_HD void each_row_effect(const PlanView& plan, Index i, const F& f) {
  const ArrowView& view = plan.arrow;
  const int* effect = view.effect + i * view.factors;
  const double* z = view.Z + i * plan.Q;
  if (plan.Q == view.factors) {  // one of each factor
    for (int factor = 0; factor < view.factors; ++factor)
      f(constant_(effect + factor), constant_(z + factor));
    return;
  }
  for (int factor = 0; factor < view.factors; ++factor) {
    const int first = plan.level_first[factor], q = plan.level_first[factor + 1] - first;
    for (int c = 0; c < q; ++c) f(constant_(effect + factor) + c, constant_(z + first + c));
  }
}

/// What loops over rows read, by value: read through a reference, it would be fetched anew after every store.
/// F: the factors, one random effect of each per row; 0: any number of either.
template <int F>
struct Rows {
  static constexpr int factors_known = F;
  const PlanView& plan;
  const int *effect, *pair;
  const double *Z, *X, *weights;
  int p, chain, factor_count;

  CUGLMM_HD explicit Rows(const PlanView& of)
      : plan(of),
        effect(of.arrow.effect),
        pair(of.arrow.pair),
        Z(of.arrow.Z),
        X(of.arrow.X),
        weights(of.arrow.weights),
        p(of.p),
        chain(of.arrow.chain),
        factor_count(of.arrow.factors) {}

  CUGLMM_HD int factors() const { return F > 0 ? F : factor_count; }
  CUGLMM_HD int pairs() const { return factors() * (factors() + 1) / 2; }

  template <class Use>
  CUGLMM_HD void each_effect(Index i, const Use& f) const {
    if constexpr (F == 0)
      each_row_effect(plan, i, f);
    else
      for (int factor = 0; factor < F; ++factor) f(effect_of(i, factor), z_of(i, factor));
  }
  /// Where there is one effect of each factor: of row i and a factor.
  CUGLMM_HD int effect_of(Index i, int factor) const { return constant_(effect + i * factors() + factor); }
  CUGLMM_HD double z_of(Index i, int factor) const { return constant_(Z + i * factors() + factor); }
  /// The place of a pair f, g <= f of factors.
  CUGLMM_HD int place_of(Index i, int f, int g) const {
    return constant_(pair + i * pairs() + f * (f + 1) / 2 + g);
  }
  CUGLMM_HD double weight(Index i) const { return constant_(weights + i); }
  CUGLMM_HD double x(Index i, int j) const { return constant_(X + i * p + j); }
  /// z'values.
  template <class Real>
  CUGLMM_HD Real product(Index i, const Lanes<Real>& values) const {
    Real sum(0.0);
    each_effect(i, [&](int at, double z) { sum = fma_(Real(z), values[at], sum); });
    return sum;
  }
};

/// f(term, number of its first effect) for every level of every term in a part; part `part_count`: in the
/// border.
template <class F>
CUGLMM_LANE void each_term_level(const PlanView& plan, int part, const F& f) {
  const ArrowView& view = plan.arrow;
  const auto node_terms = [&](int factor, int u) {
    for (int j = 0; j < plan.terms; ++j) {
      const TermView& t = plan.term[j];
      if (t.level == factor) f(t, u + t.first - plan.level_first[factor]);
    }
  };
  if (part < view.part_count) {
    for (int n = view.parts[part].node_begin; n < view.parts[part].node_end; ++n)
      node_terms(view.nodes[n].factor, view.nodes[n].u);
    return;
  }
  for (int factor = view.chain; factor < view.factors; ++factor) {
    const int q = plan.level_first[factor + 1] - plan.level_first[factor];
    const int* first = view.factor_first + (factor - view.chain);
    for (int at = first[0]; at < first[1]; at += q) node_terms(factor, at);
  }
}

/// start + the parts' sums, `stride` apart from part to part.
template <class Real>
CUGLMM_HD Real over_parts(Real start, int parts, const Lanes<Real>& sums, Index stride, Index at) {
  in_groups<8>(parts, [&](Index part) { start += sums[part * stride + at]; });
  return start;
}

/// Adds T of one node (q x q) to G; with moments to T and TT: sums has m, m and TT_size entries.
template <class Real>
CUGLMM_CALL void accumulate_T(const PlanView& plan, int factor, const Real* T, const Lanes<Real>& sums,
                              bool moments) {
  const int first = plan.level_first[factor], q = plan.level_first[factor + 1] - first;
  Index TT = 2 * plan.m;
  for (int j = 0; j < plan.terms; ++j) {
    const TermView& t = plan.term[j];
    const int s = t.size * (t.size + 1) / 2, own = t.first - first;
    if (t.level == factor) {
      for (int c = 0; c < t.size; ++c)
        for (int r = c; r < t.size; ++r) {
          const Real value = T[(own + r) * q + own + c];
          const int a = lower(r, c, t.size);
          sums[t.theta + a] += value;
          if (!moments) continue;
          sums[plan.m + t.theta + a] += value;
          for (int c2 = 0; c2 < t.size; ++c2)
            for (int r2 = c2; r2 < t.size; ++r2)
              sums[TT + a * s + lower(r2, c2, t.size)] += value * T[(own + r2) * q + own + c2];
        }
    }
    TT += s * s;
  }
}

/// A part's sums for accumulate_T(); part `part_count`: the border's.
template <class Real>
CUGLMM_HD Lanes<Real> part_G(const PlanView& plan, const ArrowWork<Real>& work, Index part) {
  return work.part_G.from(part * (2 * plan.m + plan.TT_size));
}
template <class Real, class Threads>
CUGLMM_LANE void clear_G(const PlanView& plan, const ArrowWork<Real>& work, const Threads& threads) {
  threads.each(plan.arrow.part_count + 1,
               [&](Index part) { zero(part_G(plan, work, part), 2 * plan.m + plan.TT_size); });
}
/// G += product(r, c) for the effects r >= c of every level of every term.
template <class Real, class Threads, class Product>
CUGLMM_LANE void add_to_G(const PlanView& plan, const ArrowWork<Real>& work, const Threads& threads,
                          const Product& product) {
  threads.parts(plan.arrow.part_count + 1, [&](int part) {
    const Lanes<Real> G = part_G(plan, work, part);
    each_term_level(plan, part, [&](const TermView& t, int at) {
      for (int c = 0; c < t.size; ++c)
        for (int r = c; r < t.size; ++r) G[t.theta + lower(r, c, t.size)] += product(at + r, at + c);
    });
  });
}
/// The parts' sums, one after another, into G and the moments.
template <class Real>
CUGLMM_CALL void collect_G(const PlanView& plan, const ArrowWork<Real>& work, const Lanes<Real>& G,
                           const Moments<Real>& moments) {
  const Index stride = 2 * plan.m + plan.TT_size;
  const auto total = [&](Index at) {
    return over_parts(Real(0.0), plan.arrow.part_count + 1, work.part_G, stride, at);
  };
  for (int i = 0; i < plan.m; ++i) G[i] = total(i);
  if (!moments.wanted()) return;
  for (int i = 0; i < plan.m; ++i) moments.T[i] = total(plan.m + i);
  for (int i = 0; i < plan.TT_size; ++i) moments.TT[i] = total(2 * plan.m + i);
}

/// to += the parts' sums of n entries.
template <class Real, class Threads>
CUGLMM_CALL void add_parts(const Threads& threads, int parts, const Lanes<Real>& sums, Index n,
                           const Lanes<Real>& to) {
  threads.each(n, [&](Index i) { to[i] = over_parts(Real(to[i]), parts, sums, n, i); });
}

/// y -= Z'WZ x, Z'WZ given by its values; x, y: effects x columns. The parts' sums for the border pass
/// through work.part_sums.
template <class Real, class Values, class Threads>
CUGLMM_CALL void subtract_product(const PlanView& plan, const Values& ZWZ, const Lanes<Real>& x,
                                  const Lanes<Real>& y, int columns, const ArrowWork<Real>& work,
                                  const Threads& threads) {
  const ArrowView& view = plan.arrow;
  const Index border = Index{view.border} * columns, first = Index{view.border_first} * columns;
  const auto row = [columns](const Lanes<Real>& of, Index effect) { return of.from(effect * columns); };
  const auto pair = [&](int i, int k, const Real& value, const Lanes<Real>& to_i) {  // two different effects
    subtract(to_i, value, row(x, k), columns);
    subtract(row(y, k), value, row(x, i), columns);
  };
  const auto diagonal = [&](Index values, int q, int at) {
    for (int r = 0; r < q; ++r) {
      const Lanes<Real> to = row(y, at + r);
      for (int c = 0; c < r; ++c) pair(at + r, at + c, Real(ZWZ[values + r * q + c]), to);
      subtract(to, Real(ZWZ[values + r * q + r]), row(x, at + r), columns);
    }
  };
  threads.parts(view.part_count, [&](int part) {
    const Lanes<Real> sums = work.part_sums.from(part * border);
    zero(sums, border);
    for (int n = view.parts[part].node_begin; n < view.parts[part].node_end; ++n) {
      const ArrowNode& node = view.nodes[n];
      const int q = node.q;
      diagonal(node.block, q, node.u);
      Index values = node.block + q * q;
      for (int r = 0; r < node.list_size; ++r) {
        const int effect = view.list[node.list + r];
        const Lanes<Real> to =
            effect < view.border_first ? row(y, effect) : row(sums, effect - view.border_first);
        for (int c = 0; c < q; ++c, ++values) pair(effect, node.u + c, Real(ZWZ[values]), to);
      }
    }
  });
  add_parts(threads, view.part_count, work.part_sums, border, y.from(first));
  threads.once([&] {
    for (int k = 0; k < view.block_count; ++k) {
      const BorderBlock& block = view.blocks[k];
      const int at_row = view.border_first + block.row, at_column = view.border_first + block.column;
      if (at_row == at_column) {
        diagonal(block.block, block.columns, at_row);
        continue;
      }
      for (int r = 0; r < block.rows; ++r)
        for (int c = 0; c < block.columns; ++c)
          pair(at_row + r, at_column + c, Real(ZWZ[block.block + r * block.columns + c]), row(y, at_row + r));
    }
  });
}

/// Where they are wanted, phi times the diagonal of Lambda H^-1 Lambda' into moments.variance, after
/// Arrow::invert().
template <class Real, class Threads>
CUGLMM_CALL void conditional_variances(const PlanView& plan, const ArrowWork<Real>& work, const Real& phi,
                                       const Moments<Real>& moments, const Threads& threads) {
  if (!threads.any(moments.wanted())) return;
  const ArrowView& view = plan.arrow;
  threads.each(view.node_count, [&](Index n) {
    const ArrowNode& node = view.nodes[n];
    const int q = node.q;
    for (int c = 0; moments.wanted() && c < q; ++c)
      moments.variance[node.u + c] = phi * work.C[node.block + c * q + c];
  });
  threads.each(view.border, [&](Index i) {
    const Index at = view.sparse() ? layout(view.fronts, 0).C + view.fronts.diagonal[i] : i * view.border + i;
    if (moments.wanted()) moments.variance[view.border_first + i] = phi * work.S[at];
  });
}

/// use(j, k, sum over i < rows of left(i, j) right(i, k)) for begin <= j < end and k <= j. The sums of a tile
/// stay in registers; what of it is above the diagonal is summed up for nothing.
template <class Real, class Left, class Right, class Use>
CUGLMM_LANE void each_cross_product(Index rows, Index begin, Index end, const Left& left, const Right& right,
                                    const Use& use) {
  constexpr int kHeight = 2, kWidth = 4;
  for (Index row = begin; row < end; row += kHeight) {
    const Index last = row + kHeight < end ? row + kHeight - 1 : end - 1;
    for (Index column = 0; column <= last; column += kWidth) {
      Index j[kHeight], k[kWidth];
      Real sum[kHeight][kWidth];
      for (int r = 0; r < kHeight; ++r) j[r] = row + r < last ? row + r : last;
      for (int c = 0; c < kWidth; ++c) k[c] = column + c < last ? column + c : last;
      for (auto& sums : sum)
        for (Real& entry : sums) entry = Real(0.0);
      for (Index i = 0; i < rows; ++i) {
        Real right_i[kWidth];
        for (int c = 0; c < kWidth; ++c) right_i[c] = right(i, k[c]);
        for (int r = 0; r < kHeight; ++r) {
          const Real left_i = left(i, j[r]);
          for (int c = 0; c < kWidth; ++c) sum[r][c] = fma_(left_i, right_i[c], sum[r][c]);
        }
      }
      for (int r = 0; r < kHeight && row + r <= last; ++r)
        for (int c = 0; c < kWidth && column + c <= row + r; ++c) use(row + r, column + c, sum[r][c]);
    }
  }
}

/// Rows that are summed up at once, while they are near.
constexpr int kRowsAtOnce = 64;

/// to -= left'right, lower triangle; left, right: rows x columns.
template <class Real, class Threads>
CUGLMM_CALL void subtract_cross_product(const Lanes<Real>& left, const Lanes<Real>& right, Index rows,
                                        Index columns, const Lanes<Real>& to, const Threads& threads) {
  threads.ranges(columns, [&](Index begin, Index end) {
    for (Index first = 0; first < rows; first += kRowsAtOnce) {
      const Index count = first + kRowsAtOnce < rows ? kRowsAtOnce : rows - first;
      const auto entry_of = [=](const Lanes<Real>& of) {
        return [at = of.from(first * columns), columns](Index i, Index j) { return at[i * columns + j]; };
      };
      each_cross_product<Real>(count, begin, end, entry_of(left), entry_of(right),
                               [&](Index j, Index k, const Real& sum) { to[j * columns + k] -= sum; });
    }
  });
}

/// D = H^-1 Lambda' Z'WX and Lambda D of X's columns; A, which holds X'WX, loses X'WZ Lambda D (lower
/// triangle). inverted: after Arrow::invert(), and D is none.
template <class Real, class Threads, int C>
CUGLMM_CALL void solve_columns(const PlanView& plan, const Arrow<Real, Threads, C>& arrow,
                               const ArrowWork<Real>& work, bool inverted, const Threads& threads) {
  const Index p = plan.p, effects = plan.arrow.effects;
  threads.each(effects * p, [&](Index i) { work.rhs[i] = work.ZX[i]; });
  if (inverted)
    arrow.apply_inverse(work.rhs, work.D, work.D_b, plan.p);
  else
    arrow.solve(work.rhs, {}, work.D, work.D_b, plan.p);
  subtract_cross_product(work.ZX, work.D_b, effects, p, work.A, threads);
}

/// What beta adds to a solution v of H v = .. where X joins Z Lambda without penalty: x <- x - X'WZ v_b,
/// A step = x, v -= D step, after solve_columns() and with A factored. Returns x'step.
template <class Real, class Threads>
CUGLMM_CALL Real join_beta(const PlanView& plan, const ArrowWork<Real>& work, const Lanes<Real>& x,
                           const Lanes<Real>& v, const Lanes<Real>& v_b, const Lanes<Real>& step,
                           const Threads& threads) {
  const Index p = plan.p, effects = plan.arrow.effects;
  threads.ranges(p, [&](Index begin, Index end) {
    for (Index i = 0; i < effects; ++i)
      subtract(x.from(begin), Real(v_b[i]), work.ZX.from(i * p + begin), end - begin);
  });
  threads.once([&] {
    for (Index j = 0; j < p; ++j) step[j] = x[j];
    solve_border(work.A, plan.p, step, 1, Alone{});
  });
  threads.each(effects, [&](Index i) {
    v[i] -= dot(work.D.from(i * p), step, p);
    v_b[i] -= dot(work.D_b.from(i * p), step, p);
  });
  return threads.sum(p, [&](Index j) { return x[j] * step[j]; });
}

}  // namespace cuglmm
