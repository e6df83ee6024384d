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
};

/// f(effect, z) for the random effects of row i and what they are multiplied by.
template <class F>
CUGLMM_HD void each_row_effect(const PlanView& plan, Index i, const F& f) {
  const ArrowView& view = plan.arrow;
  const int* effect = view.effect + i * view.factors;
  const double* z = view.Z + i * plan.Q;
  if (plan.Q == view.factors) {  // one of each factor
    for (int factor = 0; factor < view.factors; ++factor) f(effect[factor], z[factor]);
    return;
  }
  for (int factor = 0; factor < view.factors; ++factor) {
    const int first = plan.level_first[factor], q = plan.level_first[factor + 1] - first;
    for (int c = 0; c < q; ++c) f(effect[factor] + c, z[first + c]);
  }
}

/// What loops over rows read, by value: read through a reference, it would be fetched anew after every store.
/// F: the factors, one random effect of each per row; 0: any number of either.
template <int F>
struct Rows {
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
      for (int factor = 0; factor < F; ++factor) f(effect[i * F + factor], Z[i * F + factor]);
  }
  /// z'values.
  template <class Real>
  CUGLMM_HD Real product(Index i, const Lanes<Real>& values) const {
    Real sum(0.0);
    each_effect(i, [&](int at, double z) { sum = fma_(Real(z), values[at], sum); });
    return sum;
  }
};

/// f(term, number of its first effect) for every level of every term.
template <class F>
CUGLMM_LANE void each_term_level(const PlanView& plan, const F& f) {
  const ArrowView& view = plan.arrow;
  const auto node_terms = [&](int factor, int u) {
    for (int j = 0; j < plan.terms; ++j) {
      const TermView& t = plan.term[j];
      if (t.level == factor) f(t, u + t.first - plan.level_first[factor]);
    }
  };
  for (int n = 0; n < view.node_count; ++n) node_terms(view.nodes[n].factor, view.nodes[n].u);
  for (int factor = view.chain; factor < view.factors; ++factor) {
    const int q = plan.level_first[factor + 1] - plan.level_first[factor];
    const int* first = view.factor_first + (factor - view.chain);
    for (int at = first[0]; at < first[1]; at += q) node_terms(factor, at);
  }
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

/// The parts' sums, one after another, into G and the moments.
template <class Real>
CUGLMM_CALL void collect_T(const PlanView& plan, const Lanes<Real>& part_sums, const Lanes<Real>& G,
                           const Moments<Real>& moments) {
  const Index stride = 2 * plan.m + plan.TT_size;
  const auto total = [&](Index at) {
    Real sum(0.0);
    for (int part = 0; part <= plan.arrow.part_count; ++part) sum += part_sums[part * stride + at];
    return sum;
  };
  for (int i = 0; i < plan.m; ++i) G[i] = total(i);
  if (!moments.wanted()) return;
  for (int i = 0; i < plan.m; ++i) moments.T[i] = total(plan.m + i);
  for (int i = 0; i < plan.TT_size; ++i) moments.TT[i] = total(2 * plan.m + i);
}

/// y -= Z'WZ x, Z'WZ given by its values; x, y: effects x columns.
template <class Real, class Values>
CUGLMM_CALL void subtract_product(const PlanView& plan, const Values& ZWZ, const Lanes<Real>& x,
                                  const Lanes<Real>& y, int columns) {
  const ArrowView& view = plan.arrow;
  const auto pair = [&](int i, int k, const Real& value) {  // two different effects
    const Index at_i = Index{i} * columns, at_k = Index{k} * columns;
    subtract(y.from(at_i), value, x.from(at_k), columns);
    subtract(y.from(at_k), value, x.from(at_i), columns);
  };
  const auto diagonal = [&](Index values, int q, int at) {
    for (int r = 0; r < q; ++r) {
      for (int c = 0; c < r; ++c) pair(at + r, at + c, Real(ZWZ[values + r * q + c]));
      const Index i = Index{at + r} * columns;
      subtract(y.from(i), Real(ZWZ[values + r * q + r]), x.from(i), columns);
    }
  };
  for (int n = 0; n < view.node_count; ++n) {
    const ArrowNode& node = view.nodes[n];
    const int q = plan.level_first[node.factor + 1] - plan.level_first[node.factor];
    const Index list = node.block + q * q;
    diagonal(node.block, q, node.u);
    for (int r = 0; r < node.list_size; ++r)
      for (int c = 0; c < q; ++c)
        pair(view.list[node.list + r], node.u + c, Real(ZWZ[list + Index{r} * q + c]));
  }
  for (int k = 0; k < view.block_count; ++k) {
    const BorderBlock& block = view.blocks[k];
    const int row = view.border_first + block.row, first = view.border_first + block.column;
    if (row == first) {
      diagonal(block.block, block.columns, row);
      continue;
    }
    for (int r = 0; r < block.rows; ++r)
      for (int c = 0; c < block.columns; ++c)
        pair(row + r, first + c, Real(ZWZ[block.block + r * block.columns + c]));
  }
}

/// phi times the diagonal of Lambda H^-1 Lambda', by effect, after Arrow::invert().
template <class Real>
CUGLMM_CALL void conditional_variances(const PlanView& plan, const ArrowWork<Real>& work, const Real& phi,
                                       const Lanes<Real>& variance) {
  const ArrowView& view = plan.arrow;
  for (int n = 0; n < view.node_count; ++n) {
    const ArrowNode& node = view.nodes[n];
    const int q = plan.level_first[node.factor + 1] - plan.level_first[node.factor];
    for (int c = 0; c < q; ++c) variance[node.u + c] = phi * work.C[node.block + c * q + c];
  }
  for (int i = 0; i < view.border; ++i)
    variance[view.border_first + i] = phi * work.S[Index{i} * view.border + i];
}

/// D = H^-1 Lambda' Z'WX and Lambda D of X's columns; A, which holds X'WX, loses X'WZ Lambda D (lower
/// triangle). inverted: after Arrow::invert(), and D is none.
template <class Real, class Threads, int C>
CUGLMM_CALL void solve_columns(const PlanView& plan, const Arrow<Real, Threads, C>& arrow,
                               const ArrowWork<Real>& work, bool inverted) {
  const Index p = plan.p, effects = plan.arrow.effects;
  for (Index i = 0; i < effects * p; ++i) work.rhs[i] = work.ZX[i];
  if (inverted)
    arrow.apply_inverse(work.rhs, work.D, work.D_b, plan.p);
  else
    arrow.solve(work.rhs, {}, work.D, work.D_b, plan.p);
  for (Index i = 0; i < effects; ++i)
    for (int j = 0; j < plan.p; ++j)
      subtract(work.A.from(j * p), Real(work.ZX[i * p + j]), work.D_b.from(i * p), j + 1);
}

/// What beta adds to a solution v of H v = .. where X joins Z Lambda without penalty: x <- x - X'WZ v_b,
/// A step = x, v -= D step, after solve_columns() and with A factored. Returns x'step.
template <class Real>
CUGLMM_CALL Real join_beta(const PlanView& plan, const ArrowWork<Real>& work, const Lanes<Real>& x,
                           const Lanes<Real>& v, const Lanes<Real>& v_b, const Lanes<Real>& step) {
  const Index p = plan.p, effects = plan.arrow.effects;
  for (Index i = 0; i < effects; ++i) subtract(x, Real(v_b[i]), work.ZX.from(i * p), p);
  for (Index j = 0; j < p; ++j) step[j] = x[j];
  solve_border(work.A, plan.p, step);
  for (Index i = 0; i < effects; ++i) {
    v[i] -= dot(work.D.from(i * p), step, p);
    v_b[i] -= dot(work.D_b.from(i * p), step, p);
  }
  return dot(x, step, p);
}

}  // namespace cuglmm
